"""The main process's work before training: choose the run, acquire it, and read and resolve everything."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yogo.datasets.label_cache import check_labels
from yogo.definition import DatasetDefinition, SplitFractions, Splits, split
from yogo.definition.balance import furthest_words, groups_words
from yogo.definition.identity import Status
from yogo.definition.lineage import digests_of_test, learnt_before, records, trained_on
from yogo.definition.record import DataRecord
from yogo.definition.share import part_of
from yogo.definition.thumbnails import Thumbnail, num_made, thumbnails
from yogo.errors import RunError, TrainingError
from yogo.images.depth import Bits
from yogo.metrics.report import trained_on as sentence
from yogo.run.directory import RunDirectory
from yogo.run.disk import Disk
from yogo.run.launch import Launch, ValueSearch
from yogo.run.lease import Lease
from yogo.run.manifest import Manifest
from yogo.run.result import sha256
from yogo.text.wording import agreed, counted
from yogo.training.checkpoints.receipt import Receipt
from yogo.training.listeners.kept_log import logged
from yogo.training.listeners.terminal import Terminal
from yogo.training.plan import TrainingPlan
from yogo.training.planning.image_check import look_at, telling_all
from yogo.training.planning.pretrained import inherit
from yogo.training.planning.resume import go_on
from yogo.training.planning.run_lease import choose, held
from yogo.training.progress import Progressed
from yogo.training.request import TrainingRequest


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the main process has of a run: the plan, which it shares with the others, and its own part."""

    plan: TrainingPlan
    receipt: Receipt
    seen: Mapping[str, Status]
    """The files as they have just been recorded; empty when a run goes on."""


@contextlib.contextmanager
def prepared(
    request: TrainingRequest, world_size: int, screen: Terminal, lease: Lease | None = None
) -> Iterator[Prepared]:
    """A run that is held, by `lease` or for the block. Any failure that ends it is recorded.

    Raises RunError if another process holds the run or it is finished, and YogoError for a bad request.
    """
    run = lease.run if lease else choose(request)
    # A folder is made only for a run that can begin; a launched run has one, and its failure is recorded there.
    begun = None if run.path.is_dir() else _resolve(request, run, world_size, screen)
    with (
        contextlib.nullcontext(lease) if lease else held(request, run) as mine,
        logged(screen, run, mine.check, request.command),
        Receipt(run, Disk(mine.check, mine.heed, screen.notice)) as receipt,
        contextlib.closing(screen),  # before a failure is recorded, of which standard error may hear
    ):
        if mine.notice:
            screen.notice(mine.notice)
        plan, definition = begun or _resolve(request, run, world_size, screen)
        receipt.attempt = plan.attempt
        record = _recorded(plan, definition, request, receipt.disk, screen) if definition else DataRecord.read(run.data)
        tested = digests_of_test(record)
        lineage = trained_on(tested, _lineage(plan, record))
        plan = replace(plan, trained_on=lineage, test_digests=tuple(tested), search=_search(run))
        screen.notice(*(sentence(name, count, len(tested)) for name, count in plan.trained_on.items()))
        mine.check()
        run.result.unlink(missing_ok=True)
        screen.begin(run.path, plan.recipe.epochs)
        yield Prepared(plan, receipt, record.seen() if definition else {})


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Disable garbage collection, which takes longer than creating the many thousands of objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def _resolve(
    request: TrainingRequest, run: RunDirectory, world_size: int, screen: Terminal
) -> tuple[TrainingPlan, DatasetDefinition | None]:
    """The plan, and the definition of a new run; a resumed run has its contents on record."""
    if request.resume is not None and run.manifest.exists():
        return go_on(request, run, Manifest.read(run.manifest), world_size, screen), None
    if request.definition is None:
        raise RunError(f"{run.path} never began to train: name its dataset definition to begin")
    with telling_all(request):
        definition = DatasetDefinition.from_yaml(request.definition)
        return _begin(request, definition, run, screen), definition


def _begin(
    request: TrainingRequest, definition: DatasetDefinition, run: RunDirectory, screen: Terminal
) -> TrainingPlan:
    known: Bits = 8
    recipe, digest = request.recipe, None
    screen.notice(*_edited(run, definition))
    if request.pretrained is not None:
        recipe, known, notices = inherit(
            request.pretrained, recipe, definition.classes, given=request.given.keys(), reset_head=request.reset_head
        )
        digest = sha256(request.pretrained)
        screen.notice(*notices)
    splits = _split(request, definition, recipe.seed, screen)
    made_of = thumbnails(definition.classes, definition.thumbnail_augmentation)
    number = num_made(len(splits.train)) if made_of else 0
    samples = [sample for _, part in splits.items() for sample in part]

    def tell(done: int, total: int) -> None:
        screen.hear(Progressed("look", 0, done, total))

    hw = recipe.image_hw
    bits, odd = look_at(samples, request, known=known, image_hw=hw, thumbnails=made_of, progress=tell)
    check_labels(samples, definition.classes, request.cache_folder)  # before hours of hashing and decoding
    screen.notice(*_made(number, made_of, definition), *_shared_out(definition, splits), *odd)
    return TrainingPlan(
        run=run,
        definition=definition.path.absolute(),
        classes=definition.classes,
        recipe=recipe,
        splits=splits,
        precision="half" if request.half else recipe.precision,
        roles=definition.roles,
        thumbnails=made_of,
        num_made=number,
        pretrained=request.pretrained.absolute() if request.pretrained else None,
        pretrained_sha256=digest,
        reset_head=request.reset_head,
        image_bits=bits,
    )


def _split(request: TrainingRequest, definition: DatasetDefinition, seed: int, screen: Terminal) -> Splits:
    override = SplitFractions(*request.split_override) if request.split_override else None
    counts = request.cache_folder / "counts" if request.cache_folder else None
    splits = split(definition, override=override, seed=seed, memory=counts)
    if not splits.train:
        raise TrainingError(f"{definition.path} leaves no images to train on: check its split fractions")
    if request.recipe.best_by == "lod":
        _check_lod(definition, splits)
    if request.pretrained is not None:
        screen.notice(*learnt_before(definition, splits, request.pretrained))
    if (share := request.recipe.train_share) < 1:
        kept = part_of(splits.train, share, seed)
        screen.notice(f"train_share {share:g}: {len(kept):,} of {len(splits.train):,} training images are used")
        splits = replace(splits, train=kept)
    return splits


def _check_lod(definition: DatasetDefinition, splits: Splits) -> None:
    """Raises TrainingError where no epoch could be chosen by it."""
    if definition.roles is None:
        raise TrainingError(
            f"--best-by lod takes roles in {definition.path}, which say what is counted as a cell and what is looked "
            "for: add `roles: {total: [...], target: [...], per_microlitre: 5.0e6}`"
        )
    if not splits.val:
        raise TrainingError(f"--best-by lod takes a validation set, and {definition.path} has none")


def _shared_out(definition: DatasetDefinition, splits: Splits) -> Iterator[str]:
    parts = zip(("train", "validate", "test"), (len(part) for _, part in splits.items()), strict=True)
    told = ", ".join(f"{number:,} to {verb} on" for verb, number in parts)
    num_pictures = sum(len(part) for _, part in splits.items())
    folders = counted(len(definition.all_dataset_paths), "folder")
    yield f"{counted(num_pictures, 'image')} in {folders}: {told}"
    if splits.num_unlabelled:
        without = "image without a label file is" if splits.num_unlabelled == 1 else "images without a label file are"
        yield f"{splits.num_unlabelled:,} {without} left out"
    if splits.balance:
        yield from filter(None, (groups_words(splits.balance), furthest_words(splits.balance)))
    yield from map(str, (*definition.warnings, *splits.warnings))


def _edited(run: RunDirectory, definition: DatasetDefinition) -> Iterator[str]:
    """A notice if the definition has changed since the run was launched."""
    with contextlib.suppress(FileNotFoundError, RunError):  # not launched, or the console's file is damaged
        if Launch.read(run.launch).definition_sha256 not in (None, definition.sha256):
            yield f"{definition.path} was edited since {run.name} was launched: it trains on what the file says now"


def _search(run: RunDirectory) -> ValueSearch | None:
    with contextlib.suppress(FileNotFoundError, RunError):
        return Launch.read(run.launch).search
    return None


def _made(number: int, made_of: Sequence[Thumbnail], definition: DatasetDefinition) -> Iterator[str]:
    if made_of:
        counts = Counter(definition.classes[one.class_index] for one in made_of)
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        made = f"{counted(number, 'frame')} composed of {counted(len(made_of), 'thumbnail')} ({listed})"
        yield f"{made} {agreed(number, 'is')} added to the training set"


@_uncollected()
def _recorded(
    plan: TrainingPlan, definition: DatasetDefinition, request: TrainingRequest, disk: Disk, screen: Terminal
) -> DataRecord:
    """Record what the run trains on: every file's digest and split."""
    total = sum(len(samples) for _, samples in plan.splits.items())
    record = DataRecord.build(
        definition,
        plan.splits,
        progress=lambda done: screen.hear(Progressed("record", 0, done, total)),
        thumbnails=plan.thumbnails,
        memory=request.cache_folder / "digests" if request.cache_folder else None,
    )
    disk.write(plan.run.data, lambda: record.write(plan.run.data, fence=disk.fence))
    return record


def _lineage(plan: TrainingPlan, record: DataRecord) -> Iterator[tuple[str, DataRecord]]:
    """What this run trains on, and what those that it comes from were trained on."""
    yield plan.run.name, record
    if plan.pretrained is not None:
        yield from records(RunDirectory(plan.pretrained.parent))
