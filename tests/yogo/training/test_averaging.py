"""Averaged weights: what is validated, tested and kept as best is the average; what trains is not touched by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import TINY, Steered, Yogo
from yogo.checkpoint import load_checkpoint
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.model import open_model
from yogo.run import events
from yogo.run.metrics import Metrics
from yogo.training.loop.evaluate import evaluate
from yogo.training.loop.forward import Forward
from yogo.training.loop.trainer import Trainer
from yogo.training.progress import Event, Progressed

DECAY = 0.3

Weights = dict[str, torch.Tensor]


def test_the_kept_weights_are_the_moving_average_of_those_that_train(definition: Path, tmp_path: Path) -> None:
    averaged, plain = Steered(tmp_path / "averaged", definition, ema_decay=DECAY), Steered(tmp_path, definition)
    trainers: list[Trainer] = []
    along_the_way: list[Weights] = []

    def remember() -> None:
        along_the_way.append({key: value.clone() for key, value in trainers[0].model.state_dict().items()})

    def begin(trainer: Trainer) -> None:
        trainers.append(trainer)
        remember()

    def hear(event: Event) -> None:
        if isinstance(event, Progressed) and event.phase == "train":
            remember()

    plain.go(change=begin, hear=hear)
    averaged.go()
    ours, theirs = load_checkpoint(averaged.run.last), load_checkpoint(plain.run.last)
    assert all(torch.equal(ours.training["unaveraged"][key], value) for key, value in theirs.model_state_dict.items())
    assert ours.model_state_dict.keys() == theirs.model_state_dict.keys()
    expected, *others = along_the_way
    for step, weights in enumerate(others, 1):
        decay = min(DECAY, (1 + step) / (10 + step))
        expected = {
            key: decay * value + (1 - decay) * weights[key] if value.is_floating_point() else weights[key]
            for key, value in expected.items()
        }
    for key, value in expected.items():
        torch.testing.assert_close(ours.model_state_dict[key], value)


def test_the_average_is_what_is_validated(definition: Path, tmp_path: Path) -> None:
    steered = Steered(tmp_path, definition, ema_decay=DECAY)
    trainers: list[Trainer] = []
    heard = steered.go(change=trainers.append)
    validated = [event for event in heard if isinstance(event, events.Validated)][-1]
    world, batches = World(RankInfo(), torch.device("cpu")), trainers[0].sets.val
    assert batches is not None

    def loss(state: Weights) -> float:
        model = open_model(load_checkpoint(steered.run.last))[0]
        model.load_state_dict(state)
        looking = evaluate(
            Forward(trainers[0].recipe, model, choose("fp32", world.device)), batches, world, phase="validate", epoch=0
        )
        while True:
            try:
                next(looking)
            except StopIteration as ended:
                return float(ended.value[0].loss)

    last = load_checkpoint(steered.run.last)
    assert loss(last.model_state_dict) == pytest.approx(validated.losses.loss, rel=1e-6)
    assert loss(last.training["unaveraged"]) != pytest.approx(validated.losses.loss, rel=1e-3)


def test_the_average_is_what_is_tested_and_what_anybody_opens(yogo: Yogo, definition: Path) -> None:
    done = yogo.train(definition, *TINY, "--name", "mean", "--epochs", "2", "-bs", "2", "--ema-decay", str(DECAY))
    assert (done.returncode, done.stderr) == (0, "")
    run = yogo.run("mean")
    theirs = Metrics.read(run.metrics).losses.loss
    again = yogo.command("test", run.best, definition, "--dump-to-disk")
    assert (again.returncode, again.stderr) == (0, "")
    assert Metrics.read(run.path / "best-test-definition.json").losses.loss == pytest.approx(theirs, rel=1e-6)
