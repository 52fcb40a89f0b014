"""What other programs' exports look like in place of our labels: each is told by its likely cause, and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from yogo.definition import InvalidDatasetDefinitionFile, parse_notes
from yogo.definition.labels import examine_labels, read_labels, read_notes

CLASSES = ("ring", "wbc", "white cell")
GOOD = "0 .5 .5 .1 .1\n"


@pytest.fixture
def label(tmp_path: Path) -> Callable[..., Path]:
    def write(data: str | bytes) -> Path:
        path = tmp_path / "a.txt"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


def refusal(path: Path, notes: dict[str, str] | None = None) -> str:
    with pytest.raises(InvalidDatasetDefinitionFile) as caught:
        read_labels(path, CLASSES, notes)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ("1.4 .5 .1 .1", "outside the image by more than a pixel"),
        ("-0.4 .5 .1 .1", "outside the image by more than a pixel"),
        (".5 1.9 .1 .1", "outside the image by more than a pixel"),
        (".5 -0.01 .1 .1", "outside the image by more than a pixel"),
        ("1.002 .5 .1 .1", "outside the image by more than a pixel"),
        (".5 .5 -.1 .1", "width and height must not be below 0"),
        (".5 .5 .1 -1e-9", "width and height must not be below 0"),
        (".5 .5 1.2 .1", "larger than the whole image"),
        (".5 .5 .1 1.01", "larger than the whole image"),
        ("nan .5 .1 .1", "none may be nan or inf"),
        (".5 .5 .1 inf", "none may be nan or inf"),
        (".5 -inf .1 .1", "none may be nan or inf"),
        ("320 240 50 50", "look like pixels: divide"),
        (".5 .5 51 40", "per cent or pixels: divide"),
        ("50 50 10 10", "per cent or pixels: divide"),
        ("512 400 0.1 0.1", "look like pixels: divide"),
    ],
)
def test_a_box_beyond_a_rounding_is_refused_with_file_and_line(
    label: Callable[..., Path], box: str, words: str
) -> None:
    told = refusal(label(f"{GOOD}\n1 {box}\n"))

    assert ", line 3: The box " in told
    assert "fractions of the frame" in told
    assert words in told


def test_a_rounding_is_accepted_and_told(label: Callable[..., Path]) -> None:
    path = label(f"{GOOD}1 1.0005 .5 .1 .1\n0 .5 -0.001 .1 .1\n1 1.0 0.0 .1 .1\n")

    labels, problems = examine_labels(path, CLASSES)

    assert len(labels) == len(read_labels(path, CLASSES)) == 4
    assert [(one.severity, one.line) for one in problems if "rounding" in one.message] == [("warning", 2)]
    assert "2 centres outside the image by rounding" in problems[0].message


def test_boxes_that_reach_out_of_the_picture_are_told(label: Callable[..., Path]) -> None:
    path = label("0 .5 .5 1 1\n0 .05 .5 .1 .1\n0 .02 .5 .1 .1\n0 .5 .99 .1 .1\n" + GOOD * 3)

    warnings = [one for one in examine_labels(path, CLASSES)[1] if "reach" in one.message]

    assert [str(one) for one in warnings] == [f"{path}, line 3: 2 boxes reach out of the image by more than a pixel"]


def test_corners_in_place_of_centres_are_suspected(label: Callable[..., Path]) -> None:
    path = label("".join(f"0 .{n}1 .{n}1 .{n + 2} .{n + 3}\n" for n in range(1, 7)))

    assert any("Are these corners" in one.message for one in examine_labels(path, CLASSES)[1])


def test_a_box_that_stands_twice_is_told(label: Callable[..., Path]) -> None:
    path = label(f"{GOOD}1 .2 .2 .1 .1\n0 0.5 0.50 .1 .1\n1 .2 .2 .1 .1\n2 .2 .2 .1 .1\n")

    assert [str(one) for one in examine_labels(path, CLASSES)[1]] == [
        f"{path}, line 3: 3 rows for a box that is in this file already"
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("0 0,5 0,5 0,25 0,125\n", "decimal commas: write decimal points"),
        ("0\t0,5\t0,5\t0,25\t0,125\n", "decimal commas"),
        ("0,0,5,0,5,0,25,0,125\n", "decimal commas"),
        ("0 0,5 0,5 1 1\n", "decimal commas"),
        ("0;0.5;0.5;0.25;0.125\n", "separated by semicolons: write"),
        ("0; 0.5; 0.5; 0.25; 0.125\n", "separated by semicolons"),
        ("0;0,5;0,5;0,25;0,125\n", "separated by semicolons and have decimal commas"),
        (
            "0 .1 .1 .2 .1 .2 .2 .1 .2\n",
            "an outline of 4 points (a polygon, segmentation): export boxes, or have `yogo labels",
        ),
        ("0 .1 .1 .2 .1 .2 .2\n", "an outline of 3 points"),
        ("0 .5 .5 .1 .1 .93\n", "a confidence"),
        (".5 .5 .1 .1\n", "Is the class missing?"),
        ("data/obj_train_data/a.png\n", "a list of images"),
        ("3 .5 .5 .1 .1\n", "Do these labels count from 1?"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "`git lfs pull` fetches that"),
        ("/annex/objects/SHA256E-s1--1.txt\n", "`git annex get` fetches that"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.encode("utf-16-le"), "UTF-16"),
        (b"\xff\xfe\0\0" + GOOD.encode("utf-32-le"), "UTF-32"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"II*\0", "a TIFF image"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\0" * 4096, "nothing but zeros"),
        ("<annotation><folder/></annotation>", "Pascal VOC"),
        ('<?xml version="1.0"?>', "Pascal VOC"),
        ("<!DOCTYPE html>\n<html>", "a web page"),
        ('{"shapes": []}', "labelme"),
        ('[{"id": 1}]', "JSON"),
        ("µ 0.5".encode("latin-1"), "not text in UTF-8"),
    ],
)
def test_what_another_program_wrote_is_named(label: Callable[..., Path], data: str | bytes, words: str) -> None:
    path = label(data)

    assert words in refusal(path)
    assert any(words in one.message and one.is_error for one in examine_labels(path, CLASSES)[1])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [" ", "\t", ",", ", ", "  "])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_is_clear_is_read(label: Callable[..., Path], mark: bytes, separator: str, quote: str, end: str) -> None:
    row = separator.join(f"{quote}{word}{quote}" for word in ("1", "0.5", "0.5", "0.25", "0.125"))

    found = read_labels(label(mark + f"{row}{end}{row}{end}".encode()), CLASSES)

    assert list(found.rows) == [1, 0.375, 0.4375, 0.625, 0.5625] * 2


def test_outlines_are_named_where_notes_say_what_classes_mean(label: Callable[..., Path]) -> None:
    notes = parse_notes({"categories": [{"id": 0, "name": "ring"}, {"id": 1, "name": "white cell"}]})

    assert "an outline of 4 points" in refusal(label("0 .1 .1 .2 .1 .2 .2 .1 .2\n"), dict(notes))
    assert "a confidence" in refusal(label("0 .5 .5 .1 .1 .93\n"), dict(notes))
    assert len(read_labels(label("white cell .5 .5 .1 .1\n"), CLASSES, notes)) == 1


def test_a_class_name_that_ends_in_a_number_is_a_name(label: Callable[..., Path]) -> None:
    notes = parse_notes({"categories": [{"id": 0, "name": "stage 2"}]})

    assert read_labels(label("stage 2 .5 .5 .1 .1\n"), ("ring", "stage 2"), notes).rows[0] == 1


def test_every_bad_row_of_a_file_is_told_at_once_up_to_a_number(label: Callable[..., Path]) -> None:
    path = label("9 .5 .5 .1 .1\n" + GOOD + "0 7 7 .1 .1\n0 .5\n")
    assert [one.line for one in examine_labels(path, CLASSES)[1]] == [1, 3, 4]

    path = label("9 .5 .5 .1 .1\n" * 12 + GOOD)
    labels, problems = examine_labels(path, CLASSES)
    assert len(labels) == 1
    assert [str(one) for one in problems[5:]] == [f"{path}: 7 more rows of this file cannot be read"]


class TestWhatIsNoFile:
    """Nobody waits for what will never be read to its end."""

    @pytest.fixture(params=["pipe", "folder", "device", "huge", "dangling", "loop"])
    def odd(self, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
        path = tmp_path / "odd"
        match request.param:
            case "pipe":
                os.mkfifo(path)
                return path, "This is a named pipe"
            case "folder":
                path.mkdir()
                return path, "This is a folder"
            case "device":
                path.symlink_to("/dev/zero")
                return path, "This is a device"
            case "huge":
                with path.open("wb") as file:
                    file.truncate(3_000_000_000)
                return path, "too large"
            case "dangling":
                path.symlink_to("gone")
                return path, "a link to gone, which is not there"
        path.symlink_to(path.name)
        return path, "cannot be read"

    def test_in_place_of_a_label_it_is_a_sentence(self, odd: tuple[Path, str]) -> None:
        path, words = odd
        assert words in refusal(path)

    def test_in_place_of_the_notes_it_is_a_sentence(self, odd: tuple[Path, str], tmp_path: Path) -> None:
        path, words = odd
        (tmp_path / "notes.json").symlink_to(path.readlink() if path.is_symlink() else path)
        if words == "cannot be read":
            (tmp_path / "notes.json").unlink()
            (tmp_path / "notes.json").symlink_to("notes.json")
        with pytest.raises(InvalidDatasetDefinitionFile, match=words):
            read_notes(tmp_path / "labels")

    def test_in_place_of_a_definition_it_is_a_sentence(self, odd: tuple[Path, str]) -> None:
        path, words = odd
        done = subprocess.run(
            [sys.executable, "-m", "yogo", "check", str(path)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        words = {"too large": "more than 1,000,000 are not read"}.get(words, words)
        assert {"cannot be read": "a link to odd, which is not there"}.get(words, words) in done.stdout


def test_a_large_notes_file_is_read(tmp_path: Path) -> None:
    """Label Studio writes what it knows of the export into it."""
    (tmp_path / "notes.json").write_text(json.dumps({"categories": [{"id": 0, "name": "ring"}], "info": "x" * 10**7}))

    assert read_notes(tmp_path / "labels") is not None
