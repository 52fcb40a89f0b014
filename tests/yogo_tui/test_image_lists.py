"""Which images of a definition are wanted, and how one is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from yogo.errors import DefinitionError
from yogo_tui.hosts.base import silent
from yogo_tui.questions.image_lists import EVERY_IMAGE, ImageFilter, filter_of, filter_text, filter_words
from yogo_tui.questions.images import (
    PLAINLY,
    DescribeImages,
    FindImage,
    ImageView,
    ListImages,
    LookAtImage,
    LookAtPair,
    SmallImage,
)

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five images of 80 x 40: all with a ring, the first two with a white cell, the last with a label that is wrong."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    for number in range(5):
        image = Image.new("L", (80, 40), 100)
        image.paste(140, (0, 0, 40, 40))
        image.save(tmp_path / f"images/cell_{number}.png")
        rows = "0 .25 .5 .25 .5\n" + "1 .75 .5 .25 .5\n" * (number < 2) + "9 .5 .5 .2 .2\n" * (number == 4)
        (tmp_path / f"labels/cell_{number}.txt").write_text(rows)
    path = tmp_path / "cells.yml"
    path.write_text(
        "class_names: [ring, white cell]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n"
        "dataset_split_fractions: {train: 0.6, val: 0.4}\n"
    )
    return path


def names(definition: Path, text: str) -> list[str]:
    found = DescribeImages(definition, definition.parent, filter_of(text), 0, 10).answer(silent)
    return sorted(row.image.stem[-1] for row in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "01234"),
        ('class:"white cell"', "01"),
        ('class:ring class:"white cell" cell_1', "1"),
        ("problem", "4"),
        ("CELL_3 png", "3"),
        ("nowhere", ""),
    ],
)
def test_only_the_images_that_are_wanted_are_listed(definition: Path, text: str, expected: str) -> None:
    assert names(definition, text) == [*expected]
    assert ListImages(definition, definition.parent, filter_of(text)).answer(silent).num == len(expected)


def test_the_splits_share_out_the_images(definition: Path) -> None:
    train, val = names(definition, "split:train"), names(definition, "split:val")
    assert (len(train), len(val)) == (3, 2)
    assert sorted(train + val) == names(definition, f"folder:{definition.parent / 'images'}")


def test_the_images_of_a_group_are_listed(definition: Path) -> None:
    definition.write_text(definition.read_text() + "group_pattern: '[13]$'\n")

    assert names(definition, "group:3") == ["3"]
    assert names(definition, "group:4") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class:rings", 'There is no class "rings" in cells.yml. Did you mean "ring"?'),
        ("split:tests", 'There is no split "tests". Did you mean "test"?'),
        (
            "clas:ring",
            'A filter has class:, split:, group:, folder:, file:, the word problem, and words; not "clas:".',
        ),
    ],
)
def test_a_filter_that_cannot_hold_is_refused_with_what_can_be_said(definition: Path, text: str, words: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        names(definition, text)
    assert str(raised.value) == words


def test_a_filter_is_written_as_it_is_typed() -> None:
    wanted = ImageFilter(("a", "b"), ("white cell", "ring"), "val", has_problem=True, folder="/data/run 1/images")
    assert filter_of(filter_text(wanted)) == wanted
    assert filter_words(wanted) == "with white cell and ring · val · with problems · in run 1 · “a b”"
    assert (filter_text(EVERY_IMAGE), filter_words(EVERY_IMAGE)) == ("", "")


def test_labels_that_were_corrected_are_filtered_as_they_are_now(definition: Path) -> None:
    assert names(definition, 'class:"white cell"') == ["0", "1"]
    (definition.parent / "labels/cell_3.txt").write_text("1 .5 .5 .25 .5\n")
    ListImages(definition, definition.parent).answer(silent)
    assert names(definition, 'class:"white cell"') == ["0", "1", "3"]


def test_an_image_is_found_by_a_part_of_its_name_from_the_one_that_is_shown_on(definition: Path) -> None:
    def find(text: str, start: int, wanted: ImageFilter = EVERY_IMAGE) -> int | None:
        return FindImage(definition, definition.parent, text, start, wanted).answer(silent)

    everything = DescribeImages(definition, definition.parent, EVERY_IMAGE, 0, 10).answer(silent)
    stems = [row.image.stem for row in everything]
    assert find("Cell_2.png", 0) == stems.index("cell_2")
    assert [find("cell", start) for start in (0, 3, 5)] == [0, 3, 0]
    assert (find("cell_3", 0, filter_of("class:ring")), find("nothing", 0)) == (stems.index("cell_3"), None)


def test_rows_say_the_boxes_and_what_is_wrong(definition: Path) -> None:
    (row,) = DescribeImages(definition, definition.parent, filter_of("problem"), 0, 10).answer(silent)
    assert (row.number, row.boxes, row.label) == (1, {"ring": 1}, definition.parent / "labels/cell_4.txt")
    (problem,) = row.problems
    assert "cell_4.txt, line 2: There is no class 9" in problem


def look(definition: Path, view: ImageView = PLAINLY) -> SmallImage:
    found = LookAtImage(
        definition, definition.parent, 0, 80, 80, (RED, GREEN), wanted=filter_of("cell_0"), view=view
    ).answer(silent)
    assert not found.problem
    return found


def pixel(image: SmallImage, x: int, y: int) -> tuple[int, ...]:
    start = 3 * (y * image.width + x)
    return tuple(image.pixels[start : start + 3])


def test_a_zoomed_image_shows_a_part_of_it_as_large_as_the_whole_would_be(definition: Path) -> None:
    whole, left = look(definition), look(definition, PLAINLY.zoomed(1).moved(-9, 0))
    assert (whole.width, left.width, len(whole.pixels)) == (80, 80, len(left.pixels))
    assert (pixel(whole, 10, 20), pixel(whole, 70, 1)) == (RED, (100, 100, 100))
    assert (pixel(left, 20, 20), pixel(left, 79, 1)) == (RED, (140, 140, 140))
    assert left.boxes == whole.boxes == ((0, 1), (1, 1))
    assert GREEN not in [pixel(left, x, 20) for x in range(80)]


def test_the_boxes_can_be_left_out_and_the_contrast_be_raised(definition: Path) -> None:
    bare = look(definition, ImageView(has_boxes=False))
    assert {pixel(bare, x, 20) for x in range(80)} == {(100,) * 3, (140,) * 3}
    stretched = look(definition, ImageView(has_boxes=False, is_stretched=True))
    assert {pixel(stretched, x, 20) for x in range(80)} == {(0,) * 3, (255,) * 3}


def test_a_view_stays_within_the_image_and_has_an_end() -> None:
    view = PLAINLY
    for _ in range(9):
        view = view.zoomed(1)
    assert view.zoom == 32
    assert view.moved(-1000, 1000).frame() == (0, 31 / 32, 1 / 32, 1)
    assert view.zoomed(-1).zoom == 16
    assert view.zoomed(0) == PLAINLY.moved(3, 3) == PLAINLY


def test_boxes_that_are_marked_are_drawn_solid_and_the_others_dotted(definition: Path) -> None:
    wanted = filter_of(f"file:{definition.parent / 'labels/cell_0.txt'}")
    question = LookAtImage(definition, definition.parent, 0, 80, 40, (RED, GREEN), wanted=wanted, marked=(2,))
    image = question.answer(silent)
    assert (image.image.name, image.marked) == ("cell_0.png", (0.625, 0.25, 0.875, 0.75))
    row = [tuple(image.pixels[3 * (80 * 10 + x) :][:3]) for x in range(80)]
    assert [x for x in range(80) if row[x] == GREEN] == [*range(50, 71)]
    assert 8 <= sum(one == RED for one in row) <= 12
    assert LookAtImage(definition, definition.parent, 0, 80, 40, (RED, GREEN)).answer(silent).marked is None


def test_an_image_is_zoomed_into_at_what_is_marked() -> None:
    assert PLAINLY.centred((0.6, 0.2, 0.8, 0.4)).zoomed(1).frame() == pytest.approx((0.45, 0.05, 0.95, 0.55))


def test_two_images_are_looked_at_in_one_question_also_one_that_the_definition_does_not_name(definition: Path) -> None:
    inside, outside = (definition.parent / f"images/{name}.png" for name in ("cell_0", "other"))
    outside.write_bytes(inside.read_bytes())
    seen = LookAtPair(definition, definition.parent, (str(outside), str(inside)), 80, 80, (RED, GREEN)).answer(silent)
    other, one = seen.images
    assert seen.classes == ("ring", "white cell")
    assert (other.part, other.label, other.boxes, other.width) == ("", None, (), 80)
    assert one.label == definition.parent / "labels/cell_0.txt"
    assert one.boxes == ((0, 1), (1, 1))
    assert pixel(one, 10, 20) == RED != pixel(other, 10, 20)
