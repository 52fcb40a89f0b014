"""Questions about what lies on the disk and nobody needs any more: what that is, by which rule, and its removal."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from yogo.definition import DatasetDefinition, split
from yogo.definition.fractions import ALL_TRAIN
from yogo.definition.record import DataRecord
from yogo.errors import YogoError, first_line
from yogo.run.directory import MAKING, RunDirectory
from yogo.run.holder import Holder
from yogo.run.launch import Launch
from yogo.run.result import Result
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.definitions import ListDefinitions
from yogo_tui.questions.trash import size_of

DAY_SECONDS = 86_400.0

_SEEN_DAYS = 90
_SEEN = ("brightness", "counts", "digests", "headers", "health", "listings", "looks", "networks", "surveys")
"""Folders of the cache: what is remembered of files that are looked at again if it is gone."""

_TORN = re.compile(r"\..+\.part\Z")
"""What a program leaves that was killed while it replaced a file."""


class LeftoverKind(StrEnum):
    PREVIOUS = "previous checkpoint"
    CACHE = "decoded images"
    SEEN = "remembered counts"
    TORN = "torn file"
    LAUNCH = "torn launch"

    @property
    def rule(self) -> str:
        """Why nobody needs it, in a sentence."""
        return _RULES[self]


_RULES = {
    LeftoverKind.PREVIOUS: "last.previous.pth of a run that has finished: last.pth came after it",
    LeftoverKind.CACHE: "no run and no definition here has these images; a run that needs them decodes them again",
    LeftoverKind.SEEN: "what was seen of labels and images, or compiled of networks, and not used for 90 days; it is "
    "made again if need be",
    LeftoverKind.TORN: "a .part file that nobody has written to for a day: its program was ended",
    LeftoverKind.LAUNCH: "a launch that was cut off more than a day ago, before its job was submitted",
}


@dataclass(frozen=True, slots=True)
class UnneededFile:
    kind: LeftoverKind
    path: Path
    num_bytes: int
    modified: float
    """Seconds since the epoch. What has changed since it was found is left."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    found: tuple[UnneededFile, ...]
    cache: Path | None = None
    """The folder of the caches; None where there is none."""

    cache_bytes: int = 0
    """What all of them take."""

    notes: tuple[str, ...] = ()
    """Sentences on what could not be read, and how it counts."""

    @property
    def num_bytes(self) -> int:
        return sum(one.num_bytes for one in self.found)


@dataclass(frozen=True)
class FindLeftovers:
    """What nobody needs in these folders of runs, and of the caches of this user. Raises OSError."""

    runs: tuple[Path, ...]
    definitions: tuple[Path, ...]
    workspace: Path

    def answer(self, tell: Tell) -> Leftovers:
        found, folders = list[UnneededFile](), [one for folder in self.runs for one in _folders_in(folder)]
        runs = [RunDirectory(path) for path in folders if not path.name.startswith(".")]
        for number, run in enumerate(runs):
            tell("looking at runs", number, len(runs))
            found += _of_run(run)
        found += [_leftover(LeftoverKind.LAUNCH, one) for one in folders if _is_torn_launch(one)]
        cache = _cache_folder()
        if cache is None:
            return Leftovers(tuple(found))
        found += _torn_in(cache)
        found += [
            _leftover(LeftoverKind.SEEN, path) for name in _SEEN for path in _inside(cache / name) if _is_unused(path)
        ]
        notes = list[str]()
        frames = list(cache.glob("*.frames"))
        found += [_leftover(LeftoverKind.CACHE, path) for path in self._unread(frames, runs, notes, tell)]
        return Leftovers(tuple(found), cache, size_of(cache), tuple(notes))

    def _unread(self, frames: list[Path], runs: list[RunDirectory], notes: list[str], tell: Tell) -> list[Path]:
        """The caches of this user whose images no run and no definition has."""
        left = {path: path.name.partition("-")[0] for path in frames if _is_mine(path)}
        definitions = [file.path for file in ListDefinitions(self.definitions).answer(tell)]
        for number, run in enumerate(runs):
            if not left:
                return []
            tell("looking at the data of runs", number, len(runs))
            if run.data.exists():
                left = _without(left, _digest_of_run(run))
            else:
                with contextlib.suppress(YogoError, OSError):
                    definitions.append(Path(Launch.read(run.launch).definition))
        for number, path in enumerate(dict.fromkeys(definitions)):
            tell("looking at definitions", number, len(definitions))
            if left:
                left = _without(left, self._digest_of(path, notes))
        return list(left)

    def _digest_of(self, path: Path, notes: list[str]) -> str:
        """Of the images of a definition as they are now; empty where it cannot be read, which is noted."""
        from yogo.datasets.fingerprint import fingerprint

        try:
            splits = split(DatasetDefinition.from_yaml(path, base=self.workspace), override=ALL_TRAIN)
            return fingerprint(sorted({one.image_file for _, part in splits.items() for one in part}))
        except (YogoError, OSError) as error:
            notes.append(f"{path} cannot be read, and counts as having no images: {first_line(error)}")
            return ""


@dataclass(frozen=True, slots=True)
class Removal:
    num_bytes: int
    left: tuple[str, ...] = ()
    """A sentence for each that was left, with the reason."""


@dataclass(frozen=True)
class RemoveLeftovers:
    """Remove these for good, each looked at once more before."""

    found: tuple[UnneededFile, ...]

    changes: ClassVar = "it was removed"

    def answer(self, tell: Tell) -> Removal:
        num_bytes, left = 0, list[str]()
        for number, one in enumerate(self.found):
            tell("removing", number, len(self.found))
            try:
                if why := _why_it_stays(one) or _remove(one):
                    left.append(f"{one.path} was left: {why}")
                else:
                    num_bytes += one.num_bytes
            except FileNotFoundError:  # removed before the line broke, or by somebody else
                num_bytes += one.num_bytes
            except OSError as error:
                left.append(f"{one.path} was left: {error.strerror}")
        return Removal(num_bytes, tuple(left))


def _of_run(run: RunDirectory) -> Iterator[UnneededFile]:
    if _is_held(run):
        return
    if _has_finished(run) and _is_mine(run.previous):
        yield _leftover(LeftoverKind.PREVIOUS, run.previous)
    yield from _torn_in(run.path)
    yield from _torn_in(run.lease)


def _torn_in(folder: Path) -> Iterator[UnneededFile]:
    for path in _inside(folder):
        is_torn = _TORN.match(path.name) or (path.suffix == ".part" and folder == _cache_folder())
        if is_torn and _is_mine(path) and not path.is_dir() and _is_old(path):
            yield _leftover(LeftoverKind.TORN, path)


def _leftover(kind: LeftoverKind, path: Path) -> UnneededFile:
    status = path.lstat()
    # A file that has another name too frees nothing.
    num_bytes = size_of(path) if stat.S_ISDIR(status.st_mode) or status.st_nlink == 1 else 0
    return UnneededFile(kind, path, num_bytes, status.st_mtime)


def _why_it_stays(one: UnneededFile) -> str:
    """Empty if it may be removed. Raises OSError."""
    if one.path.lstat().st_mtime != one.modified:
        return "it was changed meanwhile"
    match one.kind:
        case LeftoverKind.PREVIOUS:
            run = RunDirectory(one.path.parent)
            is_right = one.path == run.previous and _has_finished(run) and not _is_held(run)
        case LeftoverKind.CACHE:
            is_right = one.path.parent == _cache_folder() and one.path.suffix == ".frames"
        case LeftoverKind.SEEN:
            is_right = (
                one.path.parent.parent == _cache_folder() and one.path.parent.name in _SEEN and _is_unused(one.path)
            )
        case LeftoverKind.TORN:
            run = RunDirectory(one.path.parent.parent if one.path.parent.name == "lease" else one.path.parent)
            is_right = one.path.suffix == ".part" and _is_old(one.path) and not _is_held(run)
        case LeftoverKind.LAUNCH:
            is_right = _is_torn_launch(one.path)
    return "" if is_right and _is_mine(one.path) else "it is in use, or is not what it was"


def _remove(one: UnneededFile) -> str:
    """Why it could not be removed; empty if it was. Raises OSError."""
    if one.kind is LeftoverKind.CACHE:
        from yogo.datasets.cache import removed

        return "" if removed(one.path) else "a process reads it"
    if one.kind is LeftoverKind.LAUNCH:
        shutil.rmtree(one.path)
    else:
        one.path.unlink()
    return ""


def _is_held(run: RunDirectory) -> bool:
    """Whether a process trains it, or has shown a sign of life within the last day."""
    try:
        holder = Holder.read(run.holder)
    except FileNotFoundError:
        return False
    except (YogoError, OSError):
        return True
    signs = (run.holder, run.heartbeat, run.events)
    return holder.lives_here or any(path.exists() and not _is_old(path) for path in signs)


def _has_finished(run: RunDirectory) -> bool:
    with contextlib.suppress(YogoError, OSError):
        return Result.read(run.result).outcome == "finished" and run.last.is_file()
    return False


def _is_torn_launch(path: Path) -> bool:
    return path.name.startswith(MAKING) and not path.is_symlink() and path.is_dir() and _is_old(path) and _is_mine(path)


def _is_old(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > DAY_SECONDS


def _is_unused(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    is_old = time.time() - status.st_mtime > _SEEN_DAYS * DAY_SECONDS
    return is_old and stat.S_ISREG(status.st_mode) and _is_mine(path)


def _is_mine(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _cache_folder() -> Path | None:
    from yogo.datasets.cache import own_folder

    folder = own_folder()
    return folder if folder and folder.is_dir() else None


def _digest_of_run(run: RunDirectory) -> str:
    """Of the images of a run as they were when it began; empty where that cannot be read."""
    from yogo.datasets.fingerprint import fingerprint

    with contextlib.suppress(YogoError, OSError):
        record = DataRecord.read(run.data)
        paths = sorted({one.image_file for _, part in record.splits().items() for one in part})
        return fingerprint(paths, record.seen())
    return ""


def _without(left: dict[Path, str], digest: str) -> dict[Path, str]:
    return {path: one for path, one in left.items() if one != digest}


def _folders_in(folder: Path) -> list[Path]:
    return [path for path in _inside(folder) if path.is_dir() and not path.is_symlink()]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
