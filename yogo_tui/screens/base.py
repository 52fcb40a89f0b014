"""What every screen shares: the app's session and its one look at the world, the frame of a mode, errors that stay."""

from __future__ import annotations

import sys
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
from textual.selection import Selection
from textual.widget import Widget
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
_MOUSE = (1000, 1003, 1015, 1006)
"""The reports of the mouse that Textual asks a terminal for."""

_MOUSE_ON = "".join(f"\x1b[?{number}h" for number in _MOUSE)
_MOUSE_OFF = "".join(f"\x1b[?{number}l" for number in _MOUSE)


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
        self.has_looked = False
        """Whether the folders of runs were read once."""

        self.is_mouse_told = False
        self._has_mouse = True

    def action_help_quit(self) -> None:
        """ctrl+c, with nothing marked."""
        self.notify("q leaves the console; ctrl+c copies what the mouse has marked", markup=False)

    def action_mouse(self) -> None:
        """Hand the mouse to the terminal, which marks and copies in its own way, or take it back."""
        self._has_mouse = not self._has_mouse
        print(_MOUSE_ON if self._has_mouse else _MOUSE_OFF, end="", file=sys.__stderr__, flush=True)
        whose = "the console's again" if self._has_mouse else "the terminal's: M takes it back"
        self.notify(f"the mouse is {whose}", markup=False)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Lend the terminal out. What goes wrong meanwhile goes on from here once the console has it back."""
        wrong: BaseException | None = None
        with super().suspend():
            try:
                yield
            except BaseException as error:
                wrong = error
        self._has_mouse = True
        if wrong is not None:
            raise wrong

    @work(exclusive=True, group="runs")
    async def follow_runs(self) -> None:
        async for runs in self.session.watch_runs():
            self.has_looked = True
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

    def copy_to_clipboard(self, text: str) -> None:
        """As Textual's own keys ask for it, such as ctrl+c on what the mouse has marked."""
        self.copy(text)

    @work(group="copy")
    async def copy(self, text: str, about: str = "") -> None:
        """Hand `text` to tmux or to the terminal, and say which; what it was is shown, or `about` it."""
        super().copy_to_clipboard(text)
        title = TO_TMUX if await into_tmux(text) else TO_TERMINAL
        lines = text.splitlines()
        about = about or (printable(lines[0]) if len(lines) == 1 else f"{len(lines)} lines")
        self.notify(about, title=title, markup=False)

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

    def on_mount(self) -> None:
        self.watch(self, "selections", self._tell_of_mouse, init=False)

    def _tell_of_mouse(self, selections: dict[Widget, Selection]) -> None:
        """Once, as few expect a console to have the mouse."""
        if selections and not self.app.is_mouse_told:
            self.app.is_mouse_told = True
            self.app.notify("ctrl+c copies what is marked; M gives the mouse to the terminal", markup=False)

    def get_selected_text(self) -> str | None:
        """What the mouse has marked; a widget that draws itself and tells no text has none."""
        for widget in [*self.selections]:
            if type(widget).render is Widget.render and type(widget).get_selection is Widget.get_selection:
                del self.selections[widget]
        return super().get_selected_text() or None

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
