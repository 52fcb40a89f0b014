"""Changes a label file's bytes where a decision changes a label; every other line stays byte for byte as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yogo.errors import RunError
from yogo.review.journal import Place

_BOM = b"\xef\xbb\xbf"
_VALUE = re.compile(rb'[^\s,"]+')


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Of one line of a file."""

    word: str | None = None
    """What its first column says from now on; None where that stays."""

    box: Place | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class NewLabel:
    word: str
    box: Place


def rewritten(data: bytes, changes: Mapping[int, LabelChange], added: Sequence[NewLabel] = ()) -> bytes:
    """The file with these lines, counted from 1, changed, and with new ones at its end, separated and ended as the
    others are. Raises RunError for a line that is no label."""
    begin = _BOM if data.startswith(_BOM) else b""
    lines = data[len(begin) :].split(b"\n")
    kept = []
    for number, line in enumerate(lines, 1):
        change = changes.get(number)
        if change is None:
            kept.append(line)
        elif not change.is_deleted:
            kept.append(_line(line, change))
        elif number == len(lines):
            kept.append(b"")  # the one before it had its end already
    if missing := [number for number in changes if number > len(lines)]:
        raise RunError(f"there is no line {missing[0]}")
    text = b"\n".join(kept)
    if added:
        end = b"\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else b"\n"
        separator = "," if data.count(b",") > data.count(b" ") else " "
        text += end if text and not text.endswith(b"\n") else b""
        for one in added:
            text += separator.join([one.word, *map(_number, one.box)]).encode() + end
    return begin + text


def _line(line: bytes, change: LabelChange) -> bytes:
    values = list(_VALUE.finditer(line))
    if len(values) < 5:
        raise RunError(f"{line.decode(errors='replace')[:80]!r} is no label")
    parts: list[tuple[int, int, bytes]] = []
    if change.word is not None:
        parts.append((values[0].start(), values[-5].end(), change.word.encode()))
    if change.box is not None:
        numbers = map(_number, change.box)
        parts += [(at.start(), at.end(), word.encode()) for at, word in zip(values[-4:], numbers, strict=True)]
    for start, end, word in reversed(parts):
        line = line[:start] + word + line[end:]
    return line


def _number(value: float) -> str:
    """To a thousandth of a pixel of any image."""
    return f"{value:.8f}".rstrip("0").rstrip(".") or "0"
