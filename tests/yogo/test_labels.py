"""The label parser: every spelling that a lab's label files have, and what is said of a bad row."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.definition import InvalidDatasetDefinitionFile, parse_labels, parse_notes, read_labels, read_notes
from yogo.errors import DefinitionError

CLASSES = ("ring", "wbc", "white cell")
ROWS = [("0", 0.5, 0.5, 0.25, 0.125), ("1", 0.25, 0.75, 0.125, 0.25)]
BOXES = [0, 0.375, 0.4375, 0.625, 0.5625, 1, 0.1875, 0.625, 0.3125, 0.875]


def text(separator: str = " ", end: str = "\n", header: str = "", num: int = 2) -> bytes:
    rows = [separator.join(map(str, row)) for row in ROWS[:num]]
    return end.join(([header] if header else []) + rows + [""]).encode()


@pytest.mark.parametrize("separator", [" ", "  ", "\t", ",", ", ", " ,\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("header", ["", "class x_centre y_centre width height", "label,x,y,w,h", "a b c d e f g"])
def test_separators_line_ends_and_headers_change_nothing(separator: str, end: str, header: str) -> None:
    found = parse_labels(text(separator, end, header), CLASSES)

    assert list(found.rows) == BOXES
    assert len(found) == 2
    assert found.num_dropped == 0


@pytest.mark.parametrize("header", ["", "class x y w h"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_of_one_object_has_one_object(header: str, mark: bytes) -> None:
    assert list(parse_labels(mark + text(header=header, num=1), CLASSES).rows) == BOXES[:5]


@pytest.mark.parametrize("num", [1, 2])
@pytest.mark.parametrize("header", ["", '"class","x_centre","y_centre","width","height"'])
def test_values_in_quotes_are_the_values(header: str, num: int) -> None:
    """Taken for a header, a single row would be lost without a word."""
    rows = [",".join(f'"{value}"' for value in row) for row in ROWS[:num]]
    found = parse_labels("\n".join([header, *rows]).encode(), CLASSES)

    assert list(found.rows) == BOXES[: 5 * num]


def test_a_last_row_without_a_line_end_counts() -> None:
    assert len(parse_labels(text().rstrip(), CLASSES)) == 2


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"class x_centre y_centre width height\n"])
def test_an_empty_file_says_that_nothing_is_there(data: bytes) -> None:
    assert parse_labels(data, CLASSES) == parse_labels(b"", CLASSES)
    assert len(parse_labels(data, CLASSES)) == 0


def test_boxes_smaller_than_200_square_pixels_are_dropped_and_counted() -> None:
    width = 20 / 1032
    rows = [f"0 0.5 0.5 {width} {side / 772}" for side in (9.99, 10.01)]
    rows += ["0 0.5 0.5 0 0.5", "0 0.5 0.5 0 0"]

    found = parse_labels("\n".join(rows).encode(), CLASSES)

    assert (len(found), found.num_dropped) == (1, 3)
    assert found.rows[4] - found.rows[2] == pytest.approx(10.01 / 772, rel=1e-5)


def test_whole_numbers_may_be_written_as_decimals() -> None:
    assert parse_labels(b"1.0 .5 .5 1 1", CLASSES).rows[0] == 1
    assert parse_labels(b"01 5e-1 0.5 1 1.", CLASSES).rows[0] == 1


def test_a_centre_on_the_edge_or_outside_by_a_rounding_is_kept() -> None:
    assert len(parse_labels(b"0 1.0 1.0 .1 .1\n0 -0.001 1.001 .1 .1", CLASSES)) == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("3 .5 .5 .1 .1", "There is no class 3: there are 3, counted from 0"),
        ("-1 .5 .5 .1 .1", "There is no class -1"),
        ("1.5 .5 .5 .1 .1", "The class is '1.5'; an index is expected"),
        ("99999999999999999999 .5 .5 .1 .1", "There is no class 99999999999999999999"),
        ("ring .5 .5 .1 .1", "no notes.json"),
        ("0 .5 .5 .1", "has 4 values"),
        ("0 .5 .5 .1 .1 .9", "has 6 values"),
        ("0 .5 x .1 .1", "must be numbers"),
        ("class x y w h", "must be numbers"),
        ("0 320 240 50 50", "fractions of the frame"),
        ("0 .5 .5 -.1 .1", "fractions of the frame"),
        ("0 nan .5 .1 .1", "fractions of the frame"),
        ("0 .5 .5 inf .1", "fractions of the frame"),
        ("nan .5 .5 .1 .1", "an index is expected"),
        ("inf .5 .5 .1 .1", "an index is expected"),
    ],
)
def test_a_bad_row_is_told_with_file_and_line(tmp_path: Path, row: str, words: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"0 .5 .5 .1 .1\n\n{row}\n0 .5 .5 .1 .1\n")

    with pytest.raises(DefinitionError) as caught:
        read_labels(path, CLASSES)

    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert words in str(caught.value)


def test_a_first_row_that_is_no_header_is_a_bad_row() -> None:
    with pytest.raises(InvalidDatasetDefinitionFile, match=r"line 1: .*has 1 value;"):
        parse_labels(b"hello\n0 .5 .5 .1 .1\n", CLASSES)
    with pytest.raises(InvalidDatasetDefinitionFile, match=r"line 1: .*must be numbers"):
        parse_labels(b"0 .5 y .1 .1\n", CLASSES)


def test_a_picture_in_place_of_a_label_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")

    with pytest.raises(InvalidDatasetDefinitionFile, match="not a label file but a JPEG image"):
        read_labels(path, CLASSES)


def test_a_missing_label_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.txt: This label file does not exist"):
        read_labels(tmp_path / "a.txt", CLASSES)
    with pytest.raises(InvalidDatasetDefinitionFile, match="This is a folder; a label file is expected"):
        read_labels(tmp_path, CLASSES)


class TestNotes:
    NOTES = parse_notes(
        {"categories": [{"id": 7, "name": "wbc"}, {"id": 1, "name": "white cell"}, {"id": 2, "name": "x"}]}
    )

    @pytest.mark.parametrize(
        ("row", "index"),
        [
            ("7 ", 1),
            ("1 ", 2),
            ("7.0,", 1),
            ("07\t", 1),
            ("wbc,", 1),
            ("white cell,", 2),
            ("white cell ", 2),
            ("ring ", 0),
        ],
    )
    def test_an_id_or_a_name_is_mapped_by_name(self, row: str, index: int) -> None:
        found = parse_labels(f"{row}.5 .5 .1 .1\n".encode() * 2, CLASSES, self.NOTES)

        assert list(found.rows[::5]) == [index, index]

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("2", "'2', which notes.json calls 'x', is not one of ring, wbc"),
            ("0", "'0' is not one of"),
            ("y", "'y' is not one of"),
        ],
    )
    def test_what_the_notes_do_not_know_is_told(self, row: str, words: str) -> None:
        with pytest.raises(InvalidDatasetDefinitionFile, match=f"line 1: The class {words}"):
            parse_labels(f"{row} .5 .5 .1 .1\n".encode(), CLASSES, self.NOTES)

    def test_notes_stand_beside_the_label_folder(self, tmp_path: Path) -> None:
        (tmp_path / "labels").mkdir()
        assert read_notes(tmp_path / "labels") is None

        (tmp_path / "notes.json").write_text(json.dumps({"categories": [{"id": 4, "name": "wbc"}], "info": {}}))
        notes = read_notes(tmp_path / "labels")

        assert notes is not None
        assert parse_labels(b"4 .5 .5 .1 .1", CLASSES, notes).rows[0] == 1

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"{", "line 1: This is not JSON"),
            (b"\xff\xd8", "This is not JSON"),
            (b"[" * 100_000, "nested too deeply"),
            (b"[]", "categories"),
            (b'{"categories": [1]}', '"id" and "name"'),
            (b'{"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}', "two classes"),
        ],
    )
    def test_broken_notes_are_told_with_their_file(self, tmp_path: Path, data: bytes, words: str) -> None:
        (tmp_path / "notes.json").write_bytes(data)

        with pytest.raises(InvalidDatasetDefinitionFile, match=words) as caught:
            read_notes(tmp_path / "labels")

        assert str(tmp_path / "notes.json") in str(caught.value)


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]  # type: ignore[no-any-return]


fraction = st.floats(0, 1, allow_nan=False)
boxes = st.lists(st.tuples(st.integers(0, 2), fraction, fraction, fraction, fraction), max_size=30)


@given(boxes, st.sampled_from([" ", ",", "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_box_comes_back_or_was_too_small(
    written: list[tuple[int, float, float, float, float]], separator: str, end: str, header: bool
) -> None:
    lines = ["class x y w h"] * header + [separator.join(map(repr, row)) for row in written]
    found = parse_labels(end.join(lines).encode(), CLASSES)

    large = [row for row in written if not row[3] * row[4] < 200 / (772 * 1032)]
    halves = [(row[0], *map(float32, (row[1], row[2], row[3] / 2, row[4] / 2))) for row in large]
    expected = [float32(value) for index, x, y, w, h in halves for value in (index, x - w, y - h, x + w, y + h)]
    assert list(found.rows) == expected
    assert found.num_dropped == len(written) - len(large)


@given(st.binary(max_size=200) | st.text("0123456789.,eE+-xnaif \t\r\n", max_size=80).map(str.encode))
def test_no_bytes_whatever_bring_anything_but_boxes_or_a_sentence(data: bytes) -> None:
    try:
        found = parse_labels(data, CLASSES)
    except InvalidDatasetDefinitionFile as error:
        told = str(error)
    else:
        told = ""
        assert all(0 <= index < len(CLASSES) for index in found.rows[::5])
        assert len(found.rows) == 5 * len(found)

    assert not told or told.startswith("labels, line ")


def test_300_rows_take_no_more_calls_of_functions_than_30() -> None:
    """As a function a row would take longer than to decode the image."""
    rows = [b"%d 0.%06d 0.%06d 0.041234 0.055678\n" % (n % 3, n * 3331, n * 1117) for n in range(300)]

    parse_labels(b"".join(rows), CLASSES)  # the first time, it imports and compiles
    assert _num_calls(b"".join(rows)) == _num_calls(b"".join(rows[:30]))


def _num_calls(data: bytes) -> int:
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        found = parse_labels(data, CLASSES)
    finally:
        sys.setprofile(None)
    assert len(found) == data.count(b"\n")
    return len(calls)
