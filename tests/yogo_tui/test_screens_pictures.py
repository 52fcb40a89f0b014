"""Datasets, `v`: a definition's pictures in the terminal, with their boxes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.color import Color
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, shown, until
from yogo.data.headers import depth_of_set
from yogo.definition import Sample
from yogo.errors import DefinitionError
from yogo_tui.app import Console
from yogo_tui.session import DefinitionFile
from yogo_tui.widgets.picture import draw

CLASSES = ("healthy", "ring")


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Three grey pictures, the first with a box of each class, the second torn."""
    for folder in ("images", "labels", "defs"):
        (tmp_path / folder).mkdir()
    for number in range(3):
        Image.new("L", (40, 30), 128).save(tmp_path / "images" / f"{number}.png")
        rows = "0 0.25 0.5 0.3 0.4\n1 0.75 0.5 0.3 0.4\n" if number == 0 else ""
        (tmp_path / "labels" / f"{number}.txt").write_text(rows)
    torn = tmp_path / "images/1.png"
    torn.write_bytes(torn.read_bytes()[:-30])
    path = tmp_path / "defs/cells.yml"
    path.write_text(
        "class_names: [healthy, ring]\ndataset_paths:\n  a:\n    image_path: ../images\n    label_path: ../labels\n"
    )
    return path


@asynccontextmanager
async def pictures(definition: Path) -> AsyncIterator[Pilot[None]]:
    session = FakeSession(folder=definition.parent.parent)
    session.definition_files = (DefinitionFile(definition, definition.parent),)
    app = Console(session, mode="datasets")  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "cells.yml", "v pictures")
        await pilot.press("v")
        yield pilot


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_pictures_are_walked_through_with_their_boxes_counted(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "0.png", "1 of 3 · train · 2 cells", "▀▀▀▀", "■ healthy 1", "■ ring 1")
        await pilot.press("end")
        await see(pilot, "2.png", "3 of 3", "0 cells", "no boxes on this picture")
        await pilot.press("home")
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("escape")
        await see(pilot, "1 Datasets", "v pictures")


async def test_a_broken_picture_says_so_and_the_next_one_is_shown(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("n")
        await see(pilot, "1.png", "2 of 3", "✖", "image file is truncated")
        await pilot.press("right")
        await see(pilot, "3 of 3", "▀▀▀▀")


async def test_a_definition_that_cannot_be_read_says_where(definition: Path) -> None:
    definition.write_text(definition.read_text().replace("../labels", "../gone"))
    async with pictures(definition) as pilot:
        await see(pilot, "✖", "does not exist", "gone")


def test_a_box_is_outlined_in_its_class_s_colour(definition: Path) -> None:
    folder = definition.parent.parent
    drawn = draw(Sample(str(folder / "images/0.png"), str(folder / "labels/0.txt"), "0"), CLASSES, 40, 15)
    lines = drawn.blocks.plain.split("\n")
    assert [len(line) for line in lines] == [40] * 15
    legend = [span.style.color for span in drawn.legend.spans if not isinstance(span.style, str)]
    colours = [span.style.color for span in drawn.blocks.spans if not isinstance(span.style, str)]
    assert len(legend) == 2
    assert set(legend) | {Color.from_rgb(128, 128, 128)} == set(colours)
    assert min(colours.index(legend[0]), colours.index(legend[1])) == colours.index(legend[0])


def shade(path: Path, **more: Any) -> Color | None:
    """Of a picture that has one."""
    drawn = draw(Sample(str(path), None, path.stem), CLASSES, 8, 4, **more)
    (style,) = {span.style for span in drawn.blocks.spans}
    assert not isinstance(style, str)
    return style.color


@pytest.mark.parametrize(("value", "seen"), [(200, 200), (2_000, 125), (51_200, 199)])
def test_deep_pictures_are_shown_at_the_range_that_they_are_trained_at(tmp_path: Path, value: int, seen: int) -> None:
    Image.new("I;16", (8, 8), value).save(tmp_path / "deep.png")
    Image.new("I", (8, 8), value).save(tmp_path / "deep.tif")
    for name in ("deep.png", "deep.tif"):
        assert shade(tmp_path / name) == Color.from_rgb(seen, seen, seen)


def test_a_dim_picture_is_shown_as_dim_as_it_is_among_the_others(tmp_path: Path) -> None:
    for index, value in enumerate((200, 4_000)):
        Image.new("I;16", (8, 8), value).save(tmp_path / f"{index}.png")
    depth = depth_of_set([str(tmp_path / f"{index}.png") for index in range(2)])
    assert shade(tmp_path / "0.png", bits=depth) == Color.from_rgb(12, 12, 12)


def test_a_turned_tiff_is_shown_as_it_is_trained_on(tmp_path: Path) -> None:
    top_dark = Image.new("L", (8, 8), 200)
    top_dark.paste(10, (0, 0, 8, 4))
    top_dark.save(tmp_path / "a.tif", tiffinfo={274: 3})
    drawn = draw(Sample(str(tmp_path / "a.tif"), None, "a"), CLASSES, 8, 4)
    first = drawn.blocks.spans[0].style
    assert not isinstance(first, str)
    assert first.color == Color.from_rgb(10, 10, 10)


def test_labels_that_are_broken_are_named_with_their_line(definition: Path) -> None:
    folder = definition.parent.parent
    (folder / "labels/0.txt").write_text("7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DefinitionError, match=r"0\.txt, line 1|line 1.*0\.txt"):
        draw(Sample(str(folder / "images/0.png"), str(folder / "labels/0.txt"), "0"), CLASSES, 40, 15)
