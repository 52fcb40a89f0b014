"""Images sharper, `g`: a terminal that draws images is asked and used, and any other is left alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image

from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo_tui.errors import ConsoleError
from yogo_tui.questions.images import outline
from yogo_tui.widgets.graphics import NEITHER, NOWHERE, SILENT, SIZELESS, Drawing, Graphics, ask

T = TypeVar("T")
Answers = Sequence[tuple[bytes, bytes]]
"""What a terminal is asked, in turn, and what it says to that."""

ATTRIBUTES, CELL, COLOURS = b"\x1b[c", b"\x1b[16t", b"\x1b[?1;1;0S"
KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[>q"
OK = b"\x1b_Gi=31;OK\x1b\\"


def kitty(name: bytes) -> Answers:
    return (
        (ATTRIBUTES, b"\x1b[?62;c"),
        (KITTY + CELL + ATTRIBUTES, OK + b"\x1bP>|" + name + b"\x1b\\\x1b[6;20;9t\x1b[?62;c"),
    )


def sixel(answer: bytes) -> Answers:
    return (ATTRIBUTES, b"\x1b[?62;4;22c"), (COLOURS + CELL + ATTRIBUTES, answer + b"\x1b[?62;4;22c")


class Line:
    """A terminal's line, at whose other end someone answers."""

    def __init__(self, answers: Answers) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.written = b""
        self._answers = answers
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        for question, answer in self._answers:
            asked = b""
            while not asked.endswith(question):
                asked += os.read(self.master, 1)
            self.written += asked
            os.write(self.master, answer)

    def close(self) -> None:
        self._thread.join()
        os.set_blocking(self.master, False)
        with contextlib.suppress(BlockingIOError):
            self.written += os.read(self.master, 4096)
        os.close(self.slave)
        os.close(self.master)


@contextlib.contextmanager
def line(answers: Answers) -> Iterator[Line]:
    opened = Line(answers)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (kitty(b"kitty(0.36.4)"), Graphics(Drawing.KITTY, (9, 20))),
        (kitty(b"ghostty 1.1.3"), Graphics(Drawing.KITTY, (9, 20))),
        (sixel(b"\x1b[6;17;8t"), Graphics(Drawing.SIXEL, (8, 17))),
        (sixel(b"\x1b[?1;0;16S\x1b[6;17;8t"), Graphics(Drawing.SIXEL, (8, 17), 16)),
        (sixel(b"\x1b[?1;0;1024S\x1b[6;17;8t"), Graphics(Drawing.SIXEL, (8, 17), 256)),
    ],
)
def test_a_terminal_that_draws_images_is_recognised(answers: Answers, found: Graphics) -> None:
    with line(answers) as opened:
        assert ask(opened.slave, opened.slave) == found


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (((ATTRIBUTES, b"\x1b[?1;2c"),), NEITHER),  # tmux and screen
        (((ATTRIBUTES, b"\x1b[?6c"),), NEITHER),  # the Linux console
        (kitty(b"kitty(0.26.5)"), NEITHER),  # without placeholders
        (kitty(b"Warp(v0.2025)"), NEITHER),
        (((ATTRIBUTES, b"\x1b[?65;1;9c"), (KITTY + CELL + ATTRIBUTES, b"\x1b[?65;1;9c")), NEITHER),
        (sixel(b""), SIZELESS),
        (sixel(b"\x1b[6;0;0t"), SIZELESS),
    ],
)
def test_another_terminal_is_asked_no_more_than_it_understands(answers: Answers, sentence: str) -> None:
    with line(answers) as opened, pytest.raises(ConsoleError) as refused:
        ask(opened.slave, opened.slave)
    assert str(refused.value) == sentence
    assert opened.written == b"".join(question for question, _ in answers)


def test_a_terminal_that_does_not_answer_is_given_up() -> None:
    with line(()) as opened, pytest.raises(ConsoleError, match=re.escape(SILENT)):
        ask(opened.slave, opened.slave, patience=0.05)
    assert opened.written == ATTRIBUTES


def test_nothing_is_written_into_a_pipe() -> None:
    source, target = os.pipe()
    try:
        with pytest.raises(ConsoleError, match=re.escape(NOWHERE)):
            ask(source, target)
        os.set_blocking(source, False)
        with pytest.raises(BlockingIOError):
            os.read(source, 1)
    finally:
        os.close(source)
        os.close(target)


def test_the_line_is_left_as_it_was() -> None:
    with line(sixel(b"\x1b[6;17;8t")) as opened:
        before = termios.tcgetattr(opened.slave)
        ask(opened.slave, opened.slave)
        assert termios.tcgetattr(opened.slave) == before


@contextlib.contextmanager
def picture(folder: Path, pixels: tuple[int, int] = (0, 0), **changes: str) -> Iterator[Terminal]:
    """The console, showing the image of a definition in half blocks, in a window of so many pixels."""
    for name in ("images", "labels", "dataset_defs"):
        (folder / name).mkdir()
    Image.new("RGB", (400, 300), (10, 200, 30)).save(folder / "images/a.png")
    (folder / "labels/a.txt").write_text("0 0.5 0.5 0.3 0.4\n")
    (folder / "dataset_defs/cells.yml").write_text(
        "class_names: [cell]\ndataset_paths:\n  a:\n    image_path: ../images\n    label_path: ../labels\n"
    )
    (folder / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(folder), "--settings", str(folder / "settings.yaml"))
    with Terminal(command, environment(folder, **changes), folder) as terminal:
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, *pixels))
        terminal.see("4 Runs")
        terminal.press("1")
        terminal.see("1 image")
        terminal.press("v")
        terminal.see("a.png")
        terminal.see("▀▀▀▀")
        yield terminal


def sent(terminal: Terminal, wanted: Callable[[bytes], T | None], *, after: int) -> T:
    """Wait until what was sent since then holds what is wanted."""
    for _ in terminal.turns(30, "it is not sent"):
        if (found := wanted(terminal.sent[after:])) is not None:
            return found
    raise AssertionError


def asked(terminal: Terminal, question: bytes, *, after: int) -> int:
    return after + sent(terminal, lambda data: data.find(question) if question in data else None, after=after) + 1


def test_sixel_is_drawn_for_a_terminal_that_has_it_and_half_blocks_again_afterwards(tmp_path: Path) -> None:
    with picture(tmp_path, (640, 408)) as terminal:
        begun = len(terminal.sent)
        terminal.press("g")
        first = asked(terminal, ATTRIBUTES, after=begun)
        terminal.press("\x1b[?63;4c")
        asked(terminal, COLOURS + ATTRIBUTES, after=first)
        terminal.press("\x1b[?1;0;256S\x1b[?63;4c")
        size = sent(terminal, lambda data: re.search(rb'\x1bP[0-9;]*q"1;1;(\d+);(\d+)#', data), after=begun)
        width, height = map(int, size.groups())
        assert width % 8 == 0
        assert height % 17 == 0
        assert width / height == pytest.approx(4 / 3, rel=0.05)
        begun = len(terminal.sent)
        terminal.press("?")
        begun = terminal.see("keys that work here", after=begun)
        terminal.press("\x1b")
        whole = f'"1;1;{width};{height}#'.encode()
        sent(terminal, lambda data: whole in data or None, after=begun)
        begun = len(terminal.sent)
        terminal.press("g")
        terminal.see("▀▀▀▀", after=begun)
        terminal.leave()


def answer_as_kitty(terminal: Terminal) -> int:
    """Press g, and say what Kitty says."""
    begun = len(terminal.sent)
    terminal.press("g")
    first = asked(terminal, ATTRIBUTES, after=begun)
    terminal.press("\x1b[?62;52;c")
    asked(terminal, KITTY + CELL + ATTRIBUTES, after=first)
    terminal.press(f"{OK.decode()}\x1bP>|kitty(0.36.4)\x1b\\\x1b[6;20;10t\x1b[?62;52;c")
    return begun


def test_kitty_is_sent_the_image_and_characters_that_stand_for_it(tmp_path: Path) -> None:
    with picture(tmp_path, COLORTERM="truecolor") as terminal:
        begun = answer_as_kitty(terminal)
        placed = re.compile(rb"\x1b_Ga=p,i=(\d+),c=(\d+),r=(\d+),U=1,q=2")
        number, columns, rows = map(int, sent(terminal, placed.search, after=begun).groups())
        assert re.search(rb"\x1b_Gi=%d,m=[01],f=100,q=2;" % number, terminal.sent[begun:])
        colour = ";".join(str(number >> bits & 255) for bits in (16, 8, 0))
        placeholders = f"38;2;{colour}[0-9;]*m{chr(0x10EEEE)}".encode()
        sent(terminal, lambda data: len(re.findall(placeholders, data)) >= rows or None, after=begun)
        sent(terminal, lambda data: data.count(chr(0x10EEEE).encode()) >= columns * rows or None, after=begun)
        terminal.leave()


def test_kitty_without_its_colours_is_not_drawn_on(tmp_path: Path) -> None:
    with picture(tmp_path) as terminal:
        begun = answer_as_kitty(terminal)
        terminal.see("export COLORTERM=truecolor", after=begun)
        assert b"f=100" not in terminal.sent[begun:]
        terminal.press("\r")
        terminal.leave()


def test_where_there_is_neither_it_is_said_and_the_image_stays(tmp_path: Path) -> None:
    with picture(tmp_path) as terminal:
        begun = len(terminal.sent)
        terminal.press("g")
        asked(terminal, ATTRIBUTES, after=begun)
        terminal.press("\x1b[?1;2c")
        terminal.see("draws no images", after=begun)
        assert b"\x1b_" not in terminal.sent[begun:]
        assert b"\x1bP" not in terminal.sent[begun:]
        terminal.press("\r")
        terminal.leave()
        assert terminal.echoes


def test_the_library_is_not_imported_before_it_is_asked_for_and_then_asks_nothing() -> None:
    program = (
        "import sys, yogo_tui.app, yogo_tui.screens.results, yogo_tui.screens.pictures\n"
        "from yogo_tui.widgets.graphics import Drawing, Graphics, widgets\n"
        "assert 'textual_image' not in sys.modules\n"
        "for size in ((7, 15), (9, 20)):\n"
        "    widgets(Graphics(Drawing.KITTY, size))\n"
        "    from textual_image._terminal import get_cell_size\n"
        "    assert get_cell_size() == size, get_cell_size()\n"
    )
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        subprocess.run([sys.executable, "-c", program], stdin=slave, stdout=slave, check=True)
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)
    finally:
        os.close(slave)
        os.close(master)


def test_lines_are_thicker_on_a_large_image_and_dots_are_dashes() -> None:
    def drawn(side: int, *, dotted: bool) -> Image.Image:
        image = Image.new("RGB", (side, side))
        outline(image, (0.25, 0.25, 0.75, 0.75), (255, 255, 255), dotted=dotted)
        return image

    def run_lengths(image: Image.Image, across: bool) -> list[int]:
        side, at = image.width, image.width // 4
        line = [image.getpixel((at if across else spot, spot if across else at)) != (0, 0, 0) for spot in range(side)]
        return [len(run) for run in re.findall("x+", "".join("x" if one else " " for one in line))]

    small, large = drawn(100, dotted=False), drawn(1000, dotted=False)
    assert [small.getpixel((x, 50)) == (255, 255, 255) for x in range(25, 28)] == [True, False, False]
    assert [large.getpixel((x, 500)) == (255, 255, 255) for x in range(250, 255)] == [True] * 4 + [False]
    assert set(run_lengths(drawn(100, dotted=True), True)) == {1}
    assert max(run_lengths(drawn(1000, dotted=True), True)) == 12
