"""Asked to stop while a step takes long, a run says at once that it heard; asked again, it stops there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import until
from tests.yogo.training.tiny import TINY, Yogo
from yogo.run import events
from yogo.run.result import Result, verify

SLOW = ("--model", "base_model", "--image-hw", "772", "1032", "--precision", "fp32", "-bs", "6", "--epochs", "9")


def test_a_second_interrupt_ends_a_run_in_the_middle_of_its_step(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(definition, *SLOW, "--name", "slow", "--no-cache")
    until(lambda: any(isinstance(event, events.Started) for event in yogo.events("slow")))
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    said = list(iter(process.stdout.readline, "SIGINT (Ctrl-C): stopping after this step; again to stop now\n"))
    assert "" not in said
    while process.poll() is None:  # what comes within half a second is the same keypress
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert Result.read(yogo.run("slow").result).stopped_by == "SIGINT"
    told = yogo.events("slow")
    assert not any(isinstance(event, events.Step) for event in told)
    assert any(isinstance(event, events.Signalled) for event in told)


def test_a_run_whose_log_can_hold_nothing_finishes_all_the_same(yogo: Yogo, definition: Path) -> None:
    command = [sys.executable, "-m", "yogo", "train", "--runs", yogo.runs, definition, *TINY]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*map(str, command), "--name", "full", "--epochs", "1", "-bs", "4"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**yogo.environment, "PYTHONIOENCODING": "ascii"},
            timeout=200,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    verify(yogo.run("full"))
    assert os.listdir(yogo.runs) == ["full"]
