"""Adapts settings and sizes to this machine where it runs the jobs, and describes sizes and launches in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo.text.wording import counted
from yogo_tui.cluster.base import Machine
from yogo_tui.launch.plan import FieldChange
from yogo_tui.settings import Settings, SizePreset

_NOTHING = dict.fromkeys(("gpu_type", "partition", "account", "qos", "constraint"), "")

OF_SCHEDULERS = (*_NOTHING, "sbatch", "memory_gib")
"""Fields of a size that a machine which runs the jobs itself does not understand."""


def fitted(settings: Settings, machine: Machine) -> Settings:
    """The settings for jobs on this machine, without what only a scheduler understands. Sizes that are not set are
    those that this machine has."""
    changes: dict[str, object] = {**_NOTHING, "sbatch": ()}
    own = own_sizes(machine, settings.sizes) if "sizes" not in settings.model_fields_set else settings.sizes
    changes["sizes"] = tuple(size.model_copy(update=_unset(size)) for size in own)
    return settings.model_copy(update=changes)


def _unset(size: SizePreset) -> dict[str, None]:
    return {name: None for name in OF_SCHEDULERS if getattr(size, name) is not None}


def own_sizes(machine: Machine, sizes: tuple[SizePreset, ...]) -> tuple[SizePreset, ...]:
    """Those of `sizes` that this machine has enough GPUs for; if there are none, one size on its CPUs."""
    having = [size for size in sizes if size.gpus <= machine.num_gpus and size.nodes == 1]
    if not machine.num_gpus or not having:
        having = [sizes[0].model_copy(update={"gpus": 0, "nodes": 1})]
    return tuple(size.model_copy(update={"cpus": min(size.cpus, machine.num_cpus)}) for size in having)


def size_words(size: Size, machine: Machine | None = None) -> str:
    """The resources and hours of a size, such as "1 GPU, 24 h" or "this machine's 2 CPUs, 24 h"."""
    hours = f"{size.hours:g} h"
    if machine is None:
        what = counted(size.gpus, "GPU") if size.gpus else counted(size.cpus, "CPU")
        where = f" on {size.nodes} nodes" if size.nodes > 1 else ""
        memory = f", {size.memory_gib:g} GiB" if size.memory_gib else ""
        return f"{what}{where}{memory}, {hours}"
    if not size.gpus or not machine.num_gpus:
        several = f" in {size.num_processes} processes" if size.num_processes > 1 else ""
        num_cpus = min(size.cpus, machine.num_cpus)
        what = "CPU" if machine.num_cpus == 1 else counted(machine.num_cpus, "CPU")
        whose = f"this machine's {what}" if num_cpus == machine.num_cpus else f"{num_cpus} of this machine's {what}"
        return f"{whose}{several}, {hours}"
    if size.gpus >= machine.num_gpus:
        return f"this machine's {'GPU' if machine.num_gpus == 1 else counted(machine.num_gpus, 'GPU')}, {hours}"
    return f"{size.gpus} of this machine's {counted(machine.num_gpus, 'GPU')}, {hours}"


def launch_words(
    name: str,
    *,
    definition: PurePath,
    preset: str,
    recipe: Recipe,
    size: Size,
    machine: Machine | None = None,
    changes: Sequence[FieldChange] = (),
) -> str:
    """A launch in words, such as "first (cells.yml, pretrain + 2 changes, 16 epochs; this machine's 2 CPUs, 24 h)"."""
    said = [definition.name, *([preset_words(preset, changes)] if preset else []), counted(recipe.epochs, "epoch")]
    return f"{name} ({', '.join(said)}; {size_words(size, machine)})"


def preset_words(preset: str, changes: Sequence[FieldChange]) -> str:
    """A recipe, and how many of its fields are changed for one launch alone."""
    count = sum(one.is_of_recipe for one in changes)
    return f"{preset} + {counted(count, 'change')}" if count else preset


def change_lines(changes: Sequence[FieldChange], whose: str = "") -> list[str]:
    """A sentence on what is changed for one launch alone; none if nothing is."""
    for_whom = f"For {whose} alone: " if whose else "For this launch alone: "
    return [f"{for_whom}{'; '.join(map(str, changes))}."] if changes else []
