"""Keeping checkpoints: the leading process writes them, the others keep nothing."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal, Protocol

import torch

from yogo.checkpoint import packed, put
from yogo.distribution import VERSION
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.training.disk import STOP_SECONDS, Disk, must_settle
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
    def keep(self, file: File, state: State) -> bool:
        """Whether the checkpoint is replaced; if not, the old one still stands, and this one is written later."""

    def settle(self) -> None:
        """Write what is not written yet. Raises RunError where that fails for long."""

    def last_words(self) -> str:
        """As `settle`, for as long as a process may take that was asked to stop. Returns what is not written."""


class NoKeeper:
    """Of the processes that do not lead."""

    def keep(self, file: File, state: State) -> bool:
        return True

    def settle(self) -> None:
        return

    def last_words(self) -> str:
        return ""


@dataclass(slots=True)
class RunKeeper:
    """Of the leading process: checkpoints in the run's directory."""

    run: RunDirectory
    recipe: Recipe
    classes: tuple[str, ...]
    image_bits: int | None
    extra: Mapping[str, Any]
    """What else a later attempt wants to know: world size, attempt, W&B id."""

    disk: Disk

    last_is_good: bool = True
    """Whether last.pth, if it is there, may take the place of the one before: a torn one never does."""

    @classmethod
    def of(cls, plan: Plan, extra: Mapping[str, Any], disk: Disk | None = None) -> RunKeeper:
        last_is_good = plan.checkpoint in (None, plan.run.last)
        return cls(plan.run, plan.recipe, plan.classes, plan.image_bits, extra, disk or Disk(), last_is_good)

    def settle(self) -> None:
        must_settle(self.disk)

    def last_words(self) -> str:
        return self.disk.settle(STOP_SECONDS)

    def keep(self, file: File, state: State) -> bool:
        is_best, at = file == "best.pth", state.at
        going_on: dict[str, Any] = {"batch": at.batch, "best_epoch": at.best_epoch}
        if state.unaveraged is not None:
            going_on[UNAVERAGED] = state.unaveraged.state_dict()
        data = packed(
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
        )
        if is_best:
            return self.disk.write(self.run.best, lambda: self._put_best(data))
        # It says which epoch was best: without that one's weights it must not stand.
        return self.disk.write(self.run.last, lambda: self._put_last(data), after=self.run.best)

    def _put_best(self, data: bytes) -> None:
        put(self.run.best, data, fence=self.disk.fence)

    def _put_last(self, data: bytes) -> None:
        put(self.run.last, data, previous=self.run.previous if self.last_is_good else None, fence=self.disk.fence)
        self.last_is_good = True


def versions() -> dict[str, str]:
    """Of what a run's numbers may depend on."""
    found = {
        "yogo": VERSION,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": metadata.version("torchvision"),
    }
    return found | ({"cuda": torch.version.cuda} if torch.version.cuda else {})
