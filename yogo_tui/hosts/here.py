"""This machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import math
import os
import signal
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from yogo.files.atomic import write_atomically
from yogo_tui.errors import HostError
from yogo_tui.hosts.answering import answer
from yogo_tui.hosts.base import HERE, A, Browse, Completed, Entry, Files, Piece, Question, Tell, silent
from yogo_tui.hosts.lanes import PATIENCE_SECONDS, Lanes, NoReturn

T = TypeVar("T")

_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES}
"""Of an entry that is gone since, or of a link that leads nowhere, or to where this user may not look."""


_LEAST_ROOM = 64 << 10
"""In bytes: some systems call files empty that are not."""

_RUNNING: set[int] = set()
"""The commands that were begun and have not ended, by process."""


def end_all() -> None:
    """End the commands that still run, from any thread, for a console that cannot wait for them."""
    for pid in tuple(_RUNNING):
        _kill(pid)


class HereHost:
    """Runs commands and reads files where the console itself runs."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` adds to the console's own, for every command."""
        self._environment = dict(environment or {})
        self._lanes = Lanes()

    @property
    def name(self) -> str:
        return HERE

    @property
    def notices(self) -> tuple[str, ...]:
        return ()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        folder: PurePosixPath | None = None,
        timeout_seconds: float = 150.0,
        only_looks: bool = False,
        is_repeatable: bool = False,
    ) -> Completed:
        asked = self._environment | dict(env or {}) | ({"PWD": str(folder)} if folder else {})
        kept = {name: value for name, value in os.environ.items() if name not in asked}
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=kept | {name: value for name, value in asked.items() if value},
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            is_nowhere = folder is not None and not Path(folder).is_dir()
            why = f"there is no folder {folder}" if is_nowhere else _reason(error)
            raise HostError(f"{argv[0]} cannot be run on this machine: {why}.") from error
        _RUNNING.add(process.pid)
        try:
            async with asyncio.timeout(timeout_seconds):
                stdout, stderr = await process.communicate(stdin.encode())
        except TimeoutError as error:
            raise HostError(f"{argv[0]} gave no answer within {timeout_seconds:g} s and was ended.") from error
        finally:
            if process.returncode is None:
                await _end(process)
            _RUNNING.discard(process.pid)
        return Completed(process.returncode or 0, _text(stdout), _text(stderr))

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        return await self._look(lambda: part_of(path, offset, limit), str(path))

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        left_out = _stuck_in(path, self._lanes.stuck)
        while True:
            listing = _Listing(path, frozenset(left_out))
            try:
                return await self._look(listing.read, str(path), listing.where)
            except HostError:
                # What hangs may be one thing in the folder, which must not hide the others.
                if listing.current == str(path) or listing.current in left_out:
                    raise
                left_out.add(listing.current)

    async def browse(self, look: Browse[A]) -> A:
        files = _NearFiles(self._lanes.stuck)
        try:
            through = partial(_run_through, look, files)
            return await self._lanes.call(through, lambda: files.where, lambda: files.num_asked)
        except NoReturn:
            pass
        finally:
            files.is_left = True
        return await look(self)

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        # However long that takes: who is told that it failed must not find it written later.
        await asyncio.to_thread(_write, Path(path), data)

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        return await answer(question, tell)

    async def clock_ahead(self) -> timedelta:
        return timedelta()

    async def _look(self, action: Callable[[], T], path: str, where: Callable[[], str] | None = None) -> T:
        if path in self._lanes.stuck:
            raise _does_not_answer(path)
        try:
            return await self._lanes.call(action, where or (lambda: path))
        except NoReturn:
            raise HostError(
                f"{path} gave no answer within {PATIENCE_SECONDS:g} s: the disk or server that it lies on may be away."
            ) from None

    async def close(self) -> None:
        """Nothing is held open."""


async def _end(process: asyncio.subprocess.Process) -> None:
    _kill(process.pid)
    await process.wait()


def _kill(pid: int) -> None:
    """The whole group, as a wrapper's children hold the pipes open too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def listed(path: PurePosixPath) -> tuple[Entry, ...]:
    """As HereHost.list, for who can wait: nothing is done about a disk that hangs."""
    return _Listing(path, frozenset()).read()


def part_of(path: PurePosixPath, offset: int, limit: int) -> Piece:
    """As HereHost.read, for who can wait."""
    try:
        # Not to wait for the writer of a pipe, nor to take over a terminal.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise HostError(f"{path} cannot be read: it is not a file but {_kind(status.st_mode)}.")
            # Room for all that may be read takes longer to make than a small file to read.
            data = os.pread(handle, min(limit, max(status.st_size - offset, _LEAST_ROOM)), offset)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HostError(f"{path} cannot be read: {_reason(error)}.") from error
    return Piece(data, status.st_size, f"{status.st_dev}:{status.st_ino}")


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return names.get(stat.S_IFMT(mode), "a device")


class _NearFiles:
    """The files of this machine, for who waits for each in a thread."""

    def __init__(self, stuck: Collection[str]) -> None:
        self._stuck = stuck
        self._listing: _Listing | None = None
        self._path = ""
        self.num_asked = 0
        self.is_left = False
        """Nobody waits any more: the thread is to end."""

    @property
    def where(self) -> str:
        """What is looked at just now."""
        return self._listing.current if self._listing else self._path

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        self._begin(path)
        piece = part_of(path, offset, limit)
        self._check()
        return piece

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        self._begin(path)
        self._listing = _Listing(path, _stuck_in(path, self._stuck))
        entries = self._listing.read()
        self._check()
        return entries

    def _begin(self, path: PurePosixPath) -> None:
        self._check()
        self.num_asked, self._path, self._listing = self.num_asked + 1, str(path), None
        if self._path in self._stuck:
            raise _does_not_answer(self._path)

    def _check(self) -> None:
        if self.is_left:
            raise _LeftError


class _LeftError(Exception):
    """Nobody waits for this look any more."""


def _run_through(look: Browse[A], files: Files) -> A:
    """What a coroutine returns that waits for nothing but lets others have a turn, of whom there are none."""
    steps = look(files)
    while True:
        try:
            steps.send(None)
        except StopIteration as end:
            found: A = end.value
            return found


def _stuck_in(path: PurePosixPath, stuck: Collection[str]) -> set[str]:
    return {name for name in tuple(stuck) if PurePosixPath(name).parent == path}


def _does_not_answer(path: str) -> HostError:
    return HostError(f"{path} does not answer: the disk or server that it lies on may be away.")


class _Listing:
    """One look through a folder, without what is known to hang in it."""

    def __init__(self, path: PurePosixPath, left_out: Collection[str]) -> None:
        self._path = str(path)
        self._left_out = left_out
        self.current = self._path
        """What is looked at just now."""

    def where(self) -> str:
        return self.current

    def read(self) -> tuple[Entry, ...]:
        self.current = self._path
        try:
            with os.scandir(self._path) as found:
                entries = [entry for one in found if (entry := self._entry(one))]
        except FileNotFoundError:
            raise
        except OSError as error:
            raise HostError(f"{self._path} cannot be listed: {_reason(error)}.") from error
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def _entry(self, one: os.DirEntry[str]) -> Entry | None:
        self.current = one.path
        if one.path in self._left_out:
            return Entry(one.name, is_folder=True, size=0, modified=math.nan)
        try:
            status = one.stat()
        except OSError as error:
            if error.errno in _NOWHERE:
                return None
            raise
        is_folder, is_mine = stat.S_ISDIR(status.st_mode), status.st_uid == os.getuid()
        # As `find` prints them, which lists the same folders for who is far away.
        identity = f"{status.st_ino}:{_seconds(status.st_ctime_ns)}"
        modified = status.st_mtime_ns / 10**9
        return Entry(one.name, is_folder, status.st_size, modified, is_mine, identity)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09}0"


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise HostError(f"{path} cannot be written: {_reason(error)}.") from error
