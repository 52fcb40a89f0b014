"""Asks a disk that may not answer, and gives up after two seconds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 2.0


def answer(ask: Callable[[Path], T], path: Path) -> T | None:
    """The result of `ask` for `path`; None if there is none in time."""
    answers = queue.SimpleQueue[T]()
    threading.Thread(target=lambda: answers.put(ask(path)), daemon=True).start()
    try:
        return answers.get(timeout=_PATIENCE_SECONDS)
    except queue.Empty:
        return None
