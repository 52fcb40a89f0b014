"""The keys for what a user notes of runs: title, note, tags and pin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from yogo.run.notes import Notes, tags_in
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import changes_in_turn
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.session.notebook import NotesEdit, with_notes


class NoteActions(RunActions):
    """A screen whose keys also change what is noted of a run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "note", "its title and note", id="notes.note", show=False),
        Binding("T", "tags", "tags", id="notes.tags", show=False, tooltip="tags of the run, or of all marked"),
        Binding("P", "pin", "pin it, or not", id="notes.pin", show=False, tooltip="pin it above all others, or not"),
    ]

    @changes_in_turn
    async def action_note(self) -> None:
        """Edit the run's title and note."""
        if (run := self.chosen_run()) is None:
            return
        from yogo_tui.screens.edit_notes import EditNotes

        notes = run.notes or Notes()
        given = run.manifest.note if run.manifest else ""
        dialog = EditNotes(
            f"notes of {run.name}",
            notes.title,
            notes.note,
            empty="a title, shown in place of the name",
            below=f"at the launch: {given}" if given else "",
        )
        edited = await self.app.push_screen_wait(dialog) if self._has_notes(run) else None
        if edited and edited != (notes.title, notes.note):
            await self._change([run], NotesEdit(*edited, seen=(notes.title, notes.note)))

    @changes_in_turn
    async def action_tags(self) -> None:
        """Add tags to the runs, and take tags away."""
        runs, left_out = self._noted()
        if not runs:
            return
        own = runs[0].notes.tags if len(runs) == 1 and runs[0].notes else ()
        whose = printable(runs[0].name) if len(runs) == 1 else counted(len(runs), "run")
        how = "between blanks" if len(runs) == 1 else "to add; -old takes old away"
        typed = await self.app.push_screen_wait(LinePrompt(f"tags of {whose}, {how}{left_out}", " ".join(own)))
        if typed is None:
            return
        words = tags_in(typed)
        add = tuple(word.lstrip("+") for word in words if not word.startswith("-") and word != "+")
        remove = tuple(word[1:] for word in words if word.startswith("-") and word != "-")
        if len(runs) == 1:
            remove = (*remove, *(tag for tag in own if tag not in add))
        await self._change(runs, NotesEdit(add=add, remove=remove))

    @changes_in_turn
    async def action_pin(self) -> None:
        """Pin the runs; if all are pinned, pin them no more."""
        runs, _ = self._noted()
        if runs:
            await self._change(runs, NotesEdit(pinned=not all(run.is_pinned for run in runs)))

    def _noted(self) -> tuple[tuple[Run, ...], str]:
        """The chosen runs without the jobs among them, which can have no notes, and words on those that are left out.
        Where all are jobs, the user is told so."""
        chosen = self.chosen_runs()
        runs = tuple(run for run in chosen if not run.of_job)
        jobs = [run for run in chosen if run.of_job]
        if jobs and not runs:
            self._has_notes(jobs[0])
        return runs, f" ({counted(len(jobs), 'job')} left out)" if jobs else ""

    def _has_notes(self, run: Run) -> bool:
        """Whether it can have notes; else the user is told why not."""
        if run.of_job:
            self.app.notify(f"{printable(run.name)} has no notes", title=run.of_job, markup=False)
        return not run.of_job

    async def _change(self, runs: Sequence[Run], change: NotesEdit) -> None:
        app = self.app
        with app.telling("the notes were not kept"):
            app.runs = with_notes(app.runs, await app.session.notebook.change(runs, change))
