"""The first line: where one is, and on the right whose cluster it is and how old the truth is."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from yogo.places import user_name
from yogo.terminal import printable
from yogo_tui.cluster.base import Queue
from yogo_tui.widgets.words import since

MODES = {"datasets": "Datasets", "recipes": "Recipes", "launch": "Launch", "runs": "Runs"}


class ModeBar(Widget):
    DEFAULT_CSS = "ModeBar { height: 1; dock: top; color: $foreground-muted; }"

    queue: reactive[Queue] = reactive(Queue())

    def __init__(self, mode: str, cluster: str) -> None:
        super().__init__()
        self._mode = mode
        self._where = f"{user_name()} · {printable(cluster)}"

    def on_mount(self) -> None:
        # The age grows while nothing else happens; a few bytes every two seconds suit a slow link.
        self.set_interval(2, self.refresh)

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        for number, (mode, title) in enumerate(MODES.items(), start=1):
            style = "bold $foreground" if mode == self._mode else ""
            parts += [" ", (f"{number} {title}", style), " "]
        left = Content.assemble(*parts)
        right = f"{self._where} · {self._age()} "
        return left + Content(right.rjust(self.size.width - len(left.plain)))

    def _age(self) -> str:
        age = since(self.queue.seen_at)
        if not self.queue.stale:
            return age or "not seen yet"
        return f"! {age} old" if age else "! not seen yet"
