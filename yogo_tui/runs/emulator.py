"""A small terminal emulator that turns a log into lines of text: it shows the last state of progress bars, and colours.

Carriage returns, backspaces and cursor movements, by which bars are drawn, are applied to the rows that they move to.
SGR colours become styles. All other escape sequences and control characters are removed (clipboard, links, titles,
device strings, C1 controls), so that a log cannot drive the reader's terminal: the resulting text holds none of
Unicode's control, format and surrogate characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from rich.ansi import SGR_STYLE_MAP
from rich.color import Color
from rich.errors import StyleSyntaxError
from rich.style import Style
from rich.text import Text

MAX_COLUMNS = 4096
"""Most characters in a row; a longer row ends in an ellipsis."""

_REDRAWN = 8192
"""Of a longer line that holds carriage returns, only this many characters at its end are drawn."""

_TAB = 8
_PLAIN = Style.null()
_UNREADABLE = frozenset({5, 6, 8})
"""SGR codes that are ignored: blinking (5, 6), and text in the colour of its background (8)."""

_TOKEN = re.compile(
    r"""
      (?:\x1b\[|\x9b)(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])?                  # CSI, or one that was cut short
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?  # OSC, DCS, SOS, PM, APC
    | \x1b[ -/]*[0-~]?                                                              # any other escape
    | (?P<control>[\x00-\x1f\x7f-\x9f])
    | (?P<words>[^\x00-\x1f\x7f-\x9f]+)
    """,
    re.VERBOSE,
)


@dataclass(slots=True)
class Row:
    """One line of the screen."""

    offset: int
    """Offset in the log of the byte that began the row."""

    characters: list[str] = field(default_factory=list)
    styles: list[Style] = field(default_factory=list)
    is_cut: bool = False

    def text(self) -> Text:
        text = Text("".join(self.characters), end="", no_wrap=True)
        for start, end, style in self._spans():
            text.stylize(style, start, end)
        if self.is_cut:
            text.append(" …")
        return text

    def write(self, column: int, words: str, style: Style) -> None:
        """Overwrite the row from `column` on, which may be beyond its end."""
        if column + len(words) > MAX_COLUMNS:
            words = words[: max(MAX_COLUMNS - column, 0)]
            self.is_cut = True
        self._fill(column)
        end = column + len(words)
        self.characters[column:end] = words
        self.styles[column:end] = [style] * len(words)

    def erase(self, start: int, end: int) -> None:
        """Blank the columns from `start` up to `end`. The row becomes shorter if `end` is its end."""
        if end >= len(self.characters):
            del self.characters[start:], self.styles[start:]
            self.is_cut = False
        else:
            self.write(start, " " * (end - start), _PLAIN)

    def _fill(self, column: int) -> None:
        missing = column - len(self.characters)
        if missing > 0:
            self.characters += " " * missing
            self.styles += [_PLAIN] * missing

    def _spans(self) -> Iterator[tuple[int, int, Style]]:
        start = 0
        for column in range(1, len(self.styles) + 1):
            if column == len(self.styles) or self.styles[column] != self.styles[start]:
                if self.styles[start] != _PLAIN:
                    yield start, column, self.styles[start]
                start = column


class LogScreen:
    """Rows, and a cursor that moves over them. Each line that is fed begins a row below the cursor."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._row = -1
        self._column = 0
        self._style = _PLAIN

    def feed(self, line: str, offset: int) -> None:
        """Draw one line of the log, without its newline, below the cursor. `offset` is where it begins, in bytes."""
        self._row += 1
        self._column = 0
        if self._row == len(self.rows):
            self.rows.append(Row(offset))
        if line.isprintable():
            self._write(line)
            return
        redrawn = line.find("\r", len(line) - _REDRAWN) if len(line) > _REDRAWN else -1
        for token in _TOKEN.finditer(line, max(redrawn, 0)):
            if words := token["words"]:
                self._write(readable(words))
            elif control := token["control"]:
                self._control(control)
            elif final := token["final"]:
                self._command(final, token["parameters"])

    def _write(self, words: str) -> None:
        self.rows[self._row].write(self._column, words, self._style)
        self._column = min(self._column + len(words), MAX_COLUMNS)

    def _control(self, control: str) -> None:
        match control:
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(self._column - 1, 0)
            case "\t":
                self._write(" " * (_TAB - self._column % _TAB))

    def _command(self, final: str, parameters: str) -> None:
        if final == "m":
            self._style = styled(self._style, parameters)
            return
        if parameters and not parameters.isdecimal():
            return
        number = int(parameters[:5] or 0)
        step = max(number, 1)
        match final:
            case "A" | "F":
                self._row = max(self._row - step, 0)
            case "B" | "E":
                self._row = min(self._row + step, len(self.rows) - 1)
            case "C":
                self._column = min(self._column + step, MAX_COLUMNS)
            case "D":
                self._column = max(self._column - step, 0)
            case "G":
                self._column = min(step - 1, MAX_COLUMNS)
            case "K":
                self._erase(number)
        if final in "EF":
            self._column = 0

    def _erase(self, what: int) -> None:
        """Erase a part of the row: 0 from the cursor to the end, 1 up to the cursor, 2 all of it."""
        start = self._column if what == 0 else 0
        end = self._column + 1 if what == 1 else MAX_COLUMNS
        self.rows[self._row].erase(start, end)


def readable(words: str) -> str:
    """`words` without invisible characters that could drive or confuse a terminal."""
    if words.isprintable():
        return words
    hidden = {c for c in set(words) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    return "".join(c for c in words if c not in hidden) if hidden else words


@lru_cache(maxsize=1024)
def styled(style: Style, parameters: str) -> Style:
    """The style after an SGR sequence. Unknown codes change nothing."""
    codes = [int(code) if code.isdecimal() else 0 for code in parameters.replace(":", ";").split(";")[:64]]
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            color = _color(codes)
            style += Style(color=color) if code == 38 else Style(bgcolor=color)
        elif code in (39, 49):
            # The default is the colour of the console's theme, which may differ from the terminal's.
            kept = Style(bgcolor=style.bgcolor) if code == 39 else Style(color=style.color)
            style = style.without_color + kept
        elif code == 0:
            style = _PLAIN
        elif code in SGR_STYLE_MAP and code not in _UNREADABLE:
            style += _named(SGR_STYLE_MAP[code])
    return style


@lru_cache(maxsize=256)
def _named(definition: str) -> Style:
    try:
        return Style.parse(definition)
    except StyleSyntaxError:
        return _PLAIN


def _color(codes: list[int]) -> Color | None:
    """The colour that follows 38 or 48, None if it is not valid. Its codes are removed from `codes`."""
    kind = codes.pop(0) if codes else 0
    numbers = [min(number, 255) for number in codes[: {5: 1, 2: 3}.get(kind, 0)]]
    del codes[: len(numbers)]
    if kind == 5 and len(numbers) == 1:
        return Color.from_ansi(numbers[0])
    if kind == 2 and len(numbers) == 3:
        return Color.from_rgb(*numbers)
    return None
