"""Datasets: what a definition resolves to, and what is wrong with it."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from rich.console import Console as RichConsole
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeLibrary, FakeSession, MemoryHost, see, shown, until
from yogo.definition import DatasetSummary, survey
from yogo.synth.png import png
from yogo_tui.app import Console
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.questions.definitions import DefinitionFile, Survey, SurveySoFar
from yogo_tui.widgets.survey_view import survey_view


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two definitions: one of three images with four cells, one that names a folder that is not there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for folder in ("images", "labels", "defs/pre-training"):
        (tmp_path / folder).mkdir(parents=True)
    for number in range(3):
        pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        (tmp_path / "images" / f"{number}.png").write_bytes(png(pixels))
        (tmp_path / "labels" / f"{number}.txt").write_text(
            "0 0.5 0.5 0.1 0.1\n" + "1 0.2 0.2 0.1 0.1\n" * (number == 0)
        )
    good = "class_names: [healthy, ring]\ndataset_paths:\n  a:\n    image_path: ../../images\n    label_path: {}\n"
    (tmp_path / "defs/pre-training/good.yml").write_text(good.format("../../labels"))
    (tmp_path / "defs/broken.yml").write_text(good.format("../../gone"))
    # A definition's folders are looked for from here too: what lies above a checkout is nobody's to know.
    (tmp_path / "deep/below/this").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep/below/this")
    return tmp_path / "defs"


class Counting(MemoryHost):
    """Counts for ever, once it has counted 7 labels."""

    num_counts = 0

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if isinstance(question, Survey):
            self.num_counts += 1
            tell("reading labels", 7, 0)
            await asyncio.Event().wait()
        if isinstance(question, SurveySoFar):
            found = survey(question.path, base=question.workspace)
            return cast("A", dataclasses.replace(found, num_read=0, is_whole=False))
        return await super().ask(question, tell=tell)


@asynccontextmanager
async def datasets(root: Path, host: MemoryHost | None = None) -> AsyncIterator[tuple[Pilot[None], FakeSession]]:
    session = FakeSession(folder=root.parent)
    session.host = host or session.host
    session.definition_files = tuple(DefinitionFile(path, root) for path in sorted(root.rglob("*.yml")))
    app = Console(session, mode="datasets")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "1 Datasets" in shown(pilot))
        yield pilot, session


@pytest.mark.parametrize("width", [50, 120])
def test_boxes_are_no_figures_before_a_label_is_read(root: Path, width: int) -> None:
    path = root / "pre-training" / "good.yml"
    found = survey(path)
    counts = {name: dict.fromkeys(parts, 0) for name, parts in found.counts.items()}
    first = dataclasses.replace(
        found, num_read=0, counts=counts, median_boxes=0, max_boxes=0, histograms=[], is_whole=False
    )

    def lines(one: DatasetSummary) -> list[str]:
        RichConsole(width=width, file=(printed := io.StringIO())).print(survey_view(one, path, width))
        return printed.getvalue().splitlines()

    told = "\n".join(lines(first))
    assert "3 images in 1 folder" in told
    assert "read: 0 of 3 label files so far" in told
    assert ["healthy", "…"] in [line.split()[:2] for line in lines(first)]
    assert "median" not in told
    assert "%" not in told
    assert "(median)" in "\n".join(lines(found))


async def test_counts_and_problems_are_shown_with_their_places(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml", "✖ line 4: image_path does not exist")
        assert "(median)" not in shown(pilot)
        await pilot.press("down", "down")
        await see(pilot, "3 images in 1 folder · 2 classes", "train 3 · val 0 · test 0", "75.0 %", "25.0 %")
        await see(pilot, "1 cell an image (median), at most 2")
        assert shown(pilot).count("(median)") == 1


async def test_a_folder_shows_no_other_definitions_counts(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "✖ line 4: image_path does not exist")
        await pilot.press("down")
        await until(pilot, lambda: "image_path" not in shown(pilot))


class LooksForEver(FakeLibrary):
    """Until it is let go."""

    is_stuck = True

    async def definitions(self, tell: Tell = silent) -> tuple[DefinitionFile, ...]:
        if self.is_stuck:
            tell("looking for definitions", 12_400, 0)
            await asyncio.Event().wait()
        return await super().definitions(tell)


async def test_looking_for_definitions_is_left_and_begun_again(root: Path) -> None:
    session = FakeSession(folder=root.parent)
    session.library = library = LooksForEver(session)
    session.definition_files = (DefinitionFile(root / "broken.yml", root),)
    async with Console(session, mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "── looking", "12,400 · esc", "Looking for definitions: 12,400 files so far", "esc leaves it")
        await pilot.press("escape")
        await see(pilot, "── definitions", "Definitions were not looked for to the end.", "r looks again")
        library.is_stuck = False
        await pilot.press("r")
        await see(pilot, "broken.yml", "✖ line 4")
        library.is_stuck = True
        await pilot.press("r")
        await see(pilot, "12,400 · esc", "broken.yml")
        await pilot.press("escape")
        await see(pilot, "The list is as it was before.", "broken.yml")


async def test_l_launches_with_it(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml")
        await pilot.press("down", "down", "l")
        await see(pilot, "3 Launch", "pre-training/good.yml", "✔ bash -n")


async def test_a_filter_narrows_the_tree_and_what_it_leaves_is_what_is_shown(root: Path) -> None:
    """Also where that stands in the very line that another stood in."""
    (root / "pre-training/good.yml").rename(root / "good.yml")
    good = (root / "good.yml").read_text().replace("../../", "../")
    (root / "good.yml").write_text(good)
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml", "✖ line 4")
        await pilot.press("slash", *"good", "enter")
        await see(pilot, "── good.yml", "3 images in 1 folder")
        assert "broken.yml" not in shown(pilot)
        await pilot.press("slash", *"zebra")
        await see(pilot, "No definition has “zebra” in its path.")


async def test_a_definition_that_is_made_meanwhile_is_listed_and_the_cursor_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yogo_tui.screens.datasets._LIST_EVERY_SECONDS", 0.01)
    host = Counting()
    async with datasets(root, host) as (pilot, session):
        await see(pilot, "broken.yml")
        await pilot.press("down", "down")
        await see(pilot, "── pre-training/good.yml", "reading labels · 7")
        begun = host.num_counts
        (root / "another.yml").write_text((root / "broken.yml").read_text())
        session.definition_files = tuple(DefinitionFile(path, root) for path in sorted(root.rglob("*.yml")))
        await see(pilot, "another.yml", "── pre-training/good.yml", "reading labels · 7")
        (root / "another.yml").unlink()
        session.definition_files = session.definition_files[1:]
        await until(pilot, lambda: "another.yml" not in shown(pilot))
        await see(pilot, "── pre-training/good.yml", "reading labels · 7")
        assert host.num_counts == begun, "the count went on"


async def test_folders_that_are_closed_stay_closed_when_a_definition_comes(root: Path) -> None:
    async with datasets(root) as (pilot, session):
        await see(pilot, "broken.yml", "good.yml")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "good.yml" not in shown(pilot))
        session.definition_files = (DefinitionFile(root / "another.yml", root), *session.definition_files)
        await pilot.press("1", "4")
        await see(pilot, "4 Runs")
        await pilot.press("1")
        await see(pilot, "another.yml", "broken.yml")
        assert "good.yml" not in shown(pilot)
        await pilot.press("enter")
        await see(pilot, "good.yml")


async def test_a_file_that_was_edited_is_counted_anew(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "✖ line 4")
        good = (root / "broken.yml").read_text().replace("../../", "../").replace("gone", "labels")
        (root / "broken.yml").write_text(good)
        await pilot.press("c")
        await see(pilot, "3 images in 1 folder")


async def test_labels_that_were_corrected_in_place_are_counted_anew_without_being_asked(root: Path) -> None:
    """Of the same size, at the same time, in a definition that was not touched."""
    label = root.parent / "labels/1.txt"
    async with datasets(root) as (pilot, _):
        await pilot.press("down", "down")
        await see(pilot, "75.0 %", "25.0 %", "read: every row of 3 label files")
        times = label.stat()
        label.write_text("1 0.5 0.5 0.1 0.1\n")
        os.utime(label, ns=(times.st_atime_ns, times.st_mtime_ns))
        await pilot.press("up", "up", "down", "down")
        await see(pilot, "50.0 %")


async def test_a_picture_that_cannot_be_read_is_named(root: Path) -> None:
    (root.parent / "images/2.png").write_bytes(b"")
    async with datasets(root) as (pilot, _):
        await pilot.press("down", "down")
        await see(pilot, "✖ 2.png: This file is empty")


async def test_while_it_counts_keys_are_served_and_what_is_wrong_is_shown(root: Path) -> None:
    async with datasets(root, Counting()) as (pilot, _):
        await see(pilot, "✖ line 4", "reading labels · 7 · esc")
        await pilot.press("escape")
        await see(pilot, "✖ line 4", "left · c counts it again")
        await pilot.press("c")
        await see(pilot, "✖ line 4", "reading labels · 7 · esc")
        await pilot.press("down", "down")
        await see(pilot, "── pre-training/good.yml ─ reading labels · 7")
        assert "line 4" not in shown(pilot)


async def test_no_definitions_says_where_they_would_lie(tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    async with datasets(tmp_path / "defs") as (pilot, _):
        await see(pilot, "Dataset definitions appear here", "dataset_defs")


class CountsMany(Counting):
    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if isinstance(question, Survey):
            tell("looking at images", 12_400, 41_210)
            await asyncio.Event().wait()
        return await super().ask(question, tell=tell)


async def test_a_long_path_leaves_room_for_how_far_the_count_is(root: Path) -> None:
    long = root / "pre-training/a-definition-with-a-long-name.yml"
    (root / "pre-training/good.yml").rename(long)
    async with datasets(root, CountsMany()) as (pilot, _):
        await pilot.press("down", "down")
        await see(pilot, "─ looking at images · 12,400 of 41,210 · esc")
        await pilot.press("escape")
        await see(pilot, "left · c counts", "pre-tra", "name.yml")
