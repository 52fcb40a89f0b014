"""Datasets, `v`: a definition's images in the terminal, with their boxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image
from rich.color import Color
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, see
from yogo_tui.app import Console
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.images import ListImages, LookAtImage
from yogo_tui.widgets.picture import COLOURS, Drawn, draw

CLASSES = ("healthy", "ring")


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Three grey images, the first with a box of each class, the second torn."""
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


class Stuck(MemoryHost):
    """Never shows the second image."""

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if isinstance(question, LookAtImage) and question.position == 1:
            await asyncio.Event().wait()
        return await super().ask(question, tell=tell)


@asynccontextmanager
async def pictures(definition: Path, host: MemoryHost | None = None) -> AsyncIterator[Pilot[None]]:
    session = FakeSession(folder=definition.parent.parent)
    session.host = host or session.host
    session.definition_files = (DefinitionFile(definition, definition.parent),)
    app = Console(session, mode="datasets")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "cells.yml", "v images")
        await pilot.press("v")
        yield pilot


async def test_pictures_are_walked_through_with_their_boxes_counted(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "0.png", "1 of 3 · train · 2 cells", "▀▀▀▀", "■ healthy 1", "■ ring 1")
        await pilot.press("end")
        await see(pilot, "2.png", "3 of 3", "0 cells", "no boxes on this image")
        await pilot.press("home")
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("escape")
        await see(pilot, "1 Datasets", "v images")


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


async def test_an_image_stays_until_the_next_one_is_there_and_keys_do_not_wait_for_it(definition: Path) -> None:
    async with pictures(definition, Stuck()) as pilot:
        await see(pilot, "── 0.png", "1 of 3 · train · 2 cells")
        await pilot.press("n")
        await see(pilot, "── 0.png", "2 of 3 …", "▀▀▀▀", "■ ring 1")
        await pilot.press("n")
        await see(pilot, "── 2.png", "3 of 3 · train · 0 cells")


def drawn(definition: Path, columns: int = 40, rows: int = 15) -> Drawn:
    """The first image, within so many cells."""
    image = LookAtImage(definition, definition.parent, 0, columns, 2 * rows, COLOURS).answer(silent)
    assert not image.problem
    return draw(image, ListImages(definition, definition.parent).answer(silent).classes, columns)


def test_a_box_is_outlined_in_its_class_s_colour(definition: Path) -> None:
    shown = drawn(definition)
    lines = shown.blocks.plain.split("\n")
    assert [len(line) for line in lines] == [40] * 15
    legend = [span.style.color for span in shown.legend.spans if not isinstance(span.style, str)]
    colours = [span.style.color for span in shown.blocks.spans if not isinstance(span.style, str)]
    assert len(legend) == 2
    assert set(legend) | {Color.from_rgb(128, 128, 128)} == set(colours)
    assert min(colours.index(legend[0]), colours.index(legend[1])) == colours.index(legend[0])


def written(folder: Path, images: Mapping[str, Image.Image], classes: Sequence[str] = CLASSES, rows: str = "") -> Path:
    """A definition of these images, by their names; each has a label file of these rows."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for name, image in images.items():
        image.save(folder / "images" / name, tiffinfo=image.info.get("tags", {}))
        (folder / "labels" / name).with_suffix(".txt").write_text(rows)
    path = folder / "cells.yml"
    path.write_text(
        f"class_names: [{', '.join(classes)}]\ndataset_paths:\n  a: {{image_path: images, label_path: labels}}\n"
    )
    return path


def shade(definition: Path) -> Color | None:
    """Of an image that has one."""
    (style,) = {span.style for span in drawn(definition, 8, 4).blocks.spans}
    assert not isinstance(style, str)
    return style.color


@pytest.mark.parametrize(("value", "seen"), [(200, 200), (2_000, 125), (51_200, 199)])
def test_deep_pictures_are_shown_at_the_range_that_they_are_trained_at(tmp_path: Path, value: int, seen: int) -> None:
    for name, mode in (("deep.png", "I;16"), ("deep.tif", "I")):
        definition = written(tmp_path / name, {name: Image.new(mode, (8, 8), value)})
        assert shade(definition) == Color.from_rgb(seen, seen, seen)


def test_a_dim_picture_is_shown_as_dim_as_it_is_among_the_others(tmp_path: Path) -> None:
    dim, bright = (Image.new("I;16", (8, 8), value) for value in (200, 4_000))
    assert shade(written(tmp_path, {"a.png": dim, "b.png": bright})) == Color.from_rgb(12, 12, 12)


def test_a_turned_tiff_is_shown_as_it_is_trained_on(tmp_path: Path) -> None:
    top_dark = Image.new("L", (8, 8), 200)
    top_dark.paste(10, (0, 0, 8, 4))
    top_dark.info["tags"] = {274: 3}
    first = drawn(written(tmp_path, {"a.tif": top_dark}), 8, 4).blocks.spans[0].style
    assert not isinstance(first, str)
    assert first.color == Color.from_rgb(10, 10, 10)


async def test_labels_that_are_broken_are_named_with_their_line(definition: Path) -> None:
    (definition.parent.parent / "labels/0.txt").write_text("7 0.5 0.5 0.1 0.1\n")
    async with pictures(definition) as pilot:
        await see(pilot, "── 0.png", "1 of 3 · train", "✖", "0.txt", "line 1")


def test_a_class_is_not_broken_at_the_end_of_a_line_of_the_legend(tmp_path: Path) -> None:
    classes = [f"class {letter}" for letter in "abcdefgh"]
    rows = "".join(f"{number} 0.5 0.5 0.1 0.1\n" for number in range(8))
    definition = written(tmp_path, {"a.png": Image.new("L", (40, 30), 128)}, classes, rows)
    lines = drawn(definition, 40, 20).legend.plain.split("\n")
    assert all(len(line) <= 38 for line in lines)
    assert "   ".join(lines) == "   ".join(f"■ {name} 1" for name in classes)


async def test_files_that_were_removed_since_they_were_listed_are_told(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "1 of 3 · train · 2 cells")
        for folder in ("images", "labels"):
            for file in (definition.parent.parent / folder).glob("[12].*"):
                file.unlink()
        assert isinstance(pilot.app, Console)
        workspace = pilot.app.session.settings.workspace_folder
        ListImages(definition, workspace).answer(silent)  # as another console of this process would
        await pilot.press("end")
        await see(pilot, "── cells.yml", "3 of 3 ──", "✖", "has 1", "image now: leave its images and open them again.")


async def test_labels_that_are_partly_wrong_are_told_beside_the_boxes_that_can_be_read(definition: Path) -> None:
    (definition.parent.parent / "labels/0.txt").write_text("0 0.25 0.5 0.3 0.4\n7 0.5 0.5 0.1 0.1\n")
    async with pictures(definition) as pilot:
        await see(
            pilot, "── 0.png", "1 of 3 · train · 1 cell", "▀▀▀▀", "0.txt, line 2: There is no class 7", "healthy 1"
        )


async def test_only_images_of_a_class_or_with_something_wrong_are_shown(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("f", *"ring", "enter")
        await see(pilot, "── 0.png", "1 of 1 with ring · train")
        await pilot.press("f", *"problems", "enter")
        await see(pilot, "── 1.png", "1 of 1 with problems · train", "image file is truncated")
        await pilot.press("f", *"test", "enter")
        await see(pilot, "None of 3 images is test. f shows others.")
        await pilot.press("slash", "ctrl+u", *"split:nowhere", "enter")
        await see(pilot, '✖ There is no split "nowhere"')
        await pilot.press("ctrl+u", *"2.PNG", "enter")
        await see(pilot, "── 2.png", "1 of 1 “2.png” · train")


async def test_any_image_is_gone_to_by_its_number_or_its_name(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("number_sign", "3", "enter")
        await see(pilot, "── 2.png", "3 of 3")
        await pilot.press("number_sign", *"0.p", "enter")
        await see(pilot, "── 0.png", "1 of 3")
        await pilot.press("number_sign", *"zebra", "enter")
        await see(pilot, "no image has “zebra” in its name", "── 0.png")


async def test_an_image_is_zoomed_into_and_the_arrows_move_over_it_until_all_is_shown(definition: Path) -> None:
    async with pictures(definition) as pilot:
        await see(pilot, "1 of 3 · train · 2 cells")
        await pilot.press("plus", "plus", "right", "down")
        await see(pilot, "── 0.png", "1 of 3 · train · 2 cells · 4x")
        await pilot.press("c", "b")
        await see(pilot, "2 cells · 4x · more contrast · without boxes")
        await pilot.press("equals_sign", "c")
        await see(pilot, "1 of 3 · train · 2 cells · without boxes")
        await pilot.press("right", "right")
        await see(pilot, "── 2.png", "3 of 3")
