"""The shells on a far machine that stand ready to do what is asked, as many as its server allows.

Each is one session of one connection. Some are opened ahead, so that a command costs one round trip and no more. A
server that opens no further session (sshd's MaxSessions) lowers the bound, and who needs one waits; nobody is harmed.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable

from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts import far_script
from yogo_tui.hosts.far_script import AnswerParts
from yogo_tui.hosts.ssh_channel import Channel, Cut, Link, NoRoom

MOST_SESSIONS = 8
"""Below sshd's usual MaxSessions of 10."""

_NUM_SPARE = 2
_RAISE_AFTER_SECONDS = 30.0
_AGAIN_AFTER_SECONDS = 0.2
_UNHEARD_SECONDS = 1.0
_LONGEST_TEXT = 300

MOST_AT_LOGIN = 1 << 20
"""In bytes: a login prints less."""

_STARTS_WITHIN_SECONDS = 90.0
"""Long enough for a slow home folder, and for a line that stands still for a minute."""


class BadStart(Exception):
    """The account does not start `sh`; what it said instead."""


class NotBegun(Exception):
    """The shell had ended by itself before it read what it was sent, as some do that stood idle for long."""


class Shell:
    """One `sh` on the far machine."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._frames = AnswerParts("")
        self._numbers: AnswerParts | None = None
        self.heard = channel.heard
        self.is_spent = False
        self.given_up = asyncio.Event()
        self.user = ""
        """The number of the far user, known once something was answered."""

        self.group = ""
        """The number of its process group there, known then too."""

    async def prepare(self, mark: str, word: str) -> None:
        """Wait until it listens; the prelude with this word was sent. Raises Cut, NoRoom, BadStart."""
        while mark.encode() not in self.heard.out and not self.heard.is_over:
            if len(self.heard.out) > MOST_AT_LOGIN:
                raise BadStart(f"{self._said()} ..., without an end")
            await self.heard.more()
        if mark.encode() not in self.heard.out:
            raise self._no_start()
        # The answer comes before that to the first script: it is read then, which saves a round trip.
        self._numbers = AnswerParts(word)

    def begin(self, word: str, data: bytes) -> None:
        """Send a script; the frames of its answer carry the word."""
        self.heard.err.clear()
        self.has_begun(word)
        self._channel.send(data)

    def has_begun(self, word: str) -> None:
        """The script with this word was sent as the shell was opened."""
        self._frames = AnswerParts(word)

    def send(self, data: bytes) -> None:
        """Send to what the shell has become."""
        self._channel.send(data)

    def finish(self) -> None:
        """Its standard input ends there: it is not used again."""
        self.is_spent = True
        self._channel.finish()

    async def frame(self) -> tuple[bytes, str]:
        """The next part of the answer. Raises Cut, and NotBegun where no part has come."""
        if self._numbers is not None:
            _, numbers = await self._next(self._numbers, self.heard.out)
            self.user, _, self.group = numbers.partition(" ")
            self._numbers = None
        return await self._next(self._frames, self.heard.out)

    async def errors(self, word: str) -> bytes:
        """What came on standard error until the word. Raises Cut, NotBegun."""
        said, _ = await self._next(AnswerParts(word), self.heard.err)
        return said

    async def end(self) -> None:
        """Wait until it has ended. Raises Cut."""
        while not self.heard.is_over:
            await self.heard.more()
        if self.heard.status is None:
            raise Cut("it ended early")

    def kill(self) -> None:
        """End it, with what it runs; nobody uses it again."""
        self.is_spent = True
        if not self.heard.is_over:
            self._channel.kill()
            self.given_up.set()

    async def ends(self, *, within_seconds: float | None = None, or_is_given_up: bool = False) -> bool:
        """Wait for its end, or for one of the others; whether it has ended."""
        waits = [asyncio.create_task(self.heard.over.wait())]
        if or_is_given_up:
            waits.append(asyncio.create_task(self.given_up.wait()))
        try:
            await asyncio.wait(waits, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.heard.is_over

    async def _next(self, frames: AnswerParts, heard: bytearray) -> tuple[bytes, str]:
        while True:
            if (found := frames.next(heard)) is not None:
                return found
            if self.heard.is_over:
                raise Cut("it ended early") if self.heard.status is None else NotBegun
            await self.heard.more()

    def _no_start(self) -> Exception:
        text = self._text()
        if "session request failed" in text:  # said by ssh, where it shares its connection
            return NoRoom()
        if self.heard.status is None:
            return Cut(printable(text) or "it ended early")
        return BadStart(self._said())

    def _said(self) -> str:
        return printable(" ".join(self._text().split())[:_LONGEST_TEXT]).rstrip(".") or "nothing"

    def _text(self) -> str:
        both = bytes(self.heard.out[:MOST_AT_LOGIN]) + bytes(self.heard.err[:MOST_AT_LOGIN])
        return both.decode("utf-8", errors="replace").strip()


class Shells:
    """The shells of one connection."""

    def __init__(
        self,
        link: Link,
        host: str,
        most: int = MOST_SESSIONS,
        starts_within_seconds: float = _STARTS_WITHIN_SECONDS,
    ) -> None:
        """`host` is its name in errors. A shell that has not started in this time is given up."""
        self._starts_within_seconds = starts_within_seconds
        self.link = link
        self._host = host
        self._limit = most
        self._most = most
        self._num_open = 0
        self._num_opening = 0
        self._num_live = 0
        self._most_at_once = 0
        self.lacks_room: Callable[[], None] = _nothing
        """Is called where somebody waits for the only session that the server opens."""

        self._lives: set[asyncio.Task[None]] = set()
        self._idle: list[Shell] = []
        self._waiting: deque[asyncio.Future[Shell]] = deque()

    async def take(self) -> Shell:
        """A shell, to be given back once it has answered all, or killed. Raises Cut, HostError."""
        self._idle = [shell for shell in self._idle if not shell.heard.is_over]
        if self._idle:
            return self._idle.pop()
        if not self.link.is_alive:
            raise Cut("it is closed")
        waiter: asyncio.Future[Shell] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self.stock()
        self.see_room()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back(waiter.result())
            raise

    async def told(self, word: str, data: bytes) -> Shell:
        """A shell that was sent this script, with which it is opened if that is sooner. Raises Cut, HostError."""
        if not self._idle and self.link.is_alive and self._num_open < self._most:
            own: asyncio.Future[Shell | None] = asyncio.get_running_loop().create_future()
            self._begin_life(data, own)
            if (shell := await own) is not None:
                shell.has_begun(word)
                return shell
        shell = await self.take()
        shell.begin(word, data)
        return shell

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[Shell]:
        """A shell that is given back once it has answered all. Raises Cut, HostError."""
        shell = await self.take()
        try:
            yield shell
        except BaseException:
            shell.kill()
            raise
        self.give_back(shell)

    def give_back(self, shell: Shell) -> None:
        """It has answered all that it was asked, and can be used again."""
        if shell.heard.is_over or shell.is_spent:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(shell)
                return
        self._idle.append(shell)

    async def close(self) -> None:
        for life in self._lives:
            life.cancel()
        self._fail(Cut("it is closed"))
        await self.link.close()

    def see_room(self) -> None:
        """Call `lacks_room` if need be."""
        if self._most == 1 and any(not waiter.done() for waiter in self._waiting):
            self.lacks_room()

    def stock(self) -> None:
        """Open ahead what whoever comes next will need."""
        num_waiting = sum(not waiter.done() for waiter in self._waiting)
        num_wanted = num_waiting + _NUM_SPARE - len(self._idle)
        while self.link.is_alive and self._num_opening < num_wanted and self._num_open < self._most:
            self._begin_life()

    def _begin_life(self, said: bytes = b"", own: asyncio.Future[Shell | None] | None = None) -> None:
        self._num_open += 1
        self._num_opening += 1
        life = asyncio.create_task(self._live(said, own))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)

    async def _live(self, said: bytes, own: asyncio.Future[Shell | None] | None) -> None:
        """From the opening of a shell to its end. It goes to whoever waits for their `own`, who have it told `said`;
        None goes there where the server opens no further one."""
        shell = await self._opened(said, own)
        if shell is not None:
            self._num_live += 1
            self._most_at_once = max(self._most_at_once, self._num_live)
            if own is None:
                self.give_back(shell)
            elif own.cancelled():
                shell.kill()
            if not await shell.ends(or_is_given_up=True):
                await self._end(shell)
            self._num_live -= 1
            self._num_open -= 1
            if self._waiting:
                self.stock()
        if not self.link.is_alive:
            self._fail(Cut("it was closed"))

    async def _opened(self, said: bytes, own: asyncio.Future[Shell | None] | None) -> Shell | None:
        shell = None
        try:
            shell = await self._open(said)
        except NoRoom:
            self._lower(self._num_open - 1)
        except HostError as error:
            if own is not None and not own.done():
                own.set_exception(error)
            self._fail(error)
        finally:
            self._num_opening -= 1
            self._num_open -= shell is None
            if own is not None and not own.done():
                own.set_result(shell)
        return shell

    async def _end(self, shell: Shell) -> None:
        """Its server may have ended it; if not (one for root does not), another session does."""
        if not await shell.ends(within_seconds=_UNHEARD_SECONDS) and shell.group:
            with contextlib.suppress(HostError, NotBegun):
                async with self.lent() as other:
                    word = secrets.token_hex(16)
                    other.begin(word, far_script.ending(word, shell.group))
                    await other.frame()
        await shell.ends()

    async def _open(self, said: bytes) -> Shell:
        mark, word = secrets.token_hex(16), secrets.token_hex(16)
        shell = Shell(await self.link.open(far_script.login(mark), far_script.prelude(word) + said))
        try:
            async with asyncio.timeout(self._starts_within_seconds):
                await shell.prepare(mark, word)
        except BadStart as error:
            shell.kill()
            raise HostError(f"The account on {self._host} runs no commands. It says: {error}.") from error
        except TimeoutError as error:
            shell.kill()
            raise HostError(
                f"The account on {self._host} has not started a shell within {self._starts_within_seconds:g} s: one of "
                "its start-up files may wait for something, or its home folder be away."
            ) from error
        except BaseException:
            shell.kill()
            raise
        return shell

    def _lower(self, num_open: int) -> None:
        """The server opens no further session for now: those that are open have to do."""
        loop = asyncio.get_running_loop()
        if num_open == 0 and self._most_at_once == 0:
            self._fail(HostError(f"{self._host} opens no session for commands: is its MaxSessions 0?"))
        elif num_open < self._most_at_once:  # it has not yet seen the end of one that we had
            loop.call_later(_AGAIN_AFTER_SECONDS, self._again)
        else:
            self._most = num_open
            loop.call_later(_RAISE_AFTER_SECONDS, self._raise)
            self.see_room()

    def _again(self) -> None:
        if self._waiting:
            self.stock()

    def _raise(self) -> None:
        self._most = min(self._limit, self._most + 1)
        if self._waiting:
            self.stock()

    def _fail(self, error: HostError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(error)


def _nothing() -> None:
    """What is done until somebody can make room."""
