"""How the console goes from one screen to another, and what it hands over on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.reactive import reactive
from textual.screen import Screen

from yogo_tui.comparing import FEWEST
from yogo_tui.errors import LaunchError
from yogo_tui.runs.model import Run
from yogo_tui.session import Runs, Session

if TYPE_CHECKING:
    from yogo.presets import Preset
    from yogo_tui.launch.use import OutputFiles
    from yogo_tui.runs.parent import ParentInfo
    from yogo_tui.session.wanted import Wanted


FirstScreen = Callable[[], Screen[Any]]
"""Makes the screen that is shown over a mode's when the console opens."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What another screen fills into Launch. None leaves a field as it is."""

    definition: Path | None = None
    preset: Preset | None = None
    parent: ParentInfo | None = None
    whole: Wanted | None = None
    """All fields at once."""


class GoingApp(App[None]):
    """What the screens show beside each other, and the ways between them."""

    runs: reactive[Runs] = reactive(Runs(), repaint=False)
    """The runs as last seen. One worker watches them and assigns this."""

    draft: reactive[Draft] = reactive(Draft(), always_update=True, repaint=False)
    """What another screen fills into Launch."""

    wanted: reactive[str] = reactive("", repaint=False)
    """Name of the run to which the list moves its cursor; empty if none."""

    compared: reactive[tuple[Run, ...]] = reactive((), repaint=False)
    """The runs that Compare shows beside each other."""

    sought: reactive[tuple[str, str]] = reactive(("", ""), repaint=False)
    """A mode, and the name of its entry that its screen is to show once it is listed; empty if none."""

    session: Session
    """Missing until the machine is connected to: only the screen that says so is shown till then."""

    over: FirstScreen | None = None

    def begin(self, mode: str) -> None:
        """Show the first screen of a console that is open now."""
        self.switch_mode(mode)
        if self.over:
            self.push_screen(self.over())

    def open_launch(self, draft: Draft) -> None:
        """Show the Launch screen, filled from `draft`."""
        self.draft = draft
        self.switch_mode("launch")

    def open_compare(self, runs: Sequence[Run]) -> None:
        """Show these marked runs beside each other. Raises LaunchError if they cannot be compared."""
        from yogo_tui.session.comparing import comparable

        if len(runs) < FEWEST:
            raise LaunchError(f"Mark at least {FEWEST} runs with space: = compares those that are marked.")
        self.compared = comparable(runs)
        self.switch_mode("compare")
        self.first_screen()

    def show_runs(self, name: str = "") -> None:
        """Show the list of runs, and close what is over it. The cursor moves to the run `name` once it is listed."""
        self.wanted = name
        self.switch_mode("runs")
        self.first_screen()

    async def do_in(self, mode: str, action: str) -> None:
        """Show a mode's first screen, and do there what one of its keys does."""
        await self.go_to(mode)
        if self.screen.check_action(action.partition("(")[0], ()):
            await self.run_action(action, default_namespace=self.screen)

    async def go_to(self, mode: str, name: str = "") -> None:
        """Show a mode's first screen, with the cursor on the entry of this name once it is listed."""
        await self.switch_mode(mode)
        self.first_screen()
        self.sought = (mode, name)

    def open_made(self, made: OutputFiles) -> None:
        """Show what a job that uses a run has made."""
        raise NotImplementedError

    async def open_setting(self, name: str = "") -> None:
        """Show the settings, at the one of this name. Raises ConsoleError."""
        raise NotImplementedError

    def first_screen(self) -> None:
        """Close all screens of the mode except its first one."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    async def action_pop_screen(self) -> None:
        """Leave a screen. The first one stays, also where keys have come in a bunch."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
