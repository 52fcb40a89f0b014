"""A definition with its pictures looked into: what `yogo check`, the console and a training's beginning say of it.

Needs Pillow and numpy, no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from yogo.data.headers import Header, depth, look
from yogo.data.remarks import remarks
from yogo.definition.problem import Problem
from yogo.definition.survey import Survey, survey

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and of how many (0: not known)."""

_KIND = "pictures that cannot be read"


def full_survey(path: str | Path, *, memory: Path | None = None, progress: Progress | None = None) -> Survey:
    """The definition counted, and every picture's head and end looked at; what was found is remembered.

    `memory` is the folder of the caches; with None nothing is remembered. Raises nothing but what `progress` does.
    """
    folder = memory / "headers" if memory else None
    tell = progress or (lambda *_: None)

    def examine(paths: Sequence[str]) -> Iterator[Problem]:
        found = look(paths, memory=folder, progress=lambda done, total: tell("looking at pictures", done, total))
        headers = [one for one in found if isinstance(one, Header)]
        for one in found:
            if isinstance(one, Problem):
                yield Problem(one.severity, one.message, one.file, one.line, one.missing, one.kind or _KIND)
        for sentence in remarks(headers, bits=depth(headers)):
            yield Problem("warning", sentence[0].upper() + sentence[1:], Path(path))

    return survey(path, progress=lambda done: tell("reading labels", done, 0), look=examine)
