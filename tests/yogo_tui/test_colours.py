"""The colours that the console draws with, in real terminals of more and of fewer."""

from __future__ import annotations

import re
from pathlib import Path

from tests.yogo_tui.terminal import CONSOLE, Terminal, environment

SIXTEEN = {0, 1, 2, 3, 4, 7, *range(30, 38), 39, *range(40, 48), 49, *range(90, 98), *range(100, 108)}

_STYLE = re.compile(rb"\x1b\[([0-9;]*)m")


def sent_with(folder: Path, **variables: str) -> bytes:
    """All that the console sends for two of its screens and a notice."""
    (folder / "dataset_defs").mkdir(parents=True)
    (folder / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(folder), "--settings", str(folder / "settings.yaml"))
    with Terminal(command, environment(folder, **variables), folder) as terminal:
        terminal.see("4 Runs")
        terminal.press("x")
        terminal.see("There is no run to choose")
        terminal.press("2")
        terminal.see("Learning rate")
        terminal.leave()
        return bytes(terminal.sent)


def drawn_with(folder: Path, **variables: str) -> set[bytes]:
    """What sets colours and styles."""
    return set(_STYLE.findall(sent_with(folder, **variables)))


def grounds_of_plain_text(sent: bytes) -> set[int]:
    """The colours of the ground on which text has the terminal's own colour, which may be black or white."""
    ink, ground, found = 39, 49, set()
    for style, text in re.findall(_STYLE.pattern + rb"|([^\x1b]+)", sent):
        for code in map(int, (style or b"0").split(b";") if not text else ()):
            ink, ground = (39, 49) if code == 0 else (ink, ground)
            ink = code if 30 <= code <= 39 or 90 <= code <= 97 else ink
            ground = code if 40 <= code <= 49 or 100 <= code <= 107 else ground
        if ink == 39 and text.strip():
            found.add(ground)
    return found


def test_a_terminal_whose_ground_is_white_shows_no_black_text_on_black(tmp_path: Path) -> None:
    assert grounds_of_plain_text(sent_with(tmp_path, TERM="xterm")) == {49}


def test_a_terminal_of_sixteen_colours_is_drawn_with_its_own(tmp_path: Path) -> None:
    codes = drawn_with(tmp_path, TERM="xterm")
    assert {int(code or 0) for some in codes for code in some.split(b";")} <= SIXTEEN
    assert b"39;49" in codes, "plain text has the terminal's own colours"
    assert b"37;40" not in codes


def test_a_terminal_of_more_colours_gets_those_of_the_console(tmp_path: Path) -> None:
    of_256 = drawn_with(tmp_path / "few", TERM="xterm-256color")
    assert any(b"48;5;" in code for code in of_256)
    assert not any(b"48;2;" in code for code in of_256)
    assert b"38;2;208;208;208;48;2;18;18;18" in drawn_with(tmp_path / "all", TERM="xterm", COLORTERM="truecolor")
