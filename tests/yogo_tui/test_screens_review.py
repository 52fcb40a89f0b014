"""Review: a queue of doubted labels, gone through and decided by keys."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.made_review import MadeReview, made_review
from tests.ssh_server import Server
from tests.yogo_tui.fake_session import FakeSession, MemoryHost, see, until
from tests.yogo_tui.served import SERVE
from yogo.review.decisions import decide, review_in
from yogo.review.journal import LabelDecision, ReviewVerb
from yogo_tui.app import Console
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.review_images import LookAtSuspect
from yogo_tui.screens.review import ReviewScreen


@pytest.fixture
def made(tmp_path: Path) -> MadeReview:
    return made_review(tmp_path)


@asynccontextmanager
async def review(made: MadeReview, *, host: Any = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    session = FakeSession(folder=made.folder.parent)
    session.host = host or session.host
    app = Console(session, mode="datasets")
    app.over = lambda: ReviewScreen(str(made.folder), reviewer="ana")
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


def decisions(made: MadeReview) -> list[LabelDecision]:
    """Those that count, in order."""
    return [one.decision for one in review_in(made.folder).all_counting]


def said(made: MadeReview) -> list[tuple[int, str]]:
    return [(one.suspect, one.verb.value) for one in decisions(made)]


async def test_each_key_decides_and_the_next_one_is_shown(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(
            pilot, "1 · 0.png", "1 of 4 · 0 decided · 4 left", "drawn twice · .90", "line 2 of its labels", "▀▀▀▀"
        )
        await see(pilot, "Why suspect 1 is doubted.", "┄ line 1 round", "undecided", "3 ■ small dot")
        await pilot.press("d")
        await see(pilot, "2 · 2.png", "2 of 4 · 1 decided · 3 left", "no label", "┄ found long .90")
        await pilot.press("t")
        await see(pilot, "3 · 0.png", "wrong class")
        await pilot.press("3")
        await see(pilot, "4 · 1.png", "badly placed")
        await pilot.press("k")
        await see(pilot, "4 decided · 0 left", "None is left to be decided here", "✔ kept, by you")
    assert said(made) == [(1, "delete"), (2, "prediction"), (3, "class"), (4, "keep")]
    assert decisions(made)[2].class_name == "small dot"


async def test_decisions_are_undone_and_redone_and_one_goes_on_later(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("d")
        await see(pilot, "2 · 2.png", "1 decided")
        await pilot.press("z")
        await see(pilot, "1 · 0.png", "0 decided · 4 left", "undecided")
        await pilot.press("Z")
        await see(pilot, "1 · 0.png", "1 decided", "✔ deleted, by you")
        await pilot.press("Z")
        await see(pilot, "there is nothing to redo")
    async with review(made) as pilot:
        await see(pilot, "2 · 2.png", "2 of 4 · 1 decided · 3 left")


async def test_all_that_is_beyond_doubt_is_taken_and_undone_by_a_key_each(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png", "beyond doubt")
        await pilot.press("f", *"beyond", "enter")
        await see(pilot, "1 of 3 beyond doubt")
        await pilot.press("T")
        await see(pilot, "Take 3 proposals beyond doubt")
        await pilot.press("n")
        await pilot.press("T")
        await see(pilot, "Take 3 proposals")
        await pilot.press("y")
        await see(pilot, "3 decided · 1 left", "No suspect is beyond doubt", "3 taken")
        await pilot.press("T")
        await see(pilot, "nothing that is")
        await pilot.press("z")
        await see(pilot, "1 · 0.png", "1 of 4 · 0 decided", "3 undone")
        await pilot.press("Z")
        await see(pilot, "3 decided", "✔ deleted, by you")


async def test_a_box_is_moved_and_resized_by_keys_and_written_by_enter(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("end")
        await see(pilot, "4 · 1.png", "─ label round 16×12 px")
        await pilot.press("right", "right", "down", "J")
        await see(pilot, "2 px right · 11 px down", "arrows move it", "enter write the box")
        await pilot.press("r", "right", "up")
        await see(pilot, "1 px wider · 1 px shorter", "arrows resize it")
        await pilot.press("d")
        assert said(made) == [], "a box that is drawn is not lost to another key"
        await pilot.press("enter")
        await see(pilot, "1 decided")
    [found] = decisions(made)
    assert (found.suspect, found.verb, found.class_name) == (4, "box", None)
    x0, y0, w, h = 34, 35, 17, 11
    assert found.box == pytest.approx(((x0 + w / 2) / 80, (y0 + h / 2) / 60, w / 80, h / 60))


async def test_a_box_that_is_drawn_can_be_dropped(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("right")
        await see(pilot, "1 px right")
        await pilot.press("escape")
        await see(pilot, "undecided")
        await pilot.press("escape")
        await see(pilot, "1 Datasets")
    assert said(made) == []


async def test_one_more_label_is_added_beside_the_suspect(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("a")
        await see(pilot, "one more label: round")
        await pilot.press("2", "L")
        await see(pilot, "one more label: long", "10 px right", "to long", "r: resize")
        await pilot.press("enter")
        await see(pilot, "1 · 0.png", "0 decided", "undecided", "one more label: long. z undoes it.")
    [found] = decisions(made)
    assert (found.verb, found.class_name, found.line) == ("add", "long", None)


async def test_a_key_never_decides_about_what_is_not_shown_yet(made: MadeReview) -> None:
    class Slow(MemoryHost):
        async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
            if isinstance(question, LookAtSuspect) and question.rank == 2:
                await asyncio.Event().wait()
            return await super().ask(question, tell=tell)

    async with review(made, host=Slow()) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("d")
        await see(pilot, "2 of 4 · 1 decided", "…")
        await pilot.press("k", "right", "enter", "t")
        await pilot.press("end")
        await see(pilot, "4 · 1.png")
    assert said(made) == [(1, "delete")]


async def test_only_some_are_shown_and_gone_through(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("f", *"badly", "enter")
        await see(pilot, "4 · 1.png", "1 of 1 badly placed")
        await pilot.press("k")
        await see(pilot, "None is left")
        await pilot.press("f", *"skipped", "enter")
        await see(pilot, "No suspect is badly placed")
        await pilot.press("f", *"all", "enter")
        await see(pilot, "1 · 0.png", "1 of 4 · 1 decided")
        await pilot.press("number_sign", "3", "enter")
        await see(pilot, "3 · 0.png")


async def test_what_another_reviewer_decided_is_shown_and_told_of(made: MadeReview) -> None:
    decide(made.folder, "bob", 1, ReviewVerb.DELETE, key=secrets.token_hex(4))
    async with review(made) as pilot:
        await see(pilot, "2 · 2.png", "1 decided")
        await pilot.press("home")
        await see(pilot, "1 · 0.png", "✔ deleted, by bob")
        await pilot.press("k")
        await see(pilot, "bob had decided delete")
        await pilot.press("home")
        await see(pilot, "✔ kept, by you", "· deleted, by bob, overruled")


async def test_the_new_labels_are_written_where_one_says(made: MadeReview, tmp_path: Path) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("d")
        await see(pilot, "1 decided")
        await pilot.press("w")
        await see(pilot, "write all labels, as reviewed, into a new folder", "review-labels")
        await pilot.press("enter")
        await see(pilot, "✔ the labels were written", "1 label file of 3 changed: 1 deleted")
        await pilot.press("escape")
        await pilot.press("w")
        await pilot.press("enter")
        await see(pilot, "the labels were not written", "exists already")
    assert (tmp_path / "review-labels/labels/0.txt").read_bytes().count(b"\n") == 1


async def test_the_whole_image_is_one_key_away_and_stays(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        screen = pilot.app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.shown is not None and screen.shown.view.zoom == 2)
        await pilot.press("equals_sign")
        await until(pilot, lambda: screen.shown is not None and screen.shown.view.zoom == 1)
        await pilot.press("n")
        await see(pilot, "2 · 2.png")
        assert screen.shown
        assert screen.shown.view.zoom == 1
        await pilot.press("equals_sign")
        await until(pilot, lambda: screen.shown is not None and screen.shown.view.zoom == 2)


async def test_an_image_that_is_gone_is_told_of_and_its_label_can_be_decided(made: MadeReview) -> None:
    Path(made.ranking.suspects[0].image).unlink()
    async with review(made) as pilot:
        await see(pilot, "✖", "0.png", "drawn twice")
        await pilot.press("d")
        await see(pilot, "2 · 2.png", "1 decided")


async def test_a_folder_that_is_no_review_says_so(made: MadeReview) -> None:
    (made.folder / "ranking.json.gz").unlink()
    async with review(made) as pilot:
        await see(pilot, "✖", "is not a review", "yogo review PTH DEFINITION")
        await pilot.press("k", "w", "enter", "n", "a", "right")
        await see(pilot, "is not a review")


async def test_what_is_undone_is_shown_although_a_filter_hid_it(made: MadeReview) -> None:
    async with review(made) as pilot:
        await see(pilot, "1 · 0.png")
        await pilot.press("d")
        await see(pilot, "1 decided")
        await pilot.press("f", *"wrong", "enter")
        await see(pilot, "1 of 1 wrong class")
        await pilot.press("z")
        await see(pilot, "1 · 0.png", "1 of 4 · 0 decided")


@pytest.mark.far
async def test_a_review_on_another_machine_is_gone_through_as_one_here(
    made: MadeReview, ssh_server: Server, tmp_path: Path
) -> None:
    host = SshHost("login", config=ssh_server.config, serve=SERVE)
    async with review(made, host=host) as pilot:
        await see(pilot, "1 · 0.png", "drawn twice", "▀▀▀▀")
        await pilot.press("d")
        await see(pilot, "2 · 2.png", "1 decided")
        await pilot.press("right")
        await see(pilot, "1 px right")
        await pilot.press("enter")
        await see(pilot, "3 · 0.png", "2 decided")
        await pilot.press("z")
        await see(pilot, "2 · 2.png", "1 decided", "undecided")
        await pilot.press("w")
        await pilot.press("enter")
        await see(pilot, "✔ the labels were written")
    await host.close()
    assert said(made) == [(1, "delete")]
    assert (tmp_path / "review-labels/cells.yml").exists()


async def test_datasets_opens_the_review_of_a_definition(tmp_path: Path) -> None:
    made = made_review(tmp_path / "reviews/first")
    made.folder.rename(tmp_path / "reviews/cells")
    session = FakeSession(folder=tmp_path)
    other = made.definition.with_name("other.yml")
    other.write_text(made.definition.read_text())
    session.definition_files = tuple(DefinitionFile(path, path.parent) for path in (made.definition, other))
    async with Console(session, mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "cells.yml", "5 boxes")
        await pilot.press("d")
        await see(pilot, "1 · 0.png", "1 of 4")
        await pilot.press("escape")
        await see(pilot, "1 Datasets")
        await pilot.press("down")
        await see(pilot, "── other.yml")
        await pilot.press("d")
        await see(pilot, "there is no review of it yet", "u on a run, in Runs", "of other.yml by it", "Then d opens")
        await pilot.press("escape")
        await pilot.press("up")
        (tmp_path / "reviews/later").mkdir()
        made.ranking.write(tmp_path / "reviews/later/ranking.json.gz")
        await see(pilot, "── cells.yml")
        await pilot.press("d")
        await see(pilot, "reviews", "0 of 4 decided · by best.pth")
        await pilot.press(*"later", "enter")
        await see(pilot, "1 · 0.png")


async def test_in_a_wide_terminal_all_is_shown_too(made: MadeReview) -> None:
    async with review(made, size=(160, 45)) as pilot:
        await see(pilot, "1 · 0.png", "drawn twice", "k keep", "d delete", "s skip")
