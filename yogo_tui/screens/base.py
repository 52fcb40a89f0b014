"""What all screens share: the app's session and runs, the frame of a mode, and errors that stay until they are read."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, TypeVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.events import Key, Resize, ScreenResume
from textual.screen import ModalScreen
from textual.selection import Selection
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerError, get_current_worker

from yogo.errors import YogoError
from yogo.files.places import told
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError, HostError, HostUnknown
from yogo_tui.hosts.base import HERE
from yogo_tui.screens.ask import Notice
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.screens.clipboard import TO_TERMINAL, TO_TMUX, CopiedText, into_tmux, keep, why_never
from yogo_tui.screens.going import GoingApp
from yogo_tui.screens.held_keys import HoldsKeys
from yogo_tui.screens.tasks import SlowTasks
from yogo_tui.session import Runs, Session
from yogo_tui.widgets.key_bar import KeyBar, key_of
from yogo_tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from yogo_tui.opening import Reached
    from yogo_tui.settings import Settings
    from yogo_tui.widgets.graphics import Graphics

T = TypeVar("T")

SMALLEST = (80, 24)
_IN_DOUBT = "it is not known whether it was done"
_AT_ONCE_SECONDS = 10.0
"""What fails so soon after the line came back has another cause."""

_MOUSE = (1000, 1003, 1015, 1006)
"""The mouse modes that Textual turns on in a terminal."""

_MOUSE_ON = "".join(f"\x1b[?{number}h" for number in _MOUSE)
_MOUSE_OFF = "".join(f"\x1b[?{number}l" for number in _MOUSE)


class BaseConsole(GoingApp):
    """What screens can ask of their app."""

    there: Reached | None = None
    """The machine, and what was said of where on it to work; None for a session that was opened in another way."""

    def __init__(self, session: Session | None) -> None:
        # Without colours there are no greys either.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        if session is not None:
            self.session = session
        self.has_looked = False
        """Whether the folders of runs were read at least once."""

        self.graphics: Graphics | None = None
        """How the terminal draws images; None while they are drawn in half blocks."""

        self.tasks = SlowTasks()
        self.is_mouse_told = False
        self.unsaved = ""
        """The title of what was changed and not saved; empty if nothing was."""

        self._has_mouse = True

    @property
    def is_near(self) -> bool:
        """Whether it works on the machine that it runs on."""
        return self.session.host.name == HERE

    def check_keys(self, settings: Settings) -> None:
        """Raise SettingsError where keys of the settings cannot be given."""
        raise NotImplementedError

    async def open_again(self) -> None:
        """Work with the settings as they are in their file now. Raises ConsoleError."""
        if self.there is not None:
            self.session = await self.there.open()
            self.follow_runs()

    def action_help_quit(self) -> None:
        """Answer ctrl+c if nothing is marked."""
        leaves = key_of(self.screen, "app.quit") or "q"
        self.notify(f"{leaves} leaves the console; ctrl+c copies what the mouse has marked", markup=False)

    def take_mouse(self, is_taken: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        self._has_mouse = is_taken
        print(_MOUSE_ON if is_taken else _MOUSE_OFF, end="", file=sys.__stderr__, flush=True)

    def heed_mouse(self) -> None:
        """Leave the mouse to the terminal, if the settings say so."""
        if not self.session.settings.mouse:
            self.take_mouse(False)

    def action_mouse(self) -> None:
        """Give the mouse to the terminal, which marks and copies in its own way, or take it back."""
        self.take_mouse(not self._has_mouse)
        back = key_of(self.screen, "app.mouse") or "M"
        to = "back to the console" if self._has_mouse else f"to the terminal; {back} takes it back"
        self.notify(f"the mouse was given {to}", markup=False)

    def on_key(self, event: Key) -> None:
        """Keep a key from acting on a screen that reads what it is going to ask about."""
        if isinstance(self.screen, HoldsKeys) and self.screen.keeps_key(event.key):
            event.prevent_default()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Lend the terminal to another program. An error in the block is raised after the console has it back."""
        wrong: BaseException | None = None
        with super().suspend():
            try:
                yield
            except BaseException as error:
                wrong = error
        if not self._has_mouse:
            self.take_mouse(False)
        if wrong is not None:
            raise wrong

    @work(exclusive=True, group="runs")
    async def follow_runs(self) -> None:
        async for runs in self.session.runs.watch():
            self.has_looked = True
            self.runs = runs

    def copy_to_clipboard(self, text: str) -> None:
        """Copy `text` for Textual's own keys, such as ctrl+c on marked text."""
        self.copy(text)

    @work(group="copy")
    async def copy(self, text: str, about: str = "") -> None:
        """Copy `text` into tmux or the terminal's clipboard, and notify the user. `about` is shown instead of the text
        if it is given."""
        super().copy_to_clipboard(text)
        lines = text.splitlines()
        about = about or (printable(lines[0]) if len(lines) == 1 else counted(len(lines), "line"))
        if await into_tmux(text):
            self.notify(about, title=TO_TMUX, markup=False)
            return
        kept = await asyncio.to_thread(keep, text)
        if why := why_never(text):
            self.push_screen(CopiedText(why, text, kept))
        else:
            self.notify(f"{about}\n{printable(kept)}", title=TO_TERMINAL, markup=False)

    @work(group="copy")
    async def copy_path(self, path: PurePosixPath) -> None:
        """Copy a path. If it does not exist, the notification says so."""
        with self.telling(f"{path} was not copied"):
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
    def telling(self, title: str, *, is_asked: bool = True) -> Iterator[None]:
        """Show a ConsoleError, YogoError or OSError of the block until it is read. Other errors are raised.

        What nobody asked for with a key (not `is_asked`) is told without a dialog, which would take the next keys.
        """
        try:
            yield
        except (ConsoleError, YogoError, OSError) as error:
            title = _IN_DOUBT if isinstance(error, HostUnknown) else title
            if is_asked:
                self.push_screen(Notice(title, told(error)))
            else:
                self.notify(printable(told(error)), title=title, severity="warning", markup=False)


class FramedScreen(HoldsKeys):
    """A screen with a line of keys at the bottom. It says so if the terminal is too small."""

    app = getters.app(BaseConsole)

    def __init__(self) -> None:
        super().__init__()
        self._when_back: dict[Callable[[], object], bool] = {}
        """What to do when the line is back, and whether it has just failed when it was."""

        self._tried_at = float("-inf")

    @property
    def is_under_way(self) -> bool:
        """Whether what it shows is not whole yet, although it may not change for a while."""
        return False

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
        self.watch(self.app, "runs", self._look_for_line, init=False)

    def when_back(self, again: Callable[[], object]) -> None:
        """Call `again` once the machine answers: what could not be read over a line that was cut is read then.

        If that fails at once, although the line is there, it is not tried again before the line was away.
        """
        self._when_back[again] = time.monotonic() - self._tried_at < _AT_ONCE_SECONDS

    @contextmanager
    def reading(self, title: str, again: Callable[[], object]) -> Iterator[None]:
        """Tell why what nobody asked for in the block was not read. `again` is called when the line is back."""
        with self.app.telling(title, is_asked=False):
            try:
                yield
            except HostError:
                self.when_back(again)
                raise

    def _look_for_line(self, before: Runs, now: Runs) -> None:
        if now.away:
            return
        for again in [again for again, has_failed in self._when_back.items() if before.away or not has_failed]:
            del self._when_back[again]
            self._tried_at = time.monotonic()
            again()

    def remove(self) -> AwaitRemove:
        """Remove the screen. Its workers are ended first, because they would look for widgets that are gone."""
        for node in self.walk_children(with_self=True):
            self.workers.cancel_node(node)
        return super().remove()

    def _tell_of_mouse(self, selections: dict[Widget, Selection]) -> None:
        """Tell the user once how the mouse copies, because few expect a console to use the mouse."""
        if selections and not self.app.is_mouse_told:
            self.app.is_mouse_told = True
            self.app.notify("ctrl+c copies what is marked; M gives the mouse to the terminal", markup=False)

    def get_selected_text(self) -> str | None:
        """The marked text; None if there is none. Widgets that draw themselves have no text."""
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

    def why_not(self, action: str) -> str:
        """Why an action cannot act on what is under the cursor; empty if it can, or if that is not known.

        The line of keys does not offer its key then, and help tells why. Who presses it all the same is told so.
        """
        return ""

    async def choose(self, title: str, items: Sequence[tuple[T, Choice]], current: T | None = None) -> T | None:
        """The item that a person chooses, the cursor first on `current`; None if they leave."""
        known = [item for item, _ in items]
        selected = known.index(current) if current in known else None
        chosen = await self.app.push_screen_wait(Choose(title, [choice for _, choice in items], selected))
        return None if chosen is None else known[chosen]


class ModeScreen(FramedScreen):
    """The first screen of a mode."""

    MODE: ClassVar[str]

    def head(self) -> ComposeResult:
        yield ModeBar(self.MODE, self.app.session.host.name, self.app.session.cluster.name)

    def on_mount(self) -> None:
        self.watch(self.app, "runs", self._runs_seen)

    @property
    def _is_covered(self) -> bool:
        """Whether a whole screen lies over it. What is drawn below one has Textual draw all of that again."""
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        return any(not isinstance(screen, ModalScreen) for screen in above)

    @on(ScreenResume)
    def _is_on_show(self) -> None:
        self._runs_seen(self.app.runs)

    def _runs_seen(self, runs: Runs) -> None:
        if self._is_covered:
            return  # it is told once it is on show
        bar = self.query_one(ModeBar)
        bar.queue, bar.cluster = runs.queue, self.app.session.cluster.name  # which it may not have said before
        self.runs_seen(runs)

    def runs_seen(self, runs: Runs) -> None:
        """Called after each look at the runs."""


BACK: BindingType = Binding("escape", "app.pop_screen", "back", id="app.back", show=False)


S = TypeVar("S", bound=FramedScreen)
P = ParamSpec("P")


def changes(
    action: Callable[Concatenate[S, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[S, P], Worker[None] | None]:
    """The action of a key that changes something beyond the screen.

    Once begun it goes on to its end, also when the screen is left. The screen begins no other one meanwhile.
    """

    @functools.wraps(action)
    def begin(screen: S, /, *args: P.args, **kwargs: P.kwargs) -> Worker[None] | None:
        if _under_way(screen):
            screen.app.notify("What you asked for before this is still under way.", markup=False)
            return None
        return screen.app.run_worker(action(screen, *args, **kwargs), group=_group(screen))

    return begin


def changes_in_turn(action: Callable[[S], Coroutine[Any, Any, None]]) -> Callable[[S], Worker[None] | None]:
    """The same for a small change: asked for while another one is under way, it begins after that, and till then no
    other key acts on the screen."""
    refusing = changes(action)

    @functools.wraps(action)
    def begin(screen: S) -> Worker[None] | None:
        before = _under_way(screen)
        if len(before) != 1:
            return refusing(screen)
        worker = screen.app.run_worker(_behind(before[0], screen, action), group=_group(screen))
        screen.hold_keys("finishing what you asked for before this", worker)
        return worker

    return begin


def _group(screen: FramedScreen) -> str:
    return f"changes of {type(screen).__name__}"


def _under_way(screen: FramedScreen) -> list[Worker[Any]]:
    return [worker for worker in screen.app.workers if worker.group == _group(screen) and not worker.is_finished]


async def _behind(before: Worker[Any], screen: S, action: Callable[[S], Coroutine[Any, Any, None]]) -> None:
    """Act once what was asked for before is done; not at all if that has asked something, or the screen was left."""
    with contextlib.suppress(WorkerError):
        await before.wait()
    if screen.is_held_for(get_current_worker()):
        await action(screen)
