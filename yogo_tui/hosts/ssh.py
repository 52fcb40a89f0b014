"""A machine reached over SSH, as the user's own SSH configuration says.

asyncssh is imported at the first connection only: a console on the login node itself never needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from yogo.files.atomic import cut
from yogo_tui.errors import HostError, HostUnknown
from yogo_tui.hosts import far_script, ssh_config, ssh_served
from yogo_tui.hosts.asker import Asker, Refused
from yogo_tui.hosts.base import A, Browse, Completed, Entry, Piece, Question, Tell, silent
from yogo_tui.hosts.clock import FarClock
from yogo_tui.hosts.far_script import ListRequest, ReadRequest, WriteRequest
from yogo_tui.hosts.served import Lost, Served, doubted
from yogo_tui.hosts.ssh_batch import Hangs, ReadBatches
from yogo_tui.hosts.ssh_channel import Cut, Link, OwnLink, SocketLink
from yogo_tui.hosts.ssh_shells import NotBegun, Shell, Shells

T = TypeVar("T")

_NUM_TRIES = 3
"""Of shells that stood idle, and have ended before they were sent anything."""

_LAST_WRITES_SECONDS = 5.0
_BETWEEN_TRIES_SECONDS = 1.0


class SshHost:
    """Connects at the first call, and again at the first one after the connection was lost.

    Where the login was refused, or the person wanted none, the calls after that fail at once, until `connect`: nobody
    is asked again and again, and no server takes it for an attack.
    """

    def __init__(
        self,
        target: str,
        *,
        config: Path | None = None,
        asker: Asker | None = None,
        serve: Sequence[str] = ("yogo-tui", "serve"),
        back_within_seconds: float = 20.0,
    ) -> None:
        """`target` is what one gives to ssh: a host, user@host, or a name from the SSH configuration; `config` stands
        in for ~/.ssh/config; without an asker nothing is asked; `serve` starts what answers questions there. So long is
        waited for a connection that was lost under what changes something, to find out whether it was done."""
        self._target = target
        self._config = config
        self._asker = asker
        self._accepted: set[bytes] = set()
        self._shells: Shells | None = None
        self._connecting: asyncio.Task[Shells] | None = None
        self._refused: HostError | None = None
        self._is_closed = False
        self._was_connected = False
        self._batches = ReadBatches(self._connected, target)
        self._writing: set[asyncio.Task[None]] = set()
        self._clock = FarClock(self._time)
        self._serve = tuple(serve)
        self._served: Served | None = None
        self._beginning = asyncio.Lock()
        self._back_within_seconds = back_within_seconds

    @property
    def name(self) -> str:
        return self._target

    @property
    def notices(self) -> tuple[str, ...]:
        return (self._served.notice,) if self._served and self._served.notice else ()

    async def connect(self) -> None:
        """Connect now, asking what has to be asked, also where that was refused before. Raises HostError."""
        self._refused, self._is_closed = None, False
        await self._connected()

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
        await self._connected()  # which may take a person's time
        try:
            async with asyncio.timeout(timeout_seconds):
                if is_repeatable:
                    return await self._known(lambda: self._run(argv, stdin, env or {}, folder))
                if folder or not only_looks:
                    return await self._run(argv, stdin, env or {}, folder)
                try:
                    return await self._looked(argv, stdin, env or {})
                except Cut:
                    return await self._looked(argv, stdin, env or {})
        except TimeoutError as error:
            sentence = f"{argv[0]} gave no answer from {self.name} within {timeout_seconds:g} s"
            raise _unanswered(sentence, only_looks=only_looks) from error
        except Cut as error:
            sentence = f"The connection to {self.name} was lost while running {argv[0]}"
            raise _unanswered(sentence, only_looks=only_looks) from error

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        piece = await self._batches.ask(ReadRequest(path, offset, limit))
        assert isinstance(piece, Piece)
        return piece

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        try:
            found = await self._batches.ask(ListRequest(path))
        except Hangs:
            # What hangs may be what a link leads to, which must not hide the others.
            found = await self._batches.ask(ListRequest(path, follows_links=False))
        assert isinstance(found, tuple)
        return found

    async def browse(self, look: Browse[A]) -> A:
        return await look(self)

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        # To its end, also where the caller gives up: who is told that it failed must not find it written later.
        writing = asyncio.create_task(self._write(path, data))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        writing.add_done_callback(_look)
        await asyncio.shield(writing)

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        async def asked() -> A:
            return await (await self._answering()).ask(question, tell)

        try:
            if getattr(question, "changes", ""):
                return await self._known(asked)
            try:
                return await asked()
            except Lost:
                return await asked()
        except Lost as error:
            raise doubted(question, error) from error
        finally:
            if self._shells is not None:
                self._shells.see_room()

    async def clock_ahead(self) -> timedelta:
        return await self._clock.ahead()

    async def _time(self) -> str:
        return (await self.run(["date", "+%s"], only_looks=True)).stdout

    async def close(self) -> None:
        """What is being written is given a moment. Only `connect` opens it again."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=_LAST_WRITES_SECONDS)
        self._is_closed = True
        if self._served is not None:
            self._served.close()
        await self._batches.close()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._shells is not None:
            await self._shells.close()
            self._shells = None

    async def _answering(self) -> Served:
        """What answers questions there, started at the first one of each connection. Raises HostError."""
        async with self._beginning:
            if self._served is None or not self._served.is_alive:
                self._served = await ssh_served.begin(await self._connected(), self._serve, self.name)
            return self._served

    def _make_room(self) -> None:
        """What answers questions leaves its session to whoever waits, and is started again at the next one."""
        if self._served is not None and self._served.is_idle:
            self._served.close()
            self._served = None

    async def _known(self, act: Callable[[], Awaitable[T]]) -> T:
        """What `act` comes to. Where the connection was lost under it, it is done again, which is to do no harm, once
        the host can be reached. Raises Cut or Lost where that is not known in the end."""
        lost: HostError | None = None
        for _ in range(_NUM_TRIES):
            try:
                return await act()
            except (Cut, Lost) as error:
                lost = error
            except HostError:
                if lost is None or (self._shells and self._shells.link.is_alive):
                    raise
            if not await self._is_back():
                break
        assert lost is not None
        raise lost

    async def _is_back(self) -> bool:
        """Whether it can be reached; for a while it is tried again and again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._back_within_seconds
        while True:
            try:
                await self._connected()
            except HostError:
                if self._refused or self._is_closed or loop.time() > until:
                    return False
            else:
                return True
            await asyncio.sleep(min(_BETWEEN_TRIES_SECONDS, self._back_within_seconds))

    async def _write(self, path: PurePosixPath, data: bytes) -> None:
        parts: list[PurePosixPath] = []

        async def written() -> None:
            # What a lost session has not put in its place yet must not come there later.
            left = tuple(parts)
            parts.append(path.with_name(f".{cut(path.name)}.{secrets.token_hex(4)}.part"))
            await self._write_once(WriteRequest(path, parts[-1], len(data), left), data)

        try:
            await self._known(written)
        except Cut as error:
            sentence = f"The connection to {self.name} was lost while writing {path}; it may have been written."
            raise HostUnknown(sentence) from error

    async def _write_once(self, request: WriteRequest, data: bytes) -> None:
        """Raises Cut, HostError."""
        word = secrets.token_hex(16)
        for _ in range(_NUM_TRIES):
            shells, shell = await self._taken()
            try:
                shell.begin(word, far_script.asked(word, [request]) + data)
                await shell.frame()
                request.answer(*await shell.frame(), shell.user)
            except NotBegun:
                continue
            shells.give_back(shell)
            return
        raise HostError(f"{self.name} ends every session that it has opened.")

    async def _run(
        self, argv: Sequence[str], stdin: str, env: Mapping[str, str], folder: PurePosixPath | None
    ) -> Completed:
        """Raises Cut, HostError."""
        word = secrets.token_hex(16)
        said = far_script.run(word, argv, env, folder) + stdin.encode("utf-8", errors="surrogateescape")
        shell, outcome = await self._begun(word, said)
        if outcome == "nowhere":
            raise HostError(f"{argv[0]} cannot be run on {self.name}: there is no folder {folder}.")
        if outcome != "ready":
            raise self._no_such(argv[0])
        try:
            await shell.end()
        finally:
            shell.kill()
        assert shell.heard.status is not None  # it has ended
        errors = shell.heard.err.partition(f"\n{word} ready\n".encode())[2]
        return Completed(shell.heard.status, _text(shell.heard.out), _text(errors))

    async def _looked(self, argv: Sequence[str], stdin: str, env: Mapping[str, str]) -> Completed:
        """In a shell that stays: another one would take three round trips to open. Raises Cut, HostError."""
        word = secrets.token_hex(16)
        said = far_script.look(word, argv, env, stdin)
        for _ in range(_NUM_TRIES):
            shells, shell = await self._taken()
            try:
                shell.begin(word, said)
                out, status = await shell.frame()
                errors = b"" if status == "none" else await shell.errors(word)
            except NotBegun:
                continue
            except BaseException:
                shell.kill()
                raise
            shells.give_back(shell)
            if status == "none":
                raise self._no_such(argv[0])
            return Completed(int(status), _text(out), _text(errors))
        raise HostError(f"{self.name} ends every session that it has opened.")

    def _no_such(self, argv0: str) -> HostError:
        return HostError(f"{argv0} cannot be run on {self.name}: there is no such command.")

    async def _begun(self, word: str, said: bytes) -> tuple[Shell, str]:
        """The shell that becomes the command, and what came of that: ready, none or nowhere. Raises Cut, HostError."""
        for _ in range(_NUM_TRIES):
            shells, shell = await self._taken()
            shells.stock()  # this one does not come back
            try:
                shell.begin(word, said)
                shell.finish()
                _, outcome = await shell.frame()
                return shell, outcome
            except NotBegun:
                continue
            except BaseException:
                shell.kill()
                raise
        raise HostError(f"{self.name} ends every session that it has opened.")

    async def _taken(self) -> tuple[Shells, Shell]:
        """A shell, of a new connection if the one there was is lost: nothing has been sent yet. Raises HostError."""
        for _ in range(_NUM_TRIES):
            shells = await self._connected()
            with contextlib.suppress(Cut):
                return shells, await shells.take()
        raise HostError(f"The connection to {self.name} was lost before anything was sent, again and again.")

    async def _connected(self) -> Shells:
        """Raises HostError."""
        if self._is_closed:
            raise self._closed()
        if self._shells is not None and self._shells.link.is_alive:
            return self._shells
        if self._refused is not None:
            raise HostError(str(self._refused))
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_look)
        connecting = self._connecting
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            if connecting.cancelled():
                raise self._closed() from None
            raise

    def _closed(self) -> HostError:
        return HostError(f"The connection to {self.name} was closed.")

    async def _connect(self) -> Shells:
        if self._shells is not None:
            await self._shells.close()
        try:
            self._shells = Shells(await self._link(), self.name)
        except Refused as error:
            self._refused = error
            raise
        self._was_connected = True
        self._shells.lacks_room = self._make_room
        self._shells.stock()
        return self._shells

    async def _link(self) -> Link:
        way = await ssh_config.resolve(self._target, self._config)
        if (shared := await SocketLink.find(way[-1].control_path, self._target)) is not None:
            return shared
        from yogo_tui.hosts.ssh_login import Login

        because = f"The connection to {self.name} was lost, and a new one asks again." if self._was_connected else ""
        return OwnLink(await Login(self._asker, self._accepted, because).connect(way))


def _look(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to be told how it went."""
    if not task.cancelled():
        task.exception()


def _unanswered(sentence: str, *, only_looks: bool) -> HostError:
    return HostError(f"{sentence}.") if only_looks else HostUnknown(f"{sentence}; it may have run.")


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", errors="replace")
