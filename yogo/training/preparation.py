"""What the leading process does before anybody trains: choose the run, hold it, read and resolve everything."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from yogo.data.depth import Bits
from yogo.data.label_cache import check_labels
from yogo.definition import DatasetDefinition, SplitFractions, Splits, split
from yogo.definition.lineage import digests_of_test, records, trained_on
from yogo.definition.record import DataRecord
from yogo.definition.thumbnails import Thumbnail, num_made, thumbnails
from yogo.errors import RunError, TrainingError
from yogo.metrics.report import trained_on as sentence
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Launch
from yogo.run.lease import Lease
from yogo.run.manifest import Manifest
from yogo.run.result import sha256
from yogo.training.choosing import choose, held
from yogo.training.disk import Disk
from yogo.training.listeners.terminal import terminal
from yogo.training.looking import look_at, telling_all
from yogo.training.plan import Plan
from yogo.training.progress import Progressed
from yogo.training.receipt import Receipt
from yogo.training.request import Request
from yogo.training.resumption import go_on
from yogo.wording import counted


@contextlib.contextmanager
def prepared(request: Request, world_size: int, lease: Lease | None = None) -> Iterator[tuple[Plan, Receipt]]:
    """The plan of a run that is held, by `lease` or for the block. What ends it otherwise than well is written down.

    Raises RunError where the run is another's or done, and whatever is wrong with what was asked.
    """
    run = lease.run if lease else choose(request)
    # A folder is only made for a run that can begin; one that was launched is there, and hears of the failure.
    plan = None if run.path.is_dir() else _resolve(request, run, world_size)
    with (
        contextlib.nullcontext(lease) if lease else held(request, run) as mine,
        Receipt(run, Disk(mine.check, mine.heed)) as receipt,
    ):
        plan = plan or _resolve(request, run, world_size)
        receipt.attempt = plan.attempt
        if plan.attempt or plan.resolved is None:
            plan = _with_lineage(plan, DataRecord.read(run.data))
        else:
            plan = _with_record(plan, plan.resolved, request, receipt.disk)
        mine.check()
        run.result.unlink(missing_ok=True)
        yield replace(plan, notices=(*((mine.notice,) if mine.notice else ()), *plan.notices)), receipt


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: among many thousands of new objects it takes longer than what makes them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def _resolve(request: Request, run: RunDirectory, world_size: int) -> Plan:
    if request.resume is not None and run.manifest.exists():
        return go_on(request, run, Manifest.read(run.manifest), world_size)
    if request.definition is None:
        raise RunError(f"{run.path} never began to train: name its dataset definition to begin")
    with telling_all(request):
        return _begin(request, request.definition, run)


def _begin(request: Request, file: Path, run: RunDirectory) -> Plan:
    definition = DatasetDefinition.from_yaml(file)
    known: Bits = 8
    recipe, digest = request.recipe, None
    notices = tuple(_edited(run, definition))
    if request.pretrained is not None:
        from yogo.training.inheritance import inherit

        recipe, known, more = inherit(
            request.pretrained, recipe, definition.classes, given=request.given.keys(), reset_head=request.reset_head
        )
        digest, notices = sha256(request.pretrained), (*notices, *more)
    splits = _split(request, definition, recipe.seed)
    made_of = thumbnails(definition)
    number = num_made(len(splits.train)) if made_of else 0
    bits, odd = _looked_at(request, splits, made_of, known, recipe)
    # Before hours of hashing and decoding. What is parsed here is kept for when it is wanted.
    check_labels([sample for _, part in splits.items() for sample in part], definition.classes, request.memory)
    return Plan(
        run=run,
        definition=definition.path.absolute(),
        resolved=definition,
        classes=definition.classes,
        recipe=recipe,
        splits=splits,
        precision="half" if request.half else recipe.precision,
        thumbnails=made_of,
        num_made=number,
        pretrained=request.pretrained.absolute() if request.pretrained else None,
        pretrained_sha256=digest,
        reset_head=request.reset_head,
        image_bits=bits,
        notices=(
            *(*notices, *_made(number, made_of, definition)),
            *_shared_out(definition, splits),
            *map(str, (*definition.warnings, *splits.warnings, *odd)),
        ),
    )


def _split(request: Request, definition: DatasetDefinition, seed: int) -> Splits:
    override = SplitFractions(*request.split_override) if request.split_override else None
    splits = split(definition, override=override, seed=seed)
    if not splits.train:
        raise TrainingError(f"{definition.path} leaves no pictures to train on: look at its split fractions")
    return splits


def _shared_out(definition: DatasetDefinition, splits: Splits) -> Iterator[str]:
    parts = zip(("train", "validate", "test"), (len(part) for _, part in splits.items()), strict=True)
    told = ", ".join(f"{number:,} to {verb} on" for verb, number in parts)
    num_pictures = sum(len(part) for _, part in splits.items())
    folders = counted(len(definition.all_dataset_paths), "folder")
    yield f"{counted(num_pictures, 'picture')} in {folders}: {told}"
    if splits.num_unlabelled:
        without = (
            "picture without a label file is" if splits.num_unlabelled == 1 else "pictures without a label file are"
        )
        yield f"{splits.num_unlabelled:,} {without} left out"


def _looked_at(
    request: Request, splits: Splits, made_of: Sequence[Thumbnail], known: Bits, recipe: Recipe
) -> tuple[Bits, tuple[str, ...]]:
    """What the pictures need, and what is odd about them. Raises DefinitionError for those that cannot be read."""
    samples = [sample for _, part in splits.items() for sample in part]
    with contextlib.closing(terminal(recipe.epochs)) as screen:
        return look_at(
            samples,
            request,
            known=known,
            image_hw=recipe.image_hw,
            thumbnails=made_of,
            progress=lambda done, total: screen.hear(Progressed("look", 0, done, total)),
        )


def _edited(run: RunDirectory, definition: DatasetDefinition) -> Iterator[str]:
    """What is to be said where the definition is not as it was when the run was launched."""
    with contextlib.suppress(FileNotFoundError, RunError):  # not launched, or the console's file is damaged
        if Launch.read(run.launch).definition_sha256 not in (None, definition.sha256):
            yield f"{definition.path} was edited since {run.name} was launched: it trains on what the file says now"


def _made(number: int, made_of: Sequence[Thumbnail], definition: DatasetDefinition) -> Iterator[str]:
    if made_of:
        counts = Counter(definition.classes[one.kind] for one in made_of)
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        yield f"{number:,} frames made of {len(made_of):,} thumbnails ({listed}) are trained on besides"


@_uncollected()
def _with_record(plan: Plan, definition: DatasetDefinition, request: Request, disk: Disk) -> Plan:
    """Keep what the run trains on: every file's digest, and which split it is in. The plan that knows of it."""
    total = sum(len(samples) for _, samples in plan.splits.items())
    with contextlib.closing(terminal(plan.recipe.epochs)) as screen:
        record = DataRecord.build(
            definition,
            plan.splits,
            progress=lambda done: screen.hear(Progressed("record", 0, done, total)),
            thumbnails=plan.thumbnails,
            memory=request.memory / "digests" if request.memory else None,
        )
    disk.write(plan.run.data, lambda: record.write(plan.run.data, fence=disk.fence))
    return _with_lineage(replace(plan, seen=record.seen()), record)


def _with_lineage(plan: Plan, record: DataRecord) -> Plan:
    """The plan that knows, and says, how many test pictures were trained on: by this run, or those it comes from."""
    tested = digests_of_test(record)
    parent = RunDirectory(plan.pretrained.parent) if plan.pretrained else None
    found = trained_on(tested, itertools.chain([(plan.run.name, record)], records(parent) if parent else ()))
    told = (sentence(name, count, len(tested)) for name, count in found.items())
    return replace(plan, trained_on=found, notices=(*plan.notices, *told))
