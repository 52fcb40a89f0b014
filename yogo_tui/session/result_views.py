"""The tables of the results of a model, one after the other: figures, their intervals, what errors cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from yogo.metrics.interval_report import gain_between, interval_table, intervals_said
from yogo.metrics.report import errors_said
from yogo.run.error_kinds import KINDS
from yogo.run.metrics import Metrics
from yogo_tui.session.mending import mending_table
from yogo_tui.session.results import table

INTERVAL_TERM = (
    "95 %",
    "e shows the interval of each figure: how far other images of the same kind might move it. Where the definition "
    "names groups, it is over groups. Another training may move it by more.",
)
ERRORS_TERM = (
    "errors by kind",
    "e shows what mAP50 would gain if all errors of one kind were mended, and nothing else changed. boxes counts those "
    "above the threshold, ranked all that mAP50 ranks.",
)


@dataclass(frozen=True, slots=True)
class ResultView:
    title: str
    short: str
    """What the key that leads to it says."""

    head: list[str]
    rows: list[list[str]]
    notes: tuple[str, ...] = ()
    """Sentences below it."""


def result_views(metrics: Metrics, bar: Callable[[float], str] = lambda _: "") -> tuple[ResultView, ...]:
    """Those that have a row, the figures first. `bar` draws what is lost as a share of the largest loss."""
    views = [
        ResultView("by class", "figures", *table(metrics)),
        ResultView("95 % intervals", "intervals", *interval_table(metrics), (" ".join(intervals_said(metrics)),)),
        ResultView("what F1 would gain if mended", "if mended", *mending_table(metrics, bar)),
    ]
    if metrics.errors:
        said = tuple(errors_said(metrics.errors, metrics.thresholds))
        views.append(ResultView("errors by kind, and what mAP50 would gain", "errors", *_errors(metrics, bar), said))
    return tuple(one for one in views if one.rows)


def _errors(metrics: Metrics, bar: Callable[[float], str]) -> tuple[list[str], list[list[str]]]:
    assert metrics.errors
    kinds = metrics.errors.kinds
    most = max((one.gain for one in kinds), default=0) or 1.0
    has_intervals = any(one.interval for one in kinds)
    head = ["error", "boxes", "ranked", "mAP50", "95 %"]
    rows = [
        [
            one.kind,
            f"{one.num_kept:,}",
            f"{one.num_ranked:,}",
            f"{bar(max(0, one.gain) / most)}{one.gain:+.3f}",
            gain_between(one),
        ]
        for one in kinds
    ]
    num = len(head) - (not has_intervals)
    return head[:num], [row[:num] for row in rows]


def error_terms() -> tuple[tuple[str, str], ...]:
    return (INTERVAL_TERM, ERRORS_TERM, *KINDS)
