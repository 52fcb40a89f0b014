"""One rank of a run in float64, batch norm frozen and dropout off: `ranks.py RANK WORLD MEETING DEFINITION OUT`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import torch
from torch import nn

from yogo.definition import DatasetDefinition, split
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.training.building import build
from yogo.training.distributed import World, joined
from yogo.training.keeping import NoKeeper
from yogo.training.launch import Place
from yogo.training.plan import Plan
from yogo.training.precision import choose
from yogo.training.request import Request
from yogo.training.trainer import Trainer

GLOBAL_BATCH = 4


class FrozenBatchNorm(nn.BatchNorm2d):
    """Uses its running statistics, also while training."""

    def train(self, mode: bool = True) -> FrozenBatchNorm:
        super().train(False)
        return self


def trainer(definition: Path, world: World, clip_value: float) -> Trainer:
    recipe = Recipe(
        model="quarter_filters",
        image_hw=(64, 64),
        epochs=2,
        batch_size=GLOBAL_BATCH // world.size,
        learning_rate=1e-3,
        precision="fp32",
    )
    dataset = DatasetDefinition.from_yaml(definition)
    plan = Plan(RunDirectory(Path("none")), definition, dataset.classes, recipe, split(dataset), "fp32")
    request = Request(runs=Path("none"), cache=False, num_workers=0)
    built = build(plan, request, world, precision=choose("fp32", world.device), keeper=NoKeeper())
    for module in built.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = FrozenBatchNorm
        elif isinstance(module, nn.Dropout2d):
            module.p = 0.0
    built.stepper.clip_value = clip_value
    return built


def main(rank: str, world_size: str, meeting: str, definition: str, out: str) -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    place = Place(int(rank), int(world_size), int(rank), int(world_size), meeting)
    with joined(place, torch.device("cpu")) as world:
        # Small enough that nearly every gradient is clamped, so that when it is done matters.
        run = trainer(Path(definition), world, clip_value=1e-2)
        validations = [event.losses.loss for event in run.fit() if isinstance(event, events.Validated)]
    samples = split(DatasetDefinition.from_yaml(definition)).items()
    keys = [[sample.key for sample in part] for _, part in samples]
    parameters = [parameter.detach() for parameter in run.model.parameters()]
    torch.save(
        {"parameters": parameters, "validations": validations, "keys": keys, "at": dataclasses.asdict(run.at)}, out
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
