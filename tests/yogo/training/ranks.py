"""Runs in float64, batch norm frozen and dropout off, on several ranks each.

    ranks.py FOLDER RANKS,ACCUMULATED …

FOLDER has the dataset. The global batch is the same for any number of ranks and of accumulated batches.
RECIPE in the environment is JSON of what else the recipe says.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from yogo.definition import DatasetDefinition, split
from yogo.definition.thumbnails import num_made, thumbnails
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World, joined
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.training.build import build
from yogo.training.checkpoints.checkpointer import Checkpointer
from yogo.training.loop.trainer import Trainer
from yogo.training.plan import TrainingPlan
from yogo.training.request import TrainingRequest

GLOBAL_BATCH = 6

Way = tuple[int, int]
"""How many ranks, and how many batches they accumulate."""


class FrozenBatchNorm(nn.BatchNorm2d):
    """Uses its running statistics, also while training."""

    def train(self, mode: bool = True) -> FrozenBatchNorm:
        super().train(False)
        return self


def trainer(
    definition: Path, world: World, accumulate: int, clip_value: float, more: dict[str, Any]
) -> tuple[Trainer, TrainingPlan]:
    recipe = Recipe(
        model="quarter_filters",
        image_hw=(64, 64),
        epochs=2,
        batch_size=GLOBAL_BATCH // world.size // accumulate,
        accumulate=accumulate,
        learning_rate=1e-3,
        normalize_images=True,
        anchor_width=0.2,
        anchor_height=0.2,
        precision="fp32",
        **more,
    )
    dataset = DatasetDefinition.from_yaml(definition)
    plan = TrainingPlan(
        RunDirectory(Path("none")),
        definition,
        dataset.classes,
        recipe,
        splits := split(dataset),
        "fp32",
        thumbnails=thumbnails(dataset.classes, dataset.thumbnail_augmentation),
        num_made=num_made(len(splits.train)) if dataset.thumbnail_augmentation else 0,
    )
    request = TrainingRequest(runs=Path("none"), cache=False, num_workers=0)
    built = build(plan, request, world, precision=choose("fp32", world.device), checkpointer=Checkpointer())
    for module in built.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = FrozenBatchNorm
        elif isinstance(module, nn.Dropout2d):
            module.p = 0.0
    with torch.no_grad():  # so sure of objects that there are boxes to count
        list(built.model.parameters())[-1][4] += 0.5
    built.stepper.clip_value = clip_value
    return built, plan


def train(rank: int, way: Way, folder: Path) -> None:
    """As one of the ranks: what it ended with goes into a file."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    count, accumulate = way
    place = RankInfo(rank, count, rank, count, f"file://{folder / f'meeting-{count}-{accumulate}'}")
    with joined(place, torch.device("cpu")) as world:
        # Small enough that nearly every gradient is clamped, so that when it is done matters.
        more = json.loads(os.environ.get("RECIPE", "{}"))
        run, plan = trainer(folder / "data" / "definition.yml", world, accumulate, clip_value=1e-2, more=more)
        found = [event for event in run.fit() if isinstance(event, events.Validated)]
        tested = [event for event in run.test(plan) if isinstance(event, events.Tested)]
    ended = {
        "parameters": [parameter.detach() for parameter in run.model.parameters()],
        "validations": [event.losses.model_dump() for event in found],
        "figures": [event.metrics for some in (found, tested) for event in some],
        "count_thresholds": run.count_thresholds.facts if run.count_thresholds else None,
        "at": dataclasses.asdict(run.at),
    }
    torch.save(ended, folder / name_of(rank, way))


def name_of(rank: int, way: Way) -> str:
    return f"{way[0]}-{way[1]}-{rank}.pt"


def main(folder: str, *ways: str) -> None:
    for words in ways:
        count, accumulate = map(int, words.split(","))
        children = []
        for rank in range(count):
            # Nothing was computed here, so there are no threads that a fork would lose.
            children.append(os.fork())
            if children[-1] == 0:
                train(rank, (count, accumulate), Path(folder))
                os._exit(0)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * count


if __name__ == "__main__":
    main(*sys.argv[1:])
