"""This machine, where it runs the jobs itself: what sizes mean on it, and how a launch is put into words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePath

from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo.wording import counted
from yogo_tui.cluster.base import Cluster
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.cluster.local.slots import gpus
from yogo_tui.settings import Settings, SizePreset


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has for the jobs that it runs."""

    num_gpus: int
    num_cpus: int
    num_slots: int
    """Jobs that it runs at a time, counted in GPUs."""

    def __str__(self) -> str:
        """Such as "This machine has no GPU; one job runs at a time."."""
        has = "no GPU" if not self.num_gpus else counted(self.num_gpus, "GPU")
        jobs = "one job runs" if self.num_slots == 1 else f"jobs on {counted(self.num_slots, 'GPU')} run"
        if not self.num_gpus and self.num_slots > 1:
            jobs = f"{counted(self.num_slots, 'job')} run"
        return f"This machine has {has}; {jobs} at a time."


def machine_of(cluster: Cluster) -> Machine | None:
    """None where a scheduler has the machines."""
    if not isinstance(cluster, LocalCluster):
        return None
    return Machine(len(gpus()), os.cpu_count() or 1, cluster.num_slots)


def fitted(settings: Settings, machine: Machine) -> Settings:
    """The settings as they hold on this machine: its GPUs have no type, and sizes that nobody has set are its own."""
    changes: dict[str, object] = {"gpu_type": ""}
    if "sizes" not in settings.model_fields_set:
        changes["sizes"] = own_sizes(machine, settings.sizes)
    return settings.model_copy(update=changes)


def own_sizes(machine: Machine, sizes: tuple[SizePreset, ...]) -> tuple[SizePreset, ...]:
    """Those of `sizes` that this machine has the GPUs for; without any, one on its CPUs."""
    having = [size for size in sizes if size.gpus <= machine.num_gpus]
    if not machine.num_gpus or not having:
        having = [sizes[0].model_copy(update={"gpus": 0})]
    return tuple(size.model_copy(update={"cpus": min(size.cpus, machine.num_cpus)}) for size in having)


def size_words(size: Size, machine: Machine | None = None) -> str:
    """What a job of this size gets, such as "1 GPU, 24 h", or "this machine's CPU, 24 h"."""
    hours = f"{size.hours:g} h"
    if machine is None:
        what = counted(size.gpus, "GPU") if size.gpus else counted(size.cpus, "CPU")
        return f"{what}, {hours}"
    if not size.gpus or not machine.num_gpus:
        processes = size.processes or max(size.gpus, 1)
        several = f" in {processes} processes" if processes > 1 else ""
        return f"this machine's CPU{several}, {hours}"
    if size.gpus >= machine.num_gpus:
        return f"this machine's {'GPU' if machine.num_gpus == 1 else counted(machine.num_gpus, 'GPU')}, {hours}"
    return f"{size.gpus} of this machine's {counted(machine.num_gpus, 'GPU')}, {hours}"


def launch_words(
    name: str, *, definition: PurePath, preset: str, recipe: Recipe, size: Size, machine: Machine | None = None
) -> str:
    """What is about to be launched, such as "first (cells.yml, pretrain, 16 epochs; this machine's CPU, 24 h)"."""
    said = [definition.name, *([preset] if preset else []), counted(recipe.epochs, "epoch")]
    return f"{name} ({', '.join(said)}; {size_words(size, machine)})"
