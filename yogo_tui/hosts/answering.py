"""Answers questions in threads: for the console on its own machine, and for `yogo-tui serve` on a far one."""

from __future__ import annotations

import asyncio
import threading
import time

from yogo.errors import YogoError
from yogo.files.places import told
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import A, Question, Tell

_PAUSE_SECONDS = 0.2
"""Between two things of one kind that are told: what is done may be many in a second, and the line slow."""


class _LeftError(Exception):
    """Nobody waits for the answer any more."""


async def answer(question: Question[A], tell: Tell) -> A:
    """What the question answers; `tell` is called in the event loop, a few times a second. A question whose asker was
    cancelled ends at the next thing that it tells. Raises what it raises, with HostError for OSError."""
    loop = asyncio.get_running_loop()
    left = threading.Event()
    last = ("", 0.0)

    def say(what: str, done: int, total: int) -> None:
        nonlocal last
        if left.is_set():
            raise _LeftError
        if what != last[0] or time.monotonic() - last[1] > _PAUSE_SECONDS:
            last = (what, time.monotonic())
            loop.call_soon_threadsafe(hear, what, done, total)

    def hear(what: str, done: int, total: int) -> None:
        if not running.done():  # which it is as soon as the asker is cancelled
            tell(what, done, total)

    running = loop.run_in_executor(None, question.answer, say)
    try:
        return await running
    except YogoError:  # one that names a missing file is an OSError too
        raise
    except OSError as error:
        raise HostError(told(error)) from error
    finally:
        left.set()
