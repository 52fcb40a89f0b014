"""Reads the run directories through a host. What has not changed is not read again."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TypeVar

from yogo.errors import RunError
from yogo.run.directory import LOG, SIGNS, HostRunDirectory
from yogo.run.figures import SCORE
from yogo.run.holder import Holder
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes
from yogo.run.record import Record, now
from yogo.run.result import Result
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.glance import RunsGlance
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.foretold import Foretold
from yogo_tui.runs.found import RunFolder, progress_of
from yogo_tui.runs.silence import pause_of

R = TypeVar("R", bound=Record)

_Names = HostRunDirectory  # asked of the class, each is a name

_NEWER = "was written by a newer yogo: what this version understands is shown"

_AT_ONCE = 256
_RECORD_LIMIT = 8 << 20


@dataclass(slots=True)
class _Kept:
    """What was read of one folder, and the state of its files at that time."""

    folder_modified: float
    stamps: dict[str, tuple[int, float, str]] = field(default_factory=dict)
    records: dict[str, Record | str] = field(default_factory=dict)
    events: EventsReader | None = None
    found: RunFolder | None = None
    signs: tuple[float, ...] = ()
    """Modification times of the files that show that a trainer is alive."""

    changed_at: datetime | None = None
    """When `signs` were last seen to change, by the host's clock."""


@dataclass(slots=True)
class _Told:
    """What could not be read of one folder, by what it is about, as all is read at once."""

    launch: list[str] = field(default_factory=list)
    manifest: list[str] = field(default_factory=list)
    result: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lease: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def problems(self) -> tuple[str, ...]:
        return (*self.launch, *self.manifest, *self.result, *self.notes, *self.lease, *self.events)


class Scanner:
    """Reads folders of runs and remembers what it read: a run that is over is not read again."""

    def __init__(
        self,
        host: Host,
        folders: Iterable[PurePosixPath],
        glance: Callable[[], Awaitable[RunsGlance | None]] | None = None,
    ) -> None:
        """`glance` tells what the first `scan` need not ask for; None if it has to ask for all."""
        self._is_here = isinstance(host, HereHost)
        self._host = Foretold(host)
        self._glance = glance
        self.is_foretold = False
        """Whether the last scan was told by the glance, all or in part."""

        self.clock_ahead = timedelta()
        """How far the host's clock is ahead of this machine's, as far as that is known."""

        self._folders = tuple(dict.fromkeys(folders))
        self._kept: dict[PurePosixPath, _Kept] = {}
        self._paths: dict[PurePosixPath, dict[str, PurePosixPath]] = {}
        self._foreseen: dict[PurePosixPath, asyncio.Future[tuple[Entry, ...]]] = {}

    async def scan(self) -> tuple[RunFolder, ...]:
        """All runs, in no particular order. A folder of runs that does not exist is skipped.

        A folder that cannot be listed is returned itself, with the reason in its notices. Raises HostError if that is
        the first one, the workspace's own.
        """
        glance, self._glance = self._glance, None
        seen = await glance() if glance else None
        self.is_foretold = seen is not None
        if seen is not None:
            self._host.foretell(seen)
        self._foresee()
        try:
            return await self._scan()
        finally:
            self._host.forget()
            for listing in self._foreseen.values():
                listing.cancel()

    async def _scan(self) -> tuple[RunFolder, ...]:
        entries, away = list[tuple[PurePosixPath, Entry]](), list[RunFolder]()
        listed = await asyncio.gather(*map(self._list, self._folders), return_exceptions=True)
        for folder, found in zip(self._folders, listed, strict=True):
            if isinstance(found, HostError) and folder != self._folders[0]:
                away.append(RunFolder(folder, notices=(str(found),), problems=(str(found),)))
            elif isinstance(found, BaseException):
                raise found
            else:
                entries += self._runs_in(folder, found)
        for gone in self._kept.keys() - {path for path, _ in entries}:
            del self._kept[gone]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def look(path: PurePosixPath, entry: Entry) -> RunFolder | None:
            async with limit:
                return await self._look(path, entry)

        over = [run for path, entry in entries if (run := self._unchanged(path, entry))]
        known = {run.path for run in over}
        looks = await asyncio.gather(*(look(path, entry) for path, entry in entries if path not in known))
        return (*over, *(run for run in looks if run is not None), *away)

    def _runs_in(self, folder: PurePosixPath, found: Iterable[Entry]) -> list[tuple[PurePosixPath, Entry]]:
        """What may be a run among the entries of a folder of runs, with its path, which is made once."""
        runs = [entry for entry in found if entry.is_folder and not entry.name.startswith(".")]
        before = self._paths.get(folder, {})
        self._paths[folder] = {entry.name: before.get(entry.name) or folder / entry.name for entry in runs}
        return list(zip(self._paths[folder].values(), runs, strict=True))

    def _unchanged(self, path: PurePosixPath, folder: Entry) -> RunFolder | None:
        """The run, if it was over when it was read, and is as it was."""
        kept = self._kept.get(path)
        # All files but events and log are replaced by a rename, which changes the folder's modification time.
        is_same = kept and kept.found and kept.found.is_over and kept.folder_modified == folder.modified
        return kept.found if kept and is_same else None

    async def look_at(self, path: PurePosixPath) -> RunFolder | None:
        """The run in any directory; None if it is not a run directory. Raises HostError."""
        return await self._look(path, Entry(path.name, True, 0, math.nan))

    def _foresee(self) -> None:
        """List what was live at the last look together with the folders of runs: a far host answers all at once."""
        runs = [kept.found for kept in self._kept.values() if kept.found and not kept.found.is_over]
        leases = [HostRunDirectory(run.path).lease for run in runs if run.has_lease]
        paths = [*(run.path for run in runs), *leases]
        self._foreseen = {path: asyncio.ensure_future(self._host.list(path)) for path in paths}

    async def _list(self, folder: PurePosixPath) -> tuple[Entry, ...]:
        try:
            return await (self._foreseen.pop(folder) if folder in self._foreseen else self._host.list(folder))
        except FileNotFoundError:
            return ()

    async def _look(self, path: PurePosixPath, folder: Entry) -> RunFolder | None:
        kept = self._kept.get(path) or _Kept(folder.modified)
        kept.folder_modified = folder.modified
        try:
            entries = {entry.name: entry for entry in await self._list(path)}
        except HostError as error:
            await self._answers(path, error)
            return RunFolder(path, is_mine=folder.is_mine, notices=(str(error),), problems=(str(error),))
        if SIGNS.isdisjoint(entries):
            return None
        self._kept[path] = kept
        kept.found = await self._read(path, entries, kept, is_mine=folder.is_mine)
        return kept.found

    async def _answers(self, path: PurePosixPath, error: HostError) -> None:
        """Raise HostError if the host does not answer at all. If it does, one unreadable path must not hide the
        others."""
        try:
            await self._host.list(path.parent)
        except FileNotFoundError:
            return
        except HostError:
            raise error from None

    async def _read(
        self, path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept, *, is_mine: bool
    ) -> RunFolder:
        run = HostRunDirectory(path)
        told = _Told()
        launch, manifest, result, (holder, signs), read, notes = await self._files(run, entries, kept, told)
        found = RunFolder(
            path=path,
            launch=launch,
            manifest=manifest,
            result=result,
            notes=notes,
            has_best=_Names.best in entries,
            has_weights=any(name.endswith(".pth") for name in entries),
            logs=_logs(run, entries.values()),
            holder=holder,
            has_lease=_Names.lease in entries,
            lives_here=holder.lives_here if holder and holder.is_here and self._is_here else None,
            has_heartbeat=len(signs) > 1,
            is_launch_later=_is_later(entries.get(_Names.launch), entries.get(_Names.result)),
            is_mine=entries[_Names.launch].is_mine if _Names.launch in entries else is_mine,
        )
        if found.is_over and result:
            score = result.best_metrics.get(SCORE.key)
            found = replace(found, progress=progress_of(found), map50=score, doubts=result.doubts)
        elif events := entries.get(_Names.events):
            signs = (*signs, events.modified)
            if read := read or await self._events(run.events, events, kept, told.events):
                found = _with_events(found, read, events)
        seen = _seen(kept, signs, now() + self.clock_ahead)
        records = {_Names.launch: launch, _Names.manifest: manifest, _Names.result: result, _Names.notes: notes}
        notices = [f"{file} {_NEWER}" for file, record in records.items() if record and record.is_newer]
        return replace(found, signs=seen, notices=(*told.problems, *notices), problems=told.problems)

    async def _files(
        self, run: HostRunDirectory, entries: Mapping[str, Entry], kept: _Kept, told: _Told
    ) -> tuple[
        Launch | None,
        Manifest | None,
        Result | None,
        tuple[Holder | None, tuple[float, ...]],
        EventsReader | None,
        Notes | None,
    ]:
        """What its files say, read all at once: on a far host each question that waits for another costs a round
        trip."""
        live = None if _Names.result in entries else entries.get(_Names.events)
        reading = asyncio.gather(
            self._record(Launch, run.launch, entries, kept, told.launch),
            self._record(Manifest, run.manifest, entries, kept, told.manifest),
            self._record(Result, run.result, entries, kept, told.result),
            self._lease(run, entries, kept, told.lease),
            self._events(run.events, live, kept, told.events),
        )
        if _Names.notes not in entries:  # few have some
            return (*await reading, None)
        found, notes = await asyncio.gather(reading, self._record(Notes, run.notes, entries, kept, told.notes))
        return (*found, notes)

    async def _lease(
        self, run: HostRunDirectory, entries: Mapping[str, Entry], kept: _Kept, problems: list[str]
    ) -> tuple[Holder | None, tuple[float, ...]]:
        """The holder, and the times of its last signs of life; None and no times if the receipt is later."""
        lease, result = entries.get(_Names.lease), entries.get(_Names.result)
        # Any change of a lease changes its folder's time, so that the leases of runs that are over are not read.
        if lease is None or (result is not None and lease.modified <= result.modified):
            return None, ()
        try:
            inside = {entry.name: entry for entry in await self._list(run.lease)}
        except HostError as error:
            await self._answers(run.lease, error)
            problems.append(str(error))
            return None, ()
        holder = await self._record(Holder, run.holder, inside, kept, problems)
        if holder is None or (result is not None and inside[run.holder.name].modified <= result.modified):
            return None, ()
        return holder, tuple(inside[file.name].modified for file in (run.holder, run.heartbeat) if file.name in inside)

    async def _events(
        self, path: PurePosixPath, entry: Entry | None, kept: _Kept, problems: list[str]
    ) -> EventsReader | None:
        if entry is None:
            return None
        kept.events = kept.events or EventsReader(self._host, path)
        if kept.stamps.get(path.name) != entry.stamp:
            try:
                await kept.events.read()
            except HostError as error:
                await self._answers(path, error)
                problems.append(str(error))
                return None
            kept.stamps[path.name] = entry.stamp
        return kept.events

    async def _record(
        self, kind: type[R], path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept, problems: list[str]
    ) -> R | None:
        entry = entries.get(path.name)
        if entry is None:
            return None
        stamp = entry.stamp
        if kept.stamps.get(path.name) != stamp:
            try:
                piece = await self._host.read(path, limit=_RECORD_LIMIT)
                kept.records[path.name] = kind.parse(piece.data, str(path))
            except FileNotFoundError:
                return None
            except HostError as error:
                await self._answers(path, error)
                problems.append(str(error))
                return None
            except RunError as error:
                kept.records[path.name] = str(error)
            kept.stamps[path.name] = stamp
        record = kept.records[path.name]
        if isinstance(record, str):
            problems.append(record)
            return None
        return record if isinstance(record, kind) else None


def _with_events(found: RunFolder, read: EventsReader, file: Entry) -> RunFolder:
    return replace(
        found,
        progress=read.progress,
        map50=read.map50,
        doubts=read.doubts,
        events_at=datetime.fromtimestamp(file.modified, UTC),
        silent_after=pause_of(read.history),
    )


def _is_later(one: Entry | None, other: Entry | None) -> bool | None:
    return one.modified > other.modified if one and other else None


def _seen(kept: _Kept, signs: tuple[float, ...], moment: datetime) -> tuple[datetime, ...]:
    """The times of the signs of life. The time of the last observed change is added, because the clock that set the
    files' times may differ from the host's."""
    if kept.signs and signs != kept.signs:
        kept.changed_at = moment
    kept.signs = signs
    return (*(datetime.fromtimestamp(sign, UTC) for sign in signs), *((kept.changed_at,) if kept.changed_at else ()))


def _logs(run: HostRunDirectory, entries: Iterable[Entry]) -> tuple[str, ...]:
    logs: Sequence[Entry] = [entry for entry in entries if entry.name.endswith(LOG) and not entry.is_folder]
    own = [entry for entry in logs if run.is_log(entry.name)]
    return tuple(entry.name for entry in sorted(own or logs, key=lambda entry: entry.modified))
