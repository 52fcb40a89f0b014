"""Reads the run directories through a host. What has not changed is not read again."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.record import now
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Files, Host, Piece
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.glance import RunsGlance
from yogo_tui.runs.foretold import Foretold
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.look import FolderLook, Kept

_AT_ONCE = 256
_NEAR_AT_ONCE = 32
"""On this machine one thread looks at all: so many runs before it tells what it has found."""


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
        self._kept: dict[PurePosixPath, Kept] = {}
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
        over, changed = list[RunFolder](), list[tuple[PurePosixPath, Entry]]()
        for path, entry in entries:
            if run := self._unchanged(path, entry):
                over.append(run)
            else:
                changed.append((path, entry))
        return (*over, *await self._look_at_all(changed), *away)

    async def _look_at_all(self, entries: list[tuple[PurePosixPath, Entry]]) -> list[RunFolder]:
        limit = asyncio.Semaphore(_AT_ONCE)
        size = _NEAR_AT_ONCE if self._is_here else 1

        async def look(some: list[tuple[PurePosixPath, Entry]]) -> list[RunFolder]:
            async with limit:
                return await self._look(some)

        parts = [entries[first : first + size] for first in range(0, len(entries), size)]
        return list(itertools.chain.from_iterable(await asyncio.gather(*map(look, parts))))

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
        found = kept.found if kept and kept.folder_modified == folder.modified else None
        return found if found and found.is_over else None

    async def look_at(self, path: PurePosixPath) -> RunFolder | None:
        """The run in any directory; None if it is not a run directory. Raises HostError."""
        return next(iter(await self._look([(path, Entry(path.name, True, 0, math.nan))])), None)

    async def _look(self, entries: list[tuple[PurePosixPath, Entry]]) -> list[RunFolder]:
        """Those of these directories that are runs. Raises HostError."""
        moment = now() + self.clock_ahead
        # A look that is begun again, because a disk hangs, begins with nothing that the first one may still change.
        known = itertools.chain([self._kept], itertools.repeat(dict[PurePosixPath, Kept]()))

        async def look(files: Files) -> list[tuple[PurePosixPath, Kept, RunFolder | None]]:
            before, found = next(known), []
            for path, entry in entries:
                kept = before.get(path) or Kept()
                one = FolderLook(_Foreseen(files, self._foreseen), path, kept, is_here=self._is_here)
                found.append((path, kept, await one.look(is_mine=entry.is_mine, now=moment)))
            return found

        looked = await self._host.browse(look)
        for (path, kept, run), (_, entry) in zip(looked, entries, strict=True):
            if run is not None and run is kept.found:
                kept.folder_modified = entry.modified
                self._kept[path] = kept
        return [run for _, _, run in looked if run is not None]

    def _foresee(self) -> None:
        """List what was live at the last look together with the folders of runs: a far host answers all at once."""
        if self._is_here:
            return
        runs = [kept.found for kept in self._kept.values() if kept.found and not kept.found.is_over]
        leases = [HostRunDirectory(run.path).lease for run in runs if run.has_lease]
        paths = [*(run.path for run in runs), *leases]
        self._foreseen = {path: asyncio.ensure_future(self._host.list(path)) for path in paths}

    async def _list(self, folder: PurePosixPath) -> tuple[Entry, ...]:
        try:
            return await self._host.list(folder)
        except FileNotFoundError:
            return ()


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """Files of which some folders are being listed already."""

    files: Files
    listings: dict[PurePosixPath, asyncio.Future[tuple[Entry, ...]]]

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        return await (self.listings.pop(path) if path in self.listings else self.files.list(path))

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        return await self.files.read(path, offset=offset, limit=limit)
