"""Resumes a run with its own recipe and data, from the last checkpoint that can be read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from yogo.checkpoint import load_checkpoint
from yogo.definition.problem import complaint
from yogo.definition.record import DataRecord
from yogo.errors import CheckpointError, RunError, TrainingError
from yogo.files.foreign import opened
from yogo.recipe import shown
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest, PastJob
from yogo.text.wording import counted
from yogo.training.listeners.terminal import Terminal
from yogo.training.plan import TrainingPlan
from yogo.training.planning.resume_check import check_fits
from yogo.training.request import TrainingRequest


def go_on(
    request: TrainingRequest, run: RunDirectory, manifest: Manifest, world_size: int, screen: Terminal
) -> TrainingPlan:
    """The plan of the next attempt. Raises RunError or TrainingError if the run cannot be resumed as it was."""
    if manifest.is_newer:
        raise RunError(f"{run.manifest} was written by a newer yogo: resume the run with that one")
    if manifest.world_size != world_size:
        raise TrainingError(
            f"{run.name} trains on {counted(manifest.world_size, 'process')}, and its batches "
            f"would be others on {world_size}: "
            f"resume it with --processes {manifest.world_size}"
        )
    try:
        record = DataRecord.read(run.data)
    except FileNotFoundError:
        raise RunError(f"{run.data} is missing: without it, what the run trained on is unknown") from None
    _check_events(run)
    checkpoint, notices = find_checkpoint(run, manifest)
    screen.notice(*notices, *_changes(request, manifest), *_changed_files(record))
    return TrainingPlan(
        run=run,
        definition=Path(manifest.definition),
        classes=manifest.classes,
        recipe=manifest.recipe,
        splits=record.splits(),
        precision=manifest.precision,
        roles=record.roles,
        thumbnails=record.made_of(),
        num_made=record.num_made,
        pretrained=Path(manifest.pretrained) if manifest.pretrained else None,
        pretrained_sha256=manifest.pretrained_sha256,
        reset_head=manifest.reset_head,
        image_bits=manifest.image_bits,
        checkpoint=checkpoint,
        attempt=manifest.attempt + 1,
        past_jobs=_past_jobs(manifest),
    )


def _past_jobs(manifest: Manifest) -> tuple[PastJob, ...]:
    if not manifest.job_id:
        return manifest.past_jobs
    last = PastJob(id=manifest.job_id, cluster=manifest.cluster)
    return (*(one for one in manifest.past_jobs if one != last), last)


def _check_events(run: RunDirectory) -> None:
    """Raises RunError if new events could not be appended to the old ones."""
    try:
        with contextlib.suppress(FileNotFoundError):
            opened(run.events).close()
    except OSError as error:
        raise RunError(f"{run.events} cannot be read: {error.strerror}") from error


def find_checkpoint(run: RunDirectory, manifest: Manifest) -> tuple[Path | None, tuple[str, ...]]:
    """The file to resume from, and a notice if it is not last.pth: the previous one, else best.pth, else none.

    None means that nothing was saved yet. Raises RunError if none of the existing files can be used.
    """
    kept = [path for path in (run.last, run.previous, run.best) if path.exists()]
    if not kept:
        return None, (f"{run.name} had saved nothing yet: it starts again",)
    faults = [] if kept[0] == run.last else [f"{run.last} is missing"]
    for path in kept:
        try:
            checkpoint = load_checkpoint(path)
            check_fits(checkpoint, manifest)
        except CheckpointError as error:
            faults.append(str(error))
            continue
        resumed = f"resumes from {path.name}, which was saved after step {checkpoint.step:,}"
        return path, (f"{'; '.join(faults)}: {resumed}",) if faults else ()
    raise RunError(f"{run.name} cannot be resumed: {'; '.join(faults)}")


def _changes(request: TrainingRequest, manifest: Manifest) -> Iterator[str]:
    """Notices of requested values that differ from the run's."""
    if request.definition is not None and request.definition.absolute() != Path(manifest.definition):
        yield f"{request.definition} is ignored: the run trains on {manifest.definition}"
    asked, recorded = request.recipe, manifest.recipe
    for name in request.given:
        if getattr(asked, name) != getattr(recorded, name):
            theirs, ours = (shown(name, getattr(recipe, name)) for recipe in (asked, recorded))
            yield f"{theirs} is ignored: the run has {ours}"


def _changed_files(record: DataRecord) -> Iterator[str]:
    problems = record.verify()
    if gone := [problem for problem in problems if problem.missing]:
        raise complaint(gone)
    return map(str, problems)
