"""What the readers of definitions and of files of samples share: saying faults, and reading and finding paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from yogo.definition.nearby import meant_key, nearby
from yogo.definition.problem import Problem
from yogo.files import yaml12
from yogo.files.foreign import leads_nowhere
from yogo.files.places import because
from yogo.text.wording import shown


@dataclass(frozen=True, slots=True)
class Named:
    """A path as a file writes it."""

    text: str
    line: int
    key: str


class DocumentReader:
    """Reads one YAML file that a person wrote. What could not be understood is in `problems`."""

    def __init__(self, path: Path) -> None:
        """`path` is absolute."""
        self.path = path
        self.problems: list[Problem] = []
        self.document = yaml12.Document(None, None)

    def load(self) -> object:
        """The file's contents; None, and a problem, where it cannot be read."""
        try:
            self.document = yaml12.load(self.path)
        except yaml12.YamlError as error:
            hint = nearby(self.path) if error.missing else ""
            self.problems.append(Problem("error", f"{error}{hint}", self.path, error.line, missing=error.missing))
            return None
        return self.document.data

    def say(self, message: str, *place: object, severity: Literal["error", "warning"] = "error") -> None:
        self.problems.append(Problem(severity, message, self.path, self.document.line(*place)))

    def unknown(self, data: dict[Any, Any], known: tuple[str, ...], *place: object) -> None:
        for key in data:
            if key not in known:
                near = meant_key(str(key), known)
                hint = f"; is {near} meant?" if near else ""
                self.say(f"The key {shown(key)} is not known and is ignored{hint}", *place, key, severity="warning")

    def named(self, text: object, what: str, *place: object) -> Named | None:
        """The path that stands at a place."""
        if not isinstance(text, str) or not text or "\0" in text:
            self.say(f"{what} is {shown(text)}; a path is expected, in quotes if it looks like a number", *place)
            return None
        return Named(text, self.document.line(*place), what)


def found(named: Named, file: Path, base: Path | None, *, may_be_file: bool = False) -> Path | Problem:
    """The folder that is meant: beside the file, else below `base`; or what is wrong with it."""
    written, may_be = Path(named.text), "is neither a folder nor a file" if may_be_file else "is not a folder"
    bases = dict.fromkeys(one for one in (file.parent, base) if one is not None)

    def wrong(what: str, *, missing: bool = False) -> Problem:
        return Problem("error", f"{named.key} {what}", file, named.line, missing=missing)

    # Resolving fails for an impossible path, a loop of links or a name that is too long; and a name that is not
    # UTF-8 could not be written to the run's record.
    try:
        for one in bases:
            if (path := one / written).exists():
                if path.is_dir() or (may_be_file and path.is_file()):
                    str(real := path.resolve()).encode()
                    return real
                return wrong(f"{may_be}: {short(named.text)}")
    except (OSError, RuntimeError, ValueError) as error:
        return wrong(f"cannot be looked at: {short(named.text)} ({because(error)})")
    looked = "" if written.is_absolute() else f" (looked in {' and in '.join(map(str, bases))})"
    if link := leads_nowhere(file.parent / written):
        looked = f" (it is {link})"
    looked += nearby(file.parent / written)
    return wrong(f"does not exist: {short(named.text)}{looked}", missing=True)


def short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:150]}…{text[-150:]}"
