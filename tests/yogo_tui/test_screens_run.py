"""One run's screen: how far it is, its curves and its log, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, shown, until
from yogo_tui.app import Console
from yogo_tui.hosts.base import Piece
from yogo_tui.launch.use import Purpose, Results
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.log_view import LogView
from yogo_tui.widgets.runs_table import RunsTable


@asynccontextmanager
async def opened(
    run: Run, session: FakeSession | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[None], FakeSession]]:
    session = session or FakeSession(run)
    if run.log:
        session.host.files[run.log] = b"".join(b"epoch %d\n" % epoch for epoch in range(100))
    app = Console(session)  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: run.name in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "── log" in shown(pilot))
        yield pilot, session


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_the_state_the_curves_and_the_log_are_on_one_screen() -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, _):
        await see(pilot, "▶ running 2 h 15 m", "epoch 9.6 of 16", "best loss 3.500, epoch 4", "epoch 99", "following")


async def test_a_run_that_ends_meanwhile_says_so_in_its_first_line() -> None:
    run = make_run("chaos-cat-0727")
    async with opened(run) as (pilot, session):
        session.push(replace(run, state=RunState.FINISHED))
        await see(pilot, "✔ finished")


async def test_tab_goes_between_log_and_plot_and_f_gives_one_the_whole_screen() -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, _):
        await see(pilot, "epoch 99")
        await pilot.press("f")
        await until(pilot, lambda: "epoch 80" in shown(pilot) and "best" not in shown(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: "best" in shown(pilot) and "── log" not in shown(pilot))
        await pilot.press("f")
        await see(pilot, "best", "── log")


async def test_a_wide_terminal_has_log_and_plot_side_by_side() -> None:
    async with opened(make_run("chaos-cat-0727"), size=(140, 30)) as (pilot, _):
        await until(pilot, lambda: any("best" in line and "── log" in line for line in shown(pilot).splitlines()))


async def test_searching_the_log_goes_to_the_line() -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, _):
        await see(pilot, "epoch 99")
        await pilot.press("slash", *"epoch 33", "enter")
        log = pilot.app.screen.query_one(LogView)
        await until(pilot, lambda: "epoch 33" in [line.text.plain for line in log.lines])
        await see(pilot, "match 1 of 1")
        await pilot.press("escape")
        await until(pilot, lambda: "match 1 of 1" not in shown(pilot))
        assert "── log" in shown(pilot)
        await pilot.press("escape")
        await see(pilot, "── runs")


async def test_the_mouse_marks_what_widgets_show_and_nothing_of_those_that_show_no_text() -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, _):
        await see(pilot, "epoch 99", "best loss")
        await pilot.mouse_down(offset=(12, 4))
        await pilot.hover(offset=(40, 17))
        await pilot.mouse_up(offset=(40, 17))
        await pilot.press("ctrl+c")
        await see(pilot, "ctrl+c copies what is marked", "sent to the terminal's")
        assert not any(word in pilot.app.clipboard for word in ("LogView", "Plot", "Canvas", "Container"))


class HeldHost(MemoryHost):
    """Answers nothing more once it is held."""

    held = False

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if self.held:
            await asyncio.Event().wait()
        return await super().read(path, offset=offset, limit=limit)


async def test_escape_leaves_a_search_that_takes_long_and_only_then_the_screen() -> None:
    run = make_run("chaos-cat-0727")
    session = FakeSession(run)
    session.host = host = HeldHost()
    async with opened(run, session) as (pilot, _):
        await see(pilot, "epoch 99")
        host.held = True
        await pilot.press("slash", *"epoch 33", "enter")
        await see(pilot, "searching")
        await pilot.press("escape")
        await until(pilot, lambda: "searching" not in shown(pilot))
        assert "── log" in shown(pilot)
        await pilot.press("escape")
        await see(pilot, "── runs")


async def test_a_folder_of_any_name_is_copied_without_driving_the_terminal() -> None:
    run = replace(make_run("chaos-cat-0727"), path=PurePosixPath("/lab/odd\x1b]0;title\x07"))
    async with opened(run) as (pilot, session):
        session.host.files[PurePosixPath("/lab/odd\x1b]0;title\x07/best.pth")] = b""
        await pilot.press("y")
        await see(pilot, "sent to the terminal's", "odd\\x1b]0;title")


async def test_details_name_the_recipe_and_the_weights() -> None:
    run = replace(make_run("chaos-cat-0727"), has_best=True)
    async with opened(run) as (pilot, session):
        await pilot.press("d")
        await see(pilot, "epochs 16, learning rate 0.0005", "trained_models/chaos-cat-0727/best.pth")
        await pilot.press("tab")
        await pilot.press("y")
        await see(pilot, "not copied", "does not exist")
        assert pilot.app.clipboard == ""
        session.host.files[PurePosixPath("/lab/trained_models/chaos-cat-0727/best.pth")] = b""
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard == "/lab/trained_models/chaos-cat-0727/best.pth")


async def test_escape_goes_back_to_the_list_with_the_cursor_on_the_run() -> None:
    run, other = make_run("chaos-cat-0727"), make_run("old-oak-1", hours=30)
    async with opened(run, FakeSession(run, other)) as (pilot, session):
        await pilot.press("escape")
        await see(pilot, "── runs", "old-oak-1")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "── log" in shown(pilot) and "old-oak-1" in shown(pilot))
        session.push(make_run("new-elm-3", hours=0.1), run, other)
        await until(pilot, lambda: len(pilot.app.runs.runs) == 3)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await see(pilot, "── runs", "new-elm-3")

        selected = pilot.app.screen.query_one(RunsTable).selected
        assert selected
        assert selected.name == "old-oak-1"


async def test_a_run_is_fine_tuned_from_and_cancelled_from_here() -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, session):
        await pilot.press("x", "y")
        await until(pilot, lambda: session.cancelled == ["chaos-cat-0727"])
        await pilot.press("c")
        await see(pilot, "chaos-cat-0727's best.pth")


async def test_a_job_that_the_console_did_not_start_shows_its_log() -> None:
    run = replace(make_run("someone"), path=None, launch=None, progress=None)
    async with opened(run) as (pilot, _):
        await see(pilot, "epoch 99", "someone")


async def test_a_trained_run_is_exported_by_a_key_and_its_results_are_named() -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED, has_best=True)
    async with opened(run) as (pilot, session):
        session.results = (Results(PurePosixPath("/lab/trained_models/chaos-cat-0727/uses/test-1"), ("a.json",)),)
        await pilot.press("u")
        await see(pilot, "test it", "look for cells in images", "export it")
        await pilot.press(*"export", "enter")
        await see(pilot, "Submit a job that exports chaos-cat-0727")
        await pilot.press("enter")
        await until(pilot, lambda: [use.purpose for use in session.used] == [Purpose.EXPORT])
        await see(pilot, "job 9")
        await pilot.press("d")
        await see(pilot, "uses/test-1", "a.json")


async def test_images_to_look_at_are_asked_for_and_a_test_begins_with_the_runs_own_definition(tmp_path: Path) -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED, has_best=True)
    async with opened(run) as (pilot, session):
        await pilot.press("u")
        await see(pilot, "look for cells in images")
        await pilot.press(*"look", "enter")
        await see(pilot, "images to look at")
        await pilot.press(*"/nowhere/at/all")
        await see(pilot, "does not exist")
        await pilot.press("ctrl+u", *str(tmp_path), "enter")
        await see(pilot, "Submit a job that looks for cells")
        await pilot.press("enter")
        await until(pilot, lambda: [(use.purpose, use.source) for use in session.used])
        assert session.used[0].source == PurePosixPath(tmp_path)


async def test_a_run_without_weights_has_nothing_to_use() -> None:
    async with opened(make_run("chaos-cat-0727", has_best=False)) as (pilot, session):
        await pilot.press("u")
        await see(pilot, "has no best.pth yet")
    assert session.used == []
