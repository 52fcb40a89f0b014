"""What can be wrong with a dataset definition, and how it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yogo.errors import DefinitionError

MOST_NAMED = 10
"""Problems that one sentence names."""


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
    """The plural name of its kind, if there may be many: `labels without an image`."""

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

    def __init__(self, problem: Problem | str, others: Sequence[Problem] = (), advice: str = "") -> None:
        """For one problem, or several together; `advice` says where the problems that are not named are listed."""
        self.problem = Problem("error", problem) if isinstance(problem, str) else problem
        self.problems = (self.problem, *others)
        if not others:
            super().__init__(str(self.problem))
            return
        named = listed([str(one) for one in self.problems], MOST_NAMED, "; ")
        rest = f". {advice}" if advice and len(self.problems) > MOST_NAMED else ""
        super().__init__(f"{len(self.problems):,} things are wrong: {named}{rest}")


class MissingPath(InvalidDatasetDefinitionFile, FileNotFoundError):
    """A definition, or something that it names, does not exist."""


def fault(
    message: str, file: Path, line: int | None = None, *, missing: bool = False, kind: str = ""
) -> InvalidDatasetDefinitionFile:
    """The exception for one fault in a file."""
    return Problem("error", message, file, line, missing, kind).exception()


def complaint(problems: Sequence[Problem], advice: str = "") -> InvalidDatasetDefinitionFile:
    """The exception for all errors among `problems`, which hold at least one."""
    first, *others = dict.fromkeys(problem for problem in problems if problem.is_error)
    missing = first.missing and all(one.missing for one in others)
    return (MissingPath if missing else InvalidDatasetDefinitionFile)(first, others, advice)


def listed(names: list[str], most: int = 3, between: str = ", ") -> str:
    """Some names joined for a sentence: a, b, c and 12 more."""
    rest = len(names) - most
    return between.join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
