"""What can be done with a run, from the list as from its own screen."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath

from yogo.terminal import printable
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.use import Purpose
from yogo_tui.runs.cancelling import what_cancel_does
from yogo_tui.runs.chains import behind
from yogo_tui.runs.model import Run
from yogo_tui.screens.ask import Ask
from yogo_tui.screens.base import Draft, FramedScreen
from yogo_tui.screens.choose import Choice, Choose, Prompt
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


_USES = {
    Purpose.TEST: Choice("test it", "on the test images of a definition"),
    Purpose.INFER: Choice("look for cells in images", "a folder or a zarr store; counts and label files"),
    Purpose.EXPORT: Choice("export it", "to ONNX and OpenVINO"),
}
_SAID = {Purpose.TEST: "tests {} on {}", Purpose.INFER: "looks for cells in {1} with {0}", Purpose.EXPORT: "exports {}"}


async def use_run(screen: FramedScreen, run: Run) -> bool:
    """Ask what for and on what, then submit one job. Whether it was submitted."""
    app = screen.app
    if not run.has_best:
        app.notify(f"{printable(run.name)} has no best.pth yet", severity="warning", markup=False)
        return False
    chosen = await app.push_screen_wait(Choose(f"use {printable(run.name)}", tuple(_USES.values())))
    if chosen is None:
        return False
    purpose = tuple(_USES)[chosen]
    source = await _source(screen, run, purpose)
    if source is None and purpose is not Purpose.EXPORT:
        return False
    size = size_words(app.session.settings.sizes[0], app.session.machine)
    said = _SAID[purpose].format(run.name, source and source.name)
    if not await app.push_screen_wait(Ask(printable(f"Submit a job that {said} ({size})?"), is_safe=True)):
        return False
    with app.telling(f"{run.name} is not used"):
        used = await app.session.use(run, purpose, source=source)
        app.notify(printable(used.notice or f"{used.use.name} is job {used.job_id}; d shows its results"), markup=False)
        return True
    return False


async def _source(screen: FramedScreen, run: Run, purpose: Purpose) -> PurePosixPath | None:
    """What to test on, or to look at; None where that is left, or nothing is needed."""
    if purpose is Purpose.EXPORT:
        return None
    if purpose is Purpose.INFER:
        typed = await screen.app.push_screen_wait(Prompt("images to look at: a folder or a zarr store", check=_missing))
        return PurePosixPath(_absolute(typed)) if typed else None
    paths = [file.path for file in await asyncio.to_thread(screen.app.session.definitions)]
    own = Path(run.definition) if run.definition else None
    if own and own not in paths:
        paths.insert(0, own)
    choices = [Choice(str(path), "what it was trained on" if path == own else "") for path in paths]
    selected = paths.index(own) if own else None
    chosen = await screen.app.push_screen_wait(Choose("test it on", choices, selected))
    return None if chosen is None else PurePosixPath(paths[chosen])


def _absolute(typed: str) -> str:
    return os.path.abspath(os.path.expanduser(typed.strip()))


def _missing(typed: str) -> str:
    return "" if typed.strip() and os.path.exists(_absolute(typed)) else f"{typed.strip() or 'it'} does not exist"


def _question(run: Run, waiting: tuple[Run, ...]) -> str:
    return printable(f"Cancel {run.name}? {what_cancel_does(run, waiting)}")
