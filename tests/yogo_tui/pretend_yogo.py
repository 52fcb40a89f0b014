"""Stands in for `yogo` where a test is about the jobs and not about training: it leaves what a run leaves.

`claim`, `verify` and `ask` are the real ones. How `train` goes is read from the environment: PRETEND_SECONDS to
train, PRETEND_END: finished, failed, killed, or signal (stop at USR2 and finish when resumed).
"""

from __future__ import annotations

import os
import signal
import sys
import time
import zipfile
from pathlib import Path

from yogo.cli import main
from yogo.presets import load
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import Result, sha256

asked: list[str] = []
signal.signal(signal.SIGUSR2, lambda *_: asked.append("USR2"))
signal.signal(signal.SIGTERM, lambda *_: asked.append("TERM"))


def value(flag: str) -> str:
    return sys.argv[sys.argv.index(flag) + 1] if flag in sys.argv else ""


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if asked:
            print(f"asked to stop by {asked[0]}", flush=True)
            sys.exit(75)
        time.sleep(0.02)


def train() -> int:
    resumed = value("--resume")
    run = RunDirectory(Path(resumed) if resumed else Path(value("--runs")) / value("--name"))
    run.path.mkdir(parents=True, exist_ok=True)
    print("resuming" if resumed else "training", " ".join(sys.argv[1:]), flush=True)
    end = os.environ.get("PRETEND_END", "finished")
    attempt = Manifest.read(run.manifest).attempt + 1 if resumed else 0
    recipe = load(Path(asked_for)).recipe if (asked_for := value("--recipe")) else Recipe()
    manifest = Manifest(
        name=run.name,
        attempt=attempt,
        definition=sys.argv[2],
        classes=("a", "b"),
        recipe=recipe.model_copy(update={"epochs": 2, "model": value("--model") or "base_model"}),
        pretrained=value("--from-pretrained") or None,
        precision="fp32",
    )
    manifest.write(run.manifest)
    events.append(run.events, events.Started(attempt=attempt, epochs=2, steps_per_epoch=2, num_train=4, num_val=2))
    for path in (run.best, run.last):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("data.pkl", run.name)
    seconds = float(os.environ.get("PRETEND_SECONDS", "0"))
    wait(max(60, seconds) if end == "signal" and not resumed else seconds)
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    for step in range(1, 5):
        losses = events.Losses(loss=10 / step)
        events.append(
            run.events, events.Step(attempt=attempt, step=step, epoch=(step - 1) // 2, losses=losses, lr=1e-3)
        )
    if end == "failed":
        Result(outcome="failed", reason="the loss was not finite", attempt=attempt).write(run.result)
        return 1
    best = sha256(run.best)
    Result(outcome="finished", attempt=attempt, epochs=2, best_loss=2.5, best_epoch=1, best_sha256=best).write(
        run.result
    )
    return 0


if __name__ == "__main__":
    sys.exit(train() if sys.argv[1] == "train" else main(sys.argv[1:]))
