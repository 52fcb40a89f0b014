"""What has not changed is not drawn again: over a slow line each byte is waited for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.content import Content
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tests.yogo_tui.fake_session import FakeSession, make_run, see
from yogo_tui.app import Console
from yogo_tui.runs.model import Progress, RunState
from yogo_tui.widgets.steady import _changed
from yogo_tui.words import growing


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn, by its class."""
    found: list[str] = []
    draws: Callable[[Widget, Region], list[Strip]] = Widget.render_lines

    def render_lines(self: Widget, crop: Region) -> list[Strip]:
        found.append(type(self).__name__)
        return draws(self, crop)

    monkeypatch.setattr(Widget, "render_lines", render_lines)
    return found


async def seen_again(pilot: Pilot[None], made: FakeSession) -> None:
    """The runs are looked at three times, and are as they were."""
    for _ in range(3):
        made.push(*pilot.app.runs.runs)  # type: ignore[attr-defined]
        while not made.feed.empty():
            await pilot.pause()
        await pilot.pause()
        await pilot.pause()


@pytest.mark.parametrize("mode", ["1", "2", "4"])
async def test_a_look_at_runs_that_are_as_they_were_draws_nothing(mode: str, drawn: list[str]) -> None:
    made = FakeSession(make_run("calm-owl", RunState.FINISHED), make_run("red-fox", RunState.FAILED))
    async with Console(made).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        await pilot.press(mode)
        await pilot.pause()
        await seen_again(pilot, made)
        drawn.clear()
        await seen_again(pilot, made)
        assert not drawn


async def test_a_run_that_is_over_is_drawn_once_while_another_one_trains(drawn: list[str]) -> None:
    made = FakeSession(make_run("calm-owl", RunState.FINISHED), make_run("red-fox", RunState.RUNNING))
    async with Console(made).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl")
        await pilot.press("j" if pilot.app.screen.table.selected.name != "calm-owl" else "k", "enter")  # type: ignore[attr-defined]
        await see(pilot, "best loss")
        await seen_again(pilot, made)
        drawn.clear()
        for step in range(3):
            trains = make_run("red-fox", RunState.RUNNING, progress=Progress(1.0 + step, 90))
            made.push(make_run("calm-owl", RunState.FINISHED), trains)
            await seen_again(pilot, made)
        assert not drawn


def test_of_a_line_only_what_has_changed_is_drawn() -> None:
    assert _changed(Content("epoch 12 of 90"), Content("epoch 13 of 90")) == (7, 8)
    assert _changed(Content("epoch 12"), Content("epoch 12")) is None
    assert _changed(Content("a"), Content.assemble(("a", "bold"))) == (0, 1)
    assert _changed(Content("日本 1"), Content("日本 2")) == (5, 6)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (3, "< 10 s"), (19, "10 s"), (119, "1 m"), (3700, "1 h 1 m")],
)
def test_an_age_is_told_no_finer_than_it_is_read(seconds: float | None, words: str) -> None:
    assert growing(seconds) == words
