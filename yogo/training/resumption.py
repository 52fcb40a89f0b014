"""Going on with a run: with its own recipe and data, from the last checkpoint that can be read."""

from __future__ import annotations

from pathlib import Path

from yogo.checkpoint import load_checkpoint
from yogo.definition.problem import complaint
from yogo.definition.record import DataRecord
from yogo.errors import CheckpointError, RunError, TrainingError
from yogo.recipe import shown
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.training.fitting import check_fits
from yogo.training.plan import Plan
from yogo.training.request import Request


def go_on(request: Request, run: RunDirectory, manifest: Manifest, world_size: int) -> Plan:
    """The plan of the next attempt. Raises RunError or TrainingError where it cannot go on as it was."""
    if manifest.is_newer:
        raise RunError(f"{run.manifest} was written by a newer yogo: resume the run with that one")
    if manifest.world_size != world_size:
        raise TrainingError(
            f"{run.name} trains on {manifest.world_size} processes, and its batches would be others on {world_size}: "
            f"resume it with --processes {manifest.world_size}"
        )
    try:
        record = DataRecord.read(run.data)
    except FileNotFoundError:
        raise RunError(f"{run.data} is missing: without it nobody knows what the run trained on") from None
    checkpoint, notices = find_checkpoint(run, manifest)
    return Plan(
        run=run,
        definition=Path(manifest.definition),
        classes=manifest.classes,
        recipe=manifest.recipe,
        splits=record.splits(),
        precision=manifest.precision,
        thumbnails=record.made_of(),
        num_made=record.num_made,
        pretrained=Path(manifest.pretrained) if manifest.pretrained else None,
        pretrained_sha256=manifest.pretrained_sha256,
        reset_head=manifest.reset_head,
        image_bits=manifest.image_bits,
        checkpoint=checkpoint,
        attempt=manifest.attempt + 1,
        notices=(*notices, *_changes(request, manifest), *_changed_files(record)),
    )


def find_checkpoint(run: RunDirectory, manifest: Manifest) -> tuple[Path | None, tuple[str, ...]]:
    """The file to go on from, and a notice if it is not last.pth: the previous one, else best.pth, else none.

    None is where nothing was saved yet. Raises RunError where none of those that are there can be used.
    """
    kept = [path for path in (run.last, run.previous, run.best) if path.exists()]
    if not kept:
        return None, (f"{run.name} had saved nothing yet: it begins again",)
    faults = [] if kept[0] == run.last else [f"{run.last} is missing"]
    for path in kept:
        try:
            checkpoint = load_checkpoint(path)
            check_fits(checkpoint, manifest)
        except CheckpointError as error:
            faults.append(str(error))
            continue
        whence = f"goes on from {path.name}, which was saved after step {checkpoint.step:,}"
        return path, (f"{'; '.join(faults)}: {whence}",) if faults else ()
    raise RunError(f"{run.name} cannot go on: {'; '.join(faults)}")


def _changes(request: Request, manifest: Manifest) -> tuple[str, ...]:
    """Notices of what was asked for otherwise than the run has it."""
    notices = []
    if request.definition is not None and request.definition.absolute() != Path(manifest.definition):
        notices.append(f"{request.definition} is ignored: the run trains on {manifest.definition}")
    asked, recorded = request.recipe, manifest.recipe
    for name in request.given:
        if getattr(asked, name) != getattr(recorded, name):
            theirs, ours = (shown(name, getattr(recipe, name)) for recipe in (asked, recorded))
            notices.append(f"{theirs} is ignored: the run has {ours}")
    return tuple(notices)


def _changed_files(record: DataRecord) -> tuple[str, ...]:
    problems = record.verify()
    if gone := [problem for problem in problems if problem.missing]:
        raise complaint(gone)
    return tuple(str(problem) for problem in problems)
