"""Loss curves: what is drawn is true to what was logged, and never more than the columns can show."""

from __future__ import annotations

import math
import time

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.yogo_tui.fake_session import make_history, shown, until
from yogo.run.events import Losses, Step
from yogo_tui.widgets.curves import Curves, Point, log_ticks, reduce, segments, tick_words, visible
from yogo_tui.widgets.loss_plot import LossPlot

LOSSES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=500)


@given(LOSSES, st.integers(1, 50))
def test_reducing_keeps_the_lowest_and_the_highest_and_two_points_a_column_at_most(
    losses: list[float], columns: int
) -> None:
    points = [Point(float(index), loss) for index, loss in enumerate(losses)]
    kept = reduce(points, 0.0, float(len(points)), columns)

    assert len(kept) <= 2 * columns + 2
    assert min(point.loss for point in kept) == min(losses)  # type: ignore[type-var]
    assert max(point.loss for point in kept) == max(losses)  # type: ignore[type-var]
    assert [point.epoch for point in kept] == sorted(point.epoch for point in kept)
    assert set(kept) <= set(points)


def test_a_loss_that_is_not_a_number_cuts_the_curve_in_two() -> None:
    points = [Point(0, 3.0), Point(1, 2.0), Point(2, None), Point(3, 2.5)]

    assert [len(stretch) for stretch in segments(points)] == [2, 1]


def test_a_view_keeps_a_point_beyond_either_edge() -> None:
    points = [Point(float(index), 1.0) for index in range(10)]

    assert [point.epoch for point in visible(points, 3.5, 5.5)] == [3, 4, 5, 6]


@given(st.floats(-6, 6), st.floats(0.01, 8))
def test_a_logarithmic_axis_has_at_least_two_ticks_and_no_crowd(low: float, height: float) -> None:
    ticks = log_ticks(low, low + height)

    assert 2 <= len(ticks) <= 6
    assert all(low <= tick <= low + height for tick in ticks)


def test_ticks_are_round_losses() -> None:
    assert [tick_words(10**tick) for tick in log_ticks(math.log10(8), math.log10(70))] == ["10", "20", "50"]


class PlotApp(App[None]):
    def compose(self) -> ComposeResult:
        yield LossPlot()

    @property
    def plot(self) -> LossPlot:
        return self.query_one(LossPlot)


async def test_a_diverged_loss_is_marked_and_zooming_shows_the_part_asked_for() -> None:
    history = make_history()
    history.add(Step(step=401, epoch=4, losses=Losses(loss=float("nan")), lr=1e-3))
    app = PlotApp()
    async with app.run_test(size=(80, 16)) as pilot:
        app.plot.curves = Curves.of(history)
        await until(pilot, lambda: "✖" in shown(pilot) and "◆" in shown(pilot))
        app.plot.focus()
        await pilot.press("plus", "left", "left", "left")
        await until(pilot, lambda: app.plot.span[0] == 0.0 and "✖" not in shown(pilot))
        await pilot.press("0")
        await until(pilot, lambda: "✖" in shown(pilot))


async def test_a_curve_of_one_point_and_one_of_none_can_be_drawn() -> None:
    app = PlotApp()
    async with app.run_test(size=(80, 16)) as pilot:
        await until(pilot, lambda: "━" in shown(pilot))
        app.plot.curves = Curves(train=(Point(1.0, 5.0),))
        await until(pilot, lambda: "·" in shown(pilot))
        app.plot.curves = Curves(train=(Point(1.0, None),))
        await until(pilot, lambda: "✖" in shown(pilot))
        app.plot.curves = Curves(train=(Point(1.0, 0.0), Point(2.0, 0.0)))
        await pilot.pause()


async def test_a_hundred_thousand_points_are_drawn_at_once() -> None:
    app = PlotApp()
    async with app.run_test(size=(80, 16)) as pilot:
        points = tuple(Point(index / 1000, 5 + math.sin(index)) for index in range(100_000))
        began = time.perf_counter()
        app.plot.curves = Curves(train=points)
        await until(pilot, lambda: "⣿" in shown(pilot) or "⡇" in shown(pilot) or "⣀" in shown(pilot))

        assert time.perf_counter() - began < 5
