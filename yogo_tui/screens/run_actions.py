"""What can be done with a run, from the list as from its own screen."""

from __future__ import annotations

from yogo.terminal import printable
from yogo_tui.runs.model import Run, RunState
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import Draft, FramedScreen
from yogo_tui.widgets.words import state_words


async def cancel_run(screen: FramedScreen, run: Run) -> None:
    """Ask in a sentence that says what will be lost, then cancel."""
    app = screen.app
    if run.state.is_over and not run.can_cancel:
        app.notify(f"{printable(run.name)} is over: {state_words(run.state)}", markup=False)
    elif await app.push_screen_wait(Ask(_what_cancel_does(run, _waiting_for(run, app.runs.runs)))):
        with app.telling(f"{run.name} is not cancelled"):
            await app.session.cancel([run])
            app.notify(f"asked to cancel {printable(run.name)}", markup=False)
            app.session.look_now()


async def finetune_from(screen: FramedScreen, run: Run) -> None:
    """Open Launch with what passes forward from this run."""
    with screen.app.telling(f"{run.name} cannot be fine-tuned from"):
        screen.app.open_launch(Draft(parent=await screen.app.session.parent_of(run)))


def _waiting_for(run: Run, runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """The runs that would never start without this one."""
    job = run.job.id if run.job else None
    return tuple(
        other
        for other in runs
        if job
        and other.state is RunState.WAITING
        and (
            (other.job is not None and job in other.job.after)
            or (
                other.launch is not None
                and other.launch.submission is not None
                and other.launch.submission.after == job
            )
        )
    )


def _what_cancel_does(run: Run, behind: tuple[Run, ...]) -> str:
    if run.state is RunState.WAITING:
        what = "It has not started; it loses its place in the queue."
    elif run.progress and run.progress.epochs:
        what = f"It stops in epoch {run.progress.epoch:.1f} of {run.progress.epochs}; its checkpoints stay."
    else:
        what = "It stops; the checkpoints that it wrote stay."
    names = ", ".join(printable(other.name) for other in behind)
    waits = f" {names} behind it will then never start." if behind else ""
    return f"Cancel {printable(run.name)}? {what}{waits}"
