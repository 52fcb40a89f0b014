"""Small run directories for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from yogo.definition.record import DataRecord, FileRecord, Folders, PartName
from yogo.definition.stamps import Stamp
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.events import Event, Losses, Started, Step, Validated
from yogo.run.manifest import Manifest
from yogo.run.result import Result


def finished_run(path: Path) -> RunDirectory:
    """One that has finished."""
    run = RunDirectory(path)
    path.mkdir(parents=True)
    manifest = Manifest(name=path.name, definition="d", classes=("a",), recipe=Recipe(epochs=2), precision="fp32")
    manifest.write(run.manifest)
    run.best.touch()
    Result(outcome="finished", epochs=2, best_loss=0.5, best_epoch=1, best_sha256="ab").write(run.result)
    return run


BEGUN = datetime(2026, 11, 1, 9, tzinfo=UTC)


def trained_run(
    path: Path,
    *,
    losses: Sequence[float] = (3.0, 2.0),
    map50: float = 0.5,
    data: str = "bccd",
    first_in: PartName | None = None,
    changes: Mapping[str, Any] | None = None,
    **manifest: Any,
) -> RunDirectory:
    """One that has finished, with all that it recorded: a validation loss for each epoch, at 4 steps of 10 seconds.

    With `first_in`, the first training image and the first one of that part stand in each other's place.
    """
    run = RunDirectory(path)
    path.mkdir(parents=True)
    recipe = Recipe(epochs=len(losses), **(changes or {}))
    said = {"definition": f"/lab/{data}.yml", "classes": ("RBC", "WBC"), "precision": "fp32", "started_at": BEGUN}
    Manifest(name=path.name, recipe=recipe, num_parameters=48_000, **(said | manifest)).write(run.manifest)
    _data_record(data, first_in).write(run.data)
    best = losses.index(min(losses))
    metrics: dict[str, float | None] = {
        "mAP50": map50,
        "AP50/RBC": map50 + 0.1,
        "AP50/WBC": map50 - 0.1,
        "count_error": 2.5,
    }
    for event in _events(losses, metrics, best):
        events.append(run.events, event)
    run.best.write_bytes(b"weights")
    run.script.write_text("#!/bin/bash\nyogo train bccd.yml\n")
    _result(losses, metrics).write(run.result)
    return run


def _result(losses: Sequence[float], metrics: dict[str, float | None]) -> Result:
    return Result(
        outcome="finished",
        epochs=len(losses),
        best_loss=min(losses),
        best_epoch=losses.index(min(losses)),
        best_metrics=metrics,
        best_sha256=hashlib.sha256(b"weights").hexdigest(),
        ended_at=BEGUN + timedelta(hours=1),
    )


def _events(losses: Sequence[float], metrics: dict[str, float | None], best: int) -> Iterator[Event]:
    num_steps = 4
    yield Started(epochs=len(losses), steps_per_epoch=num_steps, num_train=8, num_val=2, at=BEGUN)
    for number in range(len(losses) * num_steps):
        epoch, at, step = number // num_steps, BEGUN + timedelta(seconds=10 * (number + 1)), number + 1
        yield Step(step=step, epoch=epoch, losses=Losses(loss=6 / step), lr=1e-3, frames_per_s=800.0, at=at)
        if step % num_steps == 0:
            told = metrics if epoch == best else {"mAP50": 0.1}
            yield Validated(step=step, epoch=epoch, losses=Losses(loss=losses[epoch]), metrics=told, at=at)


def _data_record(name: str, first_in: PartName | None) -> DataRecord:
    def stamp(what: str) -> Stamp:
        return Stamp(1, 2, hashlib.sha256(f"{name} {what}".encode()).hexdigest())

    swapped = {("train", 0): first_in, (first_in, 0): "train"} if first_in else {}

    def file(split: PartName, number: int) -> FileRecord:
        image = f"{swapped.get((split, number), split)}{number}.png"
        return FileRecord(split, 0, image, image, stamp(image), f"{image}.txt", stamp(f"{image}.txt"))

    files = [file(split, number) for split in get_args(PartName) for number in range(2)]
    folders = (Folders(label="all", images="/lab/images", labels="/lab/labels"),)
    return DataRecord(definition=f"/lab/{name}.yml", classes=("RBC", "WBC"), folders=folders, files=tuple(files))
