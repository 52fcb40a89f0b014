"""One attempt at a run, in one of its processes, from the request to the receipt."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from yogo.checkpoint import load_checkpoint
from yogo.errors import RunError, TrainingError, YogoError
from yogo.memory import full_memory_said
from yogo.run import events
from yogo.run.lease import Lease, job
from yogo.run.manifest import Manifest, WandbRun
from yogo.training import signals
from yogo.training.allocator import keep_freed_memory
from yogo.training.building import build
from yogo.training.distributed import PeerLost, World, choose_device, joined
from yogo.training.evaluation import described
from yogo.training.keeping import NoKeeper, RunKeeper, versions
from yogo.training.listeners import Listener, Sheltered
from yogo.training.listeners.doubting import Doubting
from yogo.training.listeners.jsonl import MetricsFile
from yogo.training.listeners.terminal import Bar, Lines, terminal, way_on
from yogo.training.listeners.weights_and_biases import WeightsAndBiases, choose_mode
from yogo.training.meeting import NotMetError
from yogo.training.place import Place
from yogo.training.plan import Plan
from yogo.training.precision import choose
from yogo.training.progress import Event, Noticed
from yogo.training.request import Request
from yogo.training.trainer import Trainer

_SMALLER = "take a smaller --batch-size, or --precision bf16"


def run(request: Request, place: Place, lease: Lease | None = None) -> int:
    """Train, or test, as one of the processes; the leading one may hold the run already, by `lease`.

    Returns the exit status; raises signals.Stop, YogoError, OSError.
    """
    from yogo.evaluation.attempt import examine

    device = choose_device(request.device, place)
    if device.type == "cpu":
        keep_freed_memory()
    try:
        with joined(place, device) as world, full_memory_said(device, _SMALLER, TrainingError):
            if request.test is not None:
                return examine(request, request.test, world)
            return _lead(request, world, lease) if world.leads else _follow(request, world)
    except PeerLost as lost:
        if signals.INBOX.pending:
            return signals.INBOX.status(signals.INBOX.pending)
        if place.rank == 0 and (lost.reason or not place.launcher_speaks):
            raise
        return 1
    except YogoError as error:
        # It has been told to the leading process, which speaks for all, if it has come.
        if error.is_mine if isinstance(error, NotMetError) else place.rank == 0:
            raise
        return 1


def _follow(request: Request, world: World) -> int:
    plan: Plan = world.share(None)
    precision = choose(plan.precision, world.device)
    trainer = build(plan, request, world, precision=precision, keeper=NoKeeper())
    world.hosts()
    with signals.INBOX.deferred():
        for _ in _whole(trainer, plan):
            pass
    return 0


def _lead(request: Request, world: World, lease: Lease | None) -> int:
    from yogo.training.preparation import prepared

    with (
        prepared(request, world.size, lease) as (own_plan, receipt),
        listening(own_plan, request) as (screen, board),
        _stops_said(screen, own_plan),
        receipt.disk.speaking(lambda sentence: screen.hear(Noticed(sentence))),
    ):
        plan, disk = own_plan, receipt.disk
        # The others may be on other machines, where the same paths may lead to other files: they look for themselves.
        world.share(replace(plan, seen={}, resolved=None))
        precision = choose(plan.precision, world.device)
        if plan.precision == "half":  # the recipe has no word for it: it says what the hardware chose
            plan = replace(plan, recipe=plan.recipe.model_copy(update={"precision": precision.name}))
        keeper = RunKeeper.of(plan, {"attempt": plan.attempt, "world_size": world.size}, disk)
        trainer = build(plan, request, world, precision=precision, keeper=keeper, tell=screen.hear)
        receipt.at = trainer.at
        manifest = _manifest(plan, request, trainer, board.record, world.hosts())
        disk.write(plan.run.manifest, lambda: manifest.write(plan.run.manifest, fence=disk.fence))
        listeners: tuple[Listener, ...] = (
            receipt.journal,
            MetricsFile(plan.run.metrics, disk),
            receipt,
            *_sheltered(screen, board, Doubting(lambda sentence: screen.hear(Noticed(sentence)), _earlier(plan))),
        )
        with signals.INBOX.deferred():
            for event in _whole(trainer, plan):
                for listener in listeners:
                    listener.hear(event)
                disk.retry()
            receipt.finish()
    return 0


def _sheltered(screen: Bar | Lines, board: WeightsAndBiases, doubting: Doubting) -> Iterator[Listener]:
    """Those that only tell."""
    yield Sheltered(screen, "the terminal", lambda sentence: print(f"yogo: {sentence}", file=sys.stderr))
    for listener, what in ((board, "W&B"), (doubting, "looking for doubts")):
        yield Sheltered(listener, what, lambda sentence: screen.hear(Noticed(sentence)))


@contextlib.contextmanager
def _stops_said(screen: Bar | Lines, plan: Plan) -> Iterator[None]:
    """A stop is acknowledged on the screen, and so is what it leaves."""
    signals.INBOX.say = screen.say
    try:
        yield
    except signals.Stop as stop:
        if not stop.is_said:
            kept = way_on(plan.run.path) if plan.run.last.exists() else "nothing had been saved yet."
            screen.say(f"Stopped at once: {kept}")
            stop.is_said = True
        raise
    finally:
        signals.INBOX.say = None


def _earlier(plan: Plan) -> list[events.Event]:
    """What happened in the attempts before this one."""
    with contextlib.suppress(OSError):
        return events.parse(plan.run.events.read_bytes())[0] if plan.attempt else []
    return []


def _whole(trainer: Trainer, plan: Plan) -> Iterator[Event]:
    """Training, then the test set with the best weights."""
    yield from trainer.fit()
    trainer.keeper.settle()
    if trainer.sets.test is not None:
        if trainer.world.leads:
            _take_best(trainer, plan)
        for event in trainer.test():
            yield described(event, plan)
    at = trainer.at
    yield events.Finished(attempt=plan.attempt, step=at.step, epoch=at.epoch, reason=trainer.ended_early)


def _take_best(trainer: Trainer, plan: Plan) -> None:
    best = plan.run.best
    try:
        trainer.result.load_state_dict(load_checkpoint(best).model_state_dict)
    except RuntimeError as error:  # copied there while the run trained
        raise RunError(
            f"{best} is of another run: its weights do not fit the network that was trained; yogo test {plan.run.last} "
            f"{plan.definition} tests the last ones"
        ) from error


@contextlib.contextmanager
def listening(plan: Plan, request: Request) -> Iterator[tuple[Bar | Lines, WeightsAndBiases]]:
    """A screen and a W&B run, told what is known already."""
    screen = terminal(plan.recipe.epochs, plan.run.path)
    screen.say(f"{plan.run.name} in {plan.run.path}")
    mode, why = choose_mode(request)
    for sentence in (*plan.notices, why):
        if sentence:
            screen.hear(Noticed(sentence))
    board = WeightsAndBiases(mode, plan, request, lambda sentence: screen.hear(Noticed(sentence)))
    failed = True
    try:
        yield screen, board
        failed = False
    finally:
        try:
            board.close(failed=failed)
        finally:
            screen.close()


def _manifest(plan: Plan, request: Request, trainer: Trainer, wandb: WandbRun, hosts: tuple[str, ...]) -> Manifest:
    world = trainer.world
    return Manifest(
        name=plan.run.name,
        attempt=plan.attempt,
        definition=str(plan.definition),
        classes=plan.classes,
        recipe=plan.recipe,
        pretrained=str(plan.pretrained) if plan.pretrained else None,
        pretrained_sha256=plan.pretrained_sha256,
        reset_head=plan.reset_head,
        image_bits=plan.image_bits,
        command=request.command,
        precision=trainer.precision.name,
        world_size=world.size,
        hosts=hosts,
        device=torch.cuda.get_device_name(world.device) if world.device.type == "cuda" else _cpu_name(),
        num_parameters=trainer.model.num_parameters,
        num_train=len(plan.splits.train),
        num_val=len(plan.splits.val),
        num_test=len(plan.splits.test),
        steps_per_epoch=trainer.steps_per_epoch,
        global_batch_size=trainer.global_batch_size,
        versions=versions(),
        code=_commit(),
        job_id=job()[0] or None,
        pid=os.getpid(),
        wandb=wandb,
        note=request.note,
        tags=request.tags,
    )


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "cpu"


def _commit() -> str:
    """The git commit of this package's source, where it is run from a checkout."""
    package = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(package), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
