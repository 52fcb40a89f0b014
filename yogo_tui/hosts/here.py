"""This machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from yogo.run.atomic import write_atomically
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Completed, Entry, Piece

T = TypeVar("T")

_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES}
"""Of an entry that is gone since, or of a link that leads nowhere, or to where this user may not look."""


_RUNNING: set[int] = set()
"""The commands that were begun and have not ended, by process."""


def end_all() -> None:
    """End the commands that have not answered yet, from any thread: for a console that cannot wait for them."""
    for pid in tuple(_RUNNING):
        _kill(pid)


class HereHost:
    """Runs commands and reads files where the console itself runs."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` adds to the console's own, for every command."""
        self._environment = dict(environment or {})
        self._looks = _Batches()

    @property
    def name(self) -> str:
        return "here"

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 150.0,
    ) -> Completed:
        asked = self._environment | dict(env or {})
        kept = {name: value for name, value in os.environ.items() if name not in asked}
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=kept | {name: value for name, value in asked.items() if value},
                start_new_session=True,
            )
        except OSError as error:
            raise HostError(f"{argv[0]} cannot be run on this machine: {_reason(error)}.") from error
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
        return await self._looks.call(lambda: _read(Path(path), offset, limit))

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        return await self._looks.call(lambda: _list(Path(path)))

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        await asyncio.to_thread(_write, Path(path), data)

    async def close(self) -> None:
        """Nothing is held open."""


class _Batches:
    """Calls that come up in one turn of the event loop, made one after the other in one thread.

    Fifty runs are two hundred small files: a way to a thread and back takes longer than each of them.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def call(self, action: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append((action, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._start)
        return await answer

    def _start(self) -> None:
        calls, self._waiting = self._waiting, []
        running = asyncio.create_task(_answer(calls))
        self._running.add(running)
        running.add_done_callback(self._running.discard)


async def _answer(calls: Sequence[tuple[Callable[[], Any], asyncio.Future[Any]]]) -> None:
    outcomes = await asyncio.to_thread(lambda: [_outcome(action) for action, _ in calls])
    for (_, answer), (value, error) in zip(calls, outcomes, strict=True):
        if answer.done():  # whoever asked has left
            continue
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(value)


def _outcome(action: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return action(), None
    except Exception as error:  # handed on to whoever asked, whatever it is
        return None, error


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


def _read(path: Path, offset: int, limit: int) -> Piece:
    try:
        # Not to wait for the writer of a pipe, nor to take over a terminal.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise HostError(f"{path} cannot be read: it is no file, but {_kind(status.st_mode)}.")
            data = os.pread(handle, limit, offset)
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


def _list(path: Path) -> tuple[Entry, ...]:
    entries = []
    try:
        with os.scandir(path) as found:
            for one in found:
                try:
                    status = one.stat()
                except OSError as error:
                    if error.errno in _NOWHERE:
                        continue
                    raise
                is_folder, is_mine = stat.S_ISDIR(status.st_mode), status.st_uid == os.getuid()
                entries.append(Entry(one.name, is_folder, status.st_size, status.st_mtime, is_mine))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HostError(f"{path} cannot be listed: {_reason(error)}.") from error
    return tuple(sorted(entries, key=lambda entry: entry.name))


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise HostError(f"{path} cannot be written: {_reason(error)}.") from error
