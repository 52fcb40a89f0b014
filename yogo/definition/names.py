"""A label and an image whose names differ only by what a program did to one of them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import unquote

_PREFIX = re.compile(r"[0-9a-f]{8}-(.+)", re.IGNORECASE)
_ROBOFLOW = re.compile(r"(.+)_(?:png|jpe?g|tiff?|bmp)(?:\.rf\.[0-9A-Za-z]+)?")
_COPY = re.compile(r"(.+?)(?: \(\d+\)| copy| - Copy)")
_PICTURE_SUFFIX = re.compile(r"(.+)\.(?:png|jpe?g|tiff?|bmp)", re.IGNORECASE)


def _without(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def change(stem: str) -> str:
        found = pattern.fullmatch(stem)
        return found[1] if found else stem

    return change


def _composed(stem: str) -> str:
    return unicodedata.normalize("NFC", stem)


def _number(stem: str) -> str:
    return stem.lstrip("0") or "0" if stem.isascii() and stem.isdigit() else stem


_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("one whose accents are stored in another way (Unicode NFC and NFD, as macOS changes them)", _composed),
    ("one that differs in capital letters", str.casefold),
    ("one that differs in percent signs (%..), as URLs are quoted", unquote),
    ("one with the image's suffix in both (a.png.txt)", _without(_PICTURE_SUFFIX)),
    ("one with a prefix that Label Studio adds to what is uploaded", _without(_PREFIX)),
    ("one with an ending that Roboflow adds", _without(_ROBOFLOW)),
    ("one with other zeros before the number", _number),
    ("one that differs in blanks", lambda stem: "".join(stem.split())),
    ("one that is named as its copy", _without(_COPY)),
)
"""Ways in which names come to differ, each with what undoes it; tried one by one, then all together."""


def likely_picture(pictures: Iterable[str]) -> Callable[[str], tuple[str, str] | None]:
    """Finds the image that a label's name (both without suffixes) most likely means, and how the two differ."""
    known = list(pictures)
    tables: list[dict[str, str]] = []

    def find(stem: str) -> tuple[str, str] | None:
        if not tables:  # built on first use
            tables.extend({change(name): name for name in known} for _, change in _CHANGES)
            tables.append({_all(name): name for name in known})
        for (how, change), table in zip(_CHANGES, tables, strict=False):
            if found := table.get(change(stem)):
                return found, how
        if found := tables[-1].get(_all(stem)):
            return found, "one that differs in how it is written"
        return None

    return find


def _all(stem: str) -> str:
    for _, change in _CHANGES:
        stem = change(stem)
    return os.path.basename(_composed(stem).casefold())
