"""What can be wrong with a dataset definition, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yogo.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    severity: Literal["error", "warning"]
    message: str
    file: Path | None = None
    line: int | None = None
    missing: bool = False
    """A file or folder is not there."""

    kind: str = ""
    """What it is one of, in the plural, where there may be many: `labels without a picture`."""

    def __str__(self) -> str:
        """The sentence with its place in front."""
        if self.file is None:
            return self.message
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.message}"

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def exception(self) -> InvalidDatasetDefinitionFile:
        return (MissingPath if self.missing else InvalidDatasetDefinitionFile)(self)


class InvalidDatasetDefinitionFile(DefinitionError):
    """A dataset definition, or something that it names, is wrong."""

    def __init__(self, problem: Problem | str) -> None:
        self.problem = Problem("error", problem) if isinstance(problem, str) else problem
        super().__init__(str(self.problem))


class MissingPath(InvalidDatasetDefinitionFile, FileNotFoundError):
    """A definition, or something that it names, does not exist."""


def fault(
    message: str, file: Path, line: int | None = None, *, missing: bool = False, kind: str = ""
) -> InvalidDatasetDefinitionFile:
    """The exception for one fault in a file."""
    return Problem("error", message, file, line, missing, kind).exception()


def listed(names: list[str], most: int = 3) -> str:
    """Some names as a sentence has them: a, b, c and 12 more."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
