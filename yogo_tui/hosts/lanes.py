"""Makes calls that may never return, such as those to an unreachable disk, in threads that nobody has to wait for.

Calls from one turn of the event loop run one after the other in one thread: fifty runs are two hundred
small files, and a switch to a thread and back takes longer than reading one. If a call hangs, the others go on
in another thread, and its caller gets an error; the call is not repeated before it has returned.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

PATIENCE_SECONDS = 4.0


class NoReturn(Exception):
    """A call has not returned in time, and may never do so."""


@dataclass(slots=True)
class _Call:
    action: Callable[[], Any]
    about: Callable[[], str]
    num_steps: Callable[[], int]
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class _Batch:
    """Calls on their way; what has come of them so far is added by the thread that makes them."""

    calls: Sequence[_Call]
    outcomes: list[tuple[Any, Exception | None]] = field(default_factory=list)
    is_abandoned: bool = False

    @property
    def progress(self) -> tuple[int, int]:
        """Changes unless the call under way hangs."""
        num_made = len(self.outcomes)
        return num_made, self.calls[num_made].num_steps() if num_made < len(self.calls) else 0

    def work(self) -> None:
        for call in self.calls:
            self.outcomes.append(_outcome(call.action))
            if self.is_abandoned:
                return


class Lanes:
    """Makes calls for one event loop after another."""

    def __init__(self) -> None:
        self._waiting: list[_Call] = []
        self._idle: list[_Lane] = []
        self._running: set[asyncio.Task[None]] = set()
        self.stuck: set[str] = set()
        """What the calls that have not returned in time are about."""

    async def call(
        self, action: Callable[[], T], about: Callable[[], str], num_steps: Callable[[], int] = lambda: 0
    ) -> T:
        """What `action` returns or raises. Raises NoReturn when it hangs; `about` says then where. One of many steps
        hangs only if it takes no further one."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Call(action, about, num_steps, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._start)
        return await answer

    def _start(self) -> None:
        calls, self._waiting = self._waiting, []
        self._make(calls)

    def _make(self, calls: Sequence[_Call]) -> None:
        running = asyncio.create_task(self._follow(_Batch(calls)))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _follow(self, batch: _Batch) -> None:
        lane = self._idle.pop() if self._idle else _Lane()
        done = lane.do(batch.work)
        num_told = 0
        while not done.done():
            before = batch.progress
            await asyncio.wait({done}, timeout=PATIENCE_SECONDS)
            if not done.done():
                _tell(batch, num_told)
                num_told = len(batch.outcomes)
                if batch.progress == before:
                    self._give_up(batch, num_told)
                    await self._returned(lane, done, batch.calls[num_told])
                    return
        _tell(batch, num_told)
        self._idle.append(lane)

    def _give_up(self, batch: _Batch, position: int) -> None:
        """Tell who waits for the call that hangs, and make those behind it elsewhere."""
        batch.is_abandoned = True
        hanging = batch.calls[position]
        self.stuck.add(hanging.about())
        if not hanging.answer.done():
            hanging.answer.set_exception(NoReturn(hanging.about()))
        if rest := batch.calls[position + 1 :]:
            self._make(rest)

    async def _returned(self, lane: _Lane, done: asyncio.Future[None], hanging: _Call) -> None:
        about = hanging.about()
        await done
        self.stuck.discard(about)
        self._idle.append(lane)


class _Lane:
    """A thread that makes one batch after another, and that the process does not wait for when it ends."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, name="files", daemon=True).start()

    def do(self, work: Callable[[], None]) -> asyncio.Future[None]:
        """Have it done; the future is, in the event loop, once it is."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def task() -> None:
            work()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_finish, done)

        self._tasks.put(task)
        return done

    def _work(self) -> None:
        while True:
            self._tasks.get()()


class Unwaited(ThreadPoolExecutor):
    """For an event loop's `to_thread`: threads that nothing waits for at the end, a new one for each call."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # handed on to whoever asked, whatever it is
                future.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Whatever still runs ends with the process."""


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _tell(batch: _Batch, first: int) -> None:
    for call, (value, error) in zip(batch.calls[first:], batch.outcomes[first:], strict=False):
        if call.answer.done():  # whoever asked has left
            continue
        if error:
            call.answer.set_exception(error)
        else:
            call.answer.set_result(value)


def _outcome(action: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return action(), None
    except Exception as error:  # handed on to whoever asked, whatever it is
        return None, error
