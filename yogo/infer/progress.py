"""The progress of inference: a bar on a terminal, or a line now and then in a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from yogo.infer.job import Progress
from yogo.text.terminal import LINE_EVERY_SECONDS, redraws
from yogo.text.wording import counted


@contextlib.contextmanager
def progress(*, show: bool | None) -> Iterator[Progress | None]:
    """The function to report progress to; None if nothing is shown. By default a bar on a terminal, else lines."""
    if show is False:
        yield None
    elif show or redraws(sys.stderr):
        with _bar() as told:
            yield told
    else:
        yield _ProgressLines()


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("images"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as shown:
        task = shown.add_task("images", total=None)

        def told(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield told


class _ProgressLines:
    def __init__(self) -> None:
        self._began = self._said_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= LINE_EVERY_SECONDS:
            self._said_at = now
            print(f"{done:,} of {counted(total, 'image')}, {done / (now - self._began):,.1f} a second", file=sys.stderr)
