"""The question for runs that are compared image by image, on the test images that they share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.errors import RunError
from yogo.files.places import told
from yogo.metrics.difference import FEWEST_IMAGES, PairedFigure
from yogo.run.directory import RunDirectory
from yogo.run.image_results import ImageResults
from yogo_tui.hosts.base import Tell

if TYPE_CHECKING:
    from yogo.metrics.resampling import ResultsByImage

FEWEST = 2
"""Runs that can be compared."""

_MOST_TESTS = 4
"""Later tests of a run that are looked at, the latest first."""


@dataclass(frozen=True, slots=True)
class ImagePair:
    """Two runs on the images that both were tested on."""

    first: int
    """The number of the run."""

    second: int
    files: tuple[str, str]
    """Of the tests that share the most images."""

    num_of_each: tuple[int, int]
    """How many images each has."""

    num_images: int = 0
    """How many both have, with the same labels."""

    num_relabelled: int = 0
    """Images that both have, with other labels in the one than in the other."""

    num_dropped: tuple[int, int] = (0, 0)
    """Boxes of low scores that each test has not kept."""

    trained_on: tuple[dict[str, int], dict[str, int]] = ({}, {})
    """How many of its images each run was trained on, by the run's name."""

    has_other_classes: bool = False
    """Whether the names of the classes differ, so that nothing can be compared."""

    figures: tuple[PairedFigure, ...] = ()
    """Empty where the images are too few, or the classes others."""


@dataclass(frozen=True, slots=True)
class RunPairs:
    """The best run of some, by its test's mAP50, against each of the others."""

    pairs: tuple[ImagePair, ...] = ()
    untested: tuple[int, ...] = ()
    """The runs, by number, that have no test."""

    old: tuple[int, ...] = ()
    """Those whose test has kept nothing of single images."""

    problems: tuple[str, ...] = ()
    """Sentences on what could not be read."""


@dataclass(frozen=True)
class PairRuns:
    """The runs in these directories, compared image by image: two with each other, more than two with the best one."""

    paths: tuple[Path, ...]

    def answer(self, tell: Tell) -> RunPairs:
        problems: list[str] = []
        tests = [tuple(_tests(RunDirectory(path), problems)) for path in self.paths]
        known = [number for number, some in enumerate(tests) if some]
        none = [number for number, some in enumerate(tests) if not some]
        old = tuple(number for number in none if RunDirectory(self.paths[number]).metrics.exists())
        pairs = tuple(_pairs({number: tests[number] for number in known}, tell))
        return RunPairs(pairs, tuple(number for number in none if number not in old), old, tuple(problems))


@dataclass(frozen=True, slots=True)
class _Test:
    path: Path
    record: ImageResults
    results: ResultsByImage
    """With the classes in the order of their names."""

    @property
    def classes(self) -> list[str]:
        return sorted(self.record.classes)


def _tests(run: RunDirectory, problems: list[str]) -> Iterator[_Test]:
    """Of the run's best.pth: its own one first, then later ones."""
    from yogo.metrics.resampling import results_by_image

    later = sorted(run.path.glob("best-test-*.images.json.gz"), key=_modified, reverse=True)
    for path in (run.image_results, *later[:_MOST_TESTS]):
        try:
            record = ImageResults.read(path)
            yield _Test(path, record, results_by_image(record, sorted(record.classes), str(path)))
        except FileNotFoundError:
            continue
        except (RunError, OSError) as error:
            problems.append(told(error))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _pairs(tests: dict[int, tuple[_Test, ...]], tell: Tell) -> Iterator[ImagePair]:
    if len(tests) < FEWEST:
        return
    best = max(tests, key=lambda number: _score(tests[number][0].results))
    for other in tests:
        if other != best:
            yield _pair((best, other), tests, tell, is_only=len(tests) == FEWEST)


def _score(results: ResultsByImage) -> float:
    """mAP50 of all these images; -1 where no label is on them."""
    import numpy as np

    whole = np.ones((1, len(results.images)), np.uint16)
    return float(np.nan_to_num(results.figures(whole)["mAP50"][0], nan=-1))


def _pair(runs: tuple[int, int], tests: dict[int, tuple[_Test, ...]], tell: Tell, *, is_only: bool) -> ImagePair:
    """By the two tests that share the most images; the runs' own ones, where others share no more. Of the only two
    runs, the first is to be the better one on the images that are shared."""
    from yogo.metrics.bootstrap import Draws, paired, shared

    every = [(one, other) for one in tests[runs[0]] for other in tests[runs[1]] if one.classes == other.classes]
    if not every:
        return _described(runs, (tests[runs[0]][0], tests[runs[1]][0]), has_other_classes=True)
    found = [(one, other, shared(one.results, other.results)) for one, other in every]
    one, other, both = max(found, key=lambda each: len(each[2].first))
    num = len(both.first)
    pair = _described(runs, (one, other), num_images=num, num_relabelled=both.num_relabelled)
    if num < FEWEST_IMAGES:
        return pair
    first, second = one.results.taken(both.first), other.results.taken(both.second)
    if is_only and _score(second) > _score(first):
        first, second = second, first
        pair = _described(runs[::-1], (other, one), num_images=num, num_relabelled=both.num_relabelled)
    draws = Draws.of_images(num)
    return replace(pair, figures=paired(first, second, draws, lambda done: tell("comparing images", done, draws.num)))


def _described(runs: tuple[int, int], tests: tuple[_Test, _Test], **more: Any) -> ImagePair:
    one, other = (test.record for test in tests)
    return ImagePair(
        *runs,
        files=(str(tests[0].path), str(tests[1].path)),
        num_of_each=(one.num_images, other.num_images),
        num_dropped=(one.boxes.num_dropped, other.boxes.num_dropped),
        trained_on=(one.trained_on, other.trained_on),
        **more,
    )
