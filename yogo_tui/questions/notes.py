"""The question that changes what is noted of runs, where they lie."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from yogo.errors import RunError
from yogo.files.atomic import cut, replacing
from yogo.files.locks import alone
from yogo.run.directory import RunDirectory
from yogo.run.notes import Notes
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True)
class ChangeNotes:
    """Change what is said, and nothing else, in the notes of these run directories. Returns their notes then.

    Raises RunError if a directory is gone, if its notes cannot be changed, or if title or note are not as they were
    `seen`: somebody has edited them since. OSError.
    """

    runs: tuple[Path, ...]
    title: str | None = None
    note: str | None = None
    seen: tuple[str, str] | None = None
    """Title and note as they were read; None if they do not matter."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    """Tags."""

    pinned: bool | None = None

    changes: ClassVar = "the notes were kept"

    def answer(self, tell: Tell) -> tuple[Notes, ...]:
        return tuple(map(self._changed, self.runs))

    def _changed(self, run: Path) -> Notes:
        if not run.is_dir():
            raise RunError(f"{run} is not there any more")
        file = RunDirectory(run).notes
        with alone(file.with_name(f".{cut(file.name)}.lock")):
            data = file.read_bytes() if file.exists() else b""
            notes = Notes.parse(data, str(file))
            if notes.is_newer:
                raise RunError(f"{file} was written by a newer yogo; it is left as it is")
            if not (wanted := self._wanted(notes, file)):
                return notes
            first = {} if data else {"schema_version": Notes.SCHEMA}
            text = _edited(data.decode(), first | wanted, file)
            with replacing(file, stat.S_IMODE(file.stat().st_mode) if data else None) as written:
                written.write(text.encode())
            return Notes.parse(text.encode(), str(file))

    def _wanted(self, notes: Notes, file: Path) -> dict[str, Any]:
        """What the file is to say otherwise."""
        texts = {name: said.strip() for name in ("title", "note") if (said := getattr(self, name)) is not None}
        texts = {name: said for name, said in texts.items() if said != getattr(notes, name)}
        was = dict(zip(("title", "note"), self.seen, strict=True)) if self.seen else {}
        if any(getattr(notes, name) != was.get(name, getattr(notes, name)) for name in texts):
            raise RunError(f"{file} was edited elsewhere in the meantime; it is left as it is")
        kept = (*notes.tags, *(tag for tag in dict.fromkeys(self.add) if tag not in notes.tags))
        tags = tuple(tag for tag in kept if tag not in self.remove)
        is_pinned = notes.pinned if self.pinned is None else self.pinned
        others: dict[str, Any] = {"tags": tags, "pinned": is_pinned}
        return texts | {name: value for name, value in others.items() if value != getattr(notes, name)}


def _edited(text: str, values: Mapping[str, Any], file: Path) -> str:
    from yogo.files.yaml12 import YamlError
    from yogo.files.yaml_edit import edited

    try:
        return edited(text, values)
    except YamlError as error:
        raise RunError(f"{file} cannot be changed: {error}") from error
