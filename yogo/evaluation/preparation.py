"""The plan of a test: the checkpoint's own settings, and the images that were held out from its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.datasets.label_cache import check_labels
from yogo.definition import DatasetDefinition, Sample, Splits
from yogo.definition.lineage import digests, groups_seen, records, trained_on
from yogo.definition.problem import complaint
from yogo.definition.record import DataRecord
from yogo.definition.sample_facts import facts_of
from yogo.definition.tested import tested_images
from yogo.errors import RecipeError, TrainingError
from yogo.metrics.report import trained_on as sentence
from yogo.model import open_model
from yogo.model.inheritance import recipe_of
from yogo.recipe import Recipe, applied, inheriting, spelled
from yogo.run.directory import RunDirectory
from yogo.training.listeners.terminal import Terminal
from yogo.training.plan import TrainingPlan
from yogo.training.planning.image_check import look_at
from yogo.training.planning.pretrained import check_classes
from yogo.training.request import CheckpointTest, TrainingRequest


def resolve(request: TrainingRequest, test: CheckpointTest, screen: Terminal) -> TrainingPlan:
    """The plan of a test. Raises CheckpointError, DefinitionError, RecipeError, TrainingError, RunError."""
    assert request.definition is not None
    checkpoint = load_checkpoint(test.checkpoint)
    model, notices = open_model(checkpoint)
    definition = DatasetDefinition.from_yaml(request.definition)
    check_classes(test.checkpoint, checkpoint.classes, model, definition.classes)
    recipe, unfit = recipe_in(checkpoint)
    recipe = inheriting(recipe, recipe_of(model))
    if test.batch_size is not None:
        recipe = applied(recipe, {"batch_size": test.batch_size}, named=spelled)
    run = RunDirectory(test.checkpoint.absolute().parent)
    counts = request.cache_folder / "counts" if request.cache_folder else None
    samples, which = pictures(definition, run, seed=recipe.seed, memory=counts)
    told = zip(samples, facts_of(definition, samples), strict=True)
    samples = tuple(replace(one, sample=sample) for one, sample in told)  # as it says now, whatever a run recorded
    if not samples:
        raise TrainingError(f"{definition.path} names no images to test on")
    bits, odd = look_at(samples, request, known=checkpoint.image_bits, image_hw=recipe.image_hw)
    check_labels(samples, definition.classes, request.cache_folder)  # report problems before the test starts
    tested, splits = digests(samples), Splits((), (), samples)
    plan = TrainingPlan(
        run=run,
        definition=definition.path.absolute(),
        classes=definition.classes,
        recipe=recipe,
        splits=splits,
        roles=definition.roles,
        # A file that does not say how it was trained is tested in fp32.
        precision=("half" if request.half else "fp32" if request.half is False else recipe.precision),
        image_bits=bits,
        checkpoint=test.checkpoint.absolute(),
        trained_on=trained_on(tested, records(run)),
        test_digests=tuple(tested),
    )
    seen = [sentence(name, count, len(samples)) for name, count in plan.trained_on.items()]
    seen += groups_seen(splits, records(run))
    screen.notice(*notices, *unfit, *map(str, definition.warnings), *which, *odd, *seen)
    return plan


def recipe_in(checkpoint: Checkpoint) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe of its training, as far as the file holds it, and notices; a newer yogo may add to it."""
    looked_at_exactly = Recipe(precision="fp32")
    known: dict[str, Any] = {
        name: value for name, value in (checkpoint.recipe or {}).items() if name in Recipe.model_fields
    }
    if not known:
        return looked_at_exactly, ()
    try:
        return applied(Recipe(), known), ()
    except RecipeError as error:
        notice = f"the recipe in {checkpoint.path} cannot be read: {error}. It is tested with the default one, in fp32"
        return looked_at_exactly, (notice,)


def pictures(
    definition: DatasetDefinition, run: RunDirectory, *, seed: int, memory: Path | None = None
) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """The images that are tested on, and sentences that say which they are and what has changed since."""
    samples, which, record = tested_images(definition, run, seed=seed, memory=memory)
    return samples, (which, *_changed(record, definition)) if record else (which,)


def _changed(record: DataRecord, definition: DatasetDefinition) -> tuple[str, ...]:
    """Notices about test images and labels that differ from those of the run. Raises MissingPath."""
    if Path(record.definition) != definition.path.absolute():
        return ()
    tested = tuple(entry for entry in record.files if entry.split == "test")
    problems = record.model_copy(update={"files": tested}).verify()
    if gone := [problem for problem in problems if problem.missing]:
        raise complaint(gone)
    return tuple(map(str, problems))
