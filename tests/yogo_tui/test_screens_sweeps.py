"""Sweeps in the console: the form on Launch, the group in the list of runs, and the leaderboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.lab import workspace
from tests.yogo_tui.test_screens_runs import console
from tests.yogo_tui.test_sweeps import seen_run, swept
from yogo_tui.app import Console
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.hosts.here import HereHost
from yogo_tui.screens.launch import LaunchScreen
from yogo_tui.screens.run import RunScreen
from yogo_tui.screens.sweep_board import SweepBoard
from yogo_tui.screens.sweep_form import SweepForm
from yogo_tui.session import Session

TRIALS = [{"learning_rate": rate, "seed": seed} for rate in (1e-4, 1e-3) for seed in (0, 1)]
SCORES = [0.5, 0.6, 0.8, 0.9]


def rows(pilot: Pilot[None]) -> list[str]:
    return [line.strip() for line in shown(pilot).splitlines() if "rates-" in line]


def trials() -> FakeSession:
    sweep = swept(*TRIALS)
    return FakeSession(*(seen_run(sweep, index, score) for index, score in enumerate(SCORES)), make_run("other"))


async def test_the_list_is_grouped_by_sweep() -> None:
    async with console(trials()) as pilot:
        await see(pilot, "rates-03", "other")
        await pilot.press("b")
        await until(pilot, lambda: "group the runs by" in shown(pilot))
        await pilot.press(*"sweep", "enter")
        await see(pilot, "rates · 4 runs", "no sweep · 1 run", "grouped by sweep")


async def test_the_leaderboard_has_the_best_trials_first_and_tells_those_of_a_row() -> None:
    async with console(trials()) as pilot:
        await see(pilot, "rates-03")
        pilot.app.push_screen(SweepBoard(swept(*TRIALS)))
        await see(pilot, "rates: 4 trials (4 finished)", "learning_rate", "best trial")
        await until(pilot, lambda: len(rows(pilot)) == 4)
        first, second = rows(pilot)[:2]
        assert first.split() == ["1", "0.001", ".850", "±", ".071", "(2)", "2✔", "rates-03"]
        assert second.split() == ["2", "0.0001", ".550", "±", ".071", "(2)", "2✔", "rates-01"]
        assert "✔ rates-03  finished  seed 1  mAP50 .900" in shown(pilot)
        await pilot.press("j")
        await see(pilot, "✔ rates-01  finished  seed 1  mAP50 .600")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await see(pilot, "rates-01")


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    cluster = LocalCluster(tmp_path / "state", slots=2, kill_after_seconds=2.0)
    session = Session(workspace(tmp_path / "lab"), HereHost(), cluster)
    (tmp_path / "lab/dataset_defs/others.yml").unlink()
    yield session
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])


async def test_a_launch_becomes_a_sweep_that_is_shown_stopped_and_continued(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETEND_SECONDS", "600")
    async with Console(session).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: pilot.app.has_looked)  # type: ignore[attr-defined]
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, LaunchScreen))
        await see(pilot, "cells.yml")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SweepForm))
        await pilot.press(*"lrr=1,2")
        await see(pilot, '✖ There is no field "lrr". Did you mean "lr"?')
        await pilot.press("ctrl+u", *"lr=1e-4,1e-3 seed=0..1")
        await see(pilot, "4 trials, at most 4 at a time: at most 4 ")
        await pilot.press("ctrl+s")
        await see(pilot, "-00 to ", "(cells.yml, ", " epochs; ", "enter or y yes")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(pilot.app.screen, SweepBoard))
        await see(pilot, "2 running, 2 waiting")
        await pilot.press("x")
        await see(pilot, "what waits: 2 trials", "all: 4 trials")
        await pilot.press("enter")
        await see(pilot, "Cancel 2 trials of", "2 that wait?")
        await pilot.press("y")
        await see(pilot, "2 running, 2 cancelled")
        await pilot.press("r")
        await see(pilot, "2 trials, at most 2 at a time")
        await pilot.press("y")
        await see(pilot, "2 running, 2 waiting")


async def test_the_form_searches_and_says_that_trials_ask(session: Session) -> None:
    async with Console(session).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: pilot.app.has_looked)  # type: ignore[attr-defined]
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, LaunchScreen))
        await see(pilot, "cells.yml")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SweepForm))
        await pilot.press(*"lr=1e-5..1e-2", "down", "down", *"3 prune")
        await see(pilot, "3 trials, at most 3 at a time", "-02", "at its start", "Each trial asks for its values")
        await pilot.press("up", *"5")
        await see(pilot, "✖ Values are drawn or searched: leave one of the two empty.")
