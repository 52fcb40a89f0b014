"""What cannot be converted is refused in a sentence with its file and line, and nothing is written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from yogo.cli import main
from yogo.errors import YogoError
from yogo.formats.conversion import ConversionRequest, convert, recognised
from yogo.formats.json_stream import begins
from yogo.formats.labelled import SourcePlace, safe_name

HEAD = '{"categories": [{"id": 1, "name": "a"}],\n "images": [{"id": 1, "file_name": "a.png"%s}],\n "annotations": [\n'
SIZE = ', "width": 100, "height": 50'
BOX = '{"id": 1, "image_id": 1, "category_id": 1, "bbox": [%s]}'


def coco(box: str, size: str = SIZE, end: str = "]}") -> str:
    return HEAD % size + box + end


def voc(box: str, size: str = "<size><width>100</width><height>50</height></size>") -> str:
    return f"<annotation>\n<filename>a.png</filename>{size}\n<object><name>a</name>\n{box}</object></annotation>"


def corners(x0: str, y0: str, x1: str, y1: str) -> str:
    return f"<bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox>"


def cvat(box: str) -> str:
    return (
        "<annotations><meta><task><labels><label><name>a</name></label></labels></task></meta>\n"
        f'<image name="a.png" width="100" height="50">\n{box}</image></annotations>'
    )


def task(**value: Any) -> str:
    whole = {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["a"], **value}
    region = {"type": "rectanglelabels", "value": whole, "original_width": 100, "original_height": 50}
    first = {"data": {"image": "b.png"}, "annotations": [{"result": []}]}
    second = {"data": {"image": "a.png"}, "annotations": [{"result": [region]}]}
    return f"[{json.dumps(first)},\n{json.dumps(second)}]"


BOMB = '<!DOCTYPE a [<!ENTITY x "%s">\n<!ENTITY y "&x;&x;">]>\n' % ("x" * 50)
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'

REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "coco cut short": ("a.json", coco(BOX % "1, 1, 5, 5", end=""), "line 4: The file ends too early"),
    "coco in the middle of a word": ("a.json", coco('{"id": 1, "image'), "line 4: The file ends too early"),
    "coco with a comma too many": ("a.json", coco(f"{BOX % '1, 1, 5, 5'},,"), "line 4: This is not JSON"),
    "coco of nan": ("a.json", coco(BOX % "1, NaN, 5, 5"), "line 4: A value of bbox must be a number"),
    "coco outside": ("a.json", coco(BOX % "200, 1, 5, 5"), "line 4: The box .* has its centre outside the image"),
    "coco larger": ("a.json", coco(BOX % "0, 0, 500, 5"), "line 4: The box .* is larger than the image"),
    "coco backwards": ("a.json", coco(BOX % "9, 9, -5, 5"), "line 4: The box .* exchange them, or remove"),
    "coco of three": ("a.json", coco(BOX % "9, 9, 5"), "line 4: A bbox is four numbers"),
    "coco without a size": ("a.json", coco(BOX % "1, 1, 5, 5", ""), "line 2: The width and height .* --images"),
    "coco of no category": (
        "a.json",
        coco((BOX % "1, 1, 5, 5").replace('"category_id": 1', '"category_id": 9')),
        "line 4: The category_id 9 is not among the categories",
    ),
    "coco of no image": (
        "a.json",
        coco((BOX % "1, 1, 5, 5").replace('"image_id": 1', '"image_id": 9')),
        "line 4: The image_id 9 is not among the images",
    ),
    "coco of no map": ("a.json", coco("7"), "line 4: An element of annotations is 7"),
    "detections": ("a.json", '[{"image_id": 1, "bbox": [1, 1, 2, 2], "score": 1}]', "is not known as labels of"),
    "coco nested too deep": ("a.json", "[" * 100_000, "line 1: (This is nested|The file ends)"),
    "json of a surrogate": ("a.json", task(rectanglelabels=["\ud800"]), "line 2: The class name .* rename it"),
    "json of another encoding": ("a.json", b'[{"data": "\xff"}]', "UTF-8"),
    "label studio of nan": ("a.json", task(x=float("nan")), "line 2: The x of a box must be a number"),
    "label studio outside": ("a.json", task(x=300), "line 2: The box .* per cent has its centre outside"),
    "label studio without an image": (
        "a.json",
        task().replace('"image": "a.png"', '"picture": 5'),
        "line 2: This task has no image",
    ),
    "label studio cut short": ("a.json", task()[:-30], "line 2: The file ends too early"),
    "label studio of no result": ("a.json", '[{"data": {"image": "a.png"}, "annotations": [{"result": 5}]}]', "line 1"),
    "voc cut short": ("a.xml", voc(corners("1", "1", "5", "5"))[:-10], "line 4: The file ends too early"),
    "voc of another root": ("a.xml", "<html><body/></html>", "web page|is not known as labels of"),
    "voc without a box": ("a.xml", voc(""), "line 3: This object has no bndbox"),
    "voc of nan": ("a.xml", voc(corners("nan", "1", "5", "5")), "line 4: A corner of a box must be a number"),
    "voc of a word": ("a.xml", voc(corners("one", "1", "5", "5")), "line 4: A corner of a box must be a number"),
    "voc outside": ("a.xml", voc(corners("200", "1", "220", "5")), "line 4: The box .* has its centre outside"),
    "voc without a size": ("a.xml", voc(corners("1", "1", "5", "5"), ""), "The width and height .* --images"),
    "voc of entities": ("a.xml", BOMB + voc("&y;"), "line 1: This XML declares entities"),
    "voc of a file's entity": ("a.xml", OUTSIDE + voc("&x;"), "line 1: This XML declares entities"),
    "cvat of another class": (
        "a.xml",
        cvat('<box label="b" xtl="1" ytl="1" xbr="5" ybr="5"/>'),
        "line 3: The class 'b' is not one of a: correct it, or name all classes with --classes",
    ),
    "cvat without a corner": (
        "a.xml",
        cvat('<box label="a" xtl="1" ytl="1" xbr="5"/>'),
        "line 3: ybr of a box must be",
    ),
    "cvat of a video": ("a.xml", "<annotations>\n<track/></annotations>", "line 2: These are tracks of a video"),
    "cvat cut short": ("a.xml", cvat("<box")[:-40], "line 2: The file ends too early"),
    "an image": ("a.json", b"\x89PNG\r\n\x1a\n", "This is not JSON but a PNG image"),
    "an empty file": ("a.json", "", "The file ends too early"),
    "an archive": ("a.zip", b"PK\x03\x04", "is a ZIP archive: unpack it"),
    "no tasks": ("a.json", "[]", "is not known as labels of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_with_its_file_and_line(name: str, tmp_path: Path) -> None:
    file, data, sentence = REFUSED[name]
    path = tmp_path / file
    path.write_bytes(data.encode(errors="surrogatepass") if isinstance(data, str) else data)
    with pytest.raises(YogoError, match=sentence) as raised:
        convert(ConversionRequest(path, tmp_path / "out", "yolo"))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == [file]


def yolo(folder: Path, row: str, *, classes: str = "a\n") -> None:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    Image.new("L", (100, 50)).save(folder / "images/a.png")
    (folder / "labels/a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{row}\n")
    if classes:
        (folder / "classes.txt").write_text(classes)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("7 0.5 0.5 0.1 0.1", "line 2: There is no class 7"),
        ("0 nan 0.5 0.1 0.1", "line 2: The box nan"),
        ("0 5 0.5 0.1 0.1", "line 2: The box 5"),
        ("0 10 10 20 20 30 10", "line 2: The outline of 3 points has the coordinate 10: all are fractions"),
        ("0 0.1 0.1 0.2 nan 0.3 0.1", "line 2: The outline of 3 points has the coordinate nan"),
        ("7 0.1 0.1 0.2 0.2 0.3 0.1", "line 2: There is no class 7"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.1 0.5", "line 2: This row has 8 values"),
        ("0 0.5 0.5", "line 2: This row has 3 values"),
    ],
)
def test_a_row_of_yolo_that_cannot_be_read_is_said_too(row: str, sentence: str, tmp_path: Path) -> None:
    yolo(tmp_path / "in", row)
    with pytest.raises(YogoError, match=sentence):
        convert(ConversionRequest(tmp_path / "in", tmp_path / "out", "coco"))
    assert not (tmp_path / "out").exists()


def test_numbers_without_names_are_not_guessed(tmp_path: Path) -> None:
    yolo(tmp_path / "in", "1 0.5 0.5 0.1 0.1", classes="")
    with pytest.raises(YogoError, match="name the classes in their order with --classes"):
        convert(ConversionRequest(tmp_path / "in", tmp_path / "out", "coco"))
    assert (
        main(["labels", "convert", str(tmp_path / "in"), str(tmp_path / "out"), "--to", "coco", "--classes", "é", "b"])
        == 0
    )
    assert '"name": "é"' in (tmp_path / "out/annotations/instances_default.json").read_text()


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd.png", "etc/passwd.png"),
        ("/etc/a.png", "etc/a.png"),
        ("C:\\Users\\me\\a.png", "Users/me/a.png"),
        ("a/../../b.png", "b.png"),
        ("./a//b.png", "a/b.png"),
    ],
)
def test_a_name_leads_nowhere_else(given: str, safe: str) -> None:
    assert safe_name(given, SourcePlace(Path("x"))) == safe


@pytest.mark.parametrize("to", ["yolo", "voc", "coco", "cvat", "label-studio"])
def test_no_file_is_written_outside_the_folder(to: str, tmp_path: Path) -> None:
    text = coco(BOX % "1, 1, 5, 5").replace("a.png", "../../../outside.png")
    (tmp_path / "in.json").write_text(text)
    convert(ConversionRequest(tmp_path / "in.json", tmp_path / "deep/er/out", to))
    files = [Path(folder, name) for folder, _, names in os.walk(tmp_path) for name in names]
    assert all(file.is_relative_to(tmp_path / "deep/er/out") for file in files if file.name != "in.json")


def test_two_images_that_would_share_a_label_are_refused(tmp_path: Path) -> None:
    two = '{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "a.jpg"}'
    text = coco("").replace('{"id": 1, "file_name": "a.png", "width": 100, "height": 50}', two)
    (tmp_path / "in.json").write_text(text)
    for is_dry in (True, False):
        with pytest.raises(YogoError, match=r"line 2: A second image would be written to labels/a\.txt"):
            convert(ConversionRequest(tmp_path / "in.json", tmp_path / "out", "yolo", is_dry=is_dry))
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_did_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crowd = (BOX % "1, 1, 5, 5").replace("}", ', "iscrowd": 1}')
    (tmp_path / "in.json").write_text(coco(f"{BOX % '1, 1, 5, 5'},\n{crowd}"))
    words = ["labels", "convert", str(tmp_path / "in.json"), str(tmp_path / "out"), "--to", "voc"]
    assert main([*words, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"]["format"], told["images"], told["boxes"], told["is_dry_run"]) == ("coco", 1, {"a": 1}, True)
    assert told["omitted"] == [
        {"what": "crowd regions", "number": 1, "places": [{"file": str(tmp_path / "in.json"), "line": 5}]}
    ]
    assert not (tmp_path / "out").exists()
    assert main(words) == 0
    assert f"Not carried over: crowd regions: 1 ({tmp_path / 'in.json'}, line 5)" in capsys.readouterr().out
    assert main(words) == 1
    assert "exists already, and nothing is written over it" in capsys.readouterr().err


def test_a_conversion_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    yolo(tmp_path / "in", "0 0.5 0.5 0.1 0.1")
    for number in range(200):
        (tmp_path / f"in/images/{number}.png").write_bytes((tmp_path / "in/images/a.png").read_bytes())
        (tmp_path / f"in/labels/{number}.txt").write_text("")

    def stop(_: str, done: int) -> None:
        raise KeyboardInterrupt

    stopping: Callable[[str, int], None] = stop
    with pytest.raises(KeyboardInterrupt):
        convert(ConversionRequest(tmp_path / "in", tmp_path / "out", "yolo"), stopping)
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


def test_what_a_large_file_is_shows_at_its_beginning(tmp_path: Path) -> None:
    """It is not read to the end for that, and one that breaks off later is refused as what it is."""
    path = tmp_path / "a.json"
    path.write_text('{"info": 1, "images": [{"id": 1}], "annotations": [{"id": 1}, ' + "oh no")
    assert begins(path) == ("map", [])
    assert recognised(path) == "coco"
