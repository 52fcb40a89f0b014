"""The first line of a screen: the modes, and on the right the user, the cluster and the age of what is shown."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive

from yogo.files.places import user_name
from yogo.text.terminal import printable
from yogo_tui.cluster.base import Queue
from yogo_tui.hosts.base import HERE
from yogo_tui.modes import MODES
from yogo_tui.widgets.steady import SteadyLine
from yogo_tui.words import cut_middle, padded, since


class ModeBar(SteadyLine):
    DEFAULT_CSS = "ModeBar { height: 1; dock: top; color: $foreground-muted; }"

    queue: reactive[Queue] = reactive(Queue(), repaint=False)
    mode: reactive[str] = reactive("", repaint=False)
    """The mode that is marked."""

    cluster: reactive[str] = reactive("", repaint=False)

    def __init__(self, mode: str, host: str, cluster: str) -> None:
        super().__init__()
        self.mode = mode
        self.cluster = cluster
        self._user = user_name() if host == HERE else printable(host)

    def on_mount(self) -> None:
        self.set_interval(2, self._tick)

    def _tick(self) -> None:
        if self.screen is self.app.screen:  # what changes below another screen has all of that drawn again
            self.draw()

    def watch_queue(self) -> None:
        self.draw()

    watch_mode = watch_cluster = watch_queue

    def line(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        for mode in MODES:
            style = "bold $foreground" if mode.name == self.mode else ""
            parts += [" ", (f"{mode.key} {mode.title}", style), " "]
        left = Content.assemble(*parts)
        room, age = self.size.width - len(left.plain) - 1, f" · {self._age()}"
        about = f"{self._user} · {self.cluster}"
        if self._is_unseen and cell_len(f"{about}{age}") > room:
            age = ""  # what it connects to says more
        about = cut_middle(about, room - cell_len(age))
        return left + Content(padded(f"{about}{age}", room, right=True))

    @property
    def _is_unseen(self) -> bool:
        return self.queue.seen_at is None and not self.queue.stale

    def _age(self) -> str:
        age = since(self.queue.seen_at)
        if not self.queue.stale:
            return age or "not seen yet"
        return f"! {age} old" if age else "! not seen yet"
