"""One run's screen: how far it is, its curves and its log, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from textual.pilot import Pilot

from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_history, make_run, see, shown, until
from yogo.run.history import History
from yogo_tui.app import Console
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.hosts.base import Piece
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session.jobs import Jobs
from yogo_tui.widgets.log_view import LogView
from yogo_tui.widgets.runs_table import RunsTable


@asynccontextmanager
async def opened(
    run: Run,
    session: FakeSession | None = None,
    size: tuple[int, int] = (80, 24),
    log: bytes | None = b"".join(b"epoch %d\n" % epoch for epoch in range(100)),
) -> AsyncIterator[tuple[Pilot[None], FakeSession]]:
    session = session or FakeSession(run)
    if run.log and log is not None:
        session.host.files[run.log] = log
    app = Console(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: run.name in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "── log" in shown(pilot))
        yield pilot, session


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


class SlowCluster(FakeCluster):
    """Cancels once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begins, self.may = asyncio.Event(), asyncio.Event()

    async def cancel(self, ids: Sequence[JobId]) -> None:
        self.begins.set()
        await self.may.wait()
        await super().cancel(ids)


async def test_what_was_asked_for_goes_on_when_the_screen_is_left() -> None:
    run = make_run("chaos-cat-0727")
    session = FakeSession(run)
    session.cluster = cluster = SlowCluster()
    session.jobs = Jobs(session.host, cluster, session.settings, session.runs.look_now)
    async with opened(run, session) as (pilot, _):
        await pilot.press("x")
        await see(pilot, "Cancel chaos-cat-0727?")
        await pilot.press("y")
        await until(pilot, cluster.begins.is_set)
        await pilot.press("escape")
        await see(pilot, "── runs ──")
        cluster.may.set()
        await see(pilot, "asked to cancel chaos-cat-0727")
    assert cluster.cancelled == [JobId("job-chaos-cat-0727")]


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
        best = PurePosixPath("/lab/trained_models/chaos-cat-0727/best.pth")
        del session.host.files[best]
        await pilot.press("y")
        await see(pilot, "not copied", "does not exist")
        assert pilot.app.clipboard == ""
        session.host.files[best] = b""
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
        await pilot.press("x")
        await see(pilot, "Cancel chaos-cat-0727?")
        await pilot.press("y")
        await until(pilot, lambda: session.cluster.cancelled == ["job-chaos-cat-0727"])
        await pilot.press("c")
        await see(pilot, "chaos-cat-0727's best.pth")


async def test_a_job_that_the_console_did_not_start_shows_its_log() -> None:
    run = replace(make_run("someone"), path=None, launch=None, progress=None)
    async with opened(run) as (pilot, _):
        await see(pilot, "epoch 99", "someone")


def script_of(session: FakeSession) -> bytes:
    """The one script that was submitted."""
    (script,) = session.cluster.submitted
    return session.host.files[script]


async def test_a_trained_run_is_exported_by_a_key_and_its_results_are_named() -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED, has_best=True)
    async with opened(run) as (pilot, session):
        session.host.files[PurePosixPath("/lab/trained_models/chaos-cat-0727/uses/test-1/a.json")] = b"{}"
        await pilot.press("u")
        await see(pilot, "test it", "find cells in images", "export it")
        await pilot.press(*"export", "enter")
        await see(pilot, "export chaos-cat-0727", "crop height", "What the job asks of the cluster")
        await pilot.press("enter", *"half")
        await see(pilot, "✖ must be a number, not 'half'", "Expect frames with this fraction of the rows.")
        await pilot.press("ctrl+s", "ctrl+u", *"0.5", "enter", *"no", "ctrl+s")
        await see(pilot, "Submit a job that exports chaos-cat-0727", "--crop-height 0.5", "--no-simplify")
        await pilot.press("enter")
        await see(pilot, "job 1")
        assert b"yogo export" in script_of(session)
        assert b"--crop-height 0.5 --no-simplify" in script_of(session)
        await pilot.press("d")
        await see(pilot, "uses/test-1", "a.json")


async def test_the_images_to_find_cells_in_are_a_field_of_the_form(tmp_path: Path) -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED, has_best=True)
    async with opened(run) as (pilot, session):
        await pilot.press("u")
        await see(pilot, "find cells in images")
        await pilot.press(*"find", "enter")
        await see(pilot, "infer chaos-cat-0727", "draw boxes", "The images to find cells in")
        await pilot.press("ctrl+s")
        await see(pilot, "✖ a folder, a zarr store or a file of samples is needed")
        await pilot.press(*"/nowhere/at/all")
        await see(pilot, "✖ /nowhere/at/all does not exist")
        await pilot.press("ctrl+u", *str(tmp_path), "ctrl+s")
        await see(pilot, "Submit a job that finds cells")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        assert f"--path-to-images {tmp_path} ".encode() in script_of(session)


async def test_a_run_without_weights_has_nothing_to_use() -> None:
    async with opened(make_run("chaos-cat-0727", has_best=False)) as (pilot, session):
        await pilot.press("u")
        await see(pilot, "has no best.pth yet")
    assert session.cluster.submitted == []


class BusySession(FakeSession):
    """A run of which news come in all the time."""

    async def follow_history(self, run: Run) -> AsyncGenerator[History, None]:
        while True:
            yield self.history
            await asyncio.sleep(0)


async def test_a_run_can_be_left_while_news_of_it_come_in() -> None:
    run = make_run("chaos-cat-0727")
    session = BusySession(run)
    session.history = make_history(8, 2)
    async with opened(run, session) as (pilot, _):
        await see(pilot, "best loss 24.7")
        await pilot.press("escape")
        await see(pilot, "── runs", "chaos-cat-0727")
        await pilot.press("enter")
        await see(pilot, "best loss 24.7")


async def test_nothing_is_promised_of_a_run_that_ended_before_its_first_step() -> None:
    run = make_run("chaos-cat-0727", RunState.CANCELLED, log=None)
    session = FakeSession(run)
    session.history = History()
    never = replace(run, log=PurePosixPath("/lab/trained_models/chaos-cat-0727/chaos-cat-0727-7.log"))
    async with opened(run, session) as (pilot, _):
        await see(pilot, "There is no loss to show: it ended before its first steps")
        session.push(never)
        await see(pilot, "There is no log: it ended before it wrote chaos-cat-0727-7.log", "── not written ──")
        session.push(replace(never, state=RunState.WAITING))
        await see(pilot, "The loss appears here with the first steps.", "The log appears here once the job writes")


async def test_a_job_that_uses_a_run_is_called_that() -> None:
    used = PurePosixPath("/lab/trained_models/calm-owl-1/uses/test-1/calm-owl-1-test-9.log")
    job = Job(JobId("9"), "calm-owl-1-test", JobState.DONE, log=used)
    run = Run(name=job.name, state=RunState.DONE, job=job, log=used)
    session = FakeSession(run)
    session.history = History()
    async with opened(run, session) as (pilot, _):
        await see(pilot, "There is no loss to show: this is a job that uses calm-owl-1.")
        await pilot.press("u")
        await see(pilot, "calm-owl-1-test is a job that uses")
        await pilot.press("escape")
        await see(pilot, "── runs", "job 9: a job that uses calm-owl-1")


class SlowSession(FakeSession):
    """A run whose events are not read before the test ends."""

    async def follow_history(self, run: Run) -> AsyncGenerator[History, None]:
        await asyncio.Event().wait()
        yield self.history


async def test_a_run_whose_losses_are_still_read_says_so_and_draws_no_empty_plot() -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED)
    async with opened(run, SlowSession(run)) as (pilot, _):
        await see(pilot, "epoch 99", "Reading its losses …")
        assert "┃" not in shown(pilot)


async def test_a_long_path_is_whole_in_the_details() -> None:
    run = make_run("chaos-cat-0727")
    assert run.launch
    definition = f"/{'a-long-folder/' * 6}cells-of-march.yml"
    run = replace(run, launch=run.launch.model_copy(update={"definition": definition}))
    async with opened(run) as (pilot, _):
        await pilot.press("d")
        await see(pilot, "── details", "of-march.yml")


async def test_which_plots_are_shown_is_chosen_and_the_help_tells_when_a_run_diverges() -> None:
    async with opened(make_run("chaos-cat-0727"), size=(100, 50)) as (pilot, _):
        await see(pilot, "loss (log)", "learning rate (log)")
        await pilot.press("p")
        await see(pilot, "plots to show")
        await pilot.press("down", "space", "enter")
        await until(pilot, lambda: "plots to show" not in shown(pilot) and "learning rate (log)" not in shown(pilot))
        assert "loss (log)" in shown(pilot)
        await pilot.press("question_mark")
        await see(pilot, "keys that work here")
        await pilot.press("end")
        await see(pilot, "Validation diverges once", "↻ resumed")


async def test_the_log_is_saved_to_a_file_here(tmp_path: Path) -> None:
    async with opened(make_run("chaos-cat-0727")) as (pilot, _):
        await see(pilot, "epoch 99")
        await pilot.press("s")
        await see(pilot, "save the log to a file here")
        await pilot.press("ctrl+u", *str(tmp_path / "nowhere/a.log"))
        await see(pilot, "there is no folder")
        await pilot.press("ctrl+u", *str(tmp_path / "a.log"), "enter")
        await see(pilot, "saved to")
    assert (tmp_path / "a.log").read_text().splitlines() == [f"epoch {number}" for number in range(100)]
