"""Questions about labels of other programs: what a file or folder holds, and its conversion."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from yogo.errors import LabelsError
from yogo.files.places import expanded
from yogo.formats.conversion import ConversionRequest, convert
from yogo.formats.report import conversion_data, conversion_lines
from yogo.formats.table import FORMATS
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True, slots=True)
class FoundLabels:
    path: Path
    formats: tuple[str, ...]
    """Names of FORMATS that it may be of; empty if it is of none that is known."""


@dataclass(frozen=True)
class FindLabels:
    """The file or folder that `text` means, where what is relative is below `start`, and of which format its labels
    are. Raises LabelsError."""

    text: str
    start: Path

    def answer(self, tell: Tell) -> FoundLabels:
        path = _place(self.start, Path(self.text.strip()))
        if not path.exists():
            raise LabelsError(f"{path} does not exist")
        return FoundLabels(path, tuple(name for name, one in FORMATS.items() if one.parts.recognise(path)))


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What `yogo labels convert` tells."""

    lines: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True)
class ConvertLabels:
    """Convert labels as `yogo labels convert` does; relative paths are below `start`. Raises LabelsError, OSError; then
    nothing is written."""

    request: ConversionRequest
    start: Path

    changes: ClassVar = "the labels were converted"

    def answer(self, tell: Tell) -> ConversionReport:
        asked = self.request
        request = ConversionRequest(
            _place(self.start, asked.path),
            _place(self.start, asked.out),
            asked.to,
            asked.of,
            _place(self.start, asked.images) if asked.images else None,
            asked.classes,
            asked.predictions,
            asked.corners,
            asked.is_dry,
        )
        found = convert(request, lambda what, done: tell(what, done, 0))
        return ConversionReport(tuple(conversion_lines(found, request)), conversion_data(found, request))


def _place(start: Path, path: Path) -> Path:
    return Path(os.path.normpath(start / expanded(path)))
