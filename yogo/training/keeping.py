"""Keeping checkpoints: the leading process writes them, the others keep nothing."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal, Protocol

import torch

from yogo.checkpoint import save_checkpoint
from yogo.distribution import VERSION
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.training.plan import Plan

File = Literal["best.pth", "last.pth"]

UNAVERAGED = "unaveraged"
"""Where a checkpoint keeps the weights that are trained, if those that it is opened with are their average."""


@dataclass(slots=True)
class Position:
    """How far a run has come. With the weights and the optimizer's state it is all that going on needs.

    Everything random follows from the seed and these numbers, so no generator's state is kept.
    """

    epoch: int = 0
    """Whole epochs that were trained and validated."""

    batch: int = 0
    """Batches trained of the epoch after those."""

    step: int = 0
    """Optimiser steps since the run began."""

    best_loss: float | None = None
    """The lowest validation loss."""

    best_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What a checkpoint is made of."""

    at: Position
    model: YOGO
    """The run's result so far: with the averaged weights, if they are averaged."""

    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    unaveraged: YOGO | None = None
    """The model that trains, if that is another."""


class Keeper(Protocol):
    def keep(self, file: File, state: State) -> None:
        """Replace the checkpoint. Raises OSError (a full disk); the old one then still stands."""


class NoKeeper:
    """Of the processes that do not lead."""

    def keep(self, file: File, state: State) -> None:
        return


@dataclass(slots=True)
class RunKeeper:
    """Of the leading process: checkpoints in the run's directory."""

    run: RunDirectory
    recipe: Recipe
    classes: tuple[str, ...]
    image_bits: int | None
    extra: Mapping[str, Any]
    """What else a later attempt wants to know: world size, attempt, W&B id."""

    last_is_good: bool = True
    """Whether last.pth, if it is there, may take the place of the one before: a torn one never does."""

    @classmethod
    def of(cls, plan: Plan, extra: Mapping[str, Any]) -> RunKeeper:
        last_is_good = plan.checkpoint in (None, plan.run.last)
        return cls(plan.run, plan.recipe, plan.classes, plan.image_bits, extra, last_is_good)

    def keep(self, file: File, state: State) -> None:
        is_best, at = file == "best.pth", state.at
        going_on: dict[str, Any] = {"batch": at.batch, "best_epoch": at.best_epoch}
        if state.unaveraged is not None:
            going_on[UNAVERAGED] = state.unaveraged.state_dict()
        save_checkpoint(
            self.run.best if is_best else self.run.last,
            state.model,
            epoch=at.epoch,
            step=at.step,
            classes=self.classes,
            run_name=self.run.name,
            image_bits=self.image_bits,
            optimizer_state_dict=state.optimizer.state_dict(),
            scaler_state_dict=state.scaler.state_dict(),
            recipe=self.recipe.model_dump(mode="json"),
            best_loss=at.best_loss,
            training={**self.extra, **going_on},
            versions=versions(),
            previous=self.run.previous if self.last_is_good and not is_best else None,
        )
        self.last_is_good = self.last_is_good or not is_best


def versions() -> dict[str, str]:
    """Of what a run's numbers may depend on."""
    found = {
        "yogo": VERSION,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": metadata.version("torchvision"),
    }
    return found | ({"cuda": torch.version.cuda} if torch.version.cuda else {})
