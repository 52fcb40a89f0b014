"""The keys in the last line of a screen act on what is under the cursor; help tells why another one cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_shown import session
from yogo_tui.app import Console
from yogo_tui.runs.model import RunState
from yogo_tui.widgets.key_bar import KeyBar

Press = Callable[[Pilot[None]], Awaitable[None]]
_SHOWS_NOTHING = ("datasets.count", "definition.count", "run.other", "run.jump")
"""What they do is over before it is seen, or is seen by colour only; no line of the log here tells its step."""


def goes(*keys: str, sees: Sequence[str]) -> Press:
    async def go(pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
        await see(pilot, *sees)

    return go


def over(state: RunState, *, has_best: bool = False) -> Callable[[Path], FakeSession]:
    return lambda folder: FakeSession(make_run("still-elm-0725", state, hours=60, has_best=has_best), folder=folder)


def none(folder: Path) -> FakeSession:
    return FakeSession(folder=folder)


def own_recipe(folder: Path) -> FakeSession:
    (folder / "recipes").mkdir()
    (folder / "recipes/a.yaml").write_text("title: Of ours\nepochs: 7\n")
    return FakeSession(folder=folder)


CASES: dict[str, tuple[Callable[[Path], FakeSession], Press]] = {
    "no run": (none, goes(sees=["Runs appear here"])),
    "running run": (session, goes(sees=["chaos-cat-0727"])),
    "waiting run": (session, goes("down", sees=["Resources"])),
    "finished run": (over(RunState.FINISHED, has_best=True), goes(sees=["still-elm"])),
    "failed run": (over(RunState.FAILED), goes(sees=["still-elm"])),
    "cancelled run": (over(RunState.CANCELLED), goes(sees=["still-elm"])),
    "screen of a running run": (session, goes("enter", sees=["chaos-cat-0727", "best loss"])),
    "screen of a finished run": (over(RunState.FINISHED, has_best=True), goes("enter", sees=["── log"])),
    "screen of a failed run": (over(RunState.FAILED), goes("enter", sees=["── log"])),
    "built-in recipe": (none, goes("2", sees=["Learning rate"])),
    "recipe of one's own": (own_recipe, goes("2", "end", sees=["Of ours", "yours", "(64)"])),
    "definition": (session, goes("1", sees=["(median)"])),
    "folder of definitions": (session, goes("1", "up", sees=["── definitions"])),
    "no definition": (none, goes("1", sees=["Dataset definitions appear here"])),
    "whole definition": (session, goes("1", "enter", sees=["[folders]", "0 problems"])),
    "images": (session, goes("1", "v", sees=["1 of 3"])),
}


def state(pilot: Pilot[None]) -> str:
    return f"{shown(pilot)} {pilot.app.current_mode} {len(pilot.app.screen_stack)}"


def differs(pilot: Pilot[None], before: str) -> bool:
    return state(pilot) != before


@pytest.mark.parametrize("case", CASES)
async def test_each_key_in_the_last_line_does_something(case: str, tmp_path: Path) -> None:
    """Without notifications, a key that only says why it cannot act changes nothing."""
    make, go = CASES[case]
    tried = set[str]()
    while True:
        (folder := tmp_path / f"{len(tried)}").mkdir()
        async with Console(make(folder)).run_test(size=(160, 24)) as pilot:
            await go(pilot)
            await pilot.pause()
            offered = pilot.app.screen.query_one(KeyBar).offered()
            rest = [one.key for one in offered if one.id not in _SHOWS_NOTHING and one.key not in tried]
            if not rest:
                return
            tried.add(rest[0])
            before = state(pilot)
            await pilot.press(rest[0])
            await until(pilot, partial(differs, pilot, before))


async def test_a_run_that_is_over_is_not_offered_to_be_cancelled_and_help_says_why(tmp_path: Path) -> None:
    made = over(RunState.FINISHED, has_best=True)(tmp_path)
    async with Console(made).run_test(size=(80, 90), notifications=True) as pilot:
        for screen in ("runs", "run"):
            await see(pilot, "still-elm-0725")
            assert "x cancel" not in shown(pilot)
            assert "r go on" not in shown(pilot)
            await pilot.press("question_mark")
            await see(pilot, "keys that work here")
            await pilot.press("end")
            await see(pilot, "still-elm-0725 is over: ✔ finished", "still-elm-0725 has finished.")
            await pilot.press("escape", "x")
            await see(pilot, "still-elm-0725 is over: ✔ finished")
            pilot.app.clear_notifications()
            if screen == "runs":
                await pilot.press("enter")
                await see(pilot, "── log")


async def test_what_is_built_in_is_not_offered_to_be_edited_or_deleted(tmp_path: Path) -> None:
    async with Console(own_recipe(tmp_path), mode="recipes").run_test(size=(80, 24)) as pilot:
        await see(pilot, "Of ours", "c copy to edit")
        assert "x delete" not in shown(pilot)
        assert "enter edit" not in shown(pilot)
        await pilot.press("end")
        await see(pilot, "x delete", "enter edit")


async def test_of_marked_runs_one_that_goes_on_can_be_cancelled() -> None:
    runs = [make_run("calm-elm-0725", RunState.FINISHED, hours=60), make_run("chaos-cat-0727", hours=61)]
    async with Console(FakeSession(*runs)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-elm-0725", "chaos-cat-0727")
        assert "x cancel" not in shown(pilot)
        await pilot.press("asterisk")
        await see(pilot, "2 marked", "x cancel")
