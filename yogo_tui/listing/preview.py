"""One run in a narrow pane: what one wants to see of it without opening it, as rows of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from yogo.text.canvas import Row, TextSpan
from yogo.text.terminal import printable
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart, Line, Mark, View, draw_curves
from yogo_tui.curves.series import Series, Values
from yogo_tui.listing.columns import find
from yogo_tui.questions.losses import LossCurves, Point
from yogo_tui.runs.model import Run
from yogo_tui.words import cut_end, cut_middle, duration, loss_words, no_curves_words, state_words

_TITLE = 8
"""Cells of a title, a blank included."""

_LEAST_PLOT, _MOST_PLOT = 8, 14
_MOST_WHY, _MOST_SAID = 6, 3
"""Rows that a sentence takes at most."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A run, and what was read of it."""

    run: Run
    losses: LossCurves | None = None
    """None while they are not known."""

    error: str = ""
    """The error that ended it."""

    problem: str = ""
    """Why it could not be read."""

    def rows(self, width: int, height: int, now: datetime) -> list[Row]:
        """At most so many rows of so many columns."""
        above, below = [*self._head(width, now)], [*self._about(width)]
        room = height - len(above) - 2
        plot: list[Row] = []
        if room >= _LEAST_PLOT:
            plot = [(), *self._plot(width, max(_LEAST_PLOT, min(_MOST_PLOT, room - len(below))))]
        rows = [*above, *plot, (), *below]
        while rows and not rows[-1]:
            rows.pop()
        return rows if len(rows) <= height else [*rows[: height - 1], (TextSpan("…", "title"),)]

    def _head(self, width: int, now: datetime) -> Iterator[Row]:
        """Its name, its state with the reason, how far it is, and its last figures."""
        run = self.run
        yield (TextSpan(cut_middle(run.title or run.name, width), "name"),)
        if run.title:
            yield (TextSpan(cut_middle(run.name, width), "title"),)
        yield (TextSpan(cut_end(f"{state_words(run)} {_spent(run, now)}".rstrip(), width), f"state-{run.state}"),)
        for sentence in filter(None, (run.of_job, *run.remarks, self.error if self.error not in run.why else "")):
            yield from _wrapped("", sentence, width, _MOST_WHY)
        if (done := run.progress) and done.epochs:
            left = f" · ends in about {_whole(run.seconds_left)}" if run.seconds_left is not None else ""
            yield from _wrapped("epoch", f"{done.epoch:.1f} of {done.epochs}{left}", width, 2)
            last = [(name, loss_words(loss)) for name, loss in (("train", done.train_loss), ("val", done.val_loss))]
            yield from _wrapped("loss", " · ".join(f"{name} {words}" for name, words in last if words), width)
            epoch = "" if done.best_epoch is None else f", epoch {done.best_epoch + 1}"
            yield from _wrapped("best", f"{loss_words(done.best_loss)}{epoch}" if done.best_loss else "", width)
        yield from _wrapped("mAP50", find("mAP50").shown(run, now), width)

    def _plot(self, width: int, height: int) -> list[Row]:
        losses = self.losses
        if losses and (losses.train or losses.validation):
            return [_heading(losses), *draw_curves(_chart(losses), _view(losses), width=width, height=height - 1)]
        said = self.problem and f"! {self.problem}"
        said = said or ("Reading its losses …" if losses is None else no_curves_words(self.run))
        return [*_wrapped("", said, width, _MOST_WHY)]

    def _about(self, width: int) -> Iterator[Row]:
        """What it was launched with, and what its user notes of it."""
        run = self.run
        if self.problem and self.losses and self.losses.train:
            yield from _wrapped("", f"! {self.problem}", width, _MOST_SAID)
        for name in ("recipe", "data", "parent", "tags", "note"):
            yield from _wrapped(name, find(name).shown(run, datetime.min), width, _MOST_SAID)


def _spent(run: Run, now: datetime) -> str:
    seconds = None if run.state.is_waiting else find("spent").value(run, now)
    return "" if seconds is None else _whole(float(seconds))


def _whole(seconds: float) -> str:
    """In whole minutes from one on, so that it changes no faster than it is read."""
    return duration(seconds if seconds < 60 else seconds // 60 * 60)


def _wrapped(title: str, said: str, width: int, most: int = 1) -> Iterator[Row]:
    """A title and what is said, in a few rows; none if nothing is."""
    indent = _TITLE if title else 0
    lines = textwrap.wrap(printable(said), max(8, width - indent))
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    for number, line in enumerate(lines):
        head = title if not number else ""
        yield (TextSpan(f"{head:<{indent}}", "title"), TextSpan(cut_end(line, width - indent)))


def _heading(losses: LossCurves) -> Row:
    signs = (("──", 0, "train", losses.train), ("┄┄", 1, "validation", losses.validation))
    named = [
        span
        for sign, tone, name, points in signs
        if points
        for span in (TextSpan(f"  {sign}", f"curve-{tone}"), TextSpan(f" {name}", "title"))
    ]
    return (TextSpan("  loss (log)", "title"), *named)


def _chart(losses: LossCurves) -> Chart:
    best = min((point for point in losses.validation if point[1]), key=lambda one: one[1] or 0.0, default=None)
    marks = (Mark(best[0], "◆", "best", "best epoch", best[1]),) if best else ()
    train = Line(_series("train", losses.train))
    return Chart("loss", (train, Line(_series("validation", losses.validation), 1, True, True)), marks, is_log=True)


def _series(name: str, points: Sequence[Point]) -> Series:
    return Series(name, [x for x, _ in points], Values(y for _, y in points))


def _view(losses: LossCurves) -> View:
    return View(Axis.EPOCH if losses.is_by_epoch else Axis.STEP)
