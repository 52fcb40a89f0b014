"""Saved tests of two models, or of two recipes with a few seeds each, compared on the images that all have.

Axes: S models of one side, B resamples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yogo.errors import RunError
from yogo.metrics.bootstrap import Draws, differences, paired, shared
from yogo.metrics.boxes import Doubles
from yogo.metrics.difference import FEWEST_IMAGES, KEYS, PairedFigure, seeds_to_show
from yogo.metrics.resampling import ResultsByImage, results_by_image
from yogo.run.directory import RunDirectory
from yogo.run.image_results import ImageResults
from yogo.students_t import students_t


@dataclass(frozen=True, slots=True)
class SavedComparison:
    """The first side against the second."""

    num_models: tuple[int, int]
    num_images: int
    """That all tests have, with the same labels."""

    figures: tuple[PairedFigure, ...]
    seeds: dict[str, int | None]
    """How many seeds of each side would show the difference; empty where the spread over seeds is not known."""

    @property
    def is_over_seeds(self) -> bool:
        return bool(self.seeds)


def compare_tests(
    first: Sequence[Path], second: Sequence[Path], tell: Callable[[int, int], None] = lambda done, total: None
) -> SavedComparison:
    """By run directories, checkpoints, or files of single images. Raises RunError."""
    tests = [_read(path) for path in (*first, *second)]
    classes = {classes for classes, _ in tests}
    if len(classes) > 1:
        raise RunError("The tests have other classes: " + "; ".join(", ".join(names) for names in sorted(classes)))
    results = _on_shared([one for _, one in tests])
    num = len(results[0].images)
    if num < FEWEST_IMAGES:
        raise RunError(f"The tests have {num} images in common with the same labels: {FEWEST_IMAGES} are needed")
    ones, others = results[: len(first)], results[len(first) :]
    draws = Draws.of_images(num)

    def done(resamples: int) -> None:
        tell(resamples, draws.num)

    if len(ones) == len(others) == 1:
        return SavedComparison((1, 1), num, paired(ones[0], others[0], draws, done), {})
    return _of_means(ones, others, draws, done)


def _read(path: Path) -> tuple[tuple[str, ...], ResultsByImage]:
    file = _file(path)
    record = ImageResults.read(file)
    classes = tuple(sorted(record.classes))
    return classes, results_by_image(record, classes, str(file))


def _file(path: Path) -> Path:
    """What the last test of it kept of single images. Raises RunError."""
    if path.is_file() and path.suffix == ".gz":
        return path
    checkpoint = RunDirectory(path).best if path.is_dir() else path
    if not checkpoint.is_file():
        raise RunError(f"{path} must be a run directory, a checkpoint or the .images.json.gz of a test")
    found = list(checkpoint.parent.glob(f"{checkpoint.stem}-test-*.images.json.gz"))
    own = RunDirectory(checkpoint.parent).image_results
    if checkpoint.name == "best.pth" and own.is_file():
        found.append(own)
    if not found:
        raise RunError(f"No test of {checkpoint} is kept: yogo test {checkpoint} DEFINITION --dump-to-disk keeps one")
    return max(found, key=lambda one: one.stat().st_mtime)


def _on_shared(results: Sequence[ResultsByImage]) -> list[ResultsByImage]:
    """Each on the images that all have, in one order."""
    places = [dict(zip(both.first, both.second, strict=True)) for both in (shared(results[0], one) for one in results)]
    common = [place for place in places[0] if all(place in one for one in places)]
    return [one.taken([where[place] for place in common]) for one, where in zip(results, places, strict=True)]


def _of_means(
    ones: Sequence[ResultsByImage],
    others: Sequence[ResultsByImage],
    draws: Draws,
    tell: Callable[[int], None],
) -> SavedComparison:
    """Where both sides have several models, what another seed would change is in the interval: Welch's t over models
    on these images, its variance and that of the resamples added. Else it is over images alone."""
    num_images = len(draws.unit_I)
    whole = np.ones((1, num_images), np.uint16)
    sides = [[one.figures(whole) for one in side] for side in (ones, others)]
    drawn = differences(ones, others, draws, tell)
    figures, seeds = [], {}
    for key in KEYS:
        of_sides = [np.array([one[key][0] for one in side]) for side in sides]
        if np.isnan([*of_sides[0], *of_sides[1]]).any():
            continue
        first, second = (float(values.mean()) for values in of_sides)
        deviation = float(np.nanstd(drawn[key], ddof=1))
        parts = [(deviation**2, num_images - 1)]
        if min(map(len, of_sides)) > 1:
            parts += [(float(values.var(ddof=1)) / len(values), len(values) - 1) for values in of_sides]
            pooled = math.sqrt(sum(values.var(ddof=1) * (len(values) - 1) for values in of_sides) / _freedom(of_sides))
            seeds[key] = seeds_to_show(first - second, pooled)
        reach = _reach(parts)
        figures.append(PairedFigure(key, first, second, first - second - reach, first - second + reach, deviation))
    return SavedComparison((len(ones), len(others)), num_images, tuple(figures), seeds)


def _freedom(sides: Sequence[Doubles]) -> int:
    return sum(len(values) - 1 for values in sides)


def _reach(parts: Sequence[tuple[float, int]]) -> float:
    """Half an interval of 95 %, of variances and their degrees of freedom, by Welch and Satterthwaite."""
    total = sum(variance for variance, _ in parts)
    if not total:
        return 0.0
    freedom = total**2 / sum(variance**2 / max(1, free) for variance, free in parts)
    return students_t(freedom) * math.sqrt(total)
