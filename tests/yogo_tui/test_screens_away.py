"""The screens while the line to the machine is cut: what was seen stays, and what is missing comes when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeLibrary, FakeSession, MemoryHost, see, shown, until
from yogo.presets import Preset, builtin, copied, save
from yogo_tui.app import Console
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.launch.questions import CopyTemplate
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.settings import load

CUT = "lab cannot be reached: Connection lost."


class CountingHost(MemoryHost):
    """Counts what it is asked, and is cut off right after it has copied a template."""

    num_asked = 0

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        self.num_asked += 1
        answer = await super().ask(question, tell=tell)
        if isinstance(question, CopyTemplate):
            self.away = CUT
        return answer


class FarLibrary(FakeLibrary):
    """Lies on the machine."""

    async def presets(self) -> tuple[Preset, ...]:
        self._ask()
        return await super().presets()

    async def definitions(self, tell: Tell = silent) -> tuple[DefinitionFile, ...]:
        self._ask()
        return await super().definitions()

    def _ask(self) -> None:
        if self._session.host.away:
            raise HostError(self._session.host.away)


@pytest.fixture
def session(tmp_path: Path) -> FakeSession:
    """A definition of three images, and an own recipe."""
    for folder in ("images", "labels", "defs"):
        (tmp_path / folder).mkdir()
    for number in range(3):
        Image.new("L", (40, 30), 128).save(tmp_path / f"images/{number}.png")
        (tmp_path / f"labels/{number}.txt").write_text("0 0.25 0.5 0.3 0.4\n")
    path = tmp_path / "defs/cells.yml"
    path.write_text("class_names: [ring]\ndataset_paths:\n  a: {image_path: ../images, label_path: ../labels}\n")
    session = FakeSession(folder=tmp_path)
    session.host = CountingHost()
    (tmp_path / "settings.yaml").write_text(f"workspace: {tmp_path}\n")
    session.settings = load(tmp_path / "settings.yaml")
    session.library = FarLibrary(session)
    session.definition_files = (DefinitionFile(path, path.parent),)
    save(copied(builtin()[0], "Night shift"), tmp_path / "recipes/night-shift.yaml", seen=None)
    return session


@asynccontextmanager
async def console(session: FakeSession, mode: str) -> AsyncIterator[Pilot[None]]:
    async with Console(session, mode=mode).run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "4 Runs" in shown(pilot))
        yield pilot


def cut(session: FakeSession) -> None:
    session.host.away = CUT
    session.push(away=CUT)


def mend(session: FakeSession) -> None:
    session.host.away = ""
    session.push()


async def test_an_image_stays_while_the_line_is_cut_and_the_next_one_comes_when_it_is_back(
    session: FakeSession,
) -> None:
    async with console(session, "datasets") as pilot:
        await see(pilot, "cells.yml")
        await pilot.press("v")
        await see(pilot, "── 0.png", "1 of 3 · train · 1 cell")
        cut(session)
        await pilot.press("n")
        await see(pilot, "── 0.png", "2 of 3 · not read", "▀▀▀▀", f"✖ {CUT}")
        mend(session)
        await see(pilot, "── 1.png", "2 of 3 · train · 1 cell", "■ ring 1")


async def test_images_that_are_opened_while_the_line_is_cut_come_when_it_is_back(session: FakeSession) -> None:
    async with console(session, "datasets") as pilot:
        await see(pilot, "cells.yml")
        cut(session)
        await pilot.press("v")
        await see(pilot, CUT)
        mend(session)
        await see(pilot, "── 0.png", "1 of 3 · train · 1 cell")


@pytest.mark.parametrize(
    ("mode", "missing", "comes"),
    [
        ("datasets", "definitions were not looked for", "3 images in 1 folder"),
        ("recipes", "the recipes were not read", "Night shift"),
        ("launch", "definitions were not looked for", "✔ bash -n"),
    ],
)
async def test_a_screen_opened_while_the_line_is_cut_is_filled_when_it_is_back(
    session: FakeSession, mode: str, missing: str, comes: str
) -> None:
    cut(session)
    async with console(session, mode) as pilot:
        await see(pilot, missing)
        assert comes not in shown(pilot)
        mend(session)
        await see(pilot, comes)


async def test_what_fails_although_the_line_is_back_is_not_asked_for_again_and_again(session: FakeSession) -> None:
    host = session.host
    assert isinstance(host, CountingHost)
    async with console(session, "datasets") as pilot:
        await see(pilot, "3 images in 1 folder")
        cut(session)
        await pilot.press("v")
        await see(pilot, CUT)
        before = host.num_asked
        for number in range(1, 6):
            session.push()
            await until(pilot, session.feed.empty)
            await pilot.pause()
            await until(pilot, lambda: host.num_asked > before)
            assert host.num_asked == before + 1, number
        session.push(away=CUT)
        mend(session)
        await see(pilot, "── 0.png", "1 of 3 · train · 1 cell")


async def test_the_recipe_to_launch_with_is_the_chosen_one_also_while_the_line_is_cut(session: FakeSession) -> None:
    async with console(session, "recipes") as pilot:
        await see(pilot, "Night shift")
        await pilot.press("G")
        await see(pilot, "── Night shift")
        cut(session)
        await pilot.press("l")
        await see(pilot, "r recipe Night shift")


async def test_a_copied_template_that_cannot_be_removed_hides_no_word_on_the_edit_and_is_removed_later(
    session: FakeSession,
) -> None:
    async with console(session, "launch") as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("e")
        await see(pilot, "There is no file", "1gpu.sbatch")  # the edit's own word: nothing lies in this host's memory
        (own,) = session.settings.templates_folder.iterdir()
        await pilot.press("escape")
        session.push(away=CUT)
        mend(session)
        await until(pilot, lambda: not own.exists())
