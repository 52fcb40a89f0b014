"""Asking a disk that may be away: one that gives no answer in time holds up nobody."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 2.0


def answer(ask: Callable[[Path], T], path: Path) -> T | None:
    """What `ask` says of `path`; None where there is no answer in time."""
    answers = queue.SimpleQueue[T]()
    threading.Thread(target=lambda: answers.put(ask(path)), daemon=True).start()
    try:
        return answers.get(timeout=_PATIENCE_SECONDS)
    except queue.Empty:
        return None
