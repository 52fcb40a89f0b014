"""The leaderboard of a sweep: its trials, those that differ by their seed alone together, the best first."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yogo.recipe import Recipe, knobs
from yogo.text.wording import counted, listed
from yogo_tui.runs.model import Run
from yogo_tui.sweeps.record import Sweep, Trial
from yogo_tui.words import AT_START, as_typed, loss_words, share_words

_LOSS = tuple(one.name for one in knobs() if one.knob.group == "Loss")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial as it stands."""

    trial: Trial
    name: str
    recipe: Recipe
    run: Run | None
    """None if it has no folder."""

    has_asked: bool = True
    """Whether the study has told it what it trains with, as far as the run says; its recipe is the sweep's else."""

    @property
    def map50(self) -> float | None:
        return self.run.map50 if self.run else None

    @property
    def loss(self) -> float | None:
        return self.run.progress.best_loss if self.run and self.run.progress else None

    @property
    def state(self) -> str:
        return self.run.state_word if self.run else "missing"

    def value_of(self, field: str) -> str | None:
        """As it is typed; None if the study is yet to choose it."""
        return as_typed(getattr(self.recipe, field)) if self.has_asked else None


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several seeds."""

    mean: float
    deviation: float | None
    """The standard deviation; None for one figure."""

    number: int

    @classmethod
    def of(cls, figures: Iterable[float | None]) -> Spread | None:
        """None if there is no figure."""
        known = [one for one in figures if one is not None]
        if not known:
            return None
        return cls(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None, len(known))


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """Trials that differ by their seed alone."""

    rows: tuple[TrialRow, ...]
    """The best first."""

    values: Mapping[str, str]
    """What is varied, without the seed, as it is typed."""

    map50: Spread | None
    loss: Spread | None

    @property
    def states(self) -> str:
        """Such as "2 finished, 1 running"; the word alone if it is one trial."""
        return self.rows[0].state if len(self.rows) == 1 else states_words(Counter(row.state for row in self.rows))


@dataclass(frozen=True, slots=True)
class Board:
    sweep: Sweep
    fields: tuple[str, ...]
    """What is varied, without the seed."""

    places: tuple[BoardPlace, ...]
    """In their order."""

    by: str
    """What they are ranked by: "mAP50", "best loss", or nothing."""

    note: str = ""
    """A sentence on why they are not ranked otherwise; empty if there is nothing to say."""

    @property
    def rows(self) -> tuple[TrialRow, ...]:
        return tuple(row for place in self.places for row in place.rows)

    def states(self) -> Mapping[str, int]:
        """How many trials are in each state."""
        return Counter(row.state for row in self.rows)

    def __str__(self) -> str:
        """Such as "rates: 12 trials (9 finished, 3 running), varies learning_rate and seed, a grid"."""
        of = f"{counted(len(self.rows), 'trial')} ({states_words(self.states())})"
        return f"{self.sweep.name}: {of}, varies {listed(self.varied)}, {how_words(self.sweep)}"

    @property
    def varied(self) -> tuple[str, ...]:
        """All fields in which trials differ."""
        return self.sweep.search.names if self.sweep.search else tuple(_varied(self.rows))


def states_words(states: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in states.items())


def how_words(sweep: Sweep) -> str:
    if sweep.search:
        return f"searched by TPE{' with pruning' if sweep.search.prunes else ''}"
    return "a grid" if sweep.sample is None else f"{sweep.sample} drawn at random, seed {sweep.seed}"


def rows_of(sweep: Sweep, runs: Iterable[Run]) -> tuple[TrialRow, ...]:
    """Each trial with its run, among `runs`."""
    known = {run.name: run for run in runs if run.launch and run.launch.sweep == sweep.name and not run.is_elsewhere}
    return tuple(
        _row(sweep, trial, name, known.get(name)) for trial in sweep.trials for name in [sweep.name_of(trial.index)]
    )


def _row(sweep: Sweep, trial: Trial, name: str, run: Run | None) -> TrialRow:
    if sweep.search is None:
        return TrialRow(trial, name, sweep.recipe_of(trial), run)
    manifest = run.manifest if run else None
    return TrialRow(trial, name, manifest.recipe if manifest else sweep.recipe, run, manifest is not None)


def board_of(sweep: Sweep, runs: Iterable[Run]) -> Board:
    """The leaderboard, from what is known of the runs now."""
    rows = rows_of(sweep, runs)
    fields = sweep.search.names if sweep.search else tuple(field for field in _varied(rows) if field != "seed")
    groups = dict[tuple[Any, ...], list[TrialRow]]()
    for row in rows:
        key = tuple(getattr(row.recipe, field) for field in fields)
        groups.setdefault((row.name,) if sweep.search else key, []).append(row)
    has_scores = any(row.map50 is not None for row in rows)
    alike = len({tuple(getattr(row.recipe, field) for field in _LOSS) for row in rows}) <= 1
    has_losses = any(row.loss is not None for row in rows)
    by = "mAP50" if has_scores else "best loss" if alike and has_losses else ""
    places = [_place(fields, some, alike) for some in groups.values()]
    note = "" if alike or not has_losses else "The loss is not compared: the trials weigh its parts differently."
    return Board(sweep, fields, tuple(sorted(places, key=lambda place: _rank(place, by))), by, note)


def _place(fields: Sequence[str], rows: Sequence[TrialRow], alike: bool) -> BoardPlace:
    best = sorted(rows, key=lambda row: (_last(row.map50, falls=True), _last(row.loss), row.trial.index))
    values = {field: rows[0].value_of(field) or AT_START for field in fields}
    loss = Spread.of(row.loss for row in rows) if alike else None
    return BoardPlace(tuple(best), values, Spread.of(row.map50 for row in rows), loss)


def _rank(place: BoardPlace, by: str) -> tuple[float, float, int]:
    score = _last(place.map50.mean if place.map50 and by == "mAP50" else None, falls=True)
    loss = _last(place.loss.mean if place.loss else None)
    return score, loss, min(row.trial.index for row in place.rows)


def _last(figure: float | None, *, falls: bool = False) -> float:
    """For an order in which what is not known comes last."""
    if figure is None or math.isnan(figure):
        return math.inf
    return -figure if falls else figure


def _varied(rows: Sequence[TrialRow]) -> list[str]:
    names = list(dict.fromkeys(field for row in rows for field in row.trial.values))
    return [name for name in names if len({getattr(row.recipe, name) for row in rows}) > 1]


def table_of(board: Board) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head, and a row for each place. Seeds have a mean, and the standard deviation behind it."""
    has_seeds = any(len(place.rows) > 1 for place in board.places)
    is_ranked = bool(board.by)
    rows = []
    for number, place in enumerate(board.places, start=1):
        has_figure = bool(place.map50 if board.by == "mAP50" else place.loss)
        figures = (_figure(place.map50, share_words), _figure(place.loss, loss_words))
        rows.append(
            (
                str(number) if is_ranked and has_figure else "",
                *(place.values[field] for field in board.fields),
                *figures,
                place.states,
                place.rows[0].name,
            )
        )
    last = "best trial" if has_seeds else "trial"
    return ("#", *board.fields, "mAP50", "best loss", "state", last), rows


def _figure(spread: Spread | None, words: Callable[[float], str]) -> str:
    """Such as ".712 ± .013 (3)"; empty if it is not known."""
    if spread is None:
        return ""
    if spread.deviation is None:
        return words(spread.mean)
    return f"{words(spread.mean)} ± {words(spread.deviation)} ({spread.number})"
