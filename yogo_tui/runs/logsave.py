"""Saves a log of any size to a file on this machine, a piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from yogo.files.atomic import replacing
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host

_PIECE = 1 << 20


async def save(
    host: Host, path: PurePosixPath, to: Path, *, tell: Callable[[int, int], object] = lambda _done, _size: None
) -> int:
    """Copy the log as it is now; it replaces a file of that name once it is whole. Returns its size in bytes.

    `tell` is given how many bytes are saved, and of how many. Raises HostError, LaunchError.
    """
    try:
        first = await host.read(path, limit=_PIECE)
    except FileNotFoundError as error:
        raise LaunchError(f"The log was not saved: there is no {path}.") from error
    try:
        with replacing(to) as file:
            file.write(first.data)
            done = len(first.data)
            # No more than there was at first, so that a log that grows faster than it is read comes to an end.
            while done < first.size:
                tell(done, first.size)
                piece = await host.read(path, offset=done, limit=min(_PIECE, first.size - done))
                if not piece.data or piece.identity != first.identity:
                    raise LaunchError("The log was not saved: another one took its place meanwhile. Save it again.")
                await asyncio.to_thread(file.write, piece.data)
                done += len(piece.data)
    except OSError as error:
        raise LaunchError(f"The log was not saved to {to}: {error.strerror or error}.") from error
    return done


def place_of(typed: str) -> Path:
    """The file that a person means, ~ being their home."""
    return Path(typed.strip()).expanduser()


def problem(typed: str) -> str:
    """What is wrong with a path to save to; empty if nothing is."""
    to = place_of(typed)
    if not typed.strip():
        return "a path is needed, such as ~/run.log"
    if to.is_dir():
        return f"{to} is a folder: add the name of a file"
    return "" if to.parent.is_dir() else f"there is no folder {to.parent}"
