"""How far an inference is: a bar for a person who looks on, now and then a line for a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from yogo.infer.job import Progress
from yogo.terminal import redraws

LINE_EVERY_SECONDS = 10.0


@contextlib.contextmanager
def progress(*, show: bool | None) -> Iterator[Progress | None]:
    """What is to be told of the progress; None where nothing is shown. By default, a bar on a terminal, else lines."""
    if show is False:
        yield None
    elif show or redraws(sys.stderr):
        with _bar() as told:
            yield told
    else:
        yield _Lines()


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("pictures"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as shown:
        task = shown.add_task("pictures", total=None)

        def told(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield told


class _Lines:
    def __init__(self) -> None:
        self._began = self._said_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= LINE_EVERY_SECONDS:
            self._said_at = now
            print(f"{done:,} of {total:,} pictures, {done / (now - self._began):,.1f} a second", file=sys.stderr)
