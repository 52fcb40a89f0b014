"""The run that is asked for, and the hold on it. Light: whoever is refused hears it before torch is imported."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from yogo.errors import RunError
from yogo.run import events
from yogo.run.directory import RunDirectory, check_name, propose_name
from yogo.run.history import History
from yogo.run.lease import Holder, Lease, Terms, claim, hand_over, take
from yogo.run.result import Result
from yogo.terminal import printable
from yogo.training.disk import patiently
from yogo.training.recorded import as_recorded
from yogo.training.request import Request

HELD_FOR_RANKS = "YOGO_HOLDER"
"""In the environment of processes that were started to train together: who holds the run until rank 0 does."""


class FinishedMeanwhile(RunError):
    """Another process has finished the run while this one waited for it."""


@contextlib.contextmanager
def held_early(request: Request) -> Iterator[Lease | None]:
    """The run, held while the block lasts; None where its folder is only made once it can begin.

    Raises RunError where the run is another's or done.
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
def held(request: Request, run: RunDirectory) -> Iterator[Lease]:
    """The run, its launch claimed, held while the block lasts. Raises RunError where it is another's."""
    token = request.token
    if token:
        patiently(lambda: claim(run, token), _tell)
    ask = _ask if sys.stdin.isatty() and sys.stdout.isatty() else None
    lease = patiently(lambda: take(run, Terms(tell=_tell, ask=ask, take_over=request.take_over)), _tell)
    with contextlib.closing(lease):
        # Whoever was waited for may have trained it meanwhile.
        if is_finished(run):
            raise FinishedMeanwhile(f"{run.path} has finished meanwhile: there is nothing left to do")
        if as_recorded(request).resume is None:
            choose(request)
        yield lease


def handed(request: Request) -> Lease | None:
    """In rank 0: the lease of the process that started the ranks, if it has one. Raises RunError where it lost it."""
    giver = os.environ.pop(HELD_FOR_RANKS, "")
    return hand_over(choose(request), Holder.model_validate_json(giver)) if giver else None


def _tell(sentence: str) -> None:
    print(printable(sentence), flush=True)


def _ask(facts: str) -> bool:
    with contextlib.suppress(EOFError):
        return input(f"{printable(facts)} Take it over? [y/N] ").strip().lower() in ("y", "yes")
    return False


def choose(request: Request) -> RunDirectory:
    if request.resume is not None:
        run = RunDirectory(request.resume.absolute())
        if not run.path.is_dir():
            raise RunError(f"{run.path} is no run directory: there is nothing to resume")
        if is_finished(run):
            raise RunError(f"{run.path} has finished: there is nothing to resume")
        if not run.manifest.exists() and _weights(run):
            raise RunError(
                f"{run.path} holds weights, but no run.json says how they were trained: they cannot be trained on, "
                "but a new run may begin with them, by --from-pretrained"
            )
        return run
    runs = request.runs.absolute()
    run = RunDirectory(runs / check_name(request.name or propose_name(runs)))
    if _is_taken(run):
        raise RunError(f"{run.path} holds a run already: {_way_on(run)}choose another --name")
    return run


def _weights(run: RunDirectory) -> list[Path]:
    """Ours, or those of a run of published yogo."""
    return [path for path in (run.best, run.last, run.previous, run.path / "latest.pth") if path.exists()]


def _is_taken(run: RunDirectory) -> bool:
    """Whether there is something to lose: a run that failed before its first step may begin anew."""
    if _weights(run):
        return True
    if not run.events.exists():
        return False
    history = History()
    history.extend(events.parse(run.events.read_bytes())[0])
    return not (isinstance(history.ended, events.Failed) and history.ended.step == 0)


def _way_on(run: RunDirectory) -> str:
    """What else may be done with a run whose name is taken, as far as it can be."""
    if _weights(run) and not run.manifest.exists():
        return f"begin with its weights by --from-pretrained {_weights(run)[0]}, and "
    return "" if is_finished(run) else f"go on with it by --resume {run.path}, or "


def is_finished(run: RunDirectory) -> bool:
    with contextlib.suppress(FileNotFoundError, RunError):  # a damaged receipt is none
        return Result.read(run.result).outcome == "finished"
    return False
