"""Tasks: the slow work that goes on in the console, how far it is, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker, get_current_worker

from yogo.text.terminal import printable
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.screens.ask import Dialog
from yogo_tui.words import growing, thousands

_EVERY_SECONDS = 0.5
_NONE = "Nothing slow is under way."


@dataclass(eq=False, slots=True)
class SlowTask:
    """Work that a person may wait for. Its worker is what is stopped."""

    words: str
    worker: Worker[object]
    since: float = field(default_factory=time.monotonic)
    progress: str = ""

    def tell(self, what: str, done: int, total: int) -> None:
        of = f" of {thousands(total)}" if total else ""
        self.progress = f"{what} {thousands(done)}{of}".strip() if done or total else what

    @property
    def line(self) -> str:
        parts = (self.words, self.progress, growing(time.monotonic() - self.since))
        return printable(" · ".join(part for part in parts if part))


class SlowTasks:
    """Those of the console. Work is on the list from the beginning of its block to the end."""

    def __init__(self) -> None:
        self._under_way: list[SlowTask] = []

    def __iter__(self) -> Iterator[SlowTask]:
        return iter(tuple(self._under_way))

    @contextmanager
    def under_way(self, words: str, tell: Tell = silent) -> Iterator[Tell]:
        """In the block of a worker: the Tell that is to be told of its progress, which tells `tell` too."""
        task = SlowTask(words, get_current_worker())
        self._under_way.append(task)

        def both(what: str, done: int, total: int) -> None:
            task.tell(what, done, total)
            tell(what, done, total)

        try:
            yield both
        finally:
            self._under_way.remove(task)


class TasksDialog(Dialog[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "close", id="tasks.close"),
        Binding("x", "stop", "stop it", id="tasks.stop"),
    ]

    options = getters.query_one(OptionList)

    def __init__(self, tasks: SlowTasks) -> None:
        super().__init__()
        self._tasks = tasks
        self._listed: list[SlowTask] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static("slow work under way", classes="title")
            yield OptionList(compact=True, markup=False)
            yield Static("x stop it   ↑ ↓ move   esc close", classes="keys")

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(_EVERY_SECONDS, self._draw)

    def _draw(self) -> None:
        chosen = self.options.highlighted or 0
        self._listed = list(self._tasks)
        self.options.clear_options()
        lines = [Option(task.line) for task in self._listed] or [Option(_NONE, disabled=True)]
        self.options.add_options(lines)
        if self._listed:
            self.options.highlighted = min(chosen, len(self._listed) - 1)

    def action_stop(self) -> None:
        """Stop the work under the cursor. What it has changed by then stays changed."""
        if self._listed and (chosen := self.options.highlighted) is not None:
            self._listed[chosen].worker.cancel()
            self._draw()
