"""A run that is killed again and again, each time a little later, until it has finished.

    python -m tests.yogo.training.killed FOLDER DEFINITION

Attempt N is killed at its Nth event, in turn before and after that is written down. Then the last one finishes.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from tests.yogo.training.tiny import Steered
from yogo.training.listeners.jsonl import JsonLines
from yogo.training.progress import Event

OPTIONS: dict[str, Any] = {"epochs": 3, "ema_decay": 0.5}


class Killer:
    """Writes events down, and kills this very process at one of them."""

    def __init__(self, path: Path, at_event: int | None) -> None:
        self.lines = JsonLines(path)
        self.at_event = at_event
        self.count = 0

    def hear(self, event: Event) -> None:
        self.count += 1
        if self.count == self.at_event and self.count % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        self.lines.hear(event)
        if self.count == self.at_event:
            os.kill(os.getpid(), signal.SIGKILL)


def attempt(steered: Steered, at_event: int) -> int:
    """How it ended, as os.waitpid says it."""
    # Nothing was computed here, so there are no threads that a fork would lose.
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        steered.go(resume=steered.run.manifest.exists(), hear=Killer(steered.run.events, at_event).hear)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(folder: str, definition: str) -> None:
    steered = Steered(Path(folder), Path(definition), **OPTIONS)
    for number in itertools.count(1):
        ended = attempt(steered, number)
        if ended == 0:
            print(number)
            return
        assert os.WTERMSIG(ended) == signal.SIGKILL


if __name__ == "__main__":
    main(*sys.argv[1:])
