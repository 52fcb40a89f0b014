"""decisions-NAME.jsonl: what one reviewer decided about a ranking's suspects, one JSON object a line.

    {"v":1,"key":"9f…","at":"…","decides":{"verb":"delete","suspect":12,"target":"…",…}}
    {"v":1,"key":"a0…","at":"…","undoes":"9f…"}

Decisions that were made together have a line each, with the same `together`, and are undone by that.
Each reviewer has a file of their own and lines are only ever added, so two can review at once on a shared disk. A line
counts once it is on the disk; one that was torn by a kill never counted, and is passed over.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from yogo.errors import RunError
from yogo.files.atomic import naming, sync_directory
from yogo.files.locks import alone
from yogo.files.places import because, user_name
from yogo.run.events import with_zone
from yogo.run.record import Part

VERSION = 1
"""Of a line."""

_PREFIX, _SUFFIX = "decisions-", ".jsonl"
_NAME = re.compile(r"[^\W_](?:[\w .@+-]{0,58}[\w@+-])?")

_OTHERS = re.compile(r"[^\w@+.-]+")
"""What a login name may have and a reviewer's may not, such as the backslash behind a domain."""

Place = tuple[float, float, float, float]
"""Centre and size of a box in fractions of the image: x, y, width, height."""


class ReviewVerb(StrEnum):
    KEEP = "keep"
    """All is as it should be: a label stays, and where there is none, none is added."""

    DELETE = "delete"
    CLASS = "class"
    """The label is of another class."""

    PREDICTION = "prediction"
    """The label becomes what the model finds: its place and its class."""

    BOX = "box"
    """The label has another place or size."""

    ADD = "add"
    """A label for something else on the image."""

    SKIP = "skip"
    """Left for later, or for somebody else."""


class LabelDecision(Part):
    verb: ReviewVerb
    suspect: int
    """Its rank."""

    target: str
    """Which label it is about: the same for all suspects that are one label. See `yogo.review.decisions.target_of`."""

    image: str
    label_file: str | None = None
    label_sha256: str | None = None
    """The digest of the label file as it was ranked."""

    line: int | None = None
    """Of the label; None where it is a new one."""

    class_name: str | None = None
    """Of the label from now on; None where its class stays."""

    box: Place | None = None
    """Of the label from now on; None where its place stays."""

    rule: str | None = None
    """By which it was made together with others; None where the reviewer decided about this one."""


class JournalLine(Part):
    v: int = VERSION
    key: str
    """Given by whoever decides, so that the same line is not written twice."""

    at: Annotated[datetime, AfterValidator(with_zone)]
    decides: LabelDecision | None = None
    together: str | None = None
    """The same for all decisions that were made at once."""

    undoes: str | None = None
    """The key of a decision, or what several have together."""

    redoes: str | None = None


@dataclass(slots=True)
class ReviewJournal:
    """What one reviewer has written."""

    reviewer: str
    lines: list[JournalLine] = field(default_factory=list)
    num_torn: int = 0

    @property
    def stacks(self) -> tuple[list[JournalLine], list[JournalLine]]:
        """The decisions that hold, and those that were undone and can be redone, each in order."""
        done: list[JournalLine] = []
        undone: list[JournalLine] = []
        for line in self.lines:
            if line.decides:
                done.append(line)
                undone.clear()
            elif line.undoes:
                _move(done, undone, line.undoes)
            elif line.redoes:
                _move(undone, done, line.redoes)
        return done, undone


def _move(top: list[JournalLine], to: list[JournalLine], key: str) -> None:
    """The last decision, or the last ones that were made together, if that is what `key` means."""
    while top and key in (top[-1].key, top[-1].together):
        to.append(top.pop())


@dataclass(slots=True)
class _Known:
    """How far a journal was read."""

    journal: ReviewJournal
    identity: tuple[int, int]
    offset: int = 0


_known: dict[Path, _Known] = {}
_reading = threading.Lock()


def reviewer_named(name: str) -> str:
    """The name under which somebody reviews: `name`, or the user's. Raises RunError for one that no file can have."""
    name = name or _OTHERS.sub("-", user_name()).strip("-._") or "user"
    if not _NAME.fullmatch(name):
        raise RunError(f'A reviewer cannot be called "{name}": letters, digits, blanks and .@+-_ make a name')
    return name


def journals(folder: Path) -> dict[str, ReviewJournal]:
    """What each reviewer has written, by their names. Raises RunError, OSError."""
    names = sorted(name for name in os.listdir(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX))
    with _reading:
        return {one.reviewer: one for one in map(_read, (folder / name for name in names))}


def append(
    folder: Path,
    reviewer: str,
    key: str,
    *,
    decides: LabelDecision | None = None,
    undoes: str | None = None,
    redoes: str | None = None,
    at: datetime,
) -> JournalLine:
    """Write a line, and return once it is on the disk; a line of this `key` is written once. It is later than all that
    was read, whatever the clocks say. Raises RunError, OSError."""
    line = JournalLine(key=key, at=at, decides=decides, undoes=undoes, redoes=redoes)
    return _append(folder, reviewer, [line])[0]


def append_together(
    folder: Path, reviewer: str, key: str, decisions: Sequence[LabelDecision], *, at: datetime
) -> list[JournalLine]:
    """The same of several decisions, which are undone at once. Raises RunError, OSError."""
    return _append(
        folder,
        reviewer,
        [JournalLine(key=f"{key}-{made.suspect}", at=at, together=key, decides=made) for made in decisions],
    )


def _append(folder: Path, reviewer: str, lines: Sequence[JournalLine]) -> list[JournalLine]:
    path = folder / f"{_PREFIX}{reviewer}{_SUFFIX}"
    with naming(path), alone(folder / f".{path.name}.lock"):
        read = journals(folder)
        mine = read.get(reviewer, ReviewJournal(reviewer))
        keys = {line.key for line in lines}
        before = [line for line in mine.lines if line.key in keys]
        if len(before) == len(lines):
            return before
        written = {line.key for line in before}
        lines = [line for line in lines if line.key not in written]
        if latest := max((line.at for one in read.values() for line in one.lines), default=None):
            at = max(lines[0].at, latest + timedelta(microseconds=1))
            lines = [line.model_copy(update={"at": at}) for line in lines]
        _write(path, b"".join(line.model_dump_json(exclude_none=True).encode() + b"\n" for line in lines))
    return [*before, *lines]


def _write(path: Path, data: bytes) -> None:
    is_new = not path.exists()
    with path.open("ab+") as file:
        if size := file.seek(0, os.SEEK_END):
            file.seek(size - 1)
            if file.read(1) != b"\n":
                data = b"\n" + data  # behind a line that was torn
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_directory(path.parent)


def _read(path: Path) -> ReviewJournal:
    """What was read before, and what was added since."""
    name = path.name[len(_PREFIX) : -len(_SUFFIX)]
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            identity = status.st_dev, status.st_ino
            known = _known.get(path)
            if known is None or known.identity != identity or status.st_size < known.offset:
                known = _known[path] = _Known(ReviewJournal(name), identity)
            file.seek(known.offset)
            whole, _, _ = file.read().rpartition(b"\n")
    except OSError as error:
        raise RunError(f"{path} cannot be read: {because(error)}") from error
    if whole:
        known.journal.lines += _parsed(whole, path, known.journal)
        known.offset += len(whole) + 1
    return known.journal


def _parsed(data: bytes, path: Path, into: ReviewJournal) -> Iterator[JournalLine]:
    for text in data.split(b"\n"):
        try:
            line = JournalLine.model_validate_json(text)
        except ValidationError as error:
            if any(one["type"] != "json_invalid" for one in error.errors()):
                raise RunError(f"{path} holds what this yogo cannot read: was it written by a newer one?") from error
            into.num_torn += bool(text.strip())
            continue
        if line.v > VERSION:
            raise RunError(f"{path} was written by a newer yogo (version {line.v} of its lines)")
        yield line
