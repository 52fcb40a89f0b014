"""What differs between the data of two definitions or runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.cli import main
from yogo.definition import DatasetDefinition, split
from yogo.definition.box_changes import Box, box_changes
from yogo.definition.data_difference import BoxCounts, DataDifference, data_difference
from yogo.definition.difference_report import difference_report
from yogo.definition.record import DataRecord

ROW = "0 .5 .5 .2 .2\n"


def make(folder: Path, num: int = 8, classes: str = "[ring, wbc]") -> Path:
    """Images of one box each, split in halves for training and validation, and two more to test on."""
    for pair, numbers in (("a", range(num)), ("t", range(2))):
        for kind in ("images", "labels"):
            (folder / pair / kind).mkdir(parents=True)
        for number in numbers:
            (folder / pair / "images" / f"{number}.png").write_bytes(f"{pair}{number}".encode())
            (folder / pair / "labels" / f"{number}.txt").write_text(ROW)
    path = folder / "d.yml"
    path.write_text(
        f"class_names: {classes}\ndataset_paths:\n  a: {{image_path: a/images, label_path: a/labels}}\n"
        "test_paths:\n  t: {image_path: t/images, label_path: t/labels}\n"
        "dataset_split_fractions: {train: 0.5, val: 0.5}\n"
    )
    return path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A definition, and a copy of it and its data."""
    make(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    return tmp_path / "one/d.yml", tmp_path / "two/d.yml"


def run_of(definition: Path, folder: Path) -> Path:
    known = DatasetDefinition.from_yaml(definition)
    folder.mkdir()
    DataRecord.build(known, split(known)).write(folder / "data.json.gz")
    return folder


def told(found: DataDifference) -> list[tuple[str, str, str]]:
    return [(one.kind, Path(one.image).name, one.said) for one in found.changes]


def test_a_copy_is_the_same_and_so_is_the_run_that_was_trained_on_it(two: tuple[Path, Path], tmp_path: Path) -> None:
    run = run_of(two[0], tmp_path / "run")

    for pair in (two, (two[0], two[0]), (run, two[1]), (two[0], run), (run, run / "data.json.gz")):
        found = data_difference(*pair)
        assert found.is_same
        assert found.num_same == 10
        assert "The data are the same: 10 images" in "\n".join(difference_report(found))


def test_what_was_added_removed_renamed_and_changed_is_told_by_split_and_class(two: tuple[Path, Path]) -> None:
    images, labels = (two[1].parent / "t" / kind for kind in ("images", "labels"))
    (images / "0.png").write_bytes(b"other")
    (images / "new.png").write_bytes(b"new one")
    (labels / "new.txt").write_text(ROW + "1 .2 .2 .1 .1\n")
    (images / "1.png").rename(images / "first.png")
    (labels / "1.txt").rename(labels / "first.txt")
    (labels / "0.txt").write_text("1 .5 .5 .2 .2\n0 .2 .2 .1 .1\n")

    found = data_difference(*two)

    assert told(found) == [
        ("image added", "new.png", "with 2 boxes"),
        ("image changed", "0.png", ""),
        ("image renamed", "first.png", f"was {two[0].parent}/t/images/1.png"),
        ("label changed", "0.png", "1 box added, 1 ring to wbc"),
    ]
    assert found.num_images == ({"train": 4, "val": 4, "test": 2}, {"train": 4, "val": 4, "test": 3})
    assert found.images["image added"] == {"train": 0, "val": 0, "test": 1}
    assert found.boxes == {"ring": {"test": BoxCounts(2, 0, 1)}, "wbc": {"test": BoxCounts(1, 0, 0)}}
    assert found.class_changes == {"ring to wbc": 1}
    assert found.num_same == 8
    backwards = data_difference(two[1], two[0])
    assert backwards.boxes["ring"]["test"] == BoxCounts(0, 2, 0)
    assert backwards.num_changes["image removed"] == 1


def test_another_split_is_told_image_by_image(two: tuple[Path, Path]) -> None:
    two[1].write_text(two[1].read_text().replace("{train: 0.5, val: 0.5}", "{train: 1.0}"))

    found = data_difference(*two)

    assert found.moves == {"val to train": 4}
    assert found.images["split changed"] == {"train": 4, "val": 0, "test": 0}
    assert found.num_same == 6


def test_classes_in_another_order_change_what_the_labels_say(two: tuple[Path, Path]) -> None:
    two[1].write_text(two[1].read_text().replace("[ring, wbc]", "[wbc, ring]"))

    found = data_difference(*two)

    assert found.is_reordered
    assert found.class_changes == {"ring to wbc": 10}
    assert "class_names has the same classes in another order" in list(difference_report(found))


def test_a_class_more_changes_no_label(two: tuple[Path, Path]) -> None:
    two[1].write_text(two[1].read_text().replace("[ring, wbc]", "[ring, wbc, late]"))

    found = data_difference(*two)

    assert (found.classes_added, found.num_changes, found.is_same) == (("late",), {}, False)


def test_a_label_that_is_written_otherwise_with_the_same_boxes_is_no_change(two: tuple[Path, Path]) -> None:
    (two[1].parent / "t/labels/0.txt").write_text("0, 0.50, 0.50, 0.20, 0.20\n")

    assert data_difference(*two).is_same


def test_of_a_run_whose_labels_changed_since_it_is_said_that_their_boxes_cannot_be_told(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    run = run_of(two[0], tmp_path / "run")
    (two[0].parent / "t/labels/0.txt").write_text("1 .5 .5 .2 .2\n")
    (two[1].parent / "t/labels/1.txt").write_text("")

    found = data_difference(run, two[0])
    of_copy = data_difference(run, two[1])

    assert told(found) == [("label changed", "0.png", "")]
    assert found.boxes == {}
    assert "The boxes of 1 label cannot be told" in found.remarks[-1]
    assert told(of_copy) == [("label changed", "1.png", "1 box removed")]


def test_definitions_are_split_with_the_seed_of_the_run(two: tuple[Path, Path]) -> None:
    assert data_difference(*two).remarks == ["Definitions are split with the seed 0, the default"]


def test_the_first_of_each_kind_are_named_and_all_are_counted(
    two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(12):
        (two[1].parent / f"t/images/n{number}.png").write_bytes(f"n{number}".encode())
        (two[1].parent / f"t/labels/n{number}.txt").write_text(ROW)

    assert main(["data", "diff", *map(str, two)]) == 0
    said = capsys.readouterr().out
    assert "image added · 12" in said
    assert "and 2 more (--all names all)" in said
    assert main(["data", "diff", *map(str, two), "--all"]) == 0
    assert capsys.readouterr().out.count("with 1 box") == 12
    assert main(["data", "diff", *map(str, two), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["changes"]), found["num_changes"], found["is_same"]) == (12, {"image added": 12}, False)


def test_what_is_no_data_is_refused_in_a_sentence(
    two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.json.gz").write_bytes(b"torn")
    for other, expected in (
        ("empty", "does not say what it was trained on: there is no"),
        ("torn.json.gz", "cannot be read"),
        ("nowhere.yml", "This file does not exist"),
    ):
        assert main(["data", "diff", str(two[0]), str(tmp_path / other)]) == 1
        assert expected in capsys.readouterr().err


def test_a_comparison_can_be_left(two: tuple[Path, Path]) -> None:
    class LeftError(Exception):
        pass

    def leave(*_: object) -> None:
        raise LeftError

    with pytest.raises(LeftError):
        data_difference(*two, progress=leave)


corner = st.integers(0, 90).map(lambda number: number / 100)
boxes = st.lists(
    st.tuples(st.sampled_from("ab"), corner, corner).map(
        lambda one: (one[0], (one[1], one[2], one[1] + 0.1, one[2] + 0.1))
    ),
    max_size=6,
)


@given(boxes, boxes)
def test_every_box_is_the_same_added_removed_or_changed_once(before: list[Box], after: list[Box]) -> None:
    added, removed, changed = box_changes(before, after)

    same = [*before]
    for box in (*removed, *(old for old, _ in changed)):
        same.remove(box)
    assert sorted([*same, *added, *(new for _, new in changed)]) == sorted(after)
