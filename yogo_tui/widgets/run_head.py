"""The first line of a run's screen: its name, its state, how far it is and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from yogo_tui.cluster.base import Queue
from yogo_tui.runs.model import Run, RunState
from yogo_tui.widgets.words import cut_middle, duration, since, state_words


class RunHead(Widget):
    DEFAULT_CSS = "RunHead { height: 1; dock: top; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"state--{state}" for state in RunState}

    run: reactive[Run | None] = reactive(None)
    queue: reactive[Queue] = reactive(Queue())
    seconds_left: reactive[float | None] = reactive(None)

    def on_mount(self) -> None:
        self.set_interval(2, self.refresh)

    def render(self) -> Content:
        if self.run is None:
            return Content()
        right = self._words(self.run)
        name = cut_middle(self.run.name, max(8, self.size.width - len(right) - 4))
        gap = max(1, self.size.width - len(name) - len(right) - 2)
        word = state_words(self.run.state)
        style = self.get_visual_style(f"state--{self.run.state}", partial=True)
        rest = Content.assemble((word, style), right[len(word) :])
        return Content.assemble(" ", (name, "bold"), " " * gap) + rest

    def _words(self, run: Run) -> str:
        words = [state_words(run.state)]
        if took := time_taken(run):
            words[0] += f" {duration(took)}"
        progress = run.progress
        if progress and progress.epochs:
            words.append(f"epoch {progress.epoch:.1f} of {progress.epochs}")
        if not run.state.is_over:
            left = run.seconds_left if self.seconds_left is None else self.seconds_left
            if left is not None and run.state is RunState.RUNNING:
                words.append(f"ends in about {duration(left)}")
            if self.queue.stale:
                words.append(f"! {since(self.queue.seen_at)} old")
        return " · ".join(words)


def time_taken(run: Run, now: datetime | None = None) -> float | None:
    """Seconds that it trains, or has trained; None while it has not begun."""
    began = run.job.started_at if run.job and run.job.started_at else None
    began = began or (run.manifest.started_at if run.manifest else None)
    if began is None or run.state is RunState.WAITING:
        return None
    ended = run.result.ended_at if run.result else (run.job.ended_at if run.job else None)
    if ended is None and run.state is not RunState.RUNNING:
        return None
    return ((ended or now or datetime.now(UTC)) - began).total_seconds()
