"""A dataset of a few tiny images, and `yogo train` on it: what the tests of training share."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.waiting import until
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.cli import main
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.training.build import build
from yogo.training.checkpoints.checkpointer import RunCheckpointer
from yogo.training.listeners.terminal import Lines
from yogo.training.loop.trainer import Trainer
from yogo.training.plan import TrainingPlan
from yogo.training.planning.preparation import prepared
from yogo.training.progress import Event, Progressed
from yogo.training.request import TrainingRequest

SIZE = 64
TINY = ("--model", "quarter_filters", "--image-hw", str(SIZE), str(SIZE), "--precision", "fp32", "--lr", "1e-3")


def write_dataset(
    root: Path, *, num_pictures: int = 12, fractions: str = "{train: 0.5, val: 0.25, test: 0.25}"
) -> Path:
    """A definition of images with three squares each, dark ones `red` and lighter ones `white`."""
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    draw = np.random.default_rng(0)
    for index in range(num_pictures):
        pixels = draw.integers(180, 255, (SIZE, SIZE), dtype=np.uint8)
        rows = []
        for _ in range(3):
            (x, y), kind = draw.uniform(0.2, 0.8, 2), int(draw.integers(2))
            pixels[int((y - 0.1) * SIZE) : int((y + 0.1) * SIZE), int((x - 0.1) * SIZE) : int((x + 0.1) * SIZE)] = (
                80 * kind
            )
            rows.append(f"{kind} {x:.4f} {y:.4f} 0.2 0.2\n")
        Image.fromarray(pixels).save(root / "images" / f"picture_{index:02}.png")
        (root / "labels" / f"picture_{index:02}.txt").write_text("".join(rows))
    definition = root / "definition.yml"
    definition.write_text(
        "class_names: [red, white]\n"
        "dataset_paths:\n  one: {image_path: images, label_path: labels}\n"
        f"dataset_split_fractions: {fractions}\n"
    )
    return definition


def add_thumbnails(definition: Path) -> Path:
    """Thumbnails for the definition: two of `red`, one of `white`. Returns their folder."""
    folder = definition.parent / "thumbnails"
    for name, shade in (("red/1", 0), ("red/2", 20), ("white/1", 80)):
        pixels = np.full((24, 26), 230, np.uint8)
        pixels[6:-6, 6:-6] = shade
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    with definition.open("a") as file:
        file.write("thumbnail_augmentation: {white: thumbnails/white, red: [thumbnails/red]}\n")
    return folder


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Yogo:
    """`yogo train` as a person runs it: a process of its own, away from this one's home and threads."""

    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "SLURM", "YOGO"))}
        mine = {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(self.home / "cache"), "HOME": str(self.home)}
        return {**kept, **mine, "PYTHONWARNINGS": "error::FutureWarning,error::UserWarning"}

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    def run(self, name: str) -> RunDirectory:
        return RunDirectory(self.runs / name)

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "yogo", "train", "--runs", self.runs, *arguments]
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **environment},
        )
        self.started.append(process)
        return process

    def train(self, *arguments: object, **environment: str) -> Done:
        """The same in this process, which has torch imported already, on one thread."""
        return self.command("train", "--runs", self.runs, *arguments, **environment)

    def command(self, *arguments: object, **environment: str) -> Done:
        """`yogo` with these arguments, in this process."""
        argv = [str(part) for part in arguments]
        out, err, threads = io.StringIO(), io.StringIO(), torch.get_num_threads()
        handlers = {signum: signal.getsignal(signum) for signum in signals.HANDLED}
        kept = os.environ.copy()
        try:
            os.environ.clear()
            os.environ.update(self.environment | environment)
            torch.set_num_threads(1)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(argv)
        finally:
            os.environ.clear()
            os.environ.update(kept)
            torch.set_num_threads(threads)
            for signum, handler in handlers.items():
                signal.signal(signum, handler)
        return Done(status, out.getvalue(), err.getvalue())

    def finish(self, *arguments: object, **environment: str) -> Done:
        """The same in a process of its own, waited for."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=240)
        return Done(process.returncode, out, err)

    def events(self, name: str) -> list[events.Event]:
        path = self.run(name).events
        return events.parse(path.read_bytes())[0] if path.exists() else []


def stop_after_first_step(yogo: Yogo, name: str, process: subprocess.Popen[str], *, attempt: int = 0) -> int:
    """Send SIGTERM once the attempt has told of a step; its exit status."""

    def has_stepped() -> bool:
        return any(isinstance(event, events.Step) and event.attempt == attempt for event in yogo.events(name))

    until(lambda: has_stepped() or process.poll() is not None)
    process.terminate()
    process.communicate(timeout=60)
    return process.returncode


class Steered:
    """A run in this very process, which can be stopped after a batch of one's choice."""

    def __init__(self, folder: Path, definition: Path, *, device: str = "cpu", **options: Any) -> None:
        """`options` of the recipe."""
        self.device = device
        self.folder = folder
        self.definition = definition
        self.options = options
        self.log = io.StringIO()
        self.run = RunDirectory(folder / "runs" / "steered")

    def request(self, *, resume: bool) -> TrainingRequest:
        recipe = Recipe(
            model="quarter_filters", image_hw=(SIZE, SIZE), epochs=2, batch_size=2, learning_rate=1e-3, precision="fp32"
        )
        recipe = Recipe.model_validate(recipe.model_dump() | self.options)
        where = {"resume": self.run.path} if resume else {"definition": self.definition, "name": "steered"}
        return TrainingRequest(
            base=recipe, runs=self.folder / "runs", cache=False, wandb="disabled", device=self.device, **where
        )

    def plan(self, *, resume: bool = False) -> TrainingPlan:
        with prepared(self.request(resume=resume), 1, Lines(self.log)) as ready:
            return ready.plan

    @property
    def notices(self) -> list[str]:
        """What a person was told so far while a run was prepared."""
        return [line.removeprefix("note: ") for line in self.log.getvalue().splitlines() if line.startswith("note: ")]

    def go(
        self,
        *,
        resume: bool = False,
        stop_after: tuple[str, int, int] | None = None,
        change: Callable[[Trainer], None] = lambda trainer: None,
        hear: Callable[[Event], None] = lambda event: None,
    ) -> list[Event]:
        """What happened. `stop_after` a phase, an epoch and a count of batches; raises signals.Stop then.

        `change` gets the trainer before it trains, `hear` each event.
        """
        request = self.request(resume=resume)
        world = World(RankInfo(), torch.device(self.device))
        heard: list[Event] = []
        with prepared(request, 1, Lines(self.log)) as ready:
            plan = ready.plan
            checkpointer = RunCheckpointer(plan, {})
            precision = choose(plan.precision, world.device)
            trainer = build(plan, request, world, precision=precision, checkpointer=checkpointer, seen=ready.seen)
            trainer.inbox = signals.StopRequests()
            change(trainer)
            manifest = Manifest(
                name="steered",
                definition=str(plan.definition),
                classes=plan.classes,
                recipe=plan.recipe,
                precision=precision.name,
                image_bits=plan.image_bits,
                attempt=plan.attempt,
            )
            manifest.write(plan.run.manifest)
            with trainer.inbox.deferred():
                for event in trainer.fit():
                    heard.append(event)
                    hear(event)
                    if isinstance(event, Progressed) and (event.phase, event.epoch, event.done) == stop_after:
                        trainer.inbox.receive(signal.SIGTERM, None)
        return heard


def same_weights(one: Path, other: Path) -> bool:
    ours, theirs = load_checkpoint(one), load_checkpoint(other)
    assert ours.optimizer_state_dict is not None
    assert theirs.optimizer_state_dict is not None
    assert ours.training.keys() == theirs.training.keys()
    unaveraged = ours.training.get("unaveraged", {})
    moments = zip(
        ours.optimizer_state_dict["state"].values(), theirs.optimizer_state_dict["state"].values(), strict=True
    )
    return (
        all(torch.equal(ours.model_state_dict[key], theirs.model_state_dict[key]) for key in ours.model_state_dict)
        and all(torch.equal(unaveraged[key], theirs.training["unaveraged"][key]) for key in unaveraged)
        and all(torch.equal(mine["exp_avg"], its["exp_avg"]) for mine, its in moments)
    )
