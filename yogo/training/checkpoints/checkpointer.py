"""Checkpointing: the main process writes the checkpoints, the others write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from yogo.checkpoint import packed, put
from yogo.model import YOGO
from yogo.run.best import BestBy
from yogo.run.correction import CountCorrection
from yogo.run.count_thresholds import CountThresholds
from yogo.run.disk import STOP_SECONDS, Disk, must_settle
from yogo.training.plan import TrainingPlan
from yogo.training.provenance import versions

File = Literal["best.pth", "last.pth"]

UNAVERAGED = "unaveraged"
"""The key of the trained weights in a checkpoint whose own weights are their average."""


@dataclass(slots=True)
class Position:
    """The position of a run. With the weights and the optimizer's state it is all that resuming needs.

    All random draws follow from the seed and these numbers, so no generator state is stored.
    """

    epoch: int = 0
    """Whole epochs that were trained and validated."""

    batch: int = 0
    """Batches trained in the epoch after those."""

    step: int = 0
    """Optimiser steps since the run began."""

    best_loss: float | None = None
    """The validation loss of the best epoch."""

    best_epoch: int | None = None
    best_by: BestBy = "loss"
    """What the best epoch is chosen by."""

    best_score: float | None = None
    """The best epoch's figure of that, where it is not the loss."""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The contents of a checkpoint."""

    at: Position
    model: YOGO
    """The run's result so far, with the averaged weights if there are any."""

    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    unaveraged: YOGO | None = None
    """The model that trains, if it is a different one."""

    count_thresholds: CountThresholds | None = None
    """Of these weights; None where they were not validated."""

    count_correction: CountCorrection | None = None
    """Likewise; None without roles too."""


class Checkpointer:
    """This one writes nothing: it is for all processes except the main process."""

    def keep(self, file: File, state: TrainingState) -> bool:
        """Whether the checkpoint was replaced; if not, the old one stays, and this one is written later."""
        return True

    def settle(self) -> None:
        """Write what is not written yet. Raises RunError if that fails for too long."""

    def last_words(self) -> str:
        """Like `settle`, within the time of a process that was asked to stop. Returns what is not written."""
        return ""


@dataclass(slots=True)
class RunCheckpointer(Checkpointer):
    """For the main process: writes checkpoints to the run's directory."""

    plan: TrainingPlan
    extra: Mapping[str, Any]
    """What else a later attempt needs: world size, attempt, W&B id."""

    disk: Disk = field(default_factory=Disk)
    last_is_good: bool = field(init=False)
    """Whether an existing last.pth may replace the previous one; a damaged one never does."""

    def __post_init__(self) -> None:
        self.last_is_good = self.plan.checkpoint in (None, self.plan.run.last)

    def settle(self) -> None:
        must_settle(self.disk)

    def last_words(self) -> str:
        return self.disk.settle(STOP_SECONDS)

    def keep(self, file: File, state: TrainingState) -> bool:
        plan, run, at = self.plan, self.plan.run, state.at
        going_on: dict[str, Any] = {"batch": at.batch, "best_epoch": at.best_epoch, "best_score": at.best_score}
        if state.unaveraged is not None:
            going_on[UNAVERAGED] = state.unaveraged.state_dict()
        data = packed(
            state.model,
            epoch=at.epoch,
            step=at.step,
            classes=plan.classes,
            run_name=run.name,
            image_bits=plan.image_bits,
            count_thresholds=state.count_thresholds,
            count_correction=state.count_correction,
            optimizer_state_dict=state.optimizer.state_dict(),
            scaler_state_dict=state.scaler.state_dict(),
            recipe=plan.recipe.model_dump(mode="json"),
            best_loss=at.best_loss,
            training={**self.extra, **going_on},
            versions=versions(),
        )
        if file == "best.pth":
            return self.disk.write(run.best, lambda: put(run.best, data, fence=self.disk.fence))
        # It names the best epoch, so it must not be written without that epoch's weights.
        return self.disk.write(run.last, lambda: self._put_last(data), after=run.best)

    def _put_last(self, data: bytes) -> None:
        run = self.plan.run
        put(run.last, data, previous=run.previous if self.last_is_good else None, fence=self.disk.fence)
        self.last_is_good = True
