"""What a first look at the folders of runs reads, told by the machine where they lie in one answer.

A look asks for the folders, then for what lies in each run, then for its records: over a slow line that is three round
trips, which would follow the one that tells the settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Tell
from yogo_tui.hosts.here import listed, part_of
from yogo_tui.questions.settings import login_folder
from yogo_tui.settings import load

_LARGEST = 16 << 10
"""In bytes: a larger file is left to the look itself, which reads a long one in parts."""

_MOST_BYTES = 1 << 20
"""Of all files together."""


@dataclass(frozen=True, slots=True)
class GlancedFile:
    path: str
    text: str
    identity: str


@dataclass(frozen=True, slots=True)
class RunsGlance:
    """A part of what there is: what is not in it may still be there."""

    folders: dict[str, tuple[Entry, ...]]
    """What lies in each, by its path."""

    files: tuple[GlancedFile, ...]


@dataclass(frozen=True)
class GlanceAtRuns:
    """What lies in the folders of runs of these settings, which are told as ReadSettings tells them."""

    file: Path | None = None
    workspace: Path | None = None
    cluster: str | None = None
    profile: str | None = None

    def answer(self, tell: Tell) -> RunsGlance:
        settings = load(
            self.file,
            workspace=self.workspace,
            cluster=self.cluster,
            profile=self.profile,
            start=login_folder(),
        )
        return _glance(PurePosixPath(one) for one in settings.all_runs_folders)


def _glance(folders: Iterable[PurePosixPath]) -> RunsGlance:
    seen: dict[str, tuple[Entry, ...]] = {}
    files: list[GlancedFile] = []
    room = _MOST_BYTES
    for run in map(HostRunDirectory, _look(folders, seen)):
        if run.name.startswith("."):
            continue
        inside = _look([run.path], seen)
        _look([run.lease] if run.lease in inside else [], seen)
        for path in _records(run, seen):
            if (file := _file(path)) is not None and (room := room - len(file.text)) >= 0:
                files.append(file)
    return RunsGlance(seen, tuple(files))


def _look(folders: Iterable[PurePosixPath], seen: dict[str, tuple[Entry, ...]]) -> list[PurePosixPath]:
    """The folders that lie in these. What cannot be read, or not be told, is left to who looks there."""
    inside = []
    for folder in folders:
        try:
            found = listed(folder)
        except FileNotFoundError:
            found = ()
        except HostError:
            continue
        if all(map(_can_be_told, found)):
            seen[str(folder)] = found
            inside += [folder / one.name for one in found if one.is_folder]
    return inside


def _records(run: HostRunDirectory, seen: Mapping[str, tuple[Entry, ...]]) -> Iterator[PurePosixPath]:
    """The small files of a run that a first look reads."""
    sizes = {run.path / one.name: one.size for one in seen.get(str(run.path), ())}
    sizes |= {run.lease / one.name: one.size for one in seen.get(str(run.lease), ())}
    wanted = (run.launch, run.manifest, run.result, run.notes, run.events, run.holder)
    return (path for path in wanted if sizes.get(path, _LARGEST) < _LARGEST)


def _file(path: PurePosixPath) -> GlancedFile | None:
    try:
        piece = part_of(path, 0, _LARGEST)
        return GlancedFile(str(path), piece.data.decode(), piece.identity) if piece.size == len(piece.data) else None
    except (OSError, HostError, UnicodeDecodeError):
        return None


def _can_be_told(entry: Entry) -> bool:
    """JSON has neither names that are not UTF-8 nor times that are not known."""
    return entry.name.isprintable() and math.isfinite(entry.modified)
