"""Finds the requested run and acquires its lease. A light module: a refusal comes before torch is imported."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from yogo.errors import RunError
from yogo.run import events
from yogo.run.directory import RunDirectory, check_name, propose_name
from yogo.run.disk import patiently
from yogo.run.history import History
from yogo.run.holder import Holder
from yogo.run.lease import Lease, Terms, claim, hand_over, take
from yogo.run.result import Result
from yogo.text.terminal import printable
from yogo.training.planning.recorded_request import as_recorded
from yogo.training.request import TrainingRequest

HELD_FOR_RANKS = "YOGO_HOLDER"
"""Environment variable of the ranks that the launcher starts: who holds the run until rank 0 does."""


class FinishedMeanwhile(RunError):
    """Another process has finished the run while this one waited for it."""


@contextlib.contextmanager
def held_early(request: TrainingRequest) -> Iterator[Lease | None]:
    """The run, held while the block lasts; None if its folder is made later, once the run can begin.

    Raises RunError if another process holds the run, or it is finished.
    """
    if request.test is not None or (request.resume is None and request.name is None):
        yield None
        return
    run = choose(request)
    if not run.path.is_dir():
        yield None
        return
    with held(request, run) as lease:
        yield lease


@contextlib.contextmanager
def held(request: TrainingRequest, run: RunDirectory) -> Iterator[Lease]:
    """The run, with its launch claimed, held while the block lasts. Raises RunError if another process holds it."""
    token = request.token
    if token:
        patiently(lambda: claim(run, token), _tell)
    ask = _ask if sys.stdin.isatty() and sys.stdout.isatty() else None
    lease = patiently(lambda: take(run, Terms(tell=_tell, ask=ask, take_over=request.take_over)), _tell)
    with contextlib.closing(lease):
        # The process that held it may have finished it in the meantime.
        if is_finished(run):
            raise FinishedMeanwhile(f"{run.path} has finished in the meantime: there is nothing left to do")
        if as_recorded(request).resume is None:
            choose(request)
        yield lease


def handed(request: TrainingRequest) -> Lease | None:
    """In rank 0: the lease of the process that started the ranks, if it has one. Raises RunError if that was lost."""
    giver = os.environ.pop(HELD_FOR_RANKS, "")
    return hand_over(choose(request), Holder.model_validate_json(giver)) if giver else None


def _tell(sentence: str) -> None:
    print(printable(sentence), flush=True)


def _ask(facts: str) -> bool:
    with contextlib.suppress(EOFError):
        return input(f"{printable(facts)} Take it over? [y/N] ").strip().lower() in ("y", "yes")
    return False


def choose(request: TrainingRequest) -> RunDirectory:
    if request.resume is not None:
        run = RunDirectory(request.resume.absolute())
        if not run.path.is_dir():
            raise RunError(f"{run.path} is not a run directory: there is nothing to resume")
        if is_finished(run):
            raise RunError(f"{run.path} has finished: there is nothing to resume")
        if not run.manifest.exists() and _weights(run):
            raise RunError(
                f"{run.path} holds weights, but no run.json says how they were trained: they cannot be trained on, "
                "but a new run can start from them with --from-pretrained"
            )
        return run
    runs = request.runs.absolute()
    run = RunDirectory.of(check_name(request.name or propose_name(runs)), runs)
    if _is_taken(run):
        raise RunError(f"{run.path} already holds a run: {_way_on(run)}choose another --name")
    return run


def _weights(run: RunDirectory) -> list[Path]:
    """Our weights, or those of a run of published yogo."""
    return [path for path in (run.best, run.last, run.previous, run.published) if path.exists()]


def _is_taken(run: RunDirectory) -> bool:
    """Whether there is something to lose: a run that failed before its first step may start again."""
    if _weights(run):
        return True
    if not run.events.exists():
        return False
    history = History.read(run.events)
    return not (isinstance(history.ended, events.Failed) and history.ended.step == 0)


def _way_on(run: RunDirectory) -> str:
    """What else can be done with a run whose name is taken."""
    if _weights(run) and not run.manifest.exists():
        return f"start from its weights with --from-pretrained {_weights(run)[0]}, and "
    return "" if is_finished(run) else f"resume it with --resume {run.path}, or "


def is_finished(run: RunDirectory) -> bool:
    with contextlib.suppress(FileNotFoundError, RunError):  # a damaged receipt is none
        return Result.read(run.result).outcome == "finished"
    return False
