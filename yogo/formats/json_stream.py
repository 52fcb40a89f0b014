"""Reads large JSON files element by element, each with its line, so that memory does not grow with the file."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from yogo.errors import LabelsError
from yogo.files.foreign import foreign, opened
from yogo.formats.labelled import SourcePlace

_CHUNK = 1 << 20
MOST_CHARACTERS = 1 << 27
"""Of one element: a task, an image, an annotation."""

_BLANKS = " \t\n\r"


class JsonElement(NamedTuple):
    """A part of a JSON file: an element of the list at the top, or of a list below a key at the top, or such a key's
    other value, such as an empty list."""

    key: str
    """The key at the top; empty in a list."""

    value: Any
    place: SourcePlace
    is_listed: bool
    """Whether it is an element of a list."""


def elements(path: Path) -> Iterator[JsonElement]:
    """Raises LabelsError with file and line, OSError."""
    with opened(path) as file:
        head = file.peek(400)[:400]
    if odd := foreign(head, allows_json=True):
        raise LabelsError(f"{path}: This is not JSON but {odd}")
    with open(path, encoding="utf-8-sig") as text:
        yield from _Scanner(path, text).elements()


def begins(path: Path, wanted: Collection[str] = ()) -> tuple[str, list[Any]]:
    """What a file begins with: `list` and its first element, or `map` and those of its keys that are wanted, up to two.

    A file that breaks off after these is one of its kind too. Raises as `elements`.
    """
    found: list[Any] = []
    for element in elements(path):
        if not element.key:
            return "list", [element.value]
        if not wanted:
            return "map", []
        if element.key in wanted and element.key not in found:
            found.append(element.key)
            if len(found) == 2:
                break
    return ("map", found) if found else ("", [])


class _Scanner:
    def __init__(self, path: Path, text: TextIO) -> None:
        self._path = path
        self._text = text
        self._decode = json.JSONDecoder().raw_decode
        self._buffer = ""
        self._at = 0
        self._is_whole = False
        self._line = 1
        self._counted = 0
        """Up to where in the buffer the lines are counted."""

    def elements(self) -> Iterator[JsonElement]:
        match self._next():
            case "[":
                yield from self._list("")
            case "{":
                yield from self._map()
            case _:
                raise self._error("A JSON file with a list or a map is expected")
        if self._next():
            raise self._error("Something follows after the end of the JSON")

    def _map(self) -> Iterator[JsonElement]:
        self._at += 1
        while self._next() != "}":
            key, _ = self._value()
            if not isinstance(key, str) or self._next() != ":":
                raise self._error("This is not JSON: a key and a colon are expected")
            self._at += 1
            if self._next() == "[":
                yield from self._list(key)
            else:
                value, line = self._value()
                yield JsonElement(key, value, SourcePlace(self._path, line), is_listed=False)
            self._comma("}")
        self._at += 1

    def _list(self, key: str) -> Iterator[JsonElement]:
        self._at += 1
        if key and self._next() == "]":
            yield JsonElement(key, [], SourcePlace(self._path, self._here()), is_listed=False)
        while self._next() != "]":
            value, line = self._value()
            yield JsonElement(key, value, SourcePlace(self._path, line), is_listed=True)
            self._comma("]")
        self._at += 1

    def _comma(self, end: str) -> None:
        found = self._next()
        if found == ",":
            self._at += 1
        elif found != end:
            raise self._error(f"This is not JSON: a comma or {end} is expected")

    def _next(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if (found := self._buffer[self._at]) not in _BLANKS:
                    return found
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> tuple[Any, int]:
        """The next value, and its line."""
        self._next()
        line = self._here()
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
                if end < len(self._buffer) or not self._more():
                    self._at = end
                    return value, line
            except json.JSONDecodeError as error:
                inside = error.pos - self._at
                if not self._more():
                    self._at = min(self._at + inside, len(self._buffer))
                    is_cut = error.msg.startswith("Unterminated")
                    raise self._error(f"This is not JSON: {error.msg.lower()}", is_cut=is_cut) from error
            except RecursionError as error:
                raise self._error("This is nested too deeply to be read") from error
            except ValueError as error:  # a number of too many digits
                raise self._error(f"This is not JSON: {error}") from error

    def _more(self) -> bool:
        """Read on; what is used up is forgotten, and the more an element takes, the more is read at a time."""
        if self._is_whole:
            return False
        self._here()
        rest = self._buffer[self._at :]
        if len(rest) > MOST_CHARACTERS:
            raise self._error(f"One element has more than {MOST_CHARACTERS:,} characters, or a bracket is not closed")
        try:
            read = self._text.read(max(_CHUNK, len(rest)))
        except UnicodeDecodeError as error:
            raise SourcePlace(self._path, self._line).error("This is not text in UTF-8 from here on") from error
        self._is_whole = not read
        self._buffer, self._at, self._counted = rest + read, 0, 0
        return bool(read)

    def _here(self) -> int:
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _error(self, sentence: str, *, is_cut: bool = False) -> LabelsError:
        line = self._here()
        if is_cut or (self._is_whole and not self._buffer[self._at :].strip()):
            sentence = "The file ends too early: it was cut short. Export it again, or copy it again"
        return SourcePlace(self._path, line).error(sentence)
