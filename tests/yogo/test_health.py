"""What `yogo check --deep` finds in labels and images that open, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.golden_files import beside
from tests.opened import Opened
from tests.yogo.planted import Planted, blurred, cut, frame, lit
from tests.yogo.test_same_size_and_time import WAYS, Way
from yogo.cli import main
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.health.deep import deep_check
from yogo.health.finding import KINDS, DataFinding, DataHealth
from yogo.health.report import summary

BOX = "0 .5 .5 .1 .1\n"


@pytest.fixture
def data(tmp_path: Path) -> Planted:
    return Planted(tmp_path / "data")


def found(data: Planted, *kinds: str) -> list[DataFinding]:
    return [one for one in deep_check(data.path).findings if one.kind in kinds]


def said(data: Planted, *kinds: str) -> list[str]:
    return [str(one).replace(f"{data.folder}/", "") for one in found(data, *kinds)]


def of_boxes(data: Planted, label: str) -> list[str]:
    data.add("one", cut(frame(0)), label)
    return said(data, "twice", "outside", "no_area")


def test_a_box_drawn_twice_is_told_with_both_lines_and_both_classes(data: Planted) -> None:
    told = of_boxes(data, f"{BOX}0 .2 .2 .1 .1\n\n0 .501 .5 .1 .1\n1 .2 .2 .1 .098\n0 .55 .5 .1 .1\n")

    assert told == [
        "labels/one.txt, line 4: This ring box covers the same object as line 1 (IoU 0.98)",
        "labels/one.txt, line 5: This wbc box covers the same object as line 2 (IoU 0.98), where it is ring",
    ]


def test_boxes_out_of_the_image_and_without_area_are_told_with_their_lines(data: Planted) -> None:
    told = of_boxes(data, f"{BOX}0 .02 .5 .1 .1\n1 .7 .7 0 .1\n1 .8 .8 .001 .1\n")

    assert told == [
        "labels/one.txt, line 3: This box has no area",
        "labels/one.txt, line 4: This box is 0.32 x 24.00 pixels, less than one",
        "labels/one.txt, line 2: This box reaches out of the image by 3.0% of its side",
    ]


def test_a_box_of_an_odd_size_or_shape_for_its_class_is_told_and_none_that_the_edge_cuts(data: Planted) -> None:
    for number in range(41):
        side = 0.1 + 0.001 * (number % 5 - 2)
        data.add(
            f"{number}", cut(frame(number)), f"0 .5 .5 {0.75 * side:f} {side:f}\n1 .2 .2 .02 .2\n0 .01 .5 .02 .3\n"
        )
    data.label("7").write_text("0 .5 .5 .3 .4\n0 .2 .2 .15 .05\n")

    assert said(data, "odd_size", "odd_shape") == [
        "labels/7.txt, line 1: This ring box has 16.0 times the area of the median ring box",
        "labels/7.txt, line 2: This ring box is 4.00 times as wide as high; the median ring box is 1.00 times",
    ]


def test_boxes_on_an_image_that_cannot_be_read_are_of_no_odd_size(data: Planted) -> None:
    for number in range(40):
        data.add(f"{number}", cut(frame(number)), BOX)
    data.add("damaged", cut(frame(40)), BOX).write_bytes(b"")
    data.add("point", np.full((1, 1), 7, np.uint8), BOX)

    assert said(data, "odd_size", "odd_shape") == [
        "labels/point.txt, line 1: This ring box has less than 1% of the area of the median ring box"
    ]


ODD: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dark": lambda pixels: lit(pixels, 0.4, 0),
    "bright": lambda pixels: lit(pixels, 0.3, 170),
    "blurry": lambda pixels: blurred(pixels, 3),
    "blank": lambda pixels: np.full_like(pixels, round(float(pixels.mean()))),
}


def test_images_that_are_dark_bright_blurred_or_empty_are_told_and_no_others(data: Planted) -> None:
    for number in range(40):
        data.add(f"{number}", cut(frame(2 * number)))
    for number, (kind, change) in enumerate(ODD.items()):
        data.add(kind, change(cut(frame(100 + 2 * number))))

    told = {Path(one.file).stem: one.kind for one in found(data, *ODD)}

    assert told == {kind: kind for kind in ODD}


def test_an_image_without_boxes_is_told_and_one_that_shows_nothing_with_its_number_of_boxes(data: Planted) -> None:
    data.add("empty", cut(frame(0)), "")
    data.add("shut", np.full((240, 320), 3, np.uint8), BOX)

    shut = "Nothing can be seen on this image: its contrast is 0.0 shades of 255, but its label has 1 box"
    assert said(data, "blank", "no_boxes") == [
        f"images/shut.png: {shut}",
        "images/empty.png: The label of this image says that nothing is on it",
    ]


def test_classes_that_never_occur_or_are_missing_in_a_split_are_told(data: Planted) -> None:
    for number in range(20):
        data.add(f"{number}", cut(frame(number)), BOX)
    data.define("dataset_split_fractions: {train: 0.5, val: 0.5}\n", "ring, wbc, gametocyte")
    splits = split(DatasetDefinition.from_yaml(data.path))
    data.label(splits.val[0].image.stem).write_text("1 .5 .5 .1 .1\n")

    assert [one.message for one in found(data, "never", "one_split")] == [
        "The class wbc (1 box) occurs in validation only, and not in training",
        "The class gametocyte never occurs",
    ]


def test_of_the_blood_cells_seven_boxes_are_drawn_twice_and_each_is_named() -> None:
    health = deep_check(beside("data/bccd/dataset_defs/reference.yml"))
    twice = [one for one in health.findings if one.kind == "twice"]

    assert sorted(Path(one.file).stem[-5:] for one in twice) == "00013 00020 00100 00104 00251 00331 00403".split()
    assert sum(one.number for one in health.affected if one.kind in ("outside", "no_area", "never", "dark")) == 0


def remembering(data: Planted, **more: object) -> DataHealth:
    return deep_check(data.path, memory=data.folder / "memory", **more)  # type: ignore[arg-type]


def test_the_second_time_nothing_is_opened_and_the_answer_is_the_same(data: Planted) -> None:
    for number in range(4):
        data.add(f"{number}", cut(frame(number % 3)))
    first = remembering(data)
    opened = Opened(data.folder)

    assert remembering(data) == first
    assert opened.take(".txt") == opened.take(".png") == []
    assert first.findings


@pytest.mark.parametrize("way", WAYS)
def test_what_changed_is_looked_at_again_and_what_is_remembered_is_never_false(data: Planted, way: Way) -> None:
    for number in range(4):
        data.add(f"{number}", cut(frame(number)))
    remembering(data)
    image = data.folder / "images/2.png"
    other = data.folder / "copy.png"
    Image.fromarray(cut(frame(0))).save(other, compress_level=1)
    way(image, other.read_bytes())

    after = remembering(data)

    assert after == deep_check(data.path)
    assert [Path(one.file).stem for one in after.findings if one.kind == "near_duplicate"] in (["2"], ["0"])


def test_a_box_that_was_corrected_is_not_told_any_more(data: Planted) -> None:
    data.add("0", cut(frame(0)), BOX + BOX)
    before = remembering(data)
    data.label("0").write_text(BOX)

    assert [one.kind for one in before.findings if one.kind == "twice"] == ["twice"]
    assert "twice" not in [one.kind for one in remembering(data).findings]


def test_an_image_that_was_read_before_it_was_stopped_is_not_read_again(data: Planted) -> None:
    class Stopped(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        if what == "comparing all with all":
            raise Stopped

    for number in range(4):
        data.add(f"{number}", cut(frame(number)))
    with pytest.raises(Stopped):
        remembering(data, progress=stop)
    opened = Opened(data.folder / "images")

    health = remembering(data)

    assert opened.take(".png") == []
    assert health == deep_check(data.path)


def test_a_damaged_memory_is_not_believed(data: Planted) -> None:
    for number in range(3):
        data.add(f"{number}", cut(frame(number)))
    remembering(data)
    for file in (data.folder / "memory").rglob("*.*"):
        file.write_bytes(file.read_bytes()[:40])

    assert remembering(data) == deep_check(data.path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_the_command_tells_a_table_each_finding_and_what_to_do(
    data: Planted, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.add("0", cut(frame(0)), BOX + BOX)

    assert main(["check", str(data.path), "--deep"]) == 0
    told = capsys.readouterr().out

    assert ["boxes", "drawn", "twice", "1", "50.0", "%"] in [line.split() for line in told.splitlines()]
    assert f"! {data.label('0')}, line 2: This ring box covers the same object as line 1 (IoU 1.00)" in told
    assert KINDS["twice"].advice in told
    assert "nothing was found on 0 of 1 image (0 %), nor in their labels" in told
    assert "images that the run knows" not in told


def test_what_cannot_be_read_is_not_among_the_images_on_which_nothing_was_found(data: Planted) -> None:
    for name in "0123":
        data.add(name, cut(frame(int(name))), BOX + "1 .2 .2 .1 .1\n")
    (data.folder / "images" / "0.png").write_bytes(b"no image")
    data.label("1").write_text(f"{BOX}0 .2 .2 .1\n")

    health = deep_check(data.path)
    named = {one.file for one in health.findings}

    assert (health.num_images, health.num_read) == (4, 3)
    assert health.num_sound == 4 - len({"0.png", "1.png"})
    assert not any(file.endswith((".txt", ".png")) for file in named), "nothing was found on the others"
    assert list(summary(health)) == [
        "nothing was found on 2 of 4 images (50 %), nor in their labels",
        "1 image could not be read, and was not compared",
        "not all labels of 1 image could be read: those were not checked",
    ]


def test_a_program_gets_the_same_with_a_share_and_an_advice(
    data: Planted, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.add("0", cut(frame(0)), BOX + BOX)

    assert main(["check", str(data.path), "--deep", "--json"]) == 0
    health = json.loads(capsys.readouterr().out)["health"]

    (one,) = [one for one in health["findings"] if one["kind"] == "twice"]
    assert one == {
        "kind": "twice",
        "message": "This ring box covers the same object as line 1 (IoU 1.00)",
        "file": str(data.label("0")),
        "line": 2,
        "others": [],
        "other_lines": [1],
        "advice": KINDS["twice"].advice,
    }
    (row,) = [row for row in health["affected"] if row["kind"] == "twice"]
    assert (row["number"], row["total"], row["unit"], row["share"]) == (1, 2, "box", 0.5)


def trained_on(data: Planted, run: Path) -> Path:
    """The record of a run that was trained on these images."""
    definition = DatasetDefinition.from_yaml(data.path)
    run.mkdir()
    DataRecord.build(definition, split(definition)).write(run / "data.json.gz")
    return run


def test_test_images_that_a_run_was_trained_on_are_told(
    data: Planted, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        data.add(f"{number}", cut(frame(number)))
    data.define("")
    parent = trained_on(data, home / "parent")
    (data.folder / "images/3.png").unlink()
    mine = Planted(home / "mine")
    for number in range(8):
        mine.add(f"{number}", cut(frame(100 + number)))
    copy = mine.add("copy", cut(frame(1), 0, 10))
    mine.define("dataset_split_fractions: {test: 1.0}\n")

    assert main(["check", str(mine.path), "--deep", "--against", str(parent)]) == 0
    told = capsys.readouterr().out

    knows = (
        f"{data.folder}/images/1.png, which shows the same, shifted by about 10 pixels, is a training image of {parent}"
    )
    assert f"! {copy}: {knows}, and a test image here" in told
    assert f"1 training image of {parent} cannot be read any more, and was not compared" in told


def test_a_run_that_is_none_is_refused_in_a_sentence(
    data: Planted, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.add("0", cut(frame(0)))

    assert main(["check", str(data.path), "--deep", "--against", str(home)]) == 1
    assert f"{home} is no run: there is no {home}/data.json.gz" in capsys.readouterr().err


def test_a_run_to_compare_with_needs_the_deep_check(
    data: Planted, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["check", str(data.path), "--against", str(home)])

    assert "--against needs --deep" in capsys.readouterr().err


def test_near_duplicates_of_two_groups_are_told_with_both(data: Planted) -> None:
    data.add("a_1", cut(frame(0)))
    data.add("b_1", cut(frame(0)))
    data.add("b_2", cut(frame(1)))
    data.add("b_3", cut(frame(1)))
    data.path.write_text(data.path.read_text() + "group_pattern: '^._'\n")

    told = said(data, "near_duplicate")

    assert len(told) == 2
    assert [line.rpartition("; ")[2] for line in told if "; " in line] in (
        ["it is of the group a_, and that one of b_: are these one group?"],
        ["it is of the group b_, and that one of a_: are these one group?"],
    )
