"""Datasets, `enter`: all of a definition, its folders, figures and problems."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, see, shown, until
from yogo.synth.png import png
from yogo_tui.app import Console
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.screens.definition import DefinitionScreen


@pytest.fixture
def definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folder pairs, the second through another definition, and a third that is not there; one label is wrong."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for pair in ("one", "two"):
        for kind in ("images", "labels"):
            (tmp_path / "defs" / pair / kind).mkdir(parents=True)
        for number in range(3):
            pixels = np.arange(256, dtype=np.uint8).reshape(16, 16) + np.uint8(number)
            (tmp_path / f"defs/{pair}/images/{number}.png").write_bytes(png(pixels))
            (tmp_path / f"defs/{pair}/labels/{number}.txt").write_text("0 .5 .5 .25 .5\n")
    (tmp_path / "defs/two/labels/1.txt").write_text("0 .5 .5 .25 .5\n5 .5 .5 .25 .5\n")
    pair_of = "{{image_path: {0}/images, label_path: {0}/labels}}"
    (tmp_path / "defs/below.yml").write_text(f"class_names: [ring]\ndataset_paths:\n  two: {pair_of.format('two')}\n")
    path = tmp_path / "defs/cells.yml"
    path.write_text(
        f"class_names: [ring]\ndataset_paths:\n  one: {pair_of.format('one')}\n  nested: {{defn_path: below.yml}}\n"
        f"  lost: {pair_of.format('lost')}\n"
    )
    return path


@asynccontextmanager
async def opened(definition: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    session = FakeSession(folder=definition.parent.parent)
    session.definition_files = (DefinitionFile(definition, definition.parent),)
    app = Console(session, mode="datasets")
    async with app.run_test(size=size, notifications=True) as pilot:
        await see(pilot, "cells.yml", "v images")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DefinitionScreen))
        yield pilot


async def test_the_tree_tells_what_each_folder_adds_and_what_is_wrong_in_which_line(definition: Path) -> None:
    async with opened(definition) as pilot:
        await see(
            pilot, "[folders]  figures  3 problems", "one ", "3 images", "3 boxes", "✖ nested (below.yml)", "✖ two"
        )
        await see(pilot, "✖ lost", "adds nothing")
        await pilot.press("tab")
        await see(
            pilot, "[figures]", "✖ 6 images in 2 folders · 1 class", "cells per image, median 1", "box width, median"
        )
        await pilot.press("tab")
        await see(pilot, "[3 problems]", "✖ line 5: image_path does not exist", "✖ 1.txt, line 2: There is no class 5")
        await pilot.press("tab")
        await see(pilot, "[folders]")
        await pilot.press("escape")
        await see(pilot, "1 Datasets", "v images")


async def test_a_wide_terminal_shows_the_figures_beside_the_folders(definition: Path) -> None:
    async with opened(definition, (160, 45)) as pilot:
        await see(pilot, "[folders]  3 problems", "✖ nested (below.yml)", "cells per image, median 1")
        await pilot.press("tab")
        await see(pilot, "folders  [3 problems]", "✖ 1.txt, line 2", "cells per image, median 1")


async def test_v_shows_the_images_of_the_chosen_folder_or_those_with_problems(definition: Path) -> None:
    async with opened(definition) as pilot:
        await see(pilot, "✖ lost", "adds nothing")
        await pilot.press("v")
        await see(pilot, "── 0.png", "1 of 3 in one · train · 1 cell")
        await pilot.press("escape", "tab", "tab")
        await see(pilot, "[3 problems]")
        await pilot.press("v")
        await see(pilot, "── 1.png", "1 of 1 with problems · train", "1.txt, line 2: There is no class 5")


async def test_labels_that_are_corrected_meanwhile_are_counted_again_on_request(definition: Path) -> None:
    async with opened(definition) as pilot:
        await see(pilot, "3 problems")
        (definition.parent / "two/labels/1.txt").write_text("0 .5 .5 .25 .5\n")
        await pilot.press("c")
        await see(pilot, "2 problems")
        assert "two" in shown(pilot)


async def test_l_launches_with_it(definition: Path) -> None:
    async with opened(definition) as pilot:
        await see(pilot, "3 problems")
        await pilot.press("l")
        await see(pilot, "3 Launch", "cells.yml")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_figures_say_how_groups_are_spread(definition: Path, size: tuple[int, int]) -> None:
    more = "dataset_split_fractions: {train: 0.5, val: 0.5}\ngroup_pattern: '.'\nfolders: {one: {group: slide 1}}\n"
    definition.write_text(definition.read_text() + more)
    async with opened(definition, size) as pilot:
        await pilot.press("tab")
        await see(pilot, "4 groups, none in two splits", "asked", "images    50.0%", "every share is as asked")
