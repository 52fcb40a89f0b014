"""What lies in the run directories, read through a host, and read again only where something has changed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TypeVar

from yogo.errors import RunError
from yogo.run.launch import Launch
from yogo.run.manifest import Manifest
from yogo.run.record import Record
from yogo.run.result import Result
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Host
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.model import Progress

_SIGNS = {"launch.json", "run.json", "result.json", "events.jsonl", "best.pth", "last.pth", "latest.pth"}
"""A folder that holds one of these is a run."""

R = TypeVar("R", bound=Record)

_AT_ONCE = 16
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
    logs: tuple[str, ...] = ()
    """Names of the job's logs, the latest last."""

    written_at: datetime | None = None
    """When events were last added."""

    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_over(self) -> bool:
        """There is a receipt, and no later attempt than the one that it is of, begun or submitted."""
        if self.result is None:
            return False
        submission = self.launch.submission if self.launch else None
        if submission and submission.attempt > self.result.attempt:
            return False
        return self.manifest is None or self.manifest.attempt <= self.result.attempt


@dataclass(slots=True)
class _Kept:
    """What was read of one folder, and what its files were then."""

    folder_modified: float
    stamps: dict[str, tuple[int, float]] = field(default_factory=dict)
    records: dict[str, Record | str] = field(default_factory=dict)
    events: EventsReader | None = None
    found: RunFolder | None = None


class Scanner:
    """Looks through folders of runs, and keeps what it read: a run that is over costs nothing the next time."""

    def __init__(self, host: Host, folders: Iterable[PurePosixPath]) -> None:
        self._host = host
        self._folders = tuple(folders)
        self._kept: dict[PurePosixPath, _Kept] = {}

    async def scan(self) -> tuple[RunFolder, ...]:
        """Every run there is, in no order. Raises HostError; a folder of runs that is not there holds none."""
        entries = [(folder / entry.name, entry) for folder in self._folders for entry in await self._list(folder)]
        runs = [(path, entry) for path, entry in entries if entry.is_folder and not entry.name.startswith(".")]
        for gone in self._kept.keys() - {path for path, _ in runs}:
            del self._kept[gone]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def look(path: PurePosixPath, entry: Entry) -> RunFolder | None:
            async with limit:
                return await self._look(path, entry)

        found = await asyncio.gather(*(look(path, entry) for path, entry in runs))
        return tuple(run for run in found if run is not None)

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
            if not _SIGNS & entries.keys():
                return None
            self._kept[path] = kept
            kept.found = await self._read(path, entries, kept)
        except HostError as error:
            if not await self._answers(path):
                raise
            return RunFolder(path, notices=(str(error),))
        return kept.found

    async def _answers(self, path: PurePosixPath) -> bool:
        """Whether the host is there at all: then one folder that cannot be read must not hide the others."""
        await self._host.list(path.parent)
        return True

    async def _read(self, path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept) -> RunFolder:
        notices: list[str] = []
        launch = await self._record(Launch, path / "launch.json", entries, kept, notices)
        manifest = await self._record(Manifest, path / "run.json", entries, kept, notices)
        result = await self._record(Result, path / "result.json", entries, kept, notices)
        found = RunFolder(
            path=path,
            launch=launch,
            manifest=manifest,
            result=result,
            has_best="best.pth" in entries,
            logs=_logs(path.name, entries.values()),
            notices=tuple(notices),
        )
        events = entries.get("events.jsonl")
        if found.is_over and result:
            score = result.best_metrics.get("mAP50")
            return replace(found, progress=_progress_of(found), map50=score, doubts=result.doubts)
        if events is None:
            return found
        read = await self._events(path / "events.jsonl", events, kept)
        return replace(
            found,
            progress=read.progress,
            map50=read.map50,
            doubts=read.doubts,
            written_at=datetime.fromtimestamp(events.modified, UTC),
        )

    async def _events(self, path: PurePosixPath, entry: Entry, kept: _Kept) -> EventsReader:
        kept.events = kept.events or EventsReader(self._host, path)
        if kept.stamps.get(path.name) != (entry.size, entry.modified):
            await kept.events.read()
            kept.stamps[path.name] = (entry.size, entry.modified)
        return kept.events

    async def _record(
        self, kind: type[R], path: PurePosixPath, entries: Mapping[str, Entry], kept: _Kept, notices: list[str]
    ) -> R | None:
        entry = entries.get(path.name)
        if entry is None:
            return None
        stamp = (entry.size, entry.modified)
        if kept.stamps.get(path.name) != stamp:
            try:
                piece = await self._host.read(path, limit=_RECORD_LIMIT)
                kept.records[path.name] = kind.parse(piece.data, str(path))
            except FileNotFoundError:
                return None
            except RunError as error:
                kept.records[path.name] = str(error)
            kept.stamps[path.name] = stamp
        record = kept.records[path.name]
        if isinstance(record, str):
            notices.append(record)
            return None
        if record.is_newer:
            notices.append(f"{path.name} was written by a newer yogo: it is shown as far as it is understood")
        return record if isinstance(record, kind) else None


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
