"""What a comparison is written to: plots, one HTML file that fetches nothing, and the card beside the weights."""

from __future__ import annotations

import base64
import io
import re
import shutil
import socketserver
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.made_runs import trained_run
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_comparing import compared, runs_in
from yogo.run.directory import RunDirectory
from yogo.run.metrics import Metrics, Thresholds
from yogo.run.worst import JudgedBox, Verdict, WorstImage, WorstImages
from yogo_tui.cli import main
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.exporting import FORMATS, exported
from yogo_tui.comparing.plotting import COLOURS, Stroke, dashed
from yogo_tui.comparing.report import as_html, jpeg_size
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.session.comparing import described, save, write_card

MADE = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVIL = '<script>fetch("http://leak.invalid/")</script><img src="http://leak.invalid/a">\x1b]0;x\x07\udc80'


def jpeg(width: int, height: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (width, height), 128).save(sink, "JPEG")
    return sink.getvalue()


def add_results(run: RunDirectory) -> None:
    """Test metrics with a confusion matrix, and a worst image."""
    Metrics(
        classes=("RBC", "WBC"),
        num_images=2,
        num_objects=9,
        num_boxes=9,
        thresholds=Thresholds(
            objectness=0.5, suppression_iou=0.5, match_iou=0.5, ranked_objectness=0.01, most_boxes=100
        ),
        figures={"mAP50": 0.7, "AP50/RBC": 0.8},
        confusion=((922, 0, 10), (1, 75, 2), (5, 6, 0)),
        names=("RBC", "WBC", "background"),
        curves={},
    ).write(run.metrics)
    label = JudgedBox(box=(0.1, 0.1, 0.3, 0.4), class_index=0, verdict=Verdict.MISSED)
    found = JudgedBox(box=(0.5, 0.5, 0.8, 0.9), class_index=1, verdict=Verdict.FALSE, confidence=0.9)
    image = WorstImage(
        image="/lab/<script>a<b>.png",
        missed=1,
        false=1,
        num_labels=4,
        labels=(label,),
        predictions=(found,),
        thumbnail=base64.b64encode(jpeg(60, 40)),
    )
    WorstImages(part="val", classes=("RBC", "WBC"), num_images=2, images=(image,)).write(run.worst)


async def evil_comparison(folder: Path) -> Comparison:
    evil = EVIL.replace("\udc80", "")  # which JSON cannot hold
    said: dict[str, Any] = {"note": evil, "tags": (evil,), "code": "<b>", "device": evil, "classes": (evil, "WBC")}
    run = trained_run(folder / "one", losses=(60.0, 30.0, 20.0), **said)
    run.script.write_bytes(EVIL.encode(errors="surrogateescape"))
    add_results(run)
    trained_run(folder / "two", losses=(50.0, 45.0, 44.0), map50=0.4)
    return await described(HereHost(), await runs_in(folder, ["one", "two"]), with_images=True)


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_report_holds_all_that_it_shows_and_nothing_of_a_run_is_markup(tmp_path: Path) -> None:
    found = await evil_comparison(tmp_path)
    html = as_html(found, made_at=MADE)
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "a", "b"}
    fetched = [
        value or "" for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")
    ]
    assert fetched
    assert all(value.startswith("data:image/jpeg;base64,") for value in fetched)
    assert "url(" not in html
    assert "@import" not in html
    assert "\x1b" not in html
    html.encode()
    assert page.text.count('fetch("http://leak.invalid/")') >= 3, "it is shown as text"
    for said in ("what differs", "922", "background", "1 missed, 1 false", "mAP50", "job script", "validation data"):
        assert said in page.text
    paths = [attributes["d"] or "" for tag, attributes in page.tags if tag == "path"]
    assert any(path.count("L") >= 2 for path in paths)


async def test_a_report_of_one_run_has_its_own_curves(tmp_path: Path) -> None:
    trained_run(tmp_path / "one")
    page = Page(as_html(await described(HereHost(), await runs_in(tmp_path, ["one"])), made_at=MADE))
    assert "learning rate" in page.text
    assert "what differs" not in page.text


async def test_a_report_of_runs_that_recorded_nothing_has_no_curves(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trained_run(tmp_path / name).events.unlink()
    found = await compared(tmp_path, "one", "two")
    assert "<svg" not in as_html(found, made_at=MADE)
    with pytest.raises(LaunchError, match="no curve to plot"):
        exported(found, ".svg", made_at=MADE)


async def test_svg_and_png_hold_a_line_for_each_run(tmp_path: Path) -> None:
    found = await evil_comparison(tmp_path)
    drawing = ET.fromstring(exported(found, ".svg", made_at=MADE))
    strokes = [one.get("stroke") for one in drawing.iter("{http://www.w3.org/2000/svg}path")]
    assert {COLOURS[0], COLOURS[1]} <= set(strokes)
    image = Image.open(io.BytesIO(exported(found, ".png", made_at=MADE))).convert("RGB")
    assert all(pixels_of(image, colour) > 100 for colour in COLOURS[:2])


def pixels_of(image: Image.Image, colour: str) -> int:
    wanted = tuple(bytes.fromhex(colour[1:]))
    return sum(count for count, seen in image.getcolors(1 << 24) or () if seen == wanted)


def test_a_dashed_line_leaves_out_what_its_dashes_say() -> None:
    stroke = Stroke(((0.0, 0.0), (10.0, 0.0), (10.0, 7.0)), "#000000", dashes=(4.0, 3.0))
    assert list(dashed(stroke)) == [((0, 0), (4, 0)), ((7, 0), (10, 0), (10, 1)), ((10, 4), (10, 7))]


def test_the_size_of_a_jpeg_is_read_from_its_header() -> None:
    assert jpeg_size(jpeg(60, 40)) == (60, 40)
    assert jpeg_size(b"no image") == (1, 1)


async def test_a_file_that_exists_is_replaced_only_if_that_is_asked_for(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trained_run(tmp_path / name)
    found = await compared(tmp_path, "one", "two")
    for suffix in FORMATS:
        file = tmp_path / f"out{suffix}"
        await save(found, str(file))
        with pytest.raises(LaunchError, match="exists already"):
            await save(found, str(file))
        file.write_text("")
        await save(found, str(file), is_forced=True)
        assert file.read_bytes()
    with pytest.raises(LaunchError, match=r"out\.pdf does not say what to write: end its name in \.html, "):
        await save(found, "out.pdf")


async def test_a_card_is_written_anew_until_a_person_changes_it(tmp_path: Path) -> None:
    run = trained_run(tmp_path / "one", changes={"learning_rate": 5e-4})
    (seen,) = await runs_in(tmp_path, ["one"])
    await write_card(HereHost(), seen)
    first = run.card.read_text()
    for said in ("# one\n", "- classes: RBC, WBC", "learning_rate: 0.0005", "| mAP50 | .500 |", "SHA-256"):
        assert said in first
    await write_card(HereHost(), seen)
    assert run.card.read_text() == first
    for changed in (first.replace("microscope", "electron microscope"), f"{first}And more.\n", "My own.\n"):
        run.card.write_text(changed)
        with pytest.raises(LaunchError, match="changed by a person"):
            await write_card(HereHost(), seen)
        assert run.card.read_text() == changed
    run.best.unlink()
    (seen,) = await runs_in(tmp_path, ["one"])
    with pytest.raises(LaunchError, match=r"no best\.pth"):
        await write_card(HereHost(), seen)


def test_the_commands_write_reports_and_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        add_results(trained_run(tmp_path / "trained_models" / name))
    assert main(["report", "one"]) == 0
    assert "worst images" in (tmp_path / "one.html").read_text()
    assert main(["compare", "one", "two", "--output", "both.html"]) == 0
    assert "Comparison of one, two" in (tmp_path / "both.html").read_text()
    assert main(["card", "one"]) == 0
    assert (tmp_path / "trained_models/one/MODEL.md").read_text().startswith("# one\n")
    capsys.readouterr()
    assert main(["report", "one"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["report", "one", "--output", "one.pdf"]) == 1
    assert "end it in .html" in capsys.readouterr().err


@pytest.fixture
def asked() -> Iterator[tuple[int, list[str]]]:
    """The port of a proxy, and the first line of each request that it was asked for; it answers none."""
    lines: list[str] = []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines.append(self.rfile.readline().decode(errors="replace"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], lines
        server.shutdown()


def screenshot(page: Path, port: int, width: int) -> Image.Image:
    """What headless Chromium shows of a page. It reaches nothing but the proxy."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    out = page.with_suffix(f".{width}.png")
    off = [f"--disable-{what}" for what in ("gpu", "background-networking", "component-update", "sync", "extensions")]
    more = ["--headless=new", "--no-sandbox", "--no-first-run", f"--proxy-server=http://127.0.0.1:{port}"]
    where = [f"--user-data-dir={page.parent / 'chromium'}", f"--window-size={width},3000", f"--screenshot={out}"]
    subprocess.run([program, *off, *more, *where, page.as_uri()], check=True, capture_output=True, timeout=120)
    return Image.open(out).convert("RGB")


async def test_a_browser_shows_the_curves_and_asks_nobody_for_anything(
    tmp_path: Path, asked: tuple[int, list[str]]
) -> None:
    port, lines = asked
    page = tmp_path / "report.html"
    page.write_bytes(exported(await evil_comparison(tmp_path), ".html", made_at=MADE))
    for width in (500, 1200):
        shown = screenshot(page, port, width)
        assert all(pixels_of(shown, colour) > 20 for colour in COLOURS[:2])
    hosts = {re.split(r"[:/]", line.split()[1].removeprefix("http://"))[0] for line in lines if len(line.split()) > 1}
    assert "leak.invalid" not in hosts
    lines.clear()
    page.write_text('<img src="http://leak.invalid/a.png">')
    screenshot(page, port, 500)
    assert any("leak.invalid" in line for line in lines), "a request would have been seen"
