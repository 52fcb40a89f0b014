"""What every screen shares: the app's session and its one look at the world, the frame of a mode, errors that stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from yogo.errors import YogoError
from yogo.terminal import printable
from yogo_tui.clipboard import TO_TERMINAL, TO_TMUX, into_tmux
from yogo_tui.errors import ConsoleError
from yogo_tui.screens.ask import Notice
from yogo_tui.session import ParentInfo, Runs, Session
from yogo_tui.widgets.key_bar import KeyBar
from yogo_tui.widgets.mode_bar import ModeBar

SMALLEST = (80, 24)


@dataclass(frozen=True, slots=True)
class Draft:
    """What another screen asks Launch to begin with; None leaves what stands there."""

    definition: Path | None = None
    preset: str | None = None
    parent: ParentInfo | None = None


class BaseConsole(App[None]):
    """What screens may ask of the app they are in."""

    runs: reactive[Runs] = reactive(Runs())
    """The runs as last seen; assigned by the one worker that follows them."""

    draft: reactive[Draft] = reactive(Draft(), always_update=True)
    """What Launch is asked to begin with."""

    wanted: reactive[str] = reactive("")
    """The run that the list is to go to."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Lend the terminal out. What goes wrong meanwhile goes on from here once the console has it back."""
        wrong: BaseException | None = None
        with super().suspend():
            try:
                yield
            except BaseException as error:
                wrong = error
        if wrong is not None:
            raise wrong

    @work(exclusive=True, group="runs")
    async def follow_runs(self) -> None:
        async for runs in self.session.watch_runs():
            self.runs = runs

    def open_launch(self, draft: Draft) -> None:
        """Show the Launch screen, filled from `draft`."""
        self.draft = draft
        self.switch_mode("launch")

    def show_runs(self, name: str = "") -> None:
        """Show the list of runs, whatever stood over it; the cursor goes to the run `name` once that is seen."""
        self.wanted = name
        self.switch_mode("runs")
        self.first_screen()

    def first_screen(self) -> None:
        """Leave all screens of the mode but its first."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    @work(group="copy")
    async def copy(self, text: str, about: str = "") -> None:
        """Hand `text` to tmux or to the terminal, and say which; what it was is shown, or `about` it."""
        is_taken = await into_tmux(text)
        if not is_taken:
            self.copy_to_clipboard(text)
        self.notify(about or printable(text), title=TO_TMUX if is_taken else TO_TERMINAL, markup=False)

    @work(group="copy")
    async def copy_path(self, path: PurePosixPath) -> None:
        """Copy a path; one that is not there is named instead."""
        with self.telling(f"{path} is not copied"):
            if await self._is_there(path):
                self.copy(str(path))
            else:
                self.notify(f"{printable(str(path))} does not exist", title="not copied", markup=False)

    async def _is_there(self, path: PurePosixPath) -> bool:
        try:
            return any(entry.name == path.name for entry in await self.session.host.list(path.parent))
        except FileNotFoundError:
            return False

    @contextmanager
    def telling(self, title: str) -> Iterator[None]:
        """Show an error that a person can act upon, until it is read; anything unforeseen goes on."""
        try:
            yield
        except (ConsoleError, YogoError, OSError) as error:
            self.push_screen(Notice(title, str(error)))


class FramedScreen(Screen[None]):
    """A screen with a line of keys below, which says so when the terminal is too small for it."""

    app = getters.app(BaseConsole)

    def compose(self) -> ComposeResult:
        yield from self.head()
        yield Static(id="small")
        yield from self.body()
        yield KeyBar()

    def head(self) -> ComposeResult:
        raise NotImplementedError

    def body(self) -> ComposeResult:
        raise NotImplementedError

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]
        self.set_class(small, "-small")
        if small:
            size = f"{event.size.width}×{event.size.height}"
            self.query_one("#small", Static).update(f"! this terminal is {size}: the console needs 80×24")


class ModeScreen(FramedScreen):
    """The base screen of a mode."""

    MODE: ClassVar[str]

    def head(self) -> ComposeResult:
        yield ModeBar(self.MODE, self.app.session.cluster.name)

    def on_mount(self) -> None:
        self.watch(self.app, "runs", self._runs_seen)

    def _runs_seen(self, runs: Runs) -> None:
        self.query_one(ModeBar).queue = runs.queue
        self.runs_seen(runs)

    def runs_seen(self, runs: Runs) -> None:
        """The world was looked at again."""


BACK: BindingType = Binding("escape", "app.pop_screen", "back", id="app.back", show=False)
