"""Asks for many small files and folders at once.

What is asked in one turn of the event loop goes over the line as one script: a look at fifty runs is two hundred small
files, and over a slow line each would cost a round trip. If one thing hangs there (a disk that is away), whoever asked
for it gets an error, and the rest is asked for again without it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yogo_tui.errors import HostError
from yogo_tui.hosts import far_script
from yogo_tui.hosts.far_script import Request
from yogo_tui.hosts.lanes import PATIENCE_SECONDS
from yogo_tui.hosts.ssh_channel import Cut
from yogo_tui.hosts.ssh_shells import NotBegun, Shell, Shells

_FORGOTTEN_AFTER_SECONDS = 30.0
"""How long what hung is not asked for again, once its shell has ended."""

_AFTER_PROBE_SECONDS = 1.0


class Hangs(HostError):
    """It gave no answer, while the host does."""


@dataclass(slots=True)
class _Asked:
    request: Request
    answer: asyncio.Future[Any]


class ReadBatches:
    """Asks through whatever connection there is; what was cut is asked once more."""

    def __init__(self, shells: Callable[[], Awaitable[Shells]], host: str) -> None:
        """`shells` connects if need be, and raises HostError; `host` is its name in errors."""
        self._shells = shells
        self._host = host
        self._waiting: list[_Asked] = []
        self._running: set[asyncio.Task[None]] = set()
        self._stuck: set[str] = set()

    async def ask(self, request: Request) -> Any:
        """Its answer. Raises FileNotFoundError, HostError, Hangs."""
        if request.about in self._stuck:
            raise Hangs(f"{request.path} does not answer: the disk or server that it lies on may be away.")
        loop = asyncio.get_running_loop()
        call = _Asked(request, loop.create_future())
        self._waiting.append(call)
        if len(self._waiting) == 1:
            loop.call_soon(self._start)
        return await call.answer

    async def close(self) -> None:
        for task in self._running:
            task.cancel()

    def _start(self) -> None:
        calls, self._waiting = self._waiting, []
        self._spawn(self._follow(calls))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _follow(self, calls: Sequence[_Asked]) -> None:
        for is_last in (False, True):
            try:
                await self._ask(calls)
                return
            except (Cut, NotBegun):
                calls = [call for call in calls if not call.answer.done()]
                if is_last:
                    _fail(calls, HostError(f"The connection to {self._host} was lost twice while files were read."))
            except HostError as error:
                _fail(calls, error)
                return
            except asyncio.CancelledError:
                _fail(calls, HostError(f"The connection to {self._host} was closed."))
                raise

    async def _ask(self, calls: Sequence[_Asked]) -> None:
        shells = await self._shells()
        calls = [call for call in calls if not call.answer.done()]  # whoever asked may have left
        if not calls:
            return
        word = secrets.token_hex(16)
        async with shells.lent() as shell:
            shell.begin(word, far_script.asked(word, [call.request for call in calls]))
            if await self._next(shells, shell) is None:  # another shell may do better; its answer is no longer read
                raise NotBegun
            # Told all at once: what is asked next then goes over the line in one script too.
            told: list[tuple[_Asked, bytes, str]] = []
            try:
                for position, call in enumerate(calls):
                    part = await self._next(shells, shell)
                    while part is not None and part[1] == "again":  # it was not whole, and follows once more
                        part = await self._next(shells, shell)
                    if part is None:
                        self._give_up(shell, call)
                        if rest := calls[position + 1 :]:
                            self._spawn(self._follow(rest))
                        return
                    told.append((call, *part))
            finally:
                for one in told:
                    _tell(*one, shell.user)

    async def _next(self, shells: Shells, shell: Shell) -> tuple[bytes, str] | None:
        """The next part of the answer; None where it does not come although the host answers. Raises Cut, NotBegun."""
        coming = asyncio.ensure_future(shell.frame())
        try:
            while True:
                num_bytes = shell.heard.num_bytes
                await asyncio.wait({coming}, timeout=PATIENCE_SECONDS)
                if coming.done():
                    return coming.result()
                if shell.heard.num_bytes == num_bytes:
                    await _probe(shells)
                    # Where the line stood still, both questions may have arrived there only now.
                    await asyncio.wait({coming}, timeout=_AFTER_PROBE_SECONDS)
                    if shell.heard.num_bytes == num_bytes:
                        return None
        finally:
            coming.cancel()

    def _give_up(self, shell: Shell, call: _Asked) -> None:
        about = call.request.about
        self._stuck.add(about)
        if not call.answer.done():
            sentence = (
                f"{call.request.path} gave no answer within {PATIENCE_SECONDS:g} s: the disk or server may be away."
            )
            call.answer.set_exception(Hangs(sentence))
        shell.kill()
        self._spawn(self._forget(shell, about))

    async def _forget(self, shell: Shell, about: str) -> None:
        await shell.heard.over.wait()
        await asyncio.sleep(_FORGOTTEN_AFTER_SECONDS)
        self._stuck.discard(about)


async def _probe(shells: Shells) -> None:
    """Wait until the host answers something that cannot hang. Raises Cut, HostError."""
    word = secrets.token_hex(16)
    async with shells.lent() as shell:
        shell.begin(word, far_script.asked(word, []))
        await shell.frame()


def _tell(call: _Asked, body: bytes, outcome: str, user: str) -> None:
    if call.answer.done():
        return
    try:
        call.answer.set_result(call.request.answer(body, outcome, user))
    except (FileNotFoundError, HostError) as error:
        call.answer.set_exception(error)


def _fail(calls: Sequence[_Asked], error: HostError) -> None:
    for call in calls:
        if not call.answer.done():
            call.answer.set_exception(error)
