"""Several plots at once, by the room that there is, with one crosshair for all."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import shown, until
from yogo.run.events import Losses, Step, Validated
from yogo.run.history import History
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart, Line
from yogo_tui.curves.record import RunCurves
from yogo_tui.curves.series import Series, Values
from yogo_tui.widgets.chart_grid import ChartGrid


class GridApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.curves = RunCurves()
        self.given: Mapping[str, Chart] | None = None

    def compose(self) -> ComposeResult:
        yield ChartGrid(self.charts, empty="The loss appears here with the first steps.")

    def charts(self, axis: Axis) -> Mapping[str, Chart]:
        return self.curves.charts(axis) if self.given is None else self.given

    @property
    def grid(self) -> ChartGrid:
        return self.query_one(ChartGrid)

    def follow(self, history: History) -> None:
        self.curves.follow(history)
        self.grid.show()
        self.grid.focus()


def trained(steps: int = 40, nan_from: int = 10**9) -> History:
    history = History()
    for step in range(1, steps + 1):
        losses = Losses(loss=math.nan if step >= nan_from else 60 / step)
        history.add(Step(step=step, epoch=0, losses=losses, lr=1e-3, frames_per_s=900.0 + step, data_wait=0.25))
        if step % 10 == 0:
            history.add(Validated(step=step, epoch=0, losses=Losses(loss=70 / step), metrics={"mAP50": step / 100}))
    return history


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_as_many_plots_are_shown_as_there_is_room_for_and_arrows_go_to_the_others() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.follow(trained())
        await see(pilot, "loss (log)")
        assert "mAP" not in shown(pilot)
        assert app.grid.words == "plot 1 of 5 · by epoch"
        await pilot.press("down")
        await see(pilot, "mAP  ── mAP50")
        await pilot.press("j", "j", "j", "j", "j")
        await see(pilot, "waiting for data (%)")
        assert app.grid.words.startswith("plot 5 of 5")
        await pilot.resize_terminal(140, 30)
        await see(pilot, "waiting for data (%)")
        await pilot.press("k", "k")
        await see(pilot, "loss (log)", "mAP", "images/s", "learning rate")


async def test_the_crosshair_reads_all_plots_at_once_and_stays_at_its_point_on_another_axis() -> None:
    app = GridApp()
    async with app.run_test(size=(100, 50)) as pilot:
        app.follow(trained())
        await pilot.press("b")
        assert app.grid.words == "by step"
        await pilot.press("v")
        await see(pilot, "train 3 ", "mAP50 0.2", "images/s 920", "waiting for data 25")
        assert app.grid.words == "at step 20"
        for _ in range(60):
            await pilot.press("right")
        await see(pilot, "images/s 940", "best epoch")
        await pilot.press("b", "b")
        await see(pilot, "images/s 940")
        await pilot.press("escape")
        await until(pilot, lambda: "images/s 940" not in shown(pilot))


async def test_keys_zoom_pan_smooth_and_change_the_scale() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.follow(trained(steps=200, nan_from=190))
        await see(pilot, "✖", "◆", "loss (log)")
        await pilot.press("plus", "plus", *["left"] * 8)
        await until(pilot, lambda: "✖" not in shown(pilot) and app.grid.view.window is not None)
        await pilot.press("0")
        await see(pilot, "✖")
        await pilot.press("g")
        await until(pilot, lambda: "loss  ── train" in shown(pilot))
        await pilot.press("s", "s")
        assert app.grid.words.endswith("smoothed over 5 %")


async def test_a_curve_of_one_point_of_none_and_of_zeros_can_be_drawn() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        await see(pilot, "The loss appears here")
        for values in ([5.0], [math.nan], [0.0, 0.0]):
            xs = [float(index) for index in range(len(values))]
            app.given = {"loss": Chart("loss", (Line(Series("train", xs, Values(values))),), is_log=True)}
            app.grid.show()
            await see(pilot, "── train")


async def test_a_million_points_are_drawn_across_the_whole_plot() -> None:
    app = GridApp()
    xs = [index / 1000 for index in range(1_000_000)]
    series = Series("train", xs, Values(5 + math.sin(index) for index in range(1_000_000)))
    async with app.run_test(size=(80, 16)) as pilot:
        app.given = {"loss": Chart("loss", (Line(series),))}
        app.grid.show()
        await until(
            pilot, lambda: any(len(re.findall("[\u2801-\u28ff]", row)) > 60 for row in shown(pilot).splitlines())
        )
