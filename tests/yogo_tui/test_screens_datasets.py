"""Datasets: what a definition resolves to, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, shown, until
from yogo.synth.png import png
from yogo_tui.app import Console
from yogo_tui.session import DefinitionFile


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two definitions: one of three pictures with four cells, one that names a folder that is not there."""
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


async def test_no_definitions_says_where_they_would_lie(tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    async with datasets(tmp_path / "defs") as (pilot, _):
        await see(pilot, "Dataset definitions appear here", "dataset_defs")
