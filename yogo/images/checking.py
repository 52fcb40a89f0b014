"""Checks a definition and its images, for `yogo check`, the console and the start of a training.

Needs Pillow and numpy, no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from yogo.definition.problem import Problem
from yogo.definition.survey import DatasetSummary, survey
from yogo.images.headers import ImageHeader, depth, look
from yogo.images.remarks import remarks

Progress = Callable[[str, int, int], None]
"""Receives what is being done, how many are done, and of how many (0: not known)."""

_KIND = "images that cannot be read"


def full_survey(
    path: str | Path, *, base: Path | None = None, memory: Path | None = None, progress: Progress | None = None
) -> DatasetSummary:
    """The summary of the definition, with every image's header and end looked at; the results are remembered.

    `base` is that of `DatasetDefinition.from_yaml`. `memory` is the folder of the caches; with None nothing is
    remembered. Raises only what `progress` raises.
    """
    folder = memory / "headers" if memory else None
    tell = progress or (lambda *_: None)

    def examine(paths: Sequence[str]) -> Iterator[Problem]:
        found = look(paths, memory=folder, progress=lambda done, total: tell("looking at images", done, total))
        headers = [one for one in found if isinstance(one, ImageHeader)]
        for one in found:
            if isinstance(one, Problem):
                yield Problem(one.severity, one.message, one.file, one.line, one.missing, one.kind or _KIND)
        for sentence in remarks(headers, bits=depth(headers)):
            yield Problem("warning", sentence[0].upper() + sentence[1:], Path(path))

    return survey(path, base=base, progress=lambda done: tell("reading labels", done, 0), look=examine)
