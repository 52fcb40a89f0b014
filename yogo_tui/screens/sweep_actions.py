"""The key of the list of runs that opens a sweep's leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.run_actions import RunActions

if TYPE_CHECKING:
    from yogo_tui.sweeps.record import Sweep


class SweepActions(RunActions):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "B", "board", "sweep's leaderboard", id="runs.board", show=False, tooltip="the leaderboard of its sweep"
        )
    ]

    @reads_first("reading the sweeps")
    @work(exclusive=True, group="board")
    async def action_board(self) -> None:
        """Show the leaderboard of the run's sweep; of a run that is in none, one that is chosen."""
        # most runs are in no sweep
        from yogo_tui.screens.sweep_board import SweepBoard

        run, sweeps = self.acted_on, self.app.session.sweeps
        with self.app.telling("the leaderboard is not shown"):
            if run and run.launch and run.launch.sweep and not run.is_elsewhere:
                self.app.push_screen(SweepBoard(await sweeps.find(run.launch.sweep)))
                return
            if chosen := await self._choose((await sweeps.all()).sweeps):
                self.app.push_screen(SweepBoard(chosen))

    async def _choose(self, known: tuple[Sweep, ...]) -> Sweep | None:
        if not known:
            self.app.notify("There is no sweep yet: s on the Launch screen makes one.", markup=False)
            return None
        choices = [
            (one, Choice(printable(one.name), f"{counted(len(one.trials), 'trial')}, {printable(' '.join(one.space))}"))
            for one in known
        ]
        return await self.choose("the leaderboard of which sweep", choices)
