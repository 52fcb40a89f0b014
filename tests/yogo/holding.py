"""Holds a run as a trainer does: `holding.py RUN [--take-over]`. Writes an event for each line that comes in."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from yogo.errors import RunError
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.lease import Lease, RunLost, Terms, take


def hold(run: RunDirectory, terms: Terms | None = None) -> AbstractContextManager[Lease]:
    """Hold a run while the block lasts."""
    return contextlib.closing(take(run, terms))


def say(*words: object) -> None:
    print(*words, flush=True)


def main(folder: str, *flags: str) -> int:
    run, attempt = RunDirectory(Path(folder)), int(os.environ.get("ATTEMPT", "0"))
    try:
        with hold(run, Terms(tell=lambda sentence: say("waits:", sentence), take_over="--take-over" in flags)) as lease:
            say("holds:", lease.notice)
            for step, _ in enumerate(sys.stdin, 1):
                event = events.Step(attempt=attempt, step=step, epoch=0, lr=0.1, losses=events.Losses())
                events.append(run.events, event, lease.check)
                say("wrote", step)
    except RunLost as lost:
        say("lost:", lost)
        return 3
    except RunError as error:
        say("refused:", error)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
