"""The assays of runs beside each other: their figures, and whether they differ by more than their intervals."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from yogo.assay.views.charts import estimate_of
from yogo.assay.views.numbers import per_ul, share
from yogo.metrics.verdict import difference_words
from yogo.run.assay import AssayAtThreshold, AssayedSample, AssayFigure, AssayReport
from yogo.text.wording import counted
from yogo_tui.comparing.figures import Better, Figure
from yogo_tui.comparing.subject import Subject
from yogo_tui.questions.comparing import RunAssay

FEWEST_SAMPLES = 5
"""Samples of known value whose errors are compared: with fewer, single ones decide."""

_ON_OTHERS = "on other images"


@dataclass(frozen=True, slots=True)
class _Row:
    """A figure at the best threshold of each run."""

    label: str
    of: Callable[[AssayReport, AssayAtThreshold], AssayFigure | None]
    words: Callable[[float], str]
    better: Better


def _limit(report: AssayReport, _: AssayAtThreshold) -> AssayFigure | None:
    return report.best.lod_per_ul if report.best else None


_ROWS = (
    _Row("LoD per µL", _limit, per_ul, "less"),
    _Row("false positives per µL", lambda _, at: at.false_positives_per_ul, per_ul, "less"),
    _Row("sensitivity", lambda _, at: at.sensitivity, share, "more"),
    _Row("within 25 %", lambda _, at: at.near, share, "more"),
)


@dataclass(frozen=True, slots=True)
class AssayDifference:
    """Of the first run's figure minus the second's."""

    label: str
    values: tuple[float, float]
    low: float
    """Of the interval of 95 %; infinite where it has no end."""

    high: float
    better: Better
    words: Callable[[float], str]
    num_paired: int = 0
    """Of how many samples the values were compared one by one; 0 where the runs were not compared by sample."""

    @property
    def difference(self) -> float:
        return self.values[0] - self.values[1]

    @property
    def is_seen(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """Such as `better by 48 (12 to 90)`."""

        def amount(value: float) -> str:
            return "∞" if math.isinf(value) else self.words(value)

        said = difference_words(self.difference, self.low, self.high, amount, is_less_better=self.better == "less")
        return f"{said}, of {counted(self.num_paired, 'sample')}" if self.num_paired else said


@dataclass(frozen=True, slots=True)
class AssayPair:
    first: int
    """The number of the run."""

    second: int
    title: str
    differences: tuple[AssayDifference, ...]


@dataclass(frozen=True)
class ComparedAssays:
    labels: tuple[str, ...]
    chosen: tuple[RunAssay | None, ...] = ()
    """Of each run that which is compared; None where it has none."""

    others: frozenset[int] = frozenset()
    """The runs, by number, whose assay is of other images than most."""

    @classmethod
    def of(cls, subjects: Sequence[Subject]) -> ComparedAssays:
        """Of several assays of a run that which most runs have too is taken, the latest first."""
        known = [one.read.assays for one in subjects]
        counts = Counter(basis for some in known for basis in dict.fromkeys(one.basis for one in some))
        usual = max(counts, key=lambda basis: counts[basis], default=None)
        chosen = tuple(next((one for one in some if one.basis == usual), some[0] if some else None) for some in known)
        others = frozenset(n for n, one in enumerate(chosen) if one and one.basis != usual)
        return cls(tuple(one.label for one in subjects), chosen, others)

    @property
    def reports(self) -> tuple[AssayReport | None, ...]:
        return tuple(one.report if one else None for one in self.chosen)

    @property
    def alike(self) -> tuple[AssayReport | None, ...]:
        """Those of the same images."""
        return tuple(None if n in self.others else report for n, report in enumerate(self.reports))

    def figures(self) -> Iterator[Figure]:
        """At the best threshold of each run; what is not known of any run is left out."""
        yield self._figure("assay threshold", tuple(_threshold(one) for one in self.reports), "{:g}".format, "")
        for row in _ROWS:
            found = tuple(_at_best(row, report) for report in self.reports)
            between = tuple(self._interval(row, n, one) for n, one in enumerate(found))
            values = tuple(one.value if one else None for one in found)
            yield self._figure(f"assay {row.label}", values, row.words, row.better, between)

    def _figure(
        self,
        label: str,
        values: tuple[float | None, ...],
        words: Callable[[float], str],
        better: Better,
        between: tuple[str, ...] = (),
    ) -> Figure:
        return Figure(label, values, words, better, others=self.others, why=_ON_OTHERS, intervals=between)

    def _interval(self, row: _Row, number: int, figure: AssayFigure | None) -> str:
        report = self.reports[number]
        if not report or not figure or figure.low is None or (figure.high is None and not figure.is_open):
            return ""
        low = row.words(figure.low)
        told = f"{low} or more" if figure.high is None else f"{low} to {row.words(figure.high)}"
        return f"{told}, over {counted(report.num, report.over.removesuffix('s'))}"

    @cached_property
    def pairs(self) -> tuple[AssayPair, ...]:
        """The run with the lowest limit against each of the others, on the same images."""
        known = [n for n, report in enumerate(self.alike) if report and report.at_best]
        if len(known) < 2:
            return ()
        best = min(known, key=self._rank)
        return tuple(self._pair(best, n) for n in known if n != best)

    def _rank(self, number: int) -> float:
        report = self.reports[number]
        limit = report.best.lod_per_ul.value if report and report.best else None
        return math.inf if limit is None else limit

    def _pair(self, first: int, second: int) -> AssayPair:
        one, other = self.reports[first], self.reports[second]
        assert one is not None
        assert other is not None
        found = (*(_unpaired(row, one, other) for row in _ROWS), _paired_error(one, other))
        title = f"{self.labels[first]} against {self.labels[second]}"
        return AssayPair(first, second, title, tuple(each for each in found if each))

    @property
    def images(self) -> str:
        """On what the pairs are compared: such as `the same 12 samples`."""
        report = self.reports[self.pairs[0].first] if self.pairs else None
        return f"the same {counted(report.num, report.over.removesuffix('s'))}" if report else ""

    @property
    def notes(self) -> Iterator[str]:
        known = [one for n, one in enumerate(self.chosen) if one and n not in self.others]
        none = [label for label, report in zip(self.labels, self.reports, strict=True) if report and not report.best]
        if none:
            yield f"Without a limit of detection, and so not compared by assay: {', '.join(none)}. The results say why."
        if self.pairs:
            yield (
                f"Assays are of {known[0].title}, each run at its own best threshold. Intervals of 95 %: made of the "
                "runs' own ones (Zou and Donner 2008), that of the error from each sample (Student's t)."
            )
            if any(one.report.chosen_here for one in known):
                yield "A limit at a threshold that was chosen on these images looks better than it is."


def _threshold(report: AssayReport | None) -> float | None:
    return report.best.threshold if report and report.best else None


def _at_best(row: _Row, report: AssayReport | None) -> AssayFigure | None:
    return row.of(report, report.at_best) if report and report.at_best else None


def _unpaired(row: _Row, one: AssayReport, other: AssayReport) -> AssayDifference | None:
    """By the intervals of both: where a sample is hard for both runs, the difference varies less than this says."""
    first, second = _at_best(row, one), _at_best(row, other)
    ends_of = [_ends(figure) for figure in (first, second)]
    if not first or not second or first.value is None or second.value is None or None in ends_of:
        return None
    (low, high), (other_low, other_high) = (each for each in ends_of if each)
    difference = first.value - second.value
    below = math.hypot(first.value - low, other_high - second.value)
    above = math.hypot(high - first.value, second.value - other_low)
    values = first.value, second.value
    return AssayDifference(row.label, values, difference - below, difference + above, row.better, row.words)


def _ends(figure: AssayFigure | None) -> tuple[float, float] | None:
    if figure is None or figure.low is None or (figure.high is None and not figure.is_open):
        return None
    return figure.low, math.inf if figure.high is None else figure.high


def _paired_error(one: AssayReport, other: AssayReport) -> AssayDifference | None:
    """The mean of how far estimates are from what is known, as a share of it; sample by sample."""
    from yogo.students_t import students_t

    first, second = _errors(one.samples), _errors(other.samples)
    names = [name for name in first if name in second]
    gaps = [first[name] - second[name] for name in names]
    if len(gaps) < FEWEST_SAMPLES or not any(gap != gaps[0] for gap in gaps):
        return None
    middle = statistics.fmean(gaps)
    room = students_t(len(gaps) - 1) * statistics.stdev(gaps) / math.sqrt(len(gaps))
    values = (statistics.fmean(first[name] for name in names), statistics.fmean(second[name] for name in names))
    return AssayDifference("error of samples", values, middle - room, middle + room, "less", share, len(gaps))


def _errors(samples: Sequence[AssayedSample]) -> Mapping[str, float]:
    found = {}
    for one in samples:
        known, estimate = one.known_per_ul, estimate_of(one)[1].value
        if known and estimate is not None:
            found[one.name] = abs(estimate - known) / known
    return found
