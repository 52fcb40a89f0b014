"""The curves of one run from its history: which there are, over which x, and what is marked on them."""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from yogo.run.events import Validated
from yogo.run.history import History
from yogo.run.steps import microseconds
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.divergence import Divergence, Runaway, of_validation
from yogo_tui.curves.drawing import Chart, Line, Mark
from yogo_tui.curves.series import Series, Values

DROP = 0.7
"""A learning rate that falls below this share of the one before has dropped; a schedule falls more slowly."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve of a plot, and where it stands in the events."""

    name: str
    of_step: str = ""
    """The column of the steps; empty if it is of the validations."""

    of_validation: Callable[[Validated], float | None] | None = None
    tone: int = 0
    scale: float = 1.0
    """How many times as much is drawn."""

    @property
    def is_validation(self) -> bool:
        return not self.of_step


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot that a run may have."""

    key: str
    title: str
    curves: tuple[Curve, ...]
    is_log: bool = False
    unit: str = ""


def _part(name: str) -> Callable[[Validated], float | None]:
    def value(event: Validated) -> float | None:
        found: float | None = getattr(event.losses, name)
        return found

    return value


def _metric(key: str) -> Callable[[Validated], float | None]:
    return lambda event: event.metrics.get(key)


def _pair(name: str, field: str, tone: int) -> tuple[Curve, Curve]:
    return (
        Curve(f"{name}, train", of_step=field, tone=tone),
        Curve(f"{name}, validation", of_validation=_part(field), tone=tone),
    )


PLOTS = (
    Plot("loss", "loss", (Curve("train", "loss"), Curve("validation", "", _part("loss"), 1)), is_log=True),
    Plot("map", "mAP", tuple(Curve(key, "", _metric(key), n) for n, key in enumerate(("mAP50", "mAP")))),
    Plot(
        "parts",
        "parts of the loss",
        (
            *_pair("box", "iou_loss", 0),
            *_pair("objectness", "objectness_loss", 1),
            *_pair("class", "classification_loss", 2),
        ),
        is_log=True,
    ),
    Plot(
        "scores",
        "scores",
        tuple(Curve(key, "", _metric(key), n) for n, key in enumerate(("precision", "recall", "f1"))),
    ),
    Plot(
        "count",
        "count of cells an image",
        tuple(
            Curve(name, "", _metric(key), n)
            for n, (name, key) in enumerate(
                (("error", "count_error"), ("bias", "count_bias"), ("error at own thresholds", "own_count_error"))
            )
        ),
    ),
    Plot("lr", "learning rate", (Curve("learning rate", "lr"),), is_log=True),
    Plot("speed", "images/s", (Curve("images/s", "frames_per_s"),)),
    Plot("wait", "waiting for data", (Curve("waiting for data", "data_wait", scale=100),), unit="%"),
    Plot("memory", "GPU memory", (Curve("GPU memory", "gpu_memory", scale=2**-30),), unit="GB"),
)
"""What there may be, in the order in which it is shown."""


class Timeline:
    """The x's of events, by each axis; they never fall."""

    def __init__(self, steps: array[int] | None = None) -> None:
        """With `steps`, others add the steps of the events there."""
        self._adds_steps = steps is None
        self.by: dict[Axis, array[Any]] = {axis: array("d") for axis in Axis}
        if steps is not None:
            self.by[Axis.STEP] = steps

    def __len__(self) -> int:
        return len(self.by[Axis.TIME])

    def add(self, step: int, per_epoch: int, seconds: float) -> None:
        times = self.by[Axis.TIME]
        if self._adds_steps:
            self.by[Axis.STEP].append(step)
        self.by[Axis.EPOCH].append(step / per_epoch)
        times.append(max(seconds, times[-1] if times else 0.0))


class _Clock:
    """Seconds of training: the time between two attempts does not count."""

    def __init__(self, history: History) -> None:
        started = history.started
        events = (*((started,) if started else ()), *history.resumes)
        self._begins = {event.attempt: microseconds(event.at) for event in events}
        self._known: dict[int, tuple[int, float]] = {}
        self._last = 0.0

    def knows(self, history: History) -> bool:
        return len(self._begins) == len(history.resumes) + bool(history.started)

    def seconds(self, attempt: int, at: int) -> float:
        """`at` is in microseconds since 1970."""
        if attempt not in self._known:
            self._known[attempt] = self._begins.get(attempt, at), self._last
        begin, before = self._known[attempt]
        seconds = before + max(0, at - begin) / 1e6
        self._last = max(self._last, seconds)
        return seconds


class RunCurves:
    """All curves of a run, added to as its history grows; the numbers of its steps are those of the history."""

    def __init__(self) -> None:
        self._begin(History())

    def _begin(self, history: History) -> None:
        self._history = History()
        """What was added as a whole: only of this are there marks."""

        self._source = history.steps
        self._steps, self._validations = Timeline(history.steps.whole_column("step")), Timeline()
        self._values = {plot.key: tuple(_values(curve, history) for curve in plot.curves) for plot in PLOTS}
        self._clock = _Clock(history)
        self._runaway = Runaway()
        self._last_validation: Validated | None = None
        self._last_rate = -math.inf
        self._drops: list[tuple[int, float]] = []
        self._epochs: dict[int, tuple[float, int]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been recorded yet."""
        return not (len(self._steps) or len(self._validations))

    def follow(self, history: History, most: int = sys.maxsize) -> bool:
        """Add what is new in `history`, at most so many steps; returns whether there is more. A history that goes back,
        as after a resume, is read from its start."""
        goes_on = (
            self._clock.knows(history)
            and history.steps.shares(self._source)
            and len(history.steps) >= len(self._steps)
            and _is_at(history.validations, len(self._validations), self._last_validation)
        )
        if not goes_on:
            self._begin(history)
        begin, end = len(self._steps), min(len(history.steps), len(self._steps) + most)
        has_more = end < len(history.steps)
        validations = history.validations[len(self._validations) :]
        if has_more:
            last = history.steps[end - 1].step
            validations = [event for event in validations if event.step <= last]
        self._add_times(history, begin, end, validations)
        for plot in PLOTS:
            for curve, values in zip(plot.curves, self._values[plot.key], strict=True):
                if curve.of_step:
                    values.grow(end)
                elif curve.of_validation is not None:
                    values.extend(map(curve.of_validation, validations))
        self._look_at(history, begin, end)
        self._last_validation = (self._last_validation, *validations)[-1]
        if not has_more:
            self._history = history
        return has_more

    def _add_times(self, history: History, begin: int, end: int, validations: Sequence[Validated]) -> None:
        """Add the x's of steps and validations, in the order of their steps."""
        per_epoch = (history.started.steps_per_epoch if history.started else 0) or 1
        waiting = sorted(validations, key=lambda event: event.step)[::-1]
        columns = (history.steps.column(name, begin, end) for name in ("step", "attempt", "at"))
        for step, attempt, at in (*zip(*columns, strict=True), (math.inf, 0, 0)):
            while waiting and waiting[-1].step < step:
                event = waiting.pop()
                seconds = self._clock.seconds(event.attempt, microseconds(event.at))
                self._validations.add(event.step, per_epoch, seconds)
            if step < math.inf:
                self._steps.add(step, per_epoch, self._clock.seconds(attempt, at))

    def _look_at(self, history: History, begin: int, end: int) -> None:
        """Look for what is marked."""
        losses = history.steps.column("loss", begin, end)
        self._runaway.extend(losses)
        others = (history.steps.column(name, begin, end) for name in ("lr", "epoch"))
        for index, (loss, rate, epoch) in enumerate(zip(losses, *others, strict=True), begin):
            if rate < DROP * self._last_rate:
                self._drops.append((index, rate))
            self._last_rate = rate
            if not math.isnan(loss):
                total, count = self._epochs.get(epoch, (0.0, 0))
                self._epochs[epoch] = total + loss, count + 1

    def charts(self, axis: Axis) -> dict[str, Chart]:
        """The plots of which the run has any number, by key."""
        charts = {}
        for plot in PLOTS:
            lines = tuple(self._lines(plot, axis))
            if lines:
                marks = self.marks(axis, plot.key)
                charts[plot.key] = Chart(plot.title, lines, marks, plot.is_log, plot.unit)
        return charts

    def _lines(self, plot: Plot, axis: Axis) -> Iterable[Line]:
        for curve, values in zip(plot.curves, self._values[plot.key], strict=True):
            timeline = self._validations if curve.is_validation else self._steps
            series = Series(curve.name, timeline.by[axis], values)
            if series.has_values or (plot.key == "loss" and len(series)):
                is_dotted = curve.is_validation and not all(other.is_validation for other in plot.curves)
                yield Line(
                    series, curve.tone, is_dotted or curve.name in ("mAP", "bias"), has_points=curve.is_validation
                )

    def marks(self, axis: Axis, key: str = "loss") -> tuple[Mark, ...]:
        """What is marked on a plot: the best epoch on its curve, and at the foot or over the height what happened."""
        found = [*self._happened(axis)]
        best = self._history.best
        if best is not None:
            at = self._history.validations.index(best)
            y = best.losses.loss if key == "loss" else None
            if y is not None:
                found.append(Mark(self._validations.by[axis][at], "◆", "best", f"best epoch, {best.epoch + 1}", y))
        if key in ("loss", "parts") and (diverges := self.divergence) is not None:
            timeline = self._steps if diverges.is_training else self._validations
            found.append(Mark(timeline.by[axis][diverges.index], "!", "gap", diverges.words, is_line=True))
        return tuple(found)

    def _happened(self, axis: Axis) -> Iterable[Mark]:
        for saved in self._history.checkpoints:
            if saved.file == "best.pth":
                yield Mark(self.x_of(axis, saved.step), "▴", "saved", f"best.pth saved at step {saved.step:,}")
        for resumed in self._history.resumes:
            words = f"resumed at step {resumed.step:,}, attempt {resumed.attempt + 1}"
            yield Mark(self.x_of(axis, resumed.step), "↻", "resumed", words, is_line=True)
        for index, rate in self._drops:
            words = f"learning rate falls to {rate:.3g}"
            yield Mark(self._steps.by[axis][index], "↓", "drop", words, is_line=True)

    def x_of(self, axis: Axis, step: int) -> float:
        """Where a step is on an axis."""
        for timeline in (self._validations, self._steps):
            at = timeline.by[Axis.STEP]
            index = bisect_left(at, step, 0, len(timeline))
            if index < len(timeline) and (at[index] == step or timeline is self._steps):
                return float(timeline.by[axis][index])
        return float(self._steps.by[axis][len(self._steps) - 1]) if len(self._steps) else 0.0

    def nearest(self, x: float, axis: Axis, to: Axis) -> float | None:
        """Where the plotted step that is nearest to `x` on one axis is on another one; None if nothing is plotted."""
        found: list[tuple[float, float]] = []
        for timeline in (self._steps, self._validations):
            xs, size = timeline.by[axis], len(timeline.by[Axis.TIME])
            after = bisect_left(xs, x, 0, size)
            found += [(abs(xs[index] - x), timeline.by[to][index]) for index in (after - 1, after) if 0 <= index < size]
        return float(min(found)[1]) if found else None

    @property
    def divergence(self) -> Divergence | None:
        """Where the run diverges, by the rules in `yogo_tui.curves.divergence`; None if it does not."""
        if self._runaway.found is not None:
            return self._runaway.found
        seen = self._history.validations
        losses = [math.nan if event.losses.loss is None else event.losses.loss for event in seen]
        sums = [self._epochs.get(event.epoch, (math.nan, 1)) for event in seen]
        return of_validation(losses, [total / count for total, count in sums])


def _values(curve: Curve, history: History) -> Values:
    column = history.steps.whole_column(curve.of_step) if curve.of_step else None
    return Values(of=column, scale=curve.scale)


def _is_at(events: Sequence[Validated], count: int, last: Validated | None) -> bool:
    return len(events) >= count and (count == 0 or events[count - 1] is last)
