"""The first line of a run's screen: name, state, progress and time left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive

from yogo.text.terminal import printable
from yogo_tui.cluster.base import Queue
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.steady import SteadyLine
from yogo_tui.words import cut_middle, duration, growing, since, state_words


class RunHead(SteadyLine):
    DEFAULT_CSS = "RunHead { height: 1; dock: top; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{state}" for state in RunState}

    run: reactive[Run | None] = reactive(None, repaint=False)
    queue: reactive[Queue] = reactive(Queue(), repaint=False)
    seconds_left: reactive[float | None] = reactive(None, repaint=False)

    def on_mount(self) -> None:
        self.set_interval(2, self.draw)

    def watch_run(self) -> None:
        self.draw()

    watch_queue = watch_seconds_left = watch_run

    def line(self) -> Content:
        if self.run is None:
            return Content()
        room = self.size.width - 2
        right = self._words(self.run, room - cell_len(printable(self.run.name)) - 2)
        name = cut_middle(self.run.name, max(8, room - cell_len(right) - 2))
        gap = max(1, room - cell_len(name) - cell_len(right))
        word = state_words(self.run)
        style = self.get_visual_style(f"state--{self.run.state}", partial=True)
        rest = Content.assemble((word, style), right[len(word) :])
        return Content.assemble(" ", (name, "bold"), " " * gap) + rest

    def _words(self, run: Run, room: int) -> str:
        """State, progress and time left, in fewer words where there is no room for all."""
        state, took, progress = state_words(run), _took(run), run.progress
        age = f"! {since(self.queue.seen_at)} old" if self.queue.stale and not run.state.is_over else ""
        epoch = f"{progress.epoch:.1f} of {progress.epochs}" if progress and progress.epochs else ""
        left = run.seconds_left if self.seconds_left is None else self.seconds_left
        ends = growing(None if left is None else max(left, 10.0)) if run.state is RunState.RUNNING else ""
        long = f"{state} {took}".rstrip(), epoch and f"epoch {epoch}", ends and f"ends in about {ends}", age
        short = long[0], epoch and f"epoch {epoch}", ends and f"{ends} left", age
        shortest = state, epoch.replace(" of ", "/"), ends and f"{ends} left", age
        said = [" · ".join(filter(None, words)) for words in (long, short, shortest)]
        return next((words for words in said if cell_len(words) <= room), said[-1])


def _took(run: Run) -> str:
    return (growing if run.state is RunState.RUNNING else duration)(time_taken(run))


def time_taken(run: Run) -> float | None:
    """Seconds that the run has trained so far, or took; None if it has not started."""
    began = run.begun_at
    if began is None or run.state.is_waiting:
        return None
    ended = run.result.ended_at if run.result else (run.job.ended_at if run.job else None)
    if ended is None and run.state is not RunState.RUNNING:
        return None
    return ((ended or datetime.now(UTC) + run.clock_ahead) - began).total_seconds()
