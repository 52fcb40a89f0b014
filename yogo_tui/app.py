"""The console: its modes, and the keys that work everywhere. The screens do the work, each through the session."""

from __future__ import annotations

import asyncio
import gc
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from yogo.terminal import printable
from yogo_tui.hosts.here import end_all
from yogo_tui.leaving import Leaving, farewell
from yogo_tui.runs.model import RunState
from yogo_tui.screens.base import BaseConsole
from yogo_tui.session import Session
from yogo_tui.settings import Settings
from yogo_tui.widgets.theme import FULL, SIXTEEN


def _actions() -> type[Provider]:
    from yogo_tui.palette import Actions

    return Actions


_START_SECONDS = 1.0
_NOTICE_SECONDS = 30.0


class Console(BaseConsole):
    TITLE = "yogo"
    CSS_PATH = Path(__file__).parent / "screens" / "frame.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    DEFAULT_MODE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "mode('datasets')", "datasets", id="app.datasets", show=False),
        Binding("2", "mode('recipes')", "recipes", id="app.recipes", show=False),
        Binding("3", "mode('launch')", "launch", id="app.launch", show=False),
        Binding("4", "mode('runs')", "runs", id="app.runs", show=False),
        Binding("question_mark,f1", "help", "help", id="app.help"),
        Binding("colon", "command_palette", "find an action by its name", id="app.palette", show=False),
        Binding("M", "mouse", "give the mouse to the terminal, or take it back", id="app.mouse", show=False),
        Binding("q,ctrl+q", "quit", "leave the console; jobs go on", id="app.quit", show=False),
    ]

    def __init__(self, session: Session, *, mode: str = "runs") -> None:
        super().__init__(session)
        self.leaving: Leaving | None = None
        """What ends the process; None where the app is one of several things in it."""

        self.goodbye = ""
        """What is said once the screen was given back."""
        self.animation_level = "none"
        for theme in (FULL, SIXTEEN):
            self.register_theme(theme)
        # Chosen before anything is drawn: another theme has every style worked out again.
        self.theme = (FULL if self.console.color_system in ("256", "truecolor") else SIXTEEN).name
        self._first = mode
        # The screens are imported when they are first shown: the first frame waits for one only.
        self.add_mode("datasets", _datasets)
        self.add_mode("recipes", _recipes)
        self.add_mode("launch", _launch)
        self.add_mode("runs", _runs)

    def on_load(self) -> None:
        # The first look at the world goes on while the first frame is composed.
        self.follow_runs()

    def on_mount(self) -> None:
        self.switch_mode(self._first)

    def on_ready(self) -> None:
        self.set_timer(_START_SECONDS, _collect_garbage)
        for notice in self.session.settings.notices:
            self.notify(printable(notice), title="settings", severity="warning", timeout=_NOTICE_SECONDS, markup=False)

    async def _shutdown(self) -> None:
        # Before the widgets go: a worker would look for them, and what it raised would be shown as a crash. Textual
        # calls this, whatever ends the app; it has no public place that comes as early.
        if self.leaving:
            self.leaving.begin(self.return_code or 0, self.last_words)
        self.workers.cancel_all()
        await super()._shutdown()
        if self.leaving:
            self.leaving.tidied()

    async def action_quit(self) -> None:
        self.leave(0)

    def leave(self, status: int) -> None:
        """End the console; jobs go on."""
        if self.leaving:
            self.leaving.begin(status, self.last_words)
        self.exit(return_code=status)

    @property
    def last_words(self) -> str:
        """What is said once the screen was given back."""
        going_on = (RunState.RUNNING, RunState.WAITING, RunState.SUSPENDED)
        num_active = sum(run.path is not None and run.state in going_on for run in self.runs.runs)
        return farewell(num_active, sys.argv, self.goodbye)

    def action_mode(self, mode: str) -> None:
        """Go to a mode; a second time, to its first screen."""
        if self.current_mode == mode:
            self.first_screen()
        else:
            self.switch_mode(mode)

    def action_help(self) -> None:
        from yogo_tui.screens.help import Help

        self.push_screen(Help(self.screen.active_bindings.values()))


def _collect_garbage() -> None:
    """Again, where the start went without; what was made until now stays for good, and need not be searched."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _datasets() -> Screen[None]:
    from yogo_tui.screens.datasets import DatasetsScreen

    return DatasetsScreen()


def _recipes() -> Screen[None]:
    from yogo_tui.screens.recipes import RecipesScreen

    return RecipesScreen()


def _launch() -> Screen[None]:
    from yogo_tui.screens.launch import LaunchScreen

    return LaunchScreen()


def _runs() -> Screen[None]:
    from yogo_tui.screens.runs import RunsScreen

    return RunsScreen()


def run_console(settings: Settings, *, mode: str = "runs", goodbye: str = "", kind: type[Console] = Console) -> int:
    """Run the console to its end, which ends the process; its status tells a crash and a signal. `goodbye` is said
    last.

    Raises ConsoleError before anything is drawn, when the cluster cannot be reached.
    """

    async def live() -> int:
        session = await Session.open(settings)
        app = kind(session, mode=mode)
        app.goodbye = goodbye
        app.leaving = leaving = Leaving(end_all)
        status = 1
        try:
            with leaving.on_signals(app.leave):
                await app.run_async()
            status = app.return_code or 0
        except BaseException:
            leaving.tidy()
            traceback.print_exc()
        leaving.end(status)
        return status

    return asyncio.run(live())
