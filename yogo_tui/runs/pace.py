"""The pace of runs: how long an epoch takes with the same data, network and hardware.

It is told by runs, and by measurements, which are kept beside the runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from pydantic import Field

from yogo.errors import RunError
from yogo.recipe import Recipe
from yogo.run.launch import Size
from yogo.run.record import Record, now
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.model import Run

OF_WORK = (
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


_FOLDER = ".paces"
"""Beside the runs: a file for each measurement."""

_MOST = 200
"""Measurements that are read, the latest."""


class MeasuredPace(Record):
    """How long an epoch takes, as a job found out that trained a few steps."""

    definition: str
    recipe: Recipe
    size: Size
    cluster: str
    epoch_seconds: float = Field(gt=0)
    num_steps: int = 0
    measured_at: datetime = Field(default_factory=now)


@dataclass(frozen=True, slots=True)
class EpochPace:
    epoch_seconds: float
    run: str
    """The run that tells it; empty if it was measured."""

    at: datetime | None = None
    """When the run was made, or when it was measured."""


class KnownPaces:
    """What the runs of one cluster, and measurements on it, tell. Of those that are alike, the latest counts."""

    def __init__(self, runs: Iterable[Run], cluster: str, measured: Iterable[MeasuredPace] = ()) -> None:
        told = list[tuple[tuple[object, ...], EpochPace]]()
        for run in runs:
            launch, seconds = run.launch, run.progress.epoch_seconds if run.progress else None
            if seconds and launch and launch.submission and launch.submission.cluster == cluster:
                key = _key(run.definition, launch.recipe, launch.size)
                told.append((key, EpochPace(seconds, run.name, run.created_at)))
        for one in measured:
            if one.cluster == cluster:
                key = _key(one.definition, one.recipe, one.size)
                told.append((key, EpochPace(one.epoch_seconds, "", one.measured_at)))
        self._known = dict(sorted(told, key=lambda one: one[1].at.timestamp() if one[1].at else 0))

    def of(self, definition: str, recipe: Recipe, size: Size) -> EpochPace | None:
        """None if nothing like it has trained an epoch yet, nor was measured. `definition` is its absolute path."""
        return self._known.get(_key(definition, recipe, size))


async def measured_paces(host: Host, runs: PurePosixPath) -> tuple[MeasuredPace, ...]:
    """The measurements that are kept beside the runs, without those that cannot be read. Raises HostError."""
    try:
        files = [entry for entry in await host.list(runs / _FOLDER) if entry.name.endswith(".json")]
    except FileNotFoundError:
        return ()
    latest = sorted(files, key=lambda entry: entry.modified, reverse=True)[:_MOST]
    read = await asyncio.gather(*(_read(host, runs / _FOLDER / entry.name) for entry in latest))
    return tuple(one for one in read if one)


async def _read(host: Host, file: PurePosixPath) -> MeasuredPace | None:
    with contextlib.suppress(FileNotFoundError, HostError, RunError):
        return MeasuredPace.parse((await host.read(file)).data, str(file))
    return None


async def keep_pace(host: Host, runs: PurePosixPath, pace: MeasuredPace) -> None:
    """Keep a measurement; one of the same before it is replaced. Raises HostError."""
    key = (pace.cluster, *_key(pace.definition, pace.recipe, pace.size))
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    await host.write(runs / _FOLDER / f"{name}.json", pace.model_dump_json(indent=1).encode())


def _key(definition: str, recipe: Recipe, size: Size) -> tuple[object, ...]:
    work = (getattr(recipe, name) for name in OF_WORK)
    return (definition, *work, *(getattr(size, name) for name in _OF_HARDWARE))
