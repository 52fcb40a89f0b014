"""Looks at one run directory, and reads of it what has changed since the last look."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from yogo.errors import RunError
from yogo.run.directory import LOG, SIGNS, HostRunDirectory
from yogo.run.figures import SCORE
from yogo.run.holder import Holder
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes
from yogo.run.record import Record
from yogo.run.result import Result
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Files
from yogo_tui.runs.found import RunFolder, progress_of
from yogo_tui.runs.silence import pause_of

if TYPE_CHECKING:
    from yogo_tui.runs.events import EventsReader

R = TypeVar("R", bound=Record)

_Names = HostRunDirectory  # asked of the class, each is a name
_HOLDER: Final = PurePosixPath(_Names.holder).name
_HEARTBEAT: Final = PurePosixPath(_Names.heartbeat).name
_RECORDS: Final[Mapping[str, type[Record]]] = {
    _Names.launch: Launch,
    _Names.manifest: Manifest,
    _Names.result: Result,
    _Names.notes: Notes,
}

_OF_ASSAYS = ("lod_per_ul", "false_positives_per_ul")
"""Figures of the best epoch that there are where the definition has roles."""

_NEWER = "was written by a newer yogo: what this version understands is shown"

_RECORD_LIMIT = 8 << 20


@dataclass(slots=True)
class Kept:
    """What was read of one folder, and the state of its files at that time."""

    folder_modified: float = math.nan
    stamps: dict[str, tuple[int, float, str]] = field(default_factory=dict)
    records: dict[str, Record | str] = field(default_factory=dict)
    """By the names of their files; a sentence, where one is damaged."""

    events: EventsReader | None = None
    found: RunFolder | None = None
    signs: tuple[float, ...] = ()
    """Modification times of the files that show that a trainer is alive."""

    changed_at: datetime | None = None
    """When `signs` were last seen to change, by the host's clock."""


class FolderLook:
    """One look at one directory. On a far host all that does not wait for another answer is asked for at once."""

    def __init__(self, files: Files, path: PurePosixPath, kept: Kept, *, is_here: bool) -> None:
        """`is_here` tells whether the processes of this machine are those of the host."""
        self._files = files
        self._path = path
        self._kept = kept
        self._is_here = is_here
        self._entries: Mapping[str, Entry] = {}
        self._holder: Holder | None = None
        self._signs: tuple[float, ...] = ()
        self._read_events = False
        """Whether the events were read, in this look or, unchanged, before it."""

        self._problems: dict[str, str] = {}
        """What could not be read, by the file that it is about."""

    async def look(self, *, is_mine: bool, now: datetime) -> RunFolder | None:
        """The run; None if this is not a run directory. `now` is by the host's clock. Raises HostError."""
        try:
            self._entries = {entry.name: entry for entry in await self._files.list(self._path)}
        except FileNotFoundError:
            return None
        except HostError as error:
            await self._answers(self._path, error)
            return RunFolder(self._path, is_mine=is_mine, notices=(str(error),), problems=(str(error),))
        if SIGNS.isdisjoint(self._entries):
            return None
        has_result = _Names.result in self._entries
        await together(
            *(self._record(name) for name in _RECORDS if name in self._entries),
            *([self._lease()] if _Names.lease in self._entries else []),
            *([self._events()] if _Names.events in self._entries and not has_result else []),
        )
        found = self._found(is_mine=is_mine)
        self._kept.found = found = await self._with_figures(found, now)
        return found

    async def _answers(self, path: PurePosixPath, error: HostError) -> None:
        """Raise HostError if the host does not answer at all. If it does, one unreadable path must not hide the
        others."""
        try:
            await self._files.list(path.parent)
        except FileNotFoundError:
            return
        except HostError:
            raise error from None

    def _found(self, *, is_mine: bool) -> RunFolder:
        """What the records and the names of the files tell."""
        entries, holder = self._entries, self._holder
        launch = entries.get(_Names.launch)
        return RunFolder(
            path=self._path,
            launch=self._said(Launch, _Names.launch),
            manifest=self._said(Manifest, _Names.manifest),
            result=self._said(Result, _Names.result),
            notes=self._said(Notes, _Names.notes),
            has_best=_Names.best in entries,
            has_weights=any(name.endswith(".pth") for name in entries),
            logs=_logs(self._path, entries.values()),
            holder=holder,
            has_lease=_Names.lease in entries,
            lives_here=holder.lives_here if holder and holder.is_here and self._is_here else None,
            has_heartbeat=len(self._signs) > 1,
            is_launch_later=_is_later(launch, entries.get(_Names.result)),
            is_mine=launch.is_mine if launch else is_mine,
        )

    async def _with_figures(self, found: RunFolder, now: datetime) -> RunFolder:
        """With what the receipt of a run that is over tells, and the events of any other."""
        kept, signs, result = self._kept, self._signs, found.result
        figures: dict[str, Any] = {}
        if found.is_over and result:
            of_best = _of_best(result.best_metrics)
            figures = {"progress": progress_of(found), "doubts": result.doubts, **of_best}
        elif events := self._entries.get(_Names.events):
            signs = (*signs, events.modified)
            if not self._read_events:
                await self._events()
            if self._read_events and kept.events:
                figures = _figures(kept.events, events)
        records = zip(_RECORDS, (found.launch, found.manifest, found.result, found.notes), strict=True)
        notices = [f"{name} {_NEWER}" for name, record in records if record and record.is_newer]
        order = (_Names.launch, _Names.manifest, _Names.result, _Names.notes, _Names.lease, _Names.events)
        problems = tuple(self._problems[name] for name in order if name in self._problems)
        seen = _seen(kept, signs, now)
        return replace(found, **figures, signs=seen, notices=(*problems, *notices), problems=problems)

    async def _lease(self) -> None:
        """The holder, and the times of its last signs of life; neither if the receipt is later."""
        lease, result = self._entries[_Names.lease], self._entries.get(_Names.result)
        # Any change of a lease changes its folder's time, so that the leases of runs that are over are not read.
        if result is not None and lease.modified <= result.modified:
            return
        folder = self._path / _Names.lease
        try:
            inside = {entry.name: entry for entry in await self._files.list(folder)}
        except FileNotFoundError:
            return
        except HostError as error:
            await self._answers(folder, error)
            self._problems[_Names.lease] = str(error)
            return
        file = inside.get(_HOLDER)
        if file is None:
            return
        await self._refresh(_Names.holder, Holder, file, _Names.lease)
        holder = self._said(Holder, _Names.holder)
        if holder and (result is None or file.modified > result.modified):
            self._holder = holder
            self._signs = tuple(inside[name].modified for name in (_HOLDER, _HEARTBEAT) if name in inside)

    async def _events(self) -> None:
        # the events of runs that are over are not read
        from yogo_tui.runs.events import EventsReader

        entry = self._entries[_Names.events]
        path, kept = self._path / _Names.events, self._kept
        reader = kept.events = kept.events or EventsReader(self._files, path)
        reader.files = self._files
        if kept.stamps.get(_Names.events) != entry.stamp:
            try:
                await reader.read()
            except HostError as error:
                await self._answers(path, error)
                self._problems[_Names.events] = str(error)
                return
            kept.stamps[_Names.events] = entry.stamp
        self._read_events = True

    async def _record(self, name: str) -> None:
        await self._refresh(name, _RECORDS[name], self._entries[name], name)

    async def _refresh(self, name: str, kind: type[Record], entry: Entry, about: str) -> None:
        """Read a record, if its file has changed. What is wrong with it is a problem of the file `about`."""
        kept, stamp = self._kept, entry.stamp
        if kept.stamps.get(name) != stamp:
            path = self._path / name
            kept.records.pop(name, None)
            kept.stamps.pop(name, None)
            try:
                piece = await self._files.read(path, limit=_RECORD_LIMIT)
                kept.records[name] = kind.parse(piece.data, str(path))
            except FileNotFoundError:
                return
            except HostError as error:
                await self._answers(path, error)
                self._problems[about] = str(error)
                return
            except RunError as error:
                kept.records[name] = str(error)
            kept.stamps[name] = stamp
        if isinstance(told := kept.records[name], str):
            self._problems[about] = told

    def _said(self, kind: type[R], name: str) -> R | None:
        """The record in the file `name`, if it is there and could be read."""
        is_there = name == _Names.holder or name in self._entries
        record = self._kept.records.get(name) if is_there else None
        return record if isinstance(record, kind) else None


async def together(*steps: Coroutine[Any, Any, None]) -> None:
    """Take these steps at the same time; without an event loop, as in a thread, one after the other."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        try:
            for step in steps:
                await step
        finally:
            for step in steps:
                step.close()
    else:
        await asyncio.gather(*steps)


def _of_best(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    """What the list of runs tells of the best epoch's validation."""
    return {"map50": metrics.get(SCORE.key)} | {key: metrics.get(key) for key in _OF_ASSAYS}


def _figures(read: EventsReader, file: Entry) -> dict[str, Any]:
    """What the events of a run that is not over tell."""
    return {
        "progress": read.progress,
        **_of_best(read.best_metrics),
        "doubts": read.doubts,
        "events_at": datetime.fromtimestamp(file.modified, UTC),
        "silent_after": pause_of(read.history),
    }


def _is_later(one: Entry | None, other: Entry | None) -> bool | None:
    return one.modified > other.modified if one and other else None


def _seen(kept: Kept, signs: tuple[float, ...], moment: datetime) -> tuple[datetime, ...]:
    """The times of the signs of life. The time of the last observed change is added, because the clock that set the
    files' times may differ from the host's."""
    if kept.signs and signs != kept.signs:
        kept.changed_at = moment
    kept.signs = signs
    return (*(datetime.fromtimestamp(sign, UTC) for sign in signs), *((kept.changed_at,) if kept.changed_at else ()))


def _logs(path: PurePosixPath, entries: Iterable[Entry]) -> tuple[str, ...]:
    logs: Sequence[Entry] = [entry for entry in entries if entry.name.endswith(LOG) and not entry.is_folder]
    run = HostRunDirectory(path)
    own = [entry for entry in logs if run.is_log(entry.name)]
    return tuple(entry.name for entry in sorted(own or logs, key=lambda entry: entry.modified))
