"""The figures of runs beside each other, with the best of those that can be ranked."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from yogo.metrics.interval_report import between_words
from yogo.run.events import Validated
from yogo.run.figures import METRICS, Metric
from yogo_tui.comparing.subject import Subject
from yogo_tui.listing.losses import loss_settings
from yogo_tui.words import duration, loss_words, share_words

Better = Literal["more", "less", "zero", ""]
"""Which value is the best one: the largest, the least, the one nearest to 0; empty where none is."""

_RANKS: dict[str, Callable[[float], float]] = {"more": lambda x: -x, "less": lambda x: x, "zero": abs}

TEST = "test "
"""What the labels of figures of the test set begin with."""

_OTHER_IMAGES = "on other images"


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    values: tuple[float | None, ...]
    """One for each run; None where it is not known."""

    words: Callable[[float], str]
    better: Better = ""
    is_of_class: bool = False
    others: frozenset[int] = frozenset()
    """The runs, by number, whose values cannot be compared with the others'."""

    why: str = ""
    """What the values of those others are of."""

    intervals: tuple[str, ...] = ()
    """Of 95 %, in words, one for each run; empty where there is none."""

    @property
    def best(self) -> frozenset[int]:
        """The numbers of the runs with the best value; none where nothing is ranked, or all are equal."""
        known = {n: value for n, value in enumerate(self.values) if value is not None and n not in self.others}
        if not self.better or len(known) < 2:
            return frozenset()
        rank = _RANKS[self.better]
        top = min(map(rank, known.values()))
        found = frozenset(n for n, value in known.items() if rank(value) == top)
        return found if len(found) < len(known) else frozenset()

    def shown(self, number: int) -> str:
        """One run's value in words; empty if it is not known."""
        value = self.values[number]
        return "" if value is None else self.words(value)

    def spread(self, numbers: Sequence[int]) -> tuple[float, float] | None:
        """Mean and standard deviation over runs that differ by their seed alone; None if a value is not known."""
        values = [value for n in numbers if (value := self.values[n]) is not None]
        if len(values) < 2 or len(values) < len(numbers):
            return None
        return statistics.fmean(values), statistics.stdev(values)


def figures(subjects: Sequence[Subject]) -> tuple[Figure, ...]:
    """Every figure that at least one run has."""
    return tuple(one for one in _figures(subjects) if any(value is not None for value in one.values))


def _figures(subjects: Sequence[Subject]) -> Iterator[Figure]:
    def of(value: Callable[[Subject], float | None]) -> tuple[float | None, ...]:
        return tuple(map(value, subjects))

    def unlike(basis: Callable[[Subject], Hashable | None]) -> frozenset[int]:
        return _unlike(tuple(map(basis, subjects)))

    yield Figure("epochs", of(_epochs), _epochs_words)
    yield Figure("best epoch", of(_best_epoch), "{:.0f}".format)
    other_data = unlike(lambda one: one.digest("val") or None)
    other = other_data | unlike(lambda one: loss_settings(one.run))
    why = "of other loss settings or data"
    yield Figure("best val loss", of(_best_loss), loss_words, "less", others=other, why=why)
    yield from _metrics(subjects, "", _validated, other_data)
    yield from _metrics(subjects, TEST, _tested, unlike(lambda one: one.digest("test") or None))
    yield Figure("time spent", of(lambda one: one.read.seconds), duration)
    machine = unlike(lambda one: one.run.manifest and (one.run.manifest.device, one.run.manifest.world_size))
    pace = of(lambda one: one.read.images_per_s)
    yield Figure("images/s", pace, "{:,.0f}".format, "more", others=machine, why="on other machines")


def _metrics(
    subjects: Sequence[Subject],
    head: str,
    found: Callable[[Subject], dict[str, float | None]],
    others: frozenset[int],
) -> Iterator[Figure]:
    """A figure for each metric, then for each class of it."""
    keys = dict.fromkeys(key for one in subjects for key in found(one))
    for metric in METRICS:
        for key in (metric.key, *(key for key in keys if key.startswith(metric.key_of("")))):
            values = tuple(found(one).get(key) for one in subjects)
            is_of_class = key != metric.key
            between = tuple(_interval(one, metric, key) for one in subjects) if head == TEST else ()
            words = _words(metric)
            yield Figure(f"{head}{key}", values, words, metric.better, is_of_class, others, _OTHER_IMAGES, between)


def _interval(one: Subject, metric: Metric, key: str) -> str:
    known = one.read.metrics.intervals.get(key) if one.read.metrics else None
    return between_words(metric, *known) if known else ""


def _words(metric: Metric) -> Callable[[float], str]:
    if metric.unit == "share":
        return share_words
    return {"±cells": "{:+.2f}", "per_ul": "{:,.0f}"}.get(metric.unit, "{:.2f}").format


def _unlike(bases: Sequence[Hashable | None]) -> frozenset[int]:
    """The numbers of those whose basis is known and is not the one that most have."""
    counts = Counter(basis for basis in bases if basis is not None)
    usual = counts.most_common(1)[0][0] if counts else None
    return frozenset(n for n, basis in enumerate(bases) if basis is not None and basis != usual)


def _epochs_words(epochs: float) -> str:
    return f"{epochs:.1f}".removesuffix(".0")


def _epochs(one: Subject) -> float | None:
    return one.run.progress.epoch if one.run.progress else None


def _best(one: Subject) -> Validated | None:
    return one.read.history.best


def _best_epoch(one: Subject) -> float | None:
    """Counted from 1, as a person counts."""
    if best := _best(one):
        return best.epoch + 1
    done = one.run.result.best_epoch if one.run.result else None
    return None if done is None else done + 1


def _best_loss(one: Subject) -> float | None:
    if best := _best(one):
        return best.losses.loss
    return one.run.progress.best_loss if one.run.progress else None


def _validated(one: Subject) -> dict[str, float | None]:
    """The metrics after the best epoch."""
    if best := _best(one):
        return best.metrics
    return one.run.result.best_metrics if one.run.result else {}


def _tested(one: Subject) -> dict[str, float | None]:
    if one.read.metrics:
        return one.read.metrics.figures
    return one.run.result.test_metrics if one.run.result else {}
