"""A `yogo-tui serve` of this machine, and a host that asks its questions of it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Question, Tell, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.served import Served

SERVE = (sys.executable, "-m", "yogo_tui", "serve")


class LocalPipe:
    """A `yogo-tui serve` of this machine. It prints `banner` first, as a login shell may."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.longest = 0
        """Of the lines that were read."""

        self.num_heard = 0

    @classmethod
    async def begin(cls, *words: str) -> LocalPipe:
        return cls(await asyncio.create_subprocess_exec(*words, stdin=-1, stdout=-1, stderr=-1, limit=1 << 26))

    async def write(self, data: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except OSError as error:
            raise HostError(str(error)) from error

    async def readline(self) -> bytes:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        self.longest = max(self.longest, len(line))
        self.num_heard += len(line)
        return line

    async def why_ended(self) -> str:
        assert self._process.stderr
        return (await self._process.stderr.read()).decode().strip()

    def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def ended(self) -> None:
        self.close()
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


class ServedHost(HereHost):
    """This machine, with questions asked of a process of their own."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.served = served

    async def ask(self, question: Question[Any], *, tell: Tell = silent) -> Any:
        return await self.served.ask(question, tell)
