"""Waits for runs to end, and prints their progress: for `--wait`, and for the demo without a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from yogo.text.terminal import printable
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.words import loss_words, state_words


async def wait_for(session: Session, names: Sequence[str], *, quiet: bool = False) -> int:
    """Wait as `until_over`. Returns 0 if all finished, else 1."""
    runs = await until_over(session, names, quiet=quiet)
    return 0 if runs and all(run.state is RunState.FINISHED for run in runs) else 1


async def until_over(session: Session, names: Sequence[str], *, quiet: bool = False) -> tuple[Run, ...]:
    """Print these runs when their states change, and at each tenth of their epochs, until all are over.

    Returns them as they are then. A run that can never start counts as over. Stopping the wait does not end the jobs.
    """
    shown: dict[str, object] = {}
    first_over: datetime | None = None
    async for seen in session.runs.watch():
        # A job or a run of another workspace may have the same name.
        runs = [run for run in seen.runs if run.name in names and run.path and not run.is_elsewhere]
        for run in reversed(runs):
            tenth = int(10 * run.progress.epoch / run.progress.epochs) if run.progress and run.progress.epochs else 0
            news = (run.state, run.why, tenth)
            if shown.get(run.name) != news and not quiet:
                print(told(run), flush=True)
            shown[run.name] = news
        if len(runs) < len(set(names)) or not all(run.state.is_over for run in runs):
            first_over = None
            continue
        # The queue may lack a job for a moment: without a receipt or a job, the end must be seen twice.
        first_over = first_over or seen.queue.seen_at
        if all(run.result or run.job for run in runs) or first_over != seen.queue.seen_at:
            return tuple(runs)
    return ()


def told(run: Run) -> str:
    """A run in one line."""
    parts = [f"{run.name} {state_words(run)}"]
    if run.progress and (run.progress.epoch or run.state is RunState.RUNNING):
        parts.append(f"epoch {int(run.progress.epoch)} of {run.progress.epochs}")
        if run.progress.best_loss is not None:
            parts.append(f"best validation loss {loss_words(run.progress.best_loss)}")
    if run.why:
        parts.append(run.why)
    return printable(" · ".join(parts))
