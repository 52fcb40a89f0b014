"""The list of runs: what a person sees of the world, and what their keys do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo_tui.app import Console
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.runs.model import RunState
from yogo_tui.widgets.runs_table import RunsTable


@asynccontextmanager
async def console(session: FakeSession, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    app = Console(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "4 Runs" in shown(pilot))
        yield pilot


def lines_of(pilot: Pilot[None], word: str) -> list[str]:
    return [line for line in shown(pilot).splitlines() if word in line]


async def test_each_state_has_its_glyph_and_its_word() -> None:
    runs = [make_run(f"{state}-owl-1", state) for state in RunState]
    async with console(FakeSession(*runs)) as pilot:
        await until(pilot, lambda: "unknown-owl-1" in shown(pilot))
        for words in ("▶ running", "◌ waiting", "✔ finished", "✖ failed", "■ cancelled", "? unknown"):
            assert words in shown(pilot)


async def test_one_run_is_counted_as_one() -> None:
    async with console(FakeSession(make_run("lone-owl-1"))) as pilot:
        await until(pilot, lambda: "lone-owl-1" in shown(pilot))
        assert " 1 run ──" in shown(pilot)


async def test_the_newest_run_stands_first_and_a_new_one_does_not_move_the_cursor_from_its_run() -> None:
    old, new = make_run("old-oak-1", hours=9), make_run("new-oak-2", hours=5)
    session = FakeSession(old, new)
    async with console(session) as pilot:
        await until(pilot, lambda: "old-oak-1" in shown(pilot))
        await pilot.press("down")
        session.push(make_run("newest-oak-3", hours=0.1), new, old)
        await until(pilot, lambda: "newest-oak-3" in shown(pilot))

        names = [line.split()[2] for line in shown(pilot).splitlines() if "-oak-" in line and "running" in line]
        selected = pilot.app.screen.query_one(RunsTable).selected
        assert names == ["newest-oak-3", "new-oak-2", "old-oak-1"]
        assert selected
        assert selected.name == "old-oak-1"


async def test_a_run_that_ends_changes_its_line_in_place() -> None:
    run = make_run("chaos-cat-0727")
    session = FakeSession(run)
    async with console(session) as pilot:
        await until(pilot, lambda: lines_of(pilot, "▶ running"))
        session.push(replace(run, state=RunState.FAILED, why="CUDA ran out of memory"))
        await until(pilot, lambda: lines_of(pilot, "✖ failed") and lines_of(pilot, "CUDA ran out of memory"))

        assert not lines_of(pilot, "▶ running")


async def test_a_filter_stays_until_it_is_left() -> None:
    session = FakeSession(make_run("calm-bear-1"), make_run("bold-bear-2", RunState.FAILED), make_run("calm-lynx-3"))
    async with console(session) as pilot:
        await until(pilot, lambda: "calm-lynx-3" in shown(pilot))
        await pilot.press("slash", *"bear fail", "enter")
        await until(pilot, lambda: "1 of 3 runs" in shown(pilot))
        assert "calm-bear-1" not in shown(pilot)

        await pilot.press("slash", "escape")
        await until(pilot, lambda: "calm-bear-1" in shown(pilot))


async def test_a_run_is_cancelled_only_after_a_yes() -> None:
    session = FakeSession(make_run("chaos-cat-0727"))
    async with console(session) as pilot:
        await until(pilot, lambda: "chaos-cat-0727" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Cancel chaos-cat-0727? It saves and stops, in epoch 9.6 of 16" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "Cancel chaos-cat-0727?" not in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Cancel chaos-cat-0727?" in shown(pilot))
        assert session.cluster.cancelled == []
        await pilot.press("y")
        await until(pilot, lambda: session.cluster.cancelled)

        assert session.cluster.cancelled == ["job-chaos-cat-0727"]


async def test_cancelling_says_which_runs_would_then_never_start() -> None:
    parent = make_run("chaos-cat-0727", hours=1)
    assert parent.job
    child = make_run("brave-owl-0728", RunState.WAITING, hours=2)
    assert child.job
    child = replace(child, job=replace(child.job, after=(parent.job.id,)))
    async with console(FakeSession(parent, child)) as pilot:
        await until(pilot, lambda: "brave-owl-0728" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "behind it can then never start" in shown(pilot))


async def test_a_run_that_is_over_is_not_asked_about() -> None:
    session = FakeSession(make_run("done-elm-1", RunState.FINISHED))
    async with console(session) as pilot:
        await until(pilot, lambda: "done-elm-1" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "done-elm-1 is over" in shown(pilot))
        assert session.cluster.cancelled == []


async def test_a_run_that_can_never_start_can_be_cancelled() -> None:
    stuck = Job(JobId("9"), "stuck-elm-1", JobState.PENDING, is_stuck=True)
    session = FakeSession(make_run("stuck-elm-1", RunState.FAILED, job=stuck))
    async with console(session) as pilot:
        await until(pilot, lambda: "stuck-elm-1" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Cancel stuck-elm-1?" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: session.cluster.cancelled)


async def test_a_cluster_that_does_not_answer_leaves_the_runs_in_view_with_their_age() -> None:
    run = make_run("chaos-cat-0727")
    session = FakeSession(run)
    async with console(session) as pilot:
        await until(pilot, lambda: "chaos-cat-0727" in shown(pilot))
        session.push(run, stale="slurmctld does not answer", seen_at=datetime.now(UTC) - timedelta(minutes=7))
        await until(pilot, lambda: "! slurmctld does not answer" in shown(pilot))

        assert "! 7 m old" in shown(pilot)
        assert "▶ running" in shown(pilot)


async def test_no_runs_says_what_would_be_here_and_which_key_makes_it() -> None:
    async with console(FakeSession()) as pilot:
        await until(pilot, lambda: "Press 3 to launch the first one" in shown(pilot))


async def test_a_hostile_name_does_not_reach_the_terminal() -> None:
    async with console(FakeSession(make_run("evil\x1b]52;c;aGk=\x07"))) as pilot:
        await until(pilot, lambda: "evil" in shown(pilot))
        assert "\x1b" not in shown(pilot)
        assert "\\x1b" in shown(pilot)


async def test_copying_shows_what_was_handed_to_the_terminal() -> None:
    session = FakeSession(make_run("chaos-cat-0727"))
    session.host.files[PurePosixPath("/lab/trained_models/chaos-cat-0727/run.json")] = b"{}"
    async with console(session) as pilot:
        await until(pilot, lambda: "chaos-cat-0727" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "sent to the terminal's" in shown(pilot))

        assert pilot.app.clipboard == "/lab/trained_models/chaos-cat-0727"


async def test_the_path_of_a_run_that_was_deleted_meanwhile_is_not_copied() -> None:
    session = FakeSession(make_run("chaos-cat-0727"))
    async with console(session) as pilot:
        await until(pilot, lambda: "chaos-cat-0727" in shown(pilot))
        session.host.files.clear()
        await pilot.press("y")
        await until(pilot, lambda: "not copied" in shown(pilot) and "does not exist" in shown(pilot))

        assert pilot.app.clipboard == ""


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_every_column_fits_the_width(width: int) -> None:
    async with console(FakeSession(make_run("a-very-long-name-" * 6)), (width, 24)) as pilot:
        await until(pilot, lambda: "2 h 15 m" in shown(pilot))
        assert "…" in lines_of(pilot, "▶ running")[0]


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("x",), "Cancel chaos-cat-0727?"),
        (("u",), "use chaos-cat-0727"),
        (("question_mark",), "keys that work here"),
        (("u", *"find", "enter"), "infer chaos-cat-0727"),
        (("r",), "was not resumed"),
    ],
)
async def test_no_toast_of_before_covers_a_question(keys: tuple[str, ...], asked: str) -> None:
    session = FakeSession(make_run("chaos-cat-0727", has_best=True))
    async with console(session) as pilot:
        await until(pilot, lambda: "chaos-cat-0727" in shown(pilot))
        pilot.app.notify("copied a long path that covers half of the screen", timeout=600)
        await until(pilot, lambda: "copied a long path" in shown(pilot))
        await pilot.press(*keys[:-1])
        pilot.app.notify("copied another path", timeout=600)
        await pilot.press(keys[-1])
        await until(pilot, lambda: asked in shown(pilot) and "copied" not in shown(pilot))


async def test_the_keys_of_a_run_work_on_its_row_and_those_of_the_list_in_the_run() -> None:
    run = make_run("chaos-cat-0727", RunState.FINISHED, has_best=True)
    async with Console(FakeSession(run)).run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "chaos-cat-0727")
        await pilot.press("o")
        await see(pilot, "chaos-cat-0727 · results", "has no results")
        await pilot.press("escape", "d")
        await see(pilot, "── details", "learning rate")
        await pilot.press("w")
        await see(pilot, "esc close", "y copy")
        await pilot.press("escape", "D")
        await see(pilot, "Move chaos-cat-0727 (0 B) to the trash?")
