"""Waiting for what a person would see of another process."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(
    condition: Callable[[], object], seconds: float = 120.0, instead: Callable[[], object] = lambda: "nothing new"
) -> None:
    """Look until it is so. Fails after `seconds`, which are for what hangs, and tells what is so `instead`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in time: {instead()}"
        time.sleep(0.02)
