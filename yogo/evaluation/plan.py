"""What a test looks at: the checkpoint's own way of seeing, and the pictures that it was kept from."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.data.label_cache import check_labels
from yogo.definition import DatasetDefinition, Sample, SplitFractions, Splits, split
from yogo.definition.lineage import digests, records, trained_on
from yogo.definition.problem import complaint
from yogo.definition.record import DataRecord
from yogo.errors import TrainingError
from yogo.metrics.report import trained_on as sentence
from yogo.model import open_model
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.training.inheritance import check_classes
from yogo.training.looking import look_at
from yogo.training.plan import Plan
from yogo.training.request import CheckpointTest, Request
from yogo.wording import counted


def resolve(request: Request, test: CheckpointTest) -> Plan:
    """The plan of a test. Raises CheckpointError, DefinitionError, TrainingError, RunError."""
    assert request.definition is not None
    checkpoint = load_checkpoint(test.checkpoint)
    model, notices = open_model(checkpoint)
    definition = DatasetDefinition.from_yaml(request.definition)
    check_classes(test.checkpoint, checkpoint.classes, model, definition.classes)
    height, width = model.img_size.tolist()
    recipe = _recipe(checkpoint).model_copy(update={"image_hw": (height, width), "rgb_images": bool(model.is_rgb)})
    if test.batch_size is not None:
        recipe = recipe.model_copy(update={"batch_size": test.batch_size})
    run = RunDirectory(test.checkpoint.absolute().parent)
    samples, which = pictures(definition, run, seed=recipe.seed)
    if not samples:
        raise TrainingError(f"{definition.path} names no pictures to test on")
    bits, odd = look_at(samples, request, known=checkpoint.image_bits, image_hw=recipe.image_hw)
    check_labels(samples, definition.classes, request.memory)  # whatever is wrong is told now
    plan = Plan(
        run=run,
        definition=definition.path.absolute(),
        classes=definition.classes,
        recipe=recipe,
        splits=Splits((), (), samples),
        # A file that does not say how it was trained is looked at exactly.
        precision=("half" if request.half else "fp32" if request.half is False else recipe.precision),
        image_bits=bits,
        checkpoint=test.checkpoint.absolute(),
        trained_on=trained_on(digests(samples), records(run)),
    )
    seen = (sentence(name, count, len(samples)) for name, count in plan.trained_on.items())
    return replace(plan, notices=(*notices, *map(str, definition.warnings), *which, *odd, *seen))


def _recipe(checkpoint: Checkpoint) -> Recipe:
    """How it was trained, as far as the file says; a newer yogo's may say more."""
    known: dict[str, Any] = {
        name: value for name, value in (checkpoint.recipe or {}).items() if name in Recipe.model_fields
    }
    with contextlib.suppress(ValidationError):
        return Recipe.model_validate(known or {"precision": "fp32"})
    return Recipe(precision="fp32")


def pictures(
    definition: DatasetDefinition, run: RunDirectory, *, seed: int
) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """The test pictures, and sentences on which they are: the run's own ones if this is what it trained on."""
    record = None
    with contextlib.suppress(FileNotFoundError):
        record = DataRecord.read(run.data)
    recorded = _recorded(record, definition) if record else ()
    if record and recorded:
        which = f"tests on the {counted(len(recorded), 'test picture')} of {run.name}, as {run.data.name} has them"
        return recorded, (which, *_changed(record, definition))
    held = split(definition, seed=seed).test
    if held:
        return held, (f"tests on the {counted(len(held), 'test picture')} of {definition.path.name}",)
    everything = split(definition, override=SplitFractions(0.0, 0.0, 1.0), seed=seed).test
    return everything, (f"{definition.path.name} sets no test pictures apart: tests on all {len(everything):,} it has",)


def _recorded(record: DataRecord, definition: DatasetDefinition) -> tuple[Sample, ...]:
    """The run's test pictures, if they are the definition's: also where both were moved since."""
    if Path(record.definition) == definition.path.absolute():
        return record.splits().test
    # The same places below the definition's labels, and the same content: the definition was moved, or copied.
    own = {entry.key: entry.image_stamp for entry in record.files if entry.split == "test"}
    everything = split(definition, override=SplitFractions(0.0, 0.0, 1.0)).test
    found = tuple(sample for sample in everything if sample.key in own)
    same_size = len(found) == len(own) and all(one.image.stat().st_size == own[one.key].size for one in found)
    return found if same_size and digests(found) == [own[one.key].sha256 for one in found] else ()


def _changed(record: DataRecord, definition: DatasetDefinition) -> tuple[str, ...]:
    """Notices of test pictures and labels that are others than the run had. Raises MissingPath."""
    if Path(record.definition) != definition.path.absolute():
        return ()
    tested = tuple(entry for entry in record.files if entry.split == "test")
    problems = record.model_copy(update={"files": tested}).verify()
    if gone := [problem for problem in problems if problem.missing]:
        raise complaint(gone)
    return tuple(map(str, problems))
