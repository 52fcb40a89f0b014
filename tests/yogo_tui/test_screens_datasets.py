"""Datasets: what a definition resolves to, and what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, shown, until
from yogo_tui.app import Console
from yogo_tui.session import DefinitionFile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two definitions: one of three pictures with four cells, one that names a folder that is not there."""
    for folder in ("images", "labels", "defs/pre-training"):
        (tmp_path / folder).mkdir(parents=True)
    for number in range(3):
        (tmp_path / "images" / f"{number}.png").write_bytes(b"")
        (tmp_path / "labels" / f"{number}.txt").write_text(
            "0 0.5 0.5 0.1 0.1\n" + "1 0.2 0.2 0.1 0.1\n" * (number == 0)
        )
    good = "class_names: [healthy, ring]\ndataset_paths:\n  a:\n    image_path: ../../images\n    label_path: {}\n"
    (tmp_path / "defs/pre-training/good.yml").write_text(good.format("../../labels"))
    (tmp_path / "defs/broken.yml").write_text(good.format("../../gone"))
    return tmp_path / "defs"


@asynccontextmanager
async def datasets(root: Path) -> AsyncIterator[tuple[Pilot[None], FakeSession]]:
    session = FakeSession(folder=root.parent)
    session.definition_files = tuple(DefinitionFile(path, root) for path in sorted(root.rglob("*.yml")))
    app = Console(session, mode="datasets")  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "1 Datasets" in shown(pilot))
        yield pilot, session


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_counts_and_problems_are_shown_with_their_places(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml", "✖ line 4: image_path does not exist")
        await pilot.press("down", "down")
        await see(pilot, "3 pictures in 1 folder · 2 classes", "train 3 · val 0 · test 0", "75.0 %", "25.0 %")
        await see(pilot, "1 cells a picture (median), at most 2")


async def test_a_folder_shows_no_other_definitions_counts(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "✖ line 4: image_path does not exist")
        await pilot.press("down")
        await until(pilot, lambda: "image_path" not in shown(pilot))


async def test_l_launches_with_it(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml")
        await pilot.press("down", "down", "l")
        await see(pilot, "3 Launch", "pre-training/good.yml", "✔ bash -n")


async def test_a_filter_narrows_the_tree(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "broken.yml")
        await pilot.press("slash", *"good", "enter")
        await until(pilot, lambda: "broken.yml" not in shown(pilot))


async def test_a_file_that_was_edited_is_counted_anew(root: Path) -> None:
    async with datasets(root) as (pilot, _):
        await see(pilot, "✖ line 4")
        good = (root / "broken.yml").read_text().replace("../../", "../").replace("gone", "labels")
        (root / "broken.yml").write_text(good)
        await pilot.press("c")
        await see(pilot, "3 pictures in 1 folder")


async def test_no_definitions_says_where_they_would_lie(tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    async with datasets(tmp_path / "defs") as (pilot, _):
        await see(pilot, "Dataset definitions appear here", "dataset_defs")
