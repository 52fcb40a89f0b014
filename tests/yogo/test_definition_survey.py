"""Checking and counting a definition: what a person is told of data that are wrong, and of data that are right."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden_files import beside
from yogo.cli import check as command
from yogo.definition import DatasetDefinition, Problem, check, survey
from yogo.definition.report import report
from yogo.synth.png import png


class Data:
    """A definition with folder pairs a and b for training and t for testing, three images each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "d.yml"
        self.path.write_text(
            "class_names: [ring, wbc]\ndataset_paths:\n"
            "  a: {image_path: a/images, label_path: a/labels}\n"
            "  b: {image_path: b/images, label_path: b/labels}\n"
            "test_paths:\n  t: {image_path: t/images, label_path: t/labels}\n"
            "dataset_split_fractions: {train: 0.5, val: 0.5}\n"
        )
        for pair in "abt":
            (folder / pair / "images").mkdir(parents=True)
            (folder / pair / "labels").mkdir()
            for number in range(3):
                pixels = np.arange(256, dtype=np.uint8).reshape(16, 16) + np.uint8(10 * number + ord(pair))
                self.image(f"{pair}/images/{number}.png").write_bytes(png(pixels))
                rows = [f"0 .{place} .5 .1 .1\n" for place in range(1, number + 1)]
                self.label(f"{pair}/labels/{number}.txt", "".join(rows) + "1 .5 .5 .1 .1\n")

    def image(self, name: str) -> Path:
        return self.folder / name

    def label(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def told(self) -> list[str]:
        return [str(problem) for problem in survey(self.path).problems]


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


def test_a_survey_counts_pictures_and_boxes_by_class_and_part(data: Data) -> None:
    data.label("a/labels/0.txt", "1 .5 .5 .1 .1\n0 .5 .5 .001 .001\n")

    found = survey(data.path)

    assert (found.classes, found.num_folders, found.num_pictures) == (("ring", "wbc"), 3, 9)
    assert (found.num_train, found.num_val, found.num_test) == (3, 3, 3)
    assert {name: sum(parts.values()) for name, parts in found.counts.items()} == {"ring": 9, "wbc": 9}
    assert found.counts["ring"]["test"] == found.counts["wbc"]["test"] == 3
    assert (found.median_boxes, found.max_boxes, found.num_dropped) == (2, 3, 1)
    assert found.problems == []


def test_progress_is_told_and_can_stop_the_counting(data: Data) -> None:
    class Left(Exception):
        pass

    def leave(_: int) -> None:
        raise Left

    told: list[int] = []
    survey(data.path, progress=told.append)

    assert told[-1] == 9
    with pytest.raises(Left):
        survey(data.path, progress=leave)


def test_all_problems_are_found_at_once_each_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "child.yml").write_text("class_names: [a]\ndataset_paths:\n  x: {defn_path: d.yml}\n  y: 3\n")
    path = tmp_path / "d.yml"
    path.write_text(
        "class_names: [a, b]\ndataset_path: 1\ndataset_paths:\n  c:\n    defn_path: child.yml\n"
        "  g:\n    image_path: gone\n    label_path: lost\n    colour: red\n"
    )

    found = check(path)

    assert {(problem.severity, problem.file, problem.line) for problem in found} == {
        ("warning", path, 2),
        ("warning", path, 9),
        ("error", tmp_path / "child.yml", 4),
        ("error", tmp_path / "child.yml", 3),
        ("error", path, 5),
        ("error", path, 7),
        ("error", path, 8),
    }
    assert any("is dataset_paths meant?" in problem.message for problem in found)


def test_unknown_keys_are_reported_and_not_refused(data: Data) -> None:
    data.path.write_text(data.path.read_text() + "made_by: me\n")

    assert data.told() == [f"{data.path}, line 8: The key 'made_by' is not known and is ignored"]
    assert DatasetDefinition.from_yaml(data.path).classes == ("ring", "wbc")


def test_labels_without_pictures_are_counted_and_named(data: Data) -> None:
    for number in range(5):
        data.label(f"a/labels/lost{number}.txt", "")

    told = data.told()

    assert len(told) == 1
    assert "5 labels have no image (png, jpg, jpeg, tif, tiff)" in told[0]
    assert told[0].endswith("lost0.txt, lost1.txt, lost2.txt and 2 more")


def test_bad_label_files_are_told_with_their_line_up_to_a_number(data: Data) -> None:
    data.label("a/labels/1.txt", "0 .5 .5 .1 .1\n9 .5 .5 .1 .1\n")
    assert data.told() == [f"{data.folder}/a/labels/1.txt, line 2: There is no class 9: there are 2, counted from 0"]

    for number in range(100):
        data.image(f"b/images/x{number}.png").touch()
        data.label(f"b/labels/x{number}.txt", "x")
    found = survey(data.path)
    printed = list(report(found))

    assert len(found.problems) == 101, "each file has its own"
    assert [line for line in printed if "more" in line] == ["✖ and 95 more rows of another form (--json lists all)"]
    assert len([line for line in printed if line.startswith("✖")]) == 7


def test_broken_notes_are_told_once(data: Data) -> None:
    data.label("a/notes.json", "{")

    assert data.told() == [f"{data.folder}/a/notes.json, line 1: This is not JSON"]


def test_pictures_in_train_and_in_test_are_warned_of(data: Data) -> None:
    data.image("t/images/1.png").unlink()
    data.image("t/images/1.png").symlink_to(data.image("a/images/2.png"))
    data.image("t/images/2.png").write_bytes(data.image("b/images/0.png").read_bytes())

    told = survey(data.path).problems

    assert [problem.severity for problem in told] == ["warning", "warning"]
    assert told[0].message.startswith("1 image is in train or validation and also in test")
    assert told[1].message.endswith(f"{data.image('b/images/0.png')} and {data.image('t/images/2.png')}")


@pytest.mark.parametrize("name", ["a/images", "a/labels"])
def test_a_file_in_place_of_a_folder_is_told_with_its_line(data: Data, name: str) -> None:
    data.image(name).rename(data.folder / "moved")
    data.label(name, "")

    assert [(problem.line, "is not a folder" in problem.message) for problem in check(data.path)] == [(3, True)]


def test_two_pictures_for_one_label_are_warned_of(data: Data) -> None:
    data.image("a/images/1.tif").touch()

    assert data.told()[0].endswith("1.png and 1.tif")


def test_file_names_that_are_no_text_are_told(data: Data) -> None:
    (data.folder / os.fsdecode(b"a/images/\xff.png")).touch()
    (data.folder / os.fsdecode(b"a/labels/\xff.txt")).touch()

    assert any("not UTF-8" in one for one in data.told())


@given(st.binary(max_size=300) | st.text("abc:-[]{}&*!?|>'\"%@,#\n \t019.e+<=~", max_size=60).map(str.encode))
def test_no_bytes_whatever_bring_anything_but_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(data)

    assert any(problem.is_error and problem.file == path for problem in check(path))


class TestCommand:
    @pytest.fixture
    def run(self, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
        def run(*args: str | Path) -> tuple[int, str]:
            import argparse

            parser = argparse.ArgumentParser()
            command.register(parser.add_subparsers())
            parsed = parser.parse_args(["check", *map(str, args)])
            return parsed.run(parsed), capsys.readouterr().out

        return run

    def test_it_prints_the_survey(self, data: Data, run: Callable[..., tuple[int, str]]) -> None:
        status, out = run(data.path)

        assert status == 0
        assert "9 images in 3 folders · 2 classes\ntrain 3 · val 3 · test 3\n" in out
        assert "2 boxes an image (median), at most 3\n" in out

    def test_where_there_is_no_image_it_prints_no_boxes_an_image(
        self, data: Data, run: Callable[..., tuple[int, str]]
    ) -> None:
        data.path.write_text(data.path.read_text().replace("/labels", "/gone"))

        status, out = run(data.path)

        assert status == 1
        assert "0 images in 0 folders" in out
        assert "(median)" not in out

    def test_it_prints_problems_and_exits_1(self, data: Data, run: Callable[..., tuple[int, str]]) -> None:
        text = data.path.read_text().replace("b/labels", '"b/lab\\u001bels"')
        data.path.write_text(text)

        status, out = run(data.path)

        assert status == 1
        assert "\x1b" not in out
        assert f"{data.path}, line 4: label_path does not exist: b/lab\\x1bels" in out

    def test_it_prints_json_for_programs(self, data: Data, run: Callable[..., tuple[int, str]]) -> None:
        data.label("a/labels/0.txt", "bad")
        status, out = run("--json", data.path)
        found = json.loads(out)

        assert status == 1
        assert found["num_pictures"] == 9
        assert found["problems"][0]["line"] == 1
        assert found["problems"][0]["file"] == str(data.folder / "a/labels/0.txt")

    def test_a_missing_definition_is_a_sentence(self, tmp_path: Path, run: Callable[..., tuple[int, str]]) -> None:
        status, out = run(tmp_path / "none.yml")

        assert status == 1
        assert f"{tmp_path}/none.yml: This file does not exist" in out


def test_a_report_of_nothing_says_why(tmp_path: Path) -> None:
    lines = list(report(survey(tmp_path / "none.yml")))

    assert lines == ["", "1 problem", f"✖ error: {tmp_path / 'none.yml'}: This file does not exist"]


@pytest.mark.parametrize(
    ("name", "sizes", "classes"),
    [
        ("reference.yml", (185, 20, 87), (3348, 301, 292)),
        ("pre-training/bccd.yml", (185, 20, 0), (2381, 214, 209)),
        ("fine-tuning/bccd.yml", (61, 9, 17), (967, 87, 83)),
        ("fine-tuning/all.yml", (185, 20, 87), (3348, 301, 292)),
    ],
)
def test_the_blood_cell_definitions_count_as_their_readme_says(
    name: str, sizes: tuple[int, int, int], classes: tuple[int, int, int]
) -> None:
    found = survey(beside("data/bccd/dataset_defs") / name)

    assert found.problems == []
    assert (found.num_train, found.num_val, found.num_test) == sizes
    assert tuple(sum(parts.values()) for parts in found.counts.values()) == classes


def test_a_problem_reads_as_a_sentence_with_its_place() -> None:
    problem = Problem("error", "This is wrong", Path("/d.yml"), 3)

    assert str(problem) == "/d.yml, line 3: This is wrong"
    assert str(dataclasses.replace(problem, line=None)) == "/d.yml: This is wrong"


def test_each_test_image_that_is_a_copy_is_counted_once_however_many_images_are_the_same(data: Data) -> None:
    same = data.image("a/images/0.png").read_bytes()
    for pair, numbers in (("a", range(3)), ("b", range(3)), ("t", range(2))):
        for number in numbers:
            data.image(f"{pair}/images/{number}.png").write_bytes(same)

    assert next(told for told in data.told() if "copied from" in told).startswith("2 images are in test, copied from")
