"""A line between here and a server that is slow, narrow, frozen or cut: a TCP proxy in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field


@dataclass
class Line:
    """Leads to a port of this machine."""

    to_port: int
    delay_seconds: float = 0.0
    """For each direction: a round trip takes twice that."""

    bytes_per_second: float = float("inf")
    """For each direction and connection."""

    num_round_trips: int = 0
    """How often something was sent from here after something had come back."""

    num_bytes: int = 0
    """In both directions."""

    num_bytes_back: int = 0
    """From the server."""

    port: int = 0
    _is_up: asyncio.Event = field(default_factory=asyncio.Event)
    _ends: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _was_answered: bool = True

    async def __aenter__(self) -> Line:
        self._is_up.set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._is_up.set()
        self.cut()
        await self._server.wait_closed()
        while self._ends:
            await asyncio.sleep(0.01)

    @property
    def num_open(self) -> int:
        return len(self._ends) // 2

    def cut(self) -> None:
        """Every connection is lost; new ones can be made."""
        for end in self._ends:
            end.transport.abort()

    def freeze(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._is_up.clear()

    def thaw(self) -> None:
        self._is_up.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        far = None
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.to_port)
            self._ends.add(far)
            there, back = self._relay(reader, far, is_back=False), self._relay(far_reader, writer, is_back=True)
            await asyncio.gather(there, back)
        except OSError:
            pass
        finally:
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()
                    with contextlib.suppress(OSError):
                        await end.wait_closed()
                    self._ends.discard(end)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_back: bool) -> None:
        """Either end's leaving ends both directions: neither SSH server nor client says half a goodbye."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(queue, writer))
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(1 << 16):
                self._count(len(data), is_back=is_back)
                queue.put_nowait((loop.time() + self.delay_seconds, data))
            queue.put_nowait((loop.time() + self.delay_seconds, b""))
            await delivering
            raise ConnectionResetError
        finally:
            delivering.cancel()

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._is_up.wait()
            if not data:
                return
            writer.write(data)
            with contextlib.suppress(OSError):
                await writer.drain()
            await asyncio.sleep(len(data) / self.bytes_per_second)

    def _count(self, num_bytes: int, *, is_back: bool) -> None:
        self.num_bytes += num_bytes
        self.num_bytes_back += num_bytes * is_back
        if not is_back and self._was_answered:
            self.num_round_trips += 1
        self._was_answered = is_back
