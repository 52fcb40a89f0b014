"""The console's app: its modes, and the keys that work everywhere. The screens do the work, through the session."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import ActiveBinding, Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import ModalScreen
from textual.worker import WorkerFailed

from yogo.errors import YogoError
from yogo.files.places import told
from yogo.text.terminal import printable
from yogo_tui import asking
from yogo_tui.errors import ConsoleError
from yogo_tui.hosts.here import end_all
from yogo_tui.leaving import Leaving, farewell
from yogo_tui.modes import MODES
from yogo_tui.runs.endings import Endings
from yogo_tui.runs.model import Run, RunState
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.login import DialogAsker
from yogo_tui.screens.opening import OpeningScreen
from yogo_tui.screens.starting import StartingConsole
from yogo_tui.session import Runs, Session
from yogo_tui.widgets.theme import NO_COLOUR, THEMES, theme_for

if TYPE_CHECKING:
    from yogo_tui.hosts.asker import ComingAsker
    from yogo_tui.launch.use import OutputFiles
    from yogo_tui.opening import Reached
    from yogo_tui.screens.going import FirstScreen


_START_SECONDS = 1.0


class Console(StartingConsole):
    TITLE = "yogo"
    CSS_PATH = Path(__file__).parent / "screens" / "frame.tcss"
    DEFAULT_MODE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(mode.key, f"mode('{mode.name}')", mode.name, id=f"app.{mode.name}", show=False) for mode in MODES),
        Binding("question_mark,f1", "help", "help", id="app.help"),
        Binding("colon", "command_palette", "find anything by its name", id="app.palette", show=False),
        Binding("ctrl+r", "connect", "connect again to the machine that --host names", id="app.connect", show=False),
        Binding("f4", "first_start", "first start: write settings that fit", id="app.first_start", show=False),
        Binding("f6", "settings", "show and change the settings", id="app.settings", show=False),
        Binding("f9", "doctor", "doctor: check that all works here", id="app.doctor", show=False),
        Binding("f7", "commands", "what the scheduler was asked, and how long it took", id="app.commands", show=False),
        Binding("f10", "tasks", "slow work: how far it is, and stop it", id="app.tasks", show=False),
        Binding("f8", "choose_theme", "choose the theme, which is the colours", id="app.theme", show=False),
        Binding("M", "mouse", "give the mouse to the terminal, or take it back", id="app.mouse", show=False),
        Binding("q,ctrl+q", "quit", "leave the console; jobs go on", id="app.quit", show=False),
    ]

    def __init__(self, session: Session | None, *, mode: str = "runs") -> None:
        self._endings = Endings()
        super().__init__(session)
        self.is_open = session is not None
        self.leaving: Leaving | None = None
        """Ends the process; None if the app is only a part of it."""

        self._is_ending = False
        self.goodbye = ""
        """The text to print after the screen was given back."""
        self.animation_level = "none"
        for theme in (*THEMES.values(), NO_COLOUR):
            self.register_theme(theme)
        # Chosen before anything is drawn, because a change of the theme restyles everything.
        self.show_theme(session.settings.theme if session else "auto")
        self._first = mode
        for one in MODES:
            self.add_mode(one.name, one.open)
        if session is not None:
            self.use_keys()

    def watch_runs(self, runs: Runs) -> None:
        for run in self._endings.since(runs):
            self.tell_end(run)
            if run.use_folder:
                self.tell_end_of_use(run)

    @work(group="notify")
    async def tell_end_of_use(self, job: Run) -> None:
        """Tell what a job that uses a run has made, and how to go on."""
        with self.telling(f"what {printable(job.name)} has made was not looked for", is_asked=False):
            self.notify(printable(await self.session.jobs.end_of_use(job)), markup=False)

    @work(group="notify")
    async def tell_end(self, run: Run) -> None:
        """Tell of the end of a run, or of a job that uses one, in the ways that the settings name."""
        from yogo_tui.screens.notifying import tell_terminal
        from yogo_tui.session.endings import announce, end_of

        if self.session.settings.notify:
            tell_terminal(self.session.settings.notify, end_of(run))
        with self.telling(f"nobody was told that {printable(run.name)} has ended", is_asked=False):
            for wrong in await announce(self.session.host, self.session.settings, run):
                self.notify(printable(wrong), severity="warning", markup=False)

    def open_made(self, made: OutputFiles) -> None:
        from yogo_tui.screens.opened import screen_of

        self.push_screen(screen_of(made))

    def on_load(self) -> None:
        if self.is_open:
            # The runs are read while the first frame is composed.
            self.follow_runs()

    def on_mount(self) -> None:
        if self.is_open:
            self.begin(self._first)

    def on_ready(self) -> None:
        self.set_timer(_START_SECONDS, _collect_garbage)
        if self.is_open:
            self.heed_mouse()
            self.greet()

    async def _shutdown(self) -> None:
        # Before the widgets go: a worker would look for them, and what it raised would be shown as a crash. Textual
        # calls this, whatever ends the app; it has no public place that comes as early.
        if self.leaving:
            self.leaving.begin(self.return_code or 0, self.last_words)
        self.workers.cancel_all()
        self._is_ending = True
        await super()._shutdown()
        if self.leaving:
            self.leaving.tidied()

    def _handle_exception(self, error: Exception) -> None:
        """A worker or a handler that began since has no widgets any more: what it raises is no crash."""
        if not (self._is_ending and isinstance(error, WorkerFailed | NoMatches)):
            super()._handle_exception(error)

    def action_connect(self) -> None:
        self.notify("the console works on this machine", markup=False)

    async def action_quit(self) -> None:
        self._quit(0)

    @work(exclusive=True, group="quit")
    async def _quit(self, status: int) -> None:
        """Leave, and ask first if something was changed and not saved."""
        question = f"Leave the console without saving what you changed in {printable(self.unsaved)}?"
        if not self.unsaved or await self.push_screen_wait(Ask(question)):
            self.leave(status)

    def leave(self, status: int) -> None:
        """Leave the console; jobs continue."""
        if self.leaving:
            self.leaving.begin(status, self.last_words)
        self.exit(return_code=status)

    @property
    def last_words(self) -> str:
        """The text to print after the screen was given back."""
        going_on = (RunState.RUNNING, RunState.WAITING, RunState.HELD, RunState.SUSPENDED)
        num_active = sum(run.path is not None and run.state in going_on for run in self.runs.runs)
        return farewell(num_active, sys.argv, self.goodbye)

    def action_mode(self, mode: str) -> None:
        """Switch to a mode. In that mode already, return to its first screen."""
        if self.current_mode == mode:
            self.first_screen()
        else:
            self.switch_mode(mode)

    def action_command_palette(self) -> None:
        from yogo_tui.screens.palette import Palette

        if self.is_open and not isinstance(self.screen, ModalScreen):
            palette = Palette(self, self.screen)

            async def do(index: int | None) -> None:
                if index is not None:
                    self.run_worker(palette.entry(index).do())

            self.push_screen(palette, do)

    def action_tasks(self) -> None:
        from yogo_tui.screens.tasks import TasksDialog

        self.push_screen(TasksDialog(self.tasks))

    def action_commands(self) -> None:
        from yogo_tui.screens.commands import CommandsScreen

        if self.is_open and not isinstance(self.screen, CommandsScreen):
            self.push_screen(CommandsScreen())

    def action_doctor(self) -> None:
        from yogo_tui.screens.doctor import DoctorScreen

        if self.is_open and not isinstance(self.screen, DoctorScreen):
            self.push_screen(DoctorScreen())

    @work(exclusive=True, group="settings")
    async def action_settings(self) -> None:
        if self.is_open:
            with self.telling("the settings cannot be read"):
                await self.open_setting()

    async def open_setting(self, name: str = "") -> None:
        from yogo_tui.screens.settings import SettingsScreen

        place = self.there.place if self.there else None
        said = {"workspace": place.workspace, "cluster": place.cluster, "profile": place.profile} if place else {}
        settings = await self.there.settings() if self.there else self.session.settings
        overrides = {one: f"--{one}" for one, value in said.items() if value is not None}
        if self.there and self.there.preset and self.there.preset.workspace:
            overrides.setdefault("workspace", f"`workspace` of {self.there.preset.name} in `hosts`")
        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen(settings, is_far=not self.is_near, name=name, overrides=overrides))

    async def open_again(self) -> None:
        await super().open_again()
        self.show_theme(self.session.settings.theme)

    def use_keys(self) -> None:
        """Give actions the keys that the settings name. Raises SettingsError."""
        if self.session.settings.keymap:
            from yogo_tui.screens.keymap import keymap

            keys = keymap(self.session.settings, type(self))
            self.set_keymap(keys)
            for first in {key.split()[0] for key in keys.values() if " " in key}:
                self.bind(first, f"chord('{first}')", show=False)

    def action_chord(self, first: str) -> None:
        """Show what the first of two keys can be followed by, and do what the second one says."""
        from yogo_tui.screens.chord import Chord

        async def do(entry: ActiveBinding | None) -> None:
            if entry:
                await self.run_action(entry.binding.action, default_namespace=entry.node)

        active = self.screen.active_bindings.values()
        followers = [entry for entry in active if entry.enabled and entry.binding.key.startswith(f"{first} ")]
        self.push_screen(Chord(first, followers), do)

    def show_theme(self, wanted: str) -> None:
        """Draw with the theme of the settings that this is the name of, as far as the terminal has its colours."""
        self.theme = theme_for(wanted, self.console.color_system, os.environ).name

    @work(exclusive=True, group="theme")
    async def action_choose_theme(self) -> None:
        if self.is_open:
            from yogo_tui.screens.choose_theme import ABOUT, ChooseTheme

            chosen = await self.push_screen_wait(ChooseTheme(before := self.session.settings.theme, self.show_theme))
            self.show_theme(before if chosen is None else [*ABOUT][chosen])
            if chosen is not None:
                with self.telling("the theme was not kept"):
                    await self.session.keep("theme", [*ABOUT][chosen])

    def action_help(self) -> None:
        from yogo_tui.screens.help import Help

        self.push_screen(Help(self.screen.active_bindings.values(), self.screen.HELP or ""))


class FarConsole(Console):
    """The console of a machine that it connects to while it is on the screen already."""

    DEFAULT_MODE = "opening"

    def __init__(self, there: Reached, asker: ComingAsker, first: asyncio.Task[Session]) -> None:
        """`first` is the first attempt to open it, which is under way and asks through `asker`."""
        super().__init__(None)
        self.there = self._there = there
        self._asker = asker
        self._attempt = first
        self._problem = ""
        """Why it is not open; empty while it is tried."""

        self._opening = OpeningScreen(there.host.name, self._first)
        self.add_mode("opening", lambda: self._opening)

    def on_ready(self) -> None:
        self._open()
        self._asker.come(DialogAsker(self))

    @work(exclusive=True, group="connect")
    async def _open(self) -> None:
        try:
            # What is shown first is imported while the machine answers.
            await asyncio.gather(*(asyncio.to_thread(mode.load) for mode in MODES if mode.name == self._first))
            self.session = await self._attempt
            self.use_keys()
            self.show_theme(self.session.settings.theme)
        except (ConsoleError, YogoError, OSError) as error:
            self._problem = told(error)
            self._opening.show_problem(self._problem)
            return
        self.is_open = True
        self.follow_runs()
        self.begin(self._first)
        self.heed_mouse()
        self.greet()

    def action_mode(self, mode: str) -> None:
        if self.is_open:
            super().action_mode(mode)
        else:
            self._first = mode
            self._opening.show_wanted(mode)

    def action_connect(self) -> None:
        """Connect again, also where the login was refused."""
        if self.is_open:
            self._connect()
        elif self._problem:
            self._problem = ""
            self._opening.show_trying()
            self._attempt = asyncio.create_task(self._again())
            self._open()
        else:
            self.notify("It is still being connected to.", markup=False)

    async def _again(self) -> Session:
        await self._there.connect()
        return await self._there.open(for_console=True)

    @work(exclusive=True, group="connect")
    async def _connect(self) -> None:
        name = self._there.host.name
        with self.telling(f"{name} is not connected"):
            await self._there.connect()
            self.notify(f"connected to {printable(name)}", markup=False)
            self.session.runs.look_now()

    async def action_quit(self) -> None:
        self._quit(1 if self._problem else 0)

    @property
    def last_words(self) -> str:
        return f"yogo-tui: {printable(self._problem)}" if self._problem else super().last_words


def _collect_garbage() -> None:
    """Turn garbage collection on after the start. Existing objects are exempt from it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run_console(
    opening: Coroutine[Any, Any, Session],
    *,
    mode: str = "runs",
    goodbye: str = "",
    kind: type[Console] = Console,
    there: Reached | None = None,
    over: FirstScreen | None = None,
) -> int:
    """Run the console on the session that `opening` gives, and end the process with it; its exit status shows a crash
    or a signal. `goodbye` is printed last. `there` is the machine that it was opened on. `over` makes the screen that
    is shown over the mode's.

    Raises ConsoleError before anything is drawn, when the cluster cannot be reached.
    """

    async def live() -> int:
        app = kind(await opening, mode=mode)
        app.goodbye, app.there, app.over = goodbye, there, over
        return await run_app(app)

    return asking.run(live())


async def run_app(app: Console) -> int:
    """Run the console, and end the process with it."""
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
