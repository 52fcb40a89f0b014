"""Where a command runs on a far machine: a session of a connection of our own, or of one that `ssh` holds open."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from yogo.files.places import because
from yogo_tui.errors import HostError

if TYPE_CHECKING:
    import asyncssh

    from yogo_tui.hosts.ssh_login import Way


_SSH_FAILED = 255
_LOST = (b"mux_client", b"Control socket", b"Connection closed")
"""What ssh says on its standard error where the connection that it shares is no more."""


class Cut(HostError):
    """The connection was lost on the way."""


class NoRoom(Exception):
    """The server opens no further session."""


class Heard:
    """What has come from a command so far."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.num_bytes = 0
        self.status: int | None = None
        """Once it has ended; minus the signal's number if a signal ended it, None if that is not known."""

        self.over = asyncio.Event()
        """It has ended, or the connection was lost."""

        self._news = asyncio.Event()

    @property
    def is_over(self) -> bool:
        return self.over.is_set()

    def hear(self, data: bytes, *, is_error: bool) -> None:
        (self.err if is_error else self.out).extend(data)
        self.num_bytes += len(data)
        self._news.set()

    def end(self) -> None:
        self.over.set()
        self._news.set()

    async def more(self) -> None:
        """Wait until something has come, or the end."""
        if not self.is_over:
            await self._news.wait()
            self._news.clear()


class Channel(Protocol):
    """A command that runs."""

    heard: Heard

    def send(self, data: bytes) -> None:
        """Send to its standard input."""
        ...

    def finish(self) -> None:
        """Nothing further is sent."""
        ...

    def kill(self) -> None:
        """Ask the server to end it, with all that it started; not every server does."""
        ...


class Link(Protocol):
    """A connection that commands run over."""

    @property
    def is_alive(self) -> bool: ...

    async def open(self, command: str, said: bytes) -> Channel:
        """Start a command, given to the account's own shell, and send it this. Raises NoRoom, Cut."""
        ...

    async def close(self) -> None: ...


class OwnLink:
    """A connection that we have made."""

    def __init__(self, way: Way) -> None:
        self._way = way

    @property
    def is_alive(self) -> bool:
        return not self._way.last.is_closed()

    async def open(self, command: str, said: bytes) -> Channel:
        import asyncssh

        heard = Heard()
        try:
            channel, _ = await self._way.last.create_session(lambda: _session(heard, said), command, encoding=None)
        except asyncssh.ChannelOpenError as error:
            if self.is_alive and error.code != asyncssh.OPEN_REQUEST_SESSION_FAILED:
                raise NoRoom from error
            raise Cut(error.reason) from error
        except (asyncssh.Error, OSError) as error:
            raise Cut(because(error)) from error
        return _Session(channel, heard)

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await self._way.close()


class _Session:
    def __init__(self, channel: asyncssh.SSHClientChannel[bytes], heard: Heard) -> None:
        self._channel = channel
        self.heard = heard

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it is over: who waits for the answer is told
            self._channel.write(data)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.write_eof()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.send_signal("KILL")
            self._channel.write_eof()


def _session(heard: Heard, said: bytes) -> asyncssh.SSHClientSession[bytes]:
    import asyncssh

    class HeardSession(asyncssh.SSHClientSession[bytes]):
        def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
            # Right behind the command, which is sent in this turn: its answer would take a round trip more.
            asyncio.get_running_loop().call_soon(_Session(chan, heard).send, said)

        def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
            heard.hear(data, is_error=datatype is not None)

        def exit_status_received(self, status: int) -> None:
            heard.status = status

        def exit_signal_received(self, name: str, core_dumped: bool, msg: str, lang: str) -> None:
            heard.status = -_number(name)

        def connection_lost(self, exc: Exception | None) -> None:
            heard.end()

    return HeardSession()


def _number(name: str) -> int:
    return int(getattr(signal, f"SIG{name}", signal.SIGKILL))


class SocketLink:
    """A connection that the user's own `ssh` holds open (ControlMaster): each command is one `ssh` through it."""

    def __init__(self, socket: Path, target: str) -> None:
        self._socket = socket
        self._target = target
        self._is_alive = True
        self._running: list[_Process] = []

    @classmethod
    async def find(cls, socket: Path | None, target: str) -> SocketLink | None:
        """The connection behind this socket, if there is one."""
        if socket is None or not socket.is_socket():
            return None
        link = cls(socket, target)
        asked = await asyncio.create_subprocess_exec(
            *link._words("-O", "check"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(5.0):
                return link if await asked.wait() == 0 else None
        except TimeoutError:
            return None
        finally:
            if asked.returncode is None:
                asked.kill()
                await asked.wait()

    @property
    def is_alive(self) -> bool:
        return self._is_alive and self._socket.is_socket()

    async def open(self, command: str, said: bytes) -> Channel:
        heard = Heard()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.subprocess_exec(lambda: _Listener(heard), *self._words("-T", command=command))
        process = _Process(transport, heard)
        process.send(said)
        self._running = [*(one for one in self._running if not one.heard.is_over), process]
        return process

    async def close(self) -> None:
        """End what runs. The connection is the user's: it stays."""
        self._is_alive = False
        for process in self._running:
            process.leave()
        for process in self._running:
            await process.heard.over.wait()

    def _words(self, *options: str, command: str = "") -> list[str]:
        # Without the socket it would connect by itself, and ask on the terminal: then it is to fail.
        alone = ["-F", "none", "-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-o", "BatchMode=yes"]
        words = ["ssh", *alone, "-S", str(self._socket), *options, "--", self._target]
        return [*words, command] if command else words


class _Listener(asyncio.SubprocessProtocol):
    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._heard.hear(data, is_error=fd == 2)

    def connection_lost(self, exc: Exception | None) -> None:
        status = self._transport.get_returncode() if self._transport else None
        is_lost = status == _SSH_FAILED and any(word in self._heard.err for word in _LOST)
        self._heard.status = None if is_lost else status
        self._heard.end()
        if self._transport:
            self._transport.close()


class _Process:
    def __init__(self, transport: asyncio.SubprocessTransport, heard: Heard) -> None:
        self._transport = transport
        self.heard = heard

    def send(self, data: bytes) -> None:
        self._input.write(data)

    def finish(self) -> None:
        self._input.write_eof()

    def kill(self) -> None:
        """ssh passes nothing on."""

    def leave(self) -> None:
        """End the ssh here, whatever becomes of the command there."""
        with contextlib.suppress(ProcessLookupError):
            self._transport.kill()

    @property
    def _input(self) -> asyncio.WriteTransport:
        pipe = self._transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        return pipe
