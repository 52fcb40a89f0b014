"""A bar on standard error, while a person looks on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from yogo.infer.job import Progress


@contextlib.contextmanager
def bar(*, show: bool | None) -> Iterator[Progress | None]:
    """What is to be told of the progress; None where it is not shown: by default, where nobody would see it."""
    if not (sys.stderr.isatty() if show is None else show):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("pictures"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as shown:
        task = shown.add_task("pictures", total=None)

        def told(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield told
