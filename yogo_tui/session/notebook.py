"""Changes the notes of runs: title, note, tags and pin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yogo.run.notes import Notes
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.notes import ChangeNotes
from yogo_tui.runs.model import Run
from yogo_tui.runs.watcher import Runs


@dataclass(frozen=True, slots=True)
class NotesEdit:
    """What is to be said otherwise; None and () leave it as it is."""

    title: str | None = None
    note: str | None = None
    seen: tuple[str, str] | None = None
    """The run's own title and note as they were shown, where they must not have been edited since."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    pinned: bool | None = None


class Notebook:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def change(self, runs: Sequence[Run], change: NotesEdit) -> Mapping[str, Notes]:
        """The notes of these runs after the change, by the runs' keys. Raises LaunchError, before anything is changed,
        for a job without a directory and for a tag that was given at the launch; RunError, HostError."""
        for run in runs:
            if run.path is None:
                raise LaunchError(f"{run.name} is {run.of_job}, and has no notes.")
            given = run.manifest.tags if run.manifest else ()
            if fixed := [tag for tag in change.remove if tag in given]:
                raise LaunchError(f"The tag {fixed[0]} was given to {run.name} at its launch, and stays.")
        question = ChangeNotes(
            tuple(Path(run.path) for run in runs if run.path),
            change.title,
            change.note,
            change.seen,
            change.add,
            change.remove,
            change.pinned,
        )
        return dict(zip((run.key for run in runs), await self._host.ask(question), strict=True))


def with_notes(runs: Runs, notes: Mapping[str, Notes]) -> Runs:
    """The runs as they are shown until the next look, which reads the same."""
    changed = (replace(run, notes=notes[run.key]) if run.key in notes else run for run in runs.runs)
    return replace(runs, runs=tuple(changed))
