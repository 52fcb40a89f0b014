"""Datasets, `h`: what is wrong with images and labels though they open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path, PurePosixPath

import pytest
from textual.pilot import Pilot

from tests.yogo.planted import Planted, cut, frame
from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see, shown, until
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.run.directory import RunDirectory
from yogo_tui.app import Console
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.health import CheckHealth
from yogo_tui.screens.health import HealthScreen
from yogo_tui.widgets.health_view import kind_line

BOXES = "0 .5 .5 .1 .1\n1 .2 .2 .1 .1\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """Five images: the last shows the same as the first, and on the second a box is drawn twice."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Planted(tmp_path / "data")
    for number in range(4):
        made.add(f"{number}", cut(frame(number)), BOXES + "0 .5 .5 .1 .1\n" * (number == 1))
    made.add("copy", cut(frame(0), 0, 10), BOXES)
    return made


class Unhurried(MemoryHost):
    """Checks for ever while it is told to."""

    is_stuck = True

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if isinstance(question, CheckHealth) and self.is_stuck:
            tell("looking into images", 3, 5)
            await asyncio.Event().wait()
        return await super().ask(question, tell=tell)


@asynccontextmanager
async def health(data: Planted, host: MemoryHost | None = None, *keys: str) -> AsyncIterator[Pilot[None]]:
    run = make_run("calm-cat", path=PurePosixPath(data.folder.parent / "calm-cat"))
    session = FakeSession(run, folder=data.folder.parent)
    session.host = host or session.host
    session.definition_files = (DefinitionFile(data.path, data.folder),)
    app = Console(session, mode="datasets")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "d.yml", "h health", "(median)")
        await pilot.press(*keys or ("h",))
        await until(pilot, lambda: isinstance(app.screen, HealthScreen))
        yield pilot


async def test_each_kind_tells_how_much_it_affects_and_each_finding_what_to_do(data: Planted) -> None:
    async with health(data) as pilot:
        await see(pilot, "! near-duplicate images", "2 of 5 images", "40.0 %", "! copy.png: This")
        await see(pilot, "! boxes drawn twice", "1 of 11 boxes", "9.1 %", "! 1.txt, line 3: This ring box covers")
        await see(pilot, "✔ boxes without area", "none of 11 boxes", "nothing was found on 2 of 5 images")
        await pilot.press("down")
        await see(pilot, f"{data.folder}/images/copy.png", "Remove all but one of them")


async def test_enter_shows_a_pair_beside_each_other_and_enter_again_each_alone(data: Planted) -> None:
    async with health(data) as pilot:
        await see(pilot, "! copy.png: This")
        await pilot.press("down", "enter")
        await see(pilot, "near-duplicate images", "pair 1 of 1", "── 0.png ─", "── copy.png ─", "▀▀   ▀▀", "■ ring 1")
        await see(pilot, "shows the same as the", "image 0.png,", "shifted by", "Remove all but one")
        assert "─ train ──" in shown(pilot)
        await pilot.press("enter")
        await see(pilot, "── 0.png", "1 of 2 chosen", "! copy.png: This", "shows the same as", "image 0.png", "shifted")
        await pilot.press("n")
        await see(pilot, "── copy.png", "2 of 2 chosen")


async def test_pairs_are_stepped_through_and_zoomed_together(data: Planted) -> None:
    data.add("more", cut(frame(2)), BOXES)
    async with health(data) as pilot:
        await see(pilot, "4 of 6 images")
        await pilot.press("down", "enter")
        await see(pilot, "pair 1 of 2", "▀▀")
        await until(pilot, lambda: re.search("── (copy|more)", shown(pilot)))
        first = "copy" if "── copy" in shown(pilot) else "more"
        await pilot.press("plus")
        await see(pilot, "pair 1 of 2 · 2x", "▀▀")
        await pilot.press("p", "n")
        await see(pilot, "pair 2 of 2 ─", f"── {'more' if first == 'copy' else 'copy'}.png ─")
        await pilot.press("n", "p")
        await see(pilot, "pair 1 of 2 ─", f"── {first}.png ─")


async def test_while_a_pair_is_read_the_one_before_is_not_shown_below_its_sentence(data: Planted) -> None:
    data.add("more", cut(frame(2)), BOXES)
    host = MemoryHost()
    async with health(data, host) as pilot:
        await see(pilot, "4 of 6 images")
        await pilot.press("down", "enter")
        await see(pilot, "pair 1 of 2", "▀▀", ".png ─")
        host.answers_now = asyncio.Event()
        await pilot.press("n")
        await see(pilot, "pair 2 of 2", "reading it …")
        assert "▀▀" not in shown(pilot)
        assert ".png ─" not in shown(pilot)
        host.answers_now.set()
        await pilot.press("p")
        await see(pilot, "pair 1 of 2", "▀▀", ".png ─")
        assert "reading it" not in shown(pilot)


async def test_an_image_of_a_run_is_shown_beside_one_that_shows_the_same(data: Planted) -> None:
    run = RunDirectory(data.folder.parent / "calm-cat")
    run.path.mkdir()
    theirs = Planted(data.folder.parent / "theirs")
    theirs.define("")
    theirs.add("learnt", cut(frame(3)))
    definition = DatasetDefinition.from_yaml(theirs.path)
    DataRecord.build(definition, split(definition)).write(run.data)
    data.define("dataset_split_fractions: {train: 0.2, test: 0.8}")
    async with health(data) as pilot:
        await see(pilot, "2 of 5 images")
        await pilot.press("a")
        await see(pilot, "compare with the training images of", "calm-cat")
        await pilot.press("down", "enter")
        await see(pilot, "! images that the run knows", "which shows")
        for _ in range(9):
            if "which shows the same" in shown(pilot).rpartition("────")[2]:
                break
            await pilot.press("down")
        await pilot.press("enter")
        await see(pilot, "── learnt.png", "of the run ──", "an image of the run", "── 3.png", "test ──")


def is_named(pilot: Pilot[None], file: str) -> bool:
    """Whether the editor was to open it, however the notice that it cannot breaks the path."""
    return f"/{file}onhere" in re.sub(r"[^\w./]", "", shown(pilot))


async def test_what_is_edited_is_where_a_finding_is_mended(data: Planted) -> None:
    """The definition for a pair, the label for an image, and the row for a box: each as it would be opened."""
    data.label("2").write_text("")
    async with health(data) as pilot:
        await see(pilot, "! copy.png: This", "! 2.png: The label")
        for downs, file in ((1, "d.yml"), (2, "labels/1.txt"), (2, "labels/2.txt")):
            await pilot.press(*["down"] * downs, "e")
            await see(pilot, "was not edited")
            await until(pilot, partial(is_named, pilot, file))
            await pilot.press("escape")
            await see(pilot, "! 2.png: The label")


async def test_enter_marks_a_box_that_is_drawn_twice_and_zooming_goes_to_it(data: Planted) -> None:
    async with health(data) as pilot:
        await see(pilot, "! 1.txt, line 3")
        await pilot.press("down", "down", "down", "enter")
        await see(
            pilot, "── 1.png", "1 of 1 chosen", "line 3: This ring box covers the same object as line 1", "─ what"
        )
        await pilot.press("slash", "ctrl+u", "enter")
        await see(pilot, "1 of 5 · train")
        assert "line 3" not in shown(pilot)


async def test_a_check_is_left_and_begun_again(data: Planted) -> None:
    host = Unhurried()
    async with health(data, host) as pilot:
        await see(pilot, "looking into images · 3 of 5 · esc stops")
        await pilot.press("escape")
        await see(pilot, "stopped · c goes on")
        host.is_stuck = False
        await pilot.press("c")
        await see(pilot, "2 of 5 images")


async def test_what_was_found_is_shown_with_the_counts_from_then_on(data: Planted) -> None:
    async with health(data) as pilot:
        await see(pilot, "! boxes drawn twice")
        await pilot.press("escape")
        await see(pilot, "1 Datasets", "! boxes drawn twice", "near-duplicate")
        await pilot.press("enter", "tab")
        await see(pilot, "[figures]", "! boxes drawn twice", "nothing was found on 2 of 5 images")
        data.label("1").write_text(BOXES)
        await pilot.press("h")
        await see(pilot, "2 of 5 images", "✔ boxes drawn twice")
        await pilot.press("escape")
        await see(pilot, "[figures]", "health: ")
        await until(pilot, lambda: "drawn twice" not in shown(pilot))


async def test_images_that_a_run_was_trained_on_are_found_on_request(data: Planted) -> None:
    run = RunDirectory(data.folder.parent / "calm-cat")
    run.path.mkdir()
    fractions = data.path.read_text()
    data.define("")
    DataRecord.build(DatasetDefinition.from_yaml(data.path), split(DatasetDefinition.from_yaml(data.path))).write(
        run.data
    )
    data.path.write_text(fractions.replace("train: 0.8, val: 0.1, test: 0.1", "test: 1.0"))
    async with health(data) as pilot:
        await see(pilot, "2 of 5 images")
        await pilot.press("a")
        await see(pilot, "compare with the training images of", "calm-cat")
        await pilot.press("down", "enter")
        await see(pilot, "compared with calm-cat", "! images that the run knows", "5 of 5 images")


async def test_a_run_without_a_record_of_its_data_is_told(data: Planted) -> None:
    async with health(data) as pilot:
        await see(pilot, "2 of 5 images")
        await pilot.press("a")
        await see(pilot, "calm-cat")
        await pilot.press("down", "enter")
        await see(pilot, "it is not checked", "not checked · c checks it again")


async def test_a_definition_without_images_says_where_to_look(data: Planted) -> None:
    for image in (data.folder / "images").iterdir():
        image.unlink()
    session = FakeSession(folder=data.folder.parent)
    session.definition_files = (DefinitionFile(data.path, data.folder),)
    async with Console(session, mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "d.yml", "h health")
        await pilot.press("h")
        await see(pilot, "no image to check", "Go back: d.yml is counted there")


async def test_the_line_of_a_kind_is_as_wide_as_there_is_room(data: Planted) -> None:
    found = CheckHealth(data.path, data.folder.parent).answer(silent)
    assert {len(kind_line(one, 60)) for one in found.affected} == {60}


async def test_what_is_changed_in_a_screen_above_is_counted_once_that_is_left(data: Planted) -> None:
    async with health(data, None, "enter", "h") as pilot:
        await see(pilot, "! boxes drawn twice")
        data.label("1").write_text(BOXES)
        await pilot.press("escape", "escape")
        await see(pilot, "1 Datasets", "ring 5 ")
