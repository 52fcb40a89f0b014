"""The keys that move runs to the trash, bring them back, and clean up."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import changes
from yogo_tui.screens.held_keys import reads_first
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.widgets.key_bar import key_of


class TrashActions(RunActions):
    """A screen whose keys also move runs to the trash, and remove what nobody needs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "trash", "trash", id="runs.trash", show=False, tooltip="move it to the trash, or all marked"),
        Binding("U", "undo_trash", "undo", id="runs.undo_trash", show=False, tooltip="bring back what was moved last"),
        Binding("Z", "clean", "clean up", id="runs.clean", show=False, tooltip="clean up: remove what nobody needs"),
    ]

    def trashed(self) -> None:
        """Called after runs were moved to the trash."""

    @reads_first("measuring what it takes")
    @changes
    async def action_trash(self) -> None:
        """Ask, with sizes and with what needs the runs, and move them to the trash."""
        app, chosen = self.app, self.chosen_runs()
        if not chosen:
            return
        runs, others = app.session.trash.sorted_out(chosen)
        named = printable(runs[0].name) if len(runs) == 1 else counted(len(runs), "run")
        with app.telling(f"{named} {'stays' if len(runs) == 1 else 'stay'}"):
            question = "\n".join((await app.session.trash.what_it_does(runs, app.runs.runs), *others))
            if not await app.push_screen_wait(Ask(question)):
                return
            await app.session.trash.move(runs)
            moved = {run.key for run in runs}
            self.unmark()
            self.trashed()
            app.runs = replace(app.runs, runs=tuple(run for run in app.runs.runs if run.key not in moved))
            them = "it" if len(runs) == 1 else "them"
            app.notify(f"{key_of(self, 'runs.undo_trash')} brings {them} back", title=f"{named} moved")

    @reads_first("looking into the trash")
    @changes
    async def action_undo_trash(self) -> None:
        """Ask, and bring back what was moved to the trash last."""
        app = self.app
        with app.telling("nothing was brought back"):
            batches = await app.session.trash.content()
            if not batches:
                app.notify("the trash is empty", markup=False)
                return
            names = printable(", ".join(batches[0].names))
            if await app.push_screen_wait(Ask(f"Bring {names} back from the trash?", is_safe=True)):
                await app.session.trash.undo(batches[0])
                app.notify(f"{names} brought back", markup=False)

    @reads_first("looking for what nobody needs")
    @changes
    async def action_clean(self) -> None:
        """List what nobody needs, ask, and remove it."""
        from yogo_tui.session.cleaning import done_words, said_of, what_it_does

        app = self.app
        with app.telling("nothing was removed"):
            found = await app.session.cleaning.find()
            if not found.found:
                app.notify("there is nothing to remove", markup=False)
                return
            if await app.push_screen_wait(Ask("\n".join([what_it_does(found), *said_of(found)]))):
                removal = await app.session.cleaning.remove(found)
                app.notify(done_words(found, removal), markup=False)
                if removal.left:
                    app.push_screen(Notice("not all was removed", "\n".join(removal.left)))
