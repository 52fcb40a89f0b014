"""Questions about what a run's best.pth finds and misses: metrics, and the images on which it is wrong most often."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yogo.distribution import installing
from yogo.errors import DefinitionError, RunError
from yogo.files.places import told
from yogo.run.assay import AssayFile, AssayReport
from yogo.run.directory import RunDirectory
from yogo.run.metrics import Metrics, kind_of_results
from yogo.run.worst import Verdict, WorstImage, WorstImages, worst_beside
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.images import Rgb, SmallImage, fitted, outline

_PARTS = {"val": "validation images", "test": "test images"}


@dataclass(frozen=True, slots=True)
class WrongImage:
    """An image with something wrong on it."""

    image: Path
    missed: int
    false: int
    confused: int
    num_labels: int
    num_predictions: int


@dataclass(frozen=True, slots=True)
class ResultSet:
    """What is known of the model on one set of images."""

    title: str
    """Which images they are."""

    file: Path
    """Where it is kept."""

    metrics: Metrics | None = None
    """Without its curves."""

    assay: AssayReport | None = None
    """What its counts are worth, where the definition, or the file of samples, has roles."""

    worst_file: Path | None = None
    """The file of its worst images; None if none were kept."""

    worst: tuple[WrongImage, ...] = ()
    problem: str = ""
    """What could not be read of it."""


@dataclass(frozen=True)
class ReadResults:
    """All that is known of a run's model: on its validation images, on its test images, and by each later test and
    assay, the latest first. Empty if nothing is. A file that cannot be read is told of in its set."""

    directory: Path

    def answer(self, tell: Tell) -> tuple[ResultSet, ...]:
        run = RunDirectory(self.directory)
        return (*_of_trainer(run), *map(_later, sorted(self._later_files(), key=_modified, reverse=True)))

    def _later_files(self) -> Iterator[Path]:
        for path in self.directory.glob("*.json"):
            if kind_of_results(path.name)[0]:
                yield path


@dataclass(frozen=True)
class ReadAssay:
    """What `yogo assay` has kept in a file. What cannot be read is told of in it."""

    file: Path

    def answer(self, tell: Tell) -> ResultSet:
        return _later(self.file)


@dataclass(frozen=True)
class LookAtWorst:
    """One of the worst images in a file, within so many columns and rows of pixels: labels are drawn as lines,
    predictions as dots. Raises RunError."""

    file: Path
    position: int
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    """Of the classes' boxes, in turn."""

    only_wrong: bool = False
    """Draw only the boxes that are wrong."""

    def answer(self, tell: Tell) -> SmallImage:
        record = _worst(self.file)
        if self.position >= len(record.images):
            raise RunError(f"{self.file} has changed: leave the results and open them again")
        one = record.images[self.position]
        counts = {index: 0 for index in range(len(record.classes))}
        for box in one.labels:
            counts[box.class_index] = counts.get(box.class_index, 0) + 1
        boxes = tuple((index, count) for index, count in counts.items() if count)
        if one.problem or not one.thumbnail:
            problem = one.problem or "no thumbnail was kept of it"
            return SmallImage(record.part, Path(one.image), boxes=boxes, problem=problem)
        try:
            width, pixels = self._drawn(one)
        except OSError as error:
            return SmallImage(record.part, Path(one.image), boxes=boxes, problem=f"{self.file}: {told(error)}")
        return SmallImage(record.part, Path(one.image), width, pixels, boxes)

    def _drawn(self, one: WorstImage) -> tuple[int, bytes]:
        try:
            from PIL import Image
        except ImportError as error:
            raise DefinitionError(f"Images need Pillow, which is not installed: {installing('tui')}") from error
        with Image.open(io.BytesIO(one.thumbnail), formats=("JPEG",)) as file:
            picture = fitted(file.convert("RGB"), (max(1, self.columns), max(2, self.rows)))
        for boxes, dotted in ((one.labels, False), (one.predictions, True)):
            for box in boxes:
                if not (self.only_wrong and box.verdict is Verdict.FOUND):
                    outline(picture, box.box, self.colours[box.class_index % len(self.colours)], dotted=dotted)
        return picture.width, picture.tobytes()


def _later(path: Path) -> ResultSet:
    kind, of = kind_of_results(path.name)
    if kind == "test":
        return _set(f"test on {of}", path, worst_beside(path))
    try:
        return ResultSet(f"assay of {of}", path, assay=AssayFile.read(path).report)
    except (RunError, FileNotFoundError) as error:
        return ResultSet(f"assay of {of}", path, problem=str(error))


def _of_trainer(run: RunDirectory) -> Iterator[ResultSet]:
    """What the trainer wrote at its end."""
    reviewed = run.worst.exists()
    if reviewed:
        try:
            record = _worst(run.worst)
        except RunError as error:
            yield ResultSet(_PARTS["val"], run.worst, problem=str(error))
        else:
            plain = record.metrics and record.metrics.model_copy(update={"curves": {}})
            assay = plain.assay if plain else None
            yield ResultSet(_PARTS[record.part], run.worst, plain, assay, run.worst, _lines(record))
    if run.metrics.exists():
        yield _set(_PARTS["test"], run.metrics, None)


def _set(title: str, path: Path, worst: Path | None) -> ResultSet:
    try:
        metrics = Metrics.read(path).model_copy(update={"curves": {}})
        record = None
        if worst is not None:
            with contextlib.suppress(FileNotFoundError):
                record = _worst(worst)
    except (RunError, FileNotFoundError) as error:
        return ResultSet(title, path, problem=str(error))
    return ResultSet(title, path, metrics, metrics.assay, worst if record else None, _lines(record) if record else ())


def _worst(path: Path) -> WorstImages:
    return WorstImages.read(path)


def _lines(record: WorstImages) -> tuple[WrongImage, ...]:
    return tuple(
        WrongImage(Path(one.image), one.missed, one.false, one.confused, one.num_labels, one.num_predictions)
        for one in record.images
    )


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
