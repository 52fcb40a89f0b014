"""What was counted of a definition is remembered, and is never told of files that have changed since."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.opened import Opened
from tests.yogo.test_same_size_and_time import WAYS, Way
from yogo.definition import DatasetSummary
from yogo.definition.stamps import make_room, remember, remembered
from yogo.definition.tree import Node
from yogo.images.checking import full_survey

NUM = 6


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A definition that names two folder pairs, and a third through another definition."""
    for number, pair in enumerate("abc"):
        for kind in ("images", "labels"):
            (tmp_path / "data" / pair / kind).mkdir(parents=True)
        for index in range(NUM):
            pixels = np.arange(64 * 48, dtype=np.uint32).reshape(48, 64) * 7 % 251 + number
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"data/{pair}/images/{index}.png")
            (tmp_path / f"data/{pair}/labels/{index}.txt").write_text("0 .5 .5 .25 .5\n" * (index % 2 + 1))
    pair_of = "{{image_path: data/{0}/images, label_path: data/{0}/labels}}"
    (tmp_path / "below.yml").write_text(
        f"class_names: [ring, wbc]\ndataset_paths:\n  c: {pair_of.format('c')}\n"
        "dataset_split_fractions: {train: 0.25, val: 0.75}\n"
    )
    path = tmp_path / "d.yml"
    path.write_text(
        f"class_names: [ring, wbc]\ndataset_paths:\n  a: {pair_of.format('a')}\n  below: {{defn_path: below.yml}}\n"
        f"test_paths:\n  b: {pair_of.format('b')}\n  below: {{defn_path: below.yml}}\n"
        "dataset_split_fractions: {train: 0.5, val: 0.5}\n"
    )
    return path


def counted(path: Path) -> DatasetSummary:
    return full_survey(path, memory=path.parent / "memory")


def boxes(found: DatasetSummary) -> dict[str, int]:
    return {name: sum(parts.values()) for name, parts in found.counts.items()}


def test_the_second_time_no_label_and_no_image_is_opened_and_the_answer_is_the_same(data: Path) -> None:
    first = counted(data)
    opened = Opened(data.parent)
    again = counted(data)

    assert again == first
    assert boxes(first) == {"ring": 27, "wbc": 0}
    assert opened.take(".txt") == opened.take(".png") == []


@pytest.mark.parametrize("way", WAYS)
def test_a_label_that_was_corrected_is_counted_anew_and_the_others_are_not(data: Path, way: Way) -> None:
    label = data.parent / "data/c/labels/0.txt"
    counted(data)
    way(label, b"1 .5 .5 .25 .5\n")
    opened = Opened(data.parent)

    assert boxes(counted(data)) == {"ring": 26, "wbc": 1}
    if way.__name__ != "whole_folder":
        assert opened.take(".txt") == [str(label)]
    assert boxes(counted(data)) == {"ring": 26, "wbc": 1}


@pytest.mark.parametrize("way", WAYS)
def test_an_image_that_was_spoilt_is_named(data: Path, way: Way) -> None:
    image = data.parent / "data/b/images/1.png"
    counted(data)
    way(image, bytes(len(image.read_bytes())))

    assert [problem.file for problem in counted(data).problems if problem.is_error] == [image]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data/a/notes.json", '{"categories": [{"id": 0, "name": "wbc"}]}'),
        ("data/a/labels/classes.txt", "wbc\nring\n"),
        ("data/a/labels/lost.txt", "0 .5 .5 .25 .5\n"),
        ("below.yml", "class_names: [ring, wbc]\ndataset_paths: {}\n"),
        ("d.yml", "class_names: [wbc, ring]\ndataset_paths:\n  below: {defn_path: below.yml}\n"),
    ],
)
def test_whatever_decides_the_counts_is_read_again_once_it_changes(data: Path, name: str, text: str) -> None:
    before = counted(data)
    (data.parent / name).write_text(text)

    after = counted(data)

    assert after == full_survey(data)
    assert after != before


def test_what_was_counted_before_it_was_left_is_not_counted_again(data: Path) -> None:
    class Left(Exception):
        pass

    def leave(what: str, done: int, total: int) -> None:
        if what == "reading labels" and done > NUM:
            raise Left

    with pytest.raises(Left):
        full_survey(data, memory=data.parent / "memory", progress=leave)
    opened = Opened(data.parent)
    counted(data)

    assert not [path for path in opened.take(".txt") if "/a/" in path]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A definition of one folder pair with 900 images, whose labels have six problems each."""
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "images/0.png")
    for index in range(900):
        if index:
            (tmp_path / f"images/{index}.png").hardlink_to(tmp_path / "images/0.png")
        (tmp_path / f"labels/{index}.txt").write_text("7 .5 .5 .5 .5\n" * 7)
    path = tmp_path / "d.yml"
    path.write_text("class_names: [ring]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n")
    return path


@pytest.mark.parametrize(("at", "suffix"), [("reading labels", ".txt"), ("looking at images", ".png")])
def test_what_was_read_of_a_large_folder_before_it_was_left_is_not_read_again(
    large: Path, at: str, suffix: str
) -> None:
    class Left(Exception):
        pass

    def leave(what: str, done: int, total: int) -> None:
        if what == at and done >= 500:
            raise Left

    with pytest.raises(Left):
        full_survey(large, memory=large.parent / "memory", progress=leave)
    opened = Opened(large.parent)
    counted(large)

    assert len(set(opened.take(suffix))) <= 600  # 200 are decoded for their brightness


def test_a_summary_with_thousands_of_problems_is_remembered_whole(large: Path) -> None:
    first = counted(large)
    assert len(first.problems) >= 5_400
    opened = Opened(large.parent / "memory")

    assert counted(large) == first
    assert {Path(path).parent.name for path in opened.take(".json")} == {"surveys"}


def test_the_memory_takes_no_more_than_it_may_and_loses_what_was_used_longest_ago(tmp_path: Path) -> None:
    for number in range(4):
        remember(tmp_path / "counts", f"folder {number}", {"files": "x" * 1000})
    for age, number in enumerate((3, 1, 0, 2)):
        (file,) = [one for one in (tmp_path / "counts").iterdir() if one == place_of(tmp_path / "counts", number)]
        os.utime(file, (1e9 - age, 1e9 - age))
    assert remembered(tmp_path / "counts", "folder 2")

    make_room(tmp_path, ("counts", "nowhere"), 2_500)

    assert [bool(remembered(tmp_path / "counts", f"folder {number}")) for number in range(4)] == [
        *(False, False, True, True)
    ]


def place_of(memory: Path, number: int) -> Path:
    return memory / f"{hashlib.sha256(f'folder {number}'.encode()).hexdigest()[:32]}.json"


def test_counts_are_handed_out_while_it_counts_and_say_that_they_are_not_whole(data: Path) -> None:
    shown: list[DatasetSummary] = []
    found = full_survey(data, memory=data.parent / "memory", partial=shown.append)

    assert [one.is_whole for one in shown] == [False] * len(shown)
    assert (shown[0].num_pictures, shown[0].num_read, shown[0].num_boxes) == (3 * NUM, 0, 0)
    assert (found.is_whole, found.num_read) == (True, 3 * NUM)
    shown.clear()
    full_survey(data, memory=data.parent / "memory", partial=shown.append)
    assert [(one.num_read, one.counts, one.is_whole) for one in shown] == [(3 * NUM, found.counts, False)]


def test_a_damaged_memory_is_as_good_as_none(data: Path) -> None:
    first = counted(data)
    for path in (data.parent / "memory").rglob("*.json"):
        path.write_text('{"version": 1, "files": {"0.txt": [1], "0.png": 3}, "summary": 4, "0.png": []}')

    assert counted(data) == first


def test_an_entry_of_the_memory_that_is_damaged_is_counted_anew(data: Path) -> None:
    first = counted(data)
    for path in (data.parent / "memory/surveys").iterdir():
        path.unlink()
    for path in (data.parent / "memory/counts").iterdir():
        path.write_text(path.read_text().replace("AAA", "A"))

    assert counted(data) == first


def names(nodes: list[Node]) -> list[object]:
    return [[node.label, names(node.parts)] if node.parts else node.label for node in nodes]


def test_the_tree_shows_what_each_definition_and_folder_adds(data: Path) -> None:
    found = counted(data)

    assert names(found.tree) == ["a", ["below", ["c"]], "b", "below"]
    a, below, b, again = found.tree
    assert (a.file, a.line, a.images) == (data, 3, data.parent / "data/a/images")
    assert (below.definition, below.line, below.fractions) == (
        data.parent / "below.yml",
        4,
        {"train": 0.25, "val": 0.75, "test": 0.0},
    )
    assert (b.is_test, b.splits) == (True, {"train": 0, "val": 0, "test": NUM})
    assert (a.num_boxes, below.num_boxes, again.num_boxes) == (9, 9, 0)
    assert sum(node.splits["train"] for node in found.tree) == found.num_train == NUM
    assert found.fractions == {"train": 0.5, "val": 0.5, "test": 0.0}


def test_boxes_are_measured_in_the_pixels_of_their_image(data: Path) -> None:
    found = counted(data)
    told = {one.title: one for one in found.histograms}

    assert found.image_sizes == [(64, 48, 3 * NUM)]
    assert found.box_sizes == {"ring": (16, 24)}
    assert (told["box width"].edges, told["box width"].counts) == ((16, 17), (27,))
    assert told["cells per image"].counts == (9, 9)
    assert told["box width / height"].edges[0] <= 16 / 24 < told["box width / height"].edges[-1]
    assert sum(told["mean brightness of an image"].counts) == 3 * NUM
