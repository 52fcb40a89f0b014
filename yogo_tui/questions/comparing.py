"""The question for all that a comparison of runs reads of them: one answer for all runs, so one round trip."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from yogo.definition.record import DataRecord, PartName
from yogo.errors import YogoError
from yogo.files.foreign import opened
from yogo.files.places import told
from yogo.run.assay import AssayFile, AssayReport
from yogo.run.directory import RunDirectory
from yogo.run.history import History
from yogo.run.metrics import Metrics
from yogo.run.steps import Steps
from yogo.run.worst import WorstImages
from yogo_tui.hosts.base import Tell

_BUCKETS = 500
"""Of a long run's steps, the lowest and the highest loss in each of so many equal parts are told."""

_LARGEST_SCRIPT = 256 << 10
"""In bytes."""

PARTS: tuple[PartName, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class DataPart:
    """The images of one part of a run's data, as they were."""

    images: int
    digest: str
    """Of what the images and their labels hold, wherever they lie; in hexadecimal."""


@dataclass(frozen=True, slots=True)
class RunAssay:
    """What a run's counts are worth on some images."""

    title: str
    """Which images they are."""

    basis: tuple[str, ...]
    """Is the same where another run's assay is of the same images, as far as that is known."""

    report: AssayReport


@dataclass(frozen=True, slots=True)
class ReadRun:
    """What was read of one run. What its folder does not hold is None, or empty."""

    history: History = field(default_factory=History)
    """With as many steps as a curve needs."""

    seconds: float | None = None
    """Time that it trained, over all attempts, pauses between them left out."""

    images_per_s: float | None = None
    """Over all processes: the mean of its steps."""

    data: dict[str, DataPart] = field(default_factory=dict)
    """By the name of the part: train, val, test."""

    all_data: str = ""
    """The digest of all parts together, which is the same where only the split is another; empty if it is not known."""

    metrics: Metrics | None = None
    """Of its own test set."""

    assays: tuple[RunAssay, ...] = ()
    """Of its best.pth: the latest first, then that of its own test."""

    script: str = ""
    """Its job's."""

    worst: WorstImages | None = None
    """Only if it was asked for."""

    problems: tuple[str, ...] = ()
    """Sentences on what could not be read."""


@dataclass(frozen=True)
class ReadRuns:
    """What the directories of these runs hold, in the same order."""

    paths: tuple[Path, ...]
    with_images: bool = False
    """Whether the worst images are wanted: they are a megabyte a run."""

    def answer(self, tell: Tell) -> tuple[ReadRun, ...]:
        found = []
        for number, path in enumerate(self.paths):
            tell("reading runs", number, len(self.paths))
            found.append(_read(RunDirectory(path), with_images=self.with_images))
        return tuple(found)


def _read(run: RunDirectory, *, with_images: bool) -> ReadRun:
    problems: list[str] = []
    history, data, metrics, worst = History(), None, None, None
    with _told(problems):
        history = History.read(run.events)
    with _told(problems):
        data = DataRecord.read(run.data)
    with _told(problems):
        metrics = Metrics.read(run.metrics)
    with _told(problems):
        worst = WorstImages.read(run.worst) if with_images else None
    assays = tuple(_assays(run, metrics, data, problems))
    paces = [pace for pace in history.steps.column("frames_per_s") if not math.isnan(pace)]
    return ReadRun(
        history=thinned(history),
        seconds=trained_seconds(history),
        images_per_s=sum(paces) / len(paces) if paces else None,
        data=_parts(data) if data else {},
        all_data=_digest([line for part in PARTS for line in _lines(data)[part]]) if data else "",
        metrics=metrics,
        assays=assays,
        script=_script(run, problems),
        worst=worst,
        problems=tuple(problems),
    )


def _assays(
    run: RunDirectory, metrics: Metrics | None, data: DataRecord | None, problems: list[str]
) -> Iterator[RunAssay]:
    own, test = metrics.definition if metrics else "", _digest(_lines(data)["test"]) if data else str(run.path)
    for path in sorted(run.path.glob(f"{run.best.stem}-assay-*.json"), key=_modified, reverse=True):
        with _told(problems):
            found = AssayFile.read(path)
            images = _samples(found.report) if found.definition != own and found.report.over == "samples" else (test,)
            yield RunAssay(
                PurePath(found.definition).name, _basis(found.definition, found.report, images), found.report
            )
    if metrics and metrics.assay:
        yield RunAssay("the test images", _basis(own, metrics.assay, (test,)), metrics.assay)


def _basis(definition: str, report: AssayReport, images: tuple[str, ...]) -> tuple[str, ...]:
    """Which images of a definition a test looks at may follow from the run: they are known to be the same only where
    the own test images of both runs are. Samples of a file are the same by their names."""
    return definition, str(report.num_images), str(report.num), *images


def _samples(report: AssayReport) -> tuple[str, ...]:
    return tuple(sorted(f"{one.name} {one.num_images} {one.known_per_ul}" for one in report.samples))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@contextlib.contextmanager
def _told(problems: list[str]) -> Iterator[None]:
    """What is not there is not known; what cannot be read is told, and hides nothing else."""
    try:
        yield
    except FileNotFoundError:
        pass
    except (OSError, YogoError) as error:
        problems.append(told(error))


def _script(run: RunDirectory, problems: list[str]) -> str:
    text = ""
    with _told(problems), opened(run.script) as file:
        text = file.read(_LARGEST_SCRIPT).decode(errors="replace")
    return text


def _parts(record: DataRecord) -> dict[str, DataPart]:
    return {part: DataPart(len(some), _digest(some)) for part, some in _lines(record).items() if some}


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _lines(record: DataRecord) -> dict[str, list[str]]:
    """Of each part, a line for each file. It counts by what it holds: the same data in another folder have the same
    lines."""
    lines: dict[str, list[str]] = {part: [] for part in PARTS}
    for one in record.files:
        label = one.label_stamp.sha256 if one.label_stamp else ""
        lines[one.split].append(f"{one.image_stamp.sha256} {label}\n")
    lines["train"] += [
        f"{record.thumbnail_folders[one.folder].class_name} {one.stamp.sha256}\n" for one in record.thumbnails
    ]
    return lines


def trained_seconds(history: History) -> float | None:
    """From each attempt's first event to its last; None if there are not two events of an attempt."""
    at: dict[int, tuple[float, float]] = {}

    def seen(attempt: int, when: float) -> None:
        first, last = at.get(attempt, (when, when))
        at[attempt] = min(first, when), max(last, when)

    for event in (history.started, *history.validations, *history.checkpoints, history.tested, history.ended):
        if event is not None:
            seen(event.attempt, event.at.timestamp())
    for attempt, when in zip(history.steps.column("attempt"), history.steps.column("at"), strict=True):
        seen(attempt, when / 1e6)
    return sum(last - first for first, last in at.values()) or None


def thinned(history: History, buckets: int = _BUCKETS) -> History:
    """The history with at most two steps in each of the buckets; the first and the last step stay."""
    size, losses = len(history.steps), history.steps.column("loss")
    if size <= 2 * buckets:
        return history
    kept = {0, size - 1}
    for number in range(buckets):
        part = range(number * size // buckets, (number + 1) * size // buckets)
        known = [index for index in part if not math.isnan(losses[index])] or part[:1]
        kept |= {min(known, key=losses.__getitem__), max(known, key=losses.__getitem__)}
    return replace(history, steps=Steps(history.steps[index] for index in sorted(kept)))
