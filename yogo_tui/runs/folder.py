"""What lies in the run directories, read through a host, and read again only where something has changed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TypeVar

from yogo.errors import RunError
from yogo.run.holder import Holder, silent_seconds
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo.run.record import Record, now
from yogo.run.result import Result
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.model import Progress

_SIGNS = {"launch.json", "run.json", "result.json", "events.jsonl", "best.pth", "last.pth", "latest.pth"}
"""A folder that holds one of these is a run."""

R = TypeVar("R", bound=Record)

_FRESH = timedelta(minutes=5)
"""A run without a heartbeat, as older trainers have none, counts as alive while it writes events this often."""

_NEWER = "was written by a newer yogo: it is shown as far as it is understood"

_AT_ONCE = 48
_RECORD_LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run directory, as it was found."""

    path: PurePosixPath
    launch: Launch | None = None
    manifest: Manifest | None = None
    result: Result | None = None
    progress: Progress | None = None
    map50: float | None = None
    doubts: tuple[str, ...] = ()
    has_best: bool = False
    has_weights: bool = False
    """Of any name."""

    logs: tuple[str, ...] = ()
    """Names of the job's logs, the latest last."""

    holder: Holder | None = None
    """Who holds the run since its receipt, if there is one, was written: alive or not."""

    has_lease: bool = False
    """Whether it was ever held: then one that is not held is not trained."""

    lives_here: bool | None = None
    """Whether the holder's process lives, where it ran on the machine that looks."""

    has_heartbeat: bool = False

    signs: tuple[datetime, ...] = ()
    """When its trainer showed that it lives: by the files, and as seen by this process's own clock."""

    is_mine: bool = True
    """Launched by the user who looks."""

    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Those of the notices that say what could not be read: of that nothing is known."""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def has_receipt(self) -> bool:
        """There is a receipt, and no later attempt than the one that it is of."""
        if self.result is None:
            return False
        return self.manifest is None or self.manifest.attempt <= self.result.attempt

    @property
    def is_over(self) -> bool:
        """Its receipt is the last word: nobody has taken it up again, nor been asked to."""
        return self.has_receipt and self.holder is None and not self.is_asked_to_go_on

    @property
    def is_asked_to_go_on(self) -> bool:
        """A job was submitted after a receipt that was not of success."""
        submission = self.launch.submission if self.launch else None
        if self.result is None or self.result.outcome == "finished" or submission is None:
            return False
        return submission.at > self.result.ended_at

    def is_alive(self, now: datetime) -> bool:
        """Somebody holds it, and lives: as this machine knows, or as its files have shown not long ago."""
        if self.holder is None or self.lives_here is not None:
            return bool(self.lives_here)
        silence = timedelta(seconds=silent_seconds()) if self.has_heartbeat else _FRESH
        return self._has_signs(now, silence)

    def has_shown_life_after(self, moment: datetime) -> bool:
        return bool(self.lives_here) or any(sign > moment for sign in self.signs)

    def is_written(self, now: datetime) -> bool:
        """Events are added, by a trainer that knows of no lease."""
        return not self.has_lease and self._has_signs(now, _FRESH)

    def _has_signs(self, now: datetime, limit: timedelta) -> bool:
        return any(abs(now - sign) < limit for sign in self.signs)


@dataclass(slots=True)
class _Kept:
    """What was read of one folder, and what its files were then."""

    folder_modified: float
    stamps: dict[str, tuple[int, float, str]] = field(default_factory=dict)
    records: dict[str, Record | str] = field(default_factory=dict)
    events: EventsReader | None = None
    found: RunFolder | None = None
    signs: tuple[float, ...] = ()
    """When the files by which a trainer shows that it lives were last changed."""

    changed_at: datetime | None = None
    """When this was last seen to be otherwise than at the look before."""


class Scanner:
    """Looks through folders of runs, and keeps what it read: a run that is over costs nothing the next time."""

    def __init__(self, host: Host, folders: Iterable[PurePosixPath]) -> None:
        self._host = host
        self._folders = tuple(dict.fromkeys(folders))
        self._kept: dict[PurePosixPath, _Kept] = {}

    async def scan(self) -> tuple[RunFolder, ...]:
        """Every run there is, in no order. A folder of runs that is not there holds none.

        One that cannot be listed stands for itself, with the reason. Raises HostError, where that is the first, the
        workspace's own.
        """
        entries, away = list[tuple[PurePosixPath, Entry]](), list[RunFolder]()
        for folder in self._folders:
            try:
                entries += [(folder / entry.name, entry) for entry in await self._list(folder)]
            except HostError as error:
                if folder == self._folders[0]:
                    raise
                away.append(RunFolder(folder, notices=(str(error),), problems=(str(error),)))
        runs = [(path, entry) for path, entry in entries if entry.is_folder and not entry.name.startswith(".")]
        for gone in self._kept.keys() - {path for path, _ in runs}:
            del self._kept[gone]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def look(path: PurePosixPath, entry: Entry) -> RunFolder | None:
            async with limit:
                return await self._look(path, entry)

        found = await asyncio.gather(*(look(path, entry) for path, entry in runs))
        return (*(run for run in found if run is not None), *away)

    async def look_at(self, path: PurePosixPath) -> RunFolder | None:
        """One directory, wherever it lies; None if it is no run. Raises HostError."""
        return await self._look(path, Entry(path.name, True, 0, math.nan))

    async def _list(self, folder: PurePosixPath) -> tuple[Entry, ...]:
        try:
            return await self._host.list(folder)
        except FileNotFoundError:
            return ()

    async def _look(self, path: PurePosixPath, folder: Entry) -> RunFolder | None:
        kept = self._kept.get(path)
        # Every file but the events and the log is replaced by renaming, which changes its folder's time.
        if kept and kept.found and kept.found.is_over and kept.folder_modified == folder.modified:
            return kept.found
        kept = kept or _Kept(folder.modified)
        kept.folder_modified = folder.modified
        try:
            entries = {entry.name: entry for entry in await self._list(path)}
        except HostError as error:
            await self._answers(path, error)
            return RunFolder(path, is_mine=folder.is_mine, notices=(str(error),), problems=(str(error),))
        if not _SIGNS & entries.keys():
            return None
        self._kept[path] = kept
        kept.found = await self._read(path, entries, kept, is_mine=folder.is_mine)
        return kept.found

    async def _answers(self, path: PurePosixPath, error: HostError) -> None:
        """Whether the host is there at all: then one thing that cannot be read must not hide the others.

        Raises HostError.
        """
        try:
            await self._host.list(path.parent)
        except FileNotFoundError:
            return
        except HostError:
            raise error from None

    async def _read(
        self, path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept, *, is_mine: bool
    ) -> RunFolder:
        problems: list[str] = []
        launch = await self._record(Launch, path / "launch.json", entries, kept, problems)
        manifest = await self._record(Manifest, path / "run.json", entries, kept, problems)
        result = await self._record(Result, path / "result.json", entries, kept, problems)
        holder, signs = await self._lease(path / "lease", entries, kept, problems)
        records = {"launch.json": launch, "run.json": manifest, "result.json": result}
        notices = [f"{name} {_NEWER}" for name, record in records.items() if record and record.is_newer]
        found = RunFolder(
            path=path,
            launch=launch,
            manifest=manifest,
            result=result,
            has_best="best.pth" in entries,
            has_weights=any(name.endswith(".pth") for name in entries),
            logs=_logs(path.name, entries.values()),
            holder=holder,
            has_lease="lease" in entries,
            lives_here=holder.lives_here if holder and holder.is_here and isinstance(self._host, HereHost) else None,
            has_heartbeat=len(signs) > 1,
            is_mine=entries["launch.json"].is_mine if "launch.json" in entries else is_mine,
        )
        if found.is_over and result:
            score = result.best_metrics.get("mAP50")
            found = replace(found, progress=_progress_of(found), map50=score, doubts=result.doubts)
        elif events := entries.get("events.jsonl"):
            signs = (*signs, events.modified)
            if read := await self._events(path / "events.jsonl", events, kept, problems):
                found = replace(found, progress=read.progress, map50=read.map50, doubts=read.doubts)
        seen = _seen(kept, signs)
        return replace(found, signs=seen, notices=(*problems, *notices), problems=tuple(problems))

    async def _lease(
        self, path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept, problems: list[str]
    ) -> tuple[Holder | None, tuple[float, ...]]:
        """Who holds the run, and when the heart last beat; nobody where the receipt is later than the hold."""
        lease, result = entries.get("lease"), entries.get("result.json")
        # Whatever happens in the lease changes its folder's time: most runs are over, and theirs need no look.
        if lease is None or (result is not None and lease.modified <= result.modified):
            return None, ()
        try:
            inside = {entry.name: entry for entry in await self._list(path)}
        except HostError as error:
            await self._answers(path, error)
            problems.append(str(error))
            return None, ()
        holder = await self._record(Holder, path / "holder.json", inside, kept, problems)
        if holder is None or (result is not None and inside["holder.json"].modified <= result.modified):
            return None, ()
        return holder, tuple(inside[name].modified for name in ("holder.json", "heartbeat.json") if name in inside)

    async def _events(self, path: PurePosixPath, entry: Entry, kept: _Kept, problems: list[str]) -> EventsReader | None:
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


def _seen(kept: _Kept, signs: tuple[float, ...]) -> tuple[datetime, ...]:
    """The signs of life by the files' own times, and the last change that was seen: whose clock may be another."""
    if kept.signs and signs != kept.signs:
        kept.changed_at = now()
    kept.signs = signs
    return (*(datetime.fromtimestamp(sign, UTC) for sign in signs), *((kept.changed_at,) if kept.changed_at else ()))


def _progress_of(found: RunFolder) -> Progress | None:
    """How far a run came that is over: its receipt says it, and its events need not be read."""
    source = found.manifest or found.launch
    if found.result is None or source is None:
        return None
    return Progress(
        epoch=found.result.epochs,
        epochs=source.recipe.epochs,
        best_loss=found.result.best_loss,
        best_epoch=found.result.best_epoch,
    )


def _logs(name: str, entries: Iterable[Entry]) -> tuple[str, ...]:
    logs: Sequence[Entry] = [entry for entry in entries if entry.name.endswith(".log") and not entry.is_folder]
    own = [entry for entry in logs if entry.name.startswith(f"{name}-")]
    return tuple(entry.name for entry in sorted(own or logs, key=lambda entry: entry.modified))
