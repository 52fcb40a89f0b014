"""Moves runs to the trash and back, and empties it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.trash import EmptyTrash, ListTrash, SizesOf, TrashBatch, TrashRuns, UndoTrash
from yogo_tui.runs.chains import behind
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session.runs import KnownRuns
from yogo_tui.settings import Settings
from yogo_tui.words import size_words


class Trash:
    def __init__(self, host: Host, settings: Settings, runs: KnownRuns, acted: Callable[[], None]) -> None:
        self._host = host
        self._folders = tuple(map(Path, settings.all_runs_folders))
        self._runs = runs
        self._acted = acted

    def sorted_out(self, runs: Sequence[Run]) -> tuple[Sequence[Run], list[str]]:
        """Those of the runs that may be moved, and a sentence on each that stays. Where all would stay it is all of
        them: `what_it_does` then says why."""
        stays = [(run, why) for run in runs if (why := _why_it_stays(run))]
        if len(stays) == len(runs):
            return runs, []
        return [run for run in runs if not _why_it_stays(run)], [f"{run.name} stays: it {why}" for run, why in stays]

    async def what_it_does(self, runs: Sequence[Run], seen: Sequence[Run]) -> str:
        """The question before these runs are moved, with their sizes, and the runs of `seen` that need them. Raises
        LaunchError for one that must stay; HostError."""
        sizes = await self._host.ask(SizesOf(_paths(runs)))
        whole = size_words(sum(sizes))
        if len(runs) == 1:
            lines = [f"Move {runs[0].name} ({whole}) to the trash?"]
        else:
            each = (f"{run.name} ({size_words(size)})" for run, size in zip(runs, sizes, strict=True))
            lines = [f"Move {counted(len(runs), 'run')} ({whole}) to the trash? {', '.join(each)}."]
        chosen = {run.key for run in runs}
        for run in runs:
            lines += _needed(run, [one for one in seen if one.key not in chosen])
        them = "it" if len(runs) == 1 else "them"
        lines.append(f"U brings {them} back, until the trash is emptied ({tui()} trash --empty).")
        return "\n".join(lines)

    async def move(self, runs: Sequence[Run]) -> None:
        """Move them, if a last look shows that none has begun to wait or run. Raises LaunchError, before any is moved,
        for one that must stay; RunError, HostError."""
        now = {run.key: run for run in (await self._runs.look()).runs}
        paths = _paths([now.get(run.key, run) for run in runs])
        stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
        try:
            await self._host.ask(TrashRuns(paths, stamp))
        finally:
            self._acted()

    async def content(self) -> tuple[TrashBatch, ...]:
        """What was moved together, the latest first. Raises HostError."""
        return await self._host.ask(ListTrash(self._folders))

    async def undo(self, batch: TrashBatch) -> None:
        """Move the runs of a batch back. Raises RunError if a name was given again; HostError."""
        try:
            await self._host.ask(UndoTrash(batch.path))
        finally:
            self._acted()

    async def empty(self, batches: Sequence[TrashBatch]) -> None:
        """Remove them for good. Raises RunError, HostError."""
        await self._host.ask(EmptyTrash(tuple(batch.path for batch in batches)))


def _paths(runs: Sequence[Run]) -> tuple[Path, ...]:
    """The directories of these runs. Raises LaunchError for one that must stay."""
    for run in runs:
        if why := _why_it_stays(run):
            raise LaunchError(f"{run.name} {why}")
    return tuple(Path(run.path) for run in runs if run.path)


def _why_it_stays(run: Run) -> str:
    """Empty if it may be moved."""
    if run.path is None:
        return f"is {run.of_job}, without a folder of its own."
    if run.holder is not None:
        return f"is trained by process {run.holder.pid} on {run.holder.host}: cancel it first."
    if run.can_cancel or run.state in (RunState.WAITING, RunState.RUNNING, RunState.SUSPENDED):
        return f"is {run.state}: cancel it first."
    if run.state is RunState.UNKNOWN and run.launch is not None:
        return "may have a job: its state is not known. If it was never queued, forget it instead."
    return ""


def _needed(run: Run, others: Sequence[Run]) -> list[str]:
    """A sentence for each kind of run that needs its weights."""
    waiting = {one.key: one for one in behind(run, others)}
    from_it = [one for one in others if one.launch and one.launch.parent and one.launch.parent.run == str(run.path)]
    live = [one.name for one in from_it if one.key not in waiting and not one.state.is_over]
    over = [one.name for one in from_it if one.key not in waiting and one.state.is_over]
    queued = [one.name for one in waiting.values()]
    return [
        f"! {', '.join(names)} {what}"
        for names, what in (
            (queued, f"in the queue {'needs' if len(queued) == 1 else 'need'} its best.pth, and will fail without it."),
            (live, f"{'starts' if len(live) == 1 else 'start'} from its best.pth, and may fail without it."),
            (over, f"{'was' if len(over) == 1 else 'were'} fine-tuned from it; that stays as it is."),
        )
        if names
    ]
