"""The files of a host, of which a glance has told some before anybody has asked."""

from __future__ import annotations

from pathlib import PurePosixPath

from yogo_tui.hosts.base import Entry, Host, Piece
from yogo_tui.questions.glance import RunsGlance


class Foretold:
    """What a glance has told is told once, and asked for from then on."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._folders: dict[PurePosixPath, tuple[Entry, ...]] = {}
        self._files: dict[PurePosixPath, Piece] = {}

    def foretell(self, glance: RunsGlance) -> None:
        self._folders = {PurePosixPath(path): entries for path, entries in glance.folders.items()}
        for file in glance.files:
            data = file.text.encode()
            self._files[PurePosixPath(file.path)] = Piece(data, len(data), file.identity)

    def forget(self) -> None:
        self._folders.clear()
        self._files.clear()

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        found = self._folders.pop(path, None)
        return await self._host.list(path) if found is None else found

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        found = self._files.pop(path, None)
        if found is None or offset or found.size > limit:
            return await self._host.read(path, offset=offset, limit=limit)
        return found
