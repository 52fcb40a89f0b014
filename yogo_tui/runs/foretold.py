"""The files of a host, of which a glance has told some before anybody has asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from yogo_tui.hosts.base import A, Browse, Entry, Files, Host, Piece
from yogo_tui.questions.glance import RunsGlance


@dataclass(frozen=True, slots=True)
class _ToldFiles:
    """What is told of them is told once, and asked for from then on."""

    files: Files
    folders: dict[PurePosixPath, tuple[Entry, ...]] = field(default_factory=dict)
    pieces: dict[PurePosixPath, Piece] = field(default_factory=dict)

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        found = self.folders.pop(path, None)
        return await self.files.list(path) if found is None else found

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        found = self.pieces.pop(path, None)
        if found is None or offset or found.size > limit:
            return await self.files.read(path, offset=offset, limit=limit)
        return found


class Foretold:
    """The files of a host. What was told is forgotten when the look is over."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._told = _ToldFiles(host)

    def foretell(self, glance: RunsGlance) -> None:
        self._told.folders.update({PurePosixPath(path): entries for path, entries in glance.folders.items()})
        for file in glance.files:
            data = file.text.encode()
            self._told.pieces[PurePosixPath(file.path)] = Piece(data, len(data), file.identity)

    def forget(self) -> None:
        self._told.folders.clear()
        self._told.pieces.clear()

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        return await self._told.list(path)

    async def browse(self, look: Browse[A]) -> A:
        told = self._told
        if not (told.folders or told.pieces):
            return await self._host.browse(look)
        return await self._host.browse(lambda files: look(_ToldFiles(files, told.folders, told.pieces)))
