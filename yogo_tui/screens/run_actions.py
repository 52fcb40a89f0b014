"""What can be done with a run, from the list as from its own screen."""

from __future__ import annotations

from yogo.terminal import printable
from yogo_tui.runs.cancelling import what_cancel_does
from yogo_tui.runs.chains import behind
from yogo_tui.runs.model import Run
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import Draft, FramedScreen
from yogo_tui.widgets.words import state_words


async def cancel_run(screen: FramedScreen, run: Run) -> None:
    """Ask in a sentence that says what will be lost, then cancel."""
    app = screen.app
    if run.state.is_over and not run.can_cancel:
        app.notify(f"{printable(run.name)} is over: {state_words(run.state)}", markup=False)
    elif await app.push_screen_wait(Ask(_question(run, behind(run, app.runs.runs)))):
        with app.telling(f"{run.name} is not cancelled"):
            await app.session.cancel([run])
            app.notify(f"asked to cancel {printable(run.name)}", markup=False)
            app.session.look_now()


async def resume_run(screen: FramedScreen, run: Run) -> None:
    """Ask in a sentence that says where it would begin, then submit one more job that goes on with it."""
    app = screen.app
    with app.telling(f"{run.name} does not go on"):
        plan = await app.session.plan_resume(run)
        question = f"Submit a job that goes on with {printable(run.name)}? It {plan}."
        if await app.push_screen_wait(Ask(question, is_safe=True)):
            launched = await app.session.resume(run)
            app.notify(printable(launched.notice) or f"{printable(run.name)} {plan}", markup=False)


async def finetune_from(screen: FramedScreen, run: Run) -> None:
    """Open Launch with what passes forward from this run."""
    with screen.app.telling(f"{run.name} cannot be fine-tuned from"):
        screen.app.open_launch(Draft(parent=await screen.app.session.parent_of(run)))


def _question(run: Run, waiting: tuple[Run, ...]) -> str:
    return printable(f"Cancel {run.name}? {what_cancel_does(run, waiting)}")
