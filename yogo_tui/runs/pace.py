"""The pace of runs: how long an epoch takes with the same data, network and hardware."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo_tui.runs.model import Run

_OF_WORK = (
    "batch_size",
    "accumulate",
    "model",
    "image_hw",
    "rgb_images",
    "sync_batch_norm",
    "rotate",
    "brightness",
    "contrast",
    "weighted_sampler",
    "precision",
)
"""Fields of a recipe on which the time of an epoch depends."""

_OF_HARDWARE = ("gpus", "cpus", "num_processes", "nodes", "gpu_type", "partition", "constraint")
"""Fields of a size, likewise."""


@dataclass(frozen=True, slots=True)
class EpochPace:
    epoch_seconds: float
    run: str
    """The run that tells it."""


class KnownPaces:
    """What the runs of one cluster tell. Of those that are alike, the latest counts."""

    def __init__(self, runs: Iterable[Run], cluster: str) -> None:
        self._known = dict[tuple[object, ...], EpochPace]()
        for run in sorted(runs, key=lambda run: run.created_at.timestamp() if run.created_at else 0):
            launch, seconds = run.launch, run.progress.epoch_seconds if run.progress else None
            if seconds and launch and launch.submission and launch.submission.cluster == cluster:
                self._known[_key(run.definition, launch.recipe, launch.size)] = EpochPace(seconds, run.name)

    def of(self, definition: str, recipe: Recipe, size: Size) -> EpochPace | None:
        """None if nothing like it has trained an epoch yet. `definition` is its absolute path."""
        return self._known.get(_key(definition, recipe, size))


def _key(definition: str, recipe: Recipe, size: Size) -> tuple[object, ...]:
    work = (getattr(recipe, name) for name in _OF_WORK)
    return (definition, *work, *(getattr(size, name) for name in _OF_HARDWARE))
