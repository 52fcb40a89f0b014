"""Writes what each test image brought to the figures of a test, beside its metrics."""

from __future__ import annotations

from pathlib import Path

from yogo.metrics.image_results import image_results
from yogo.run.disk import Disk
from yogo.training.listeners import Listener
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Event, Reviewed


class ImageResultsFile(Listener):
    """All images of the test, in one file."""

    def __init__(self, path: Path, plan: TrainingPlan, checkpoint: Path, disk: Disk | None = None) -> None:
        """Of a test of `checkpoint`. A failed write is repeated later by the `disk`; without one, it raises OSError."""
        self.path = path
        self.plan = plan
        self.checkpoint = checkpoint
        self.disk = disk

    def hear(self, event: Event) -> None:
        if not isinstance(event, Reviewed) or event.part != "test":
            return
        plan = self.plan
        record = image_results(event.data, plan.classes, plan.test_digests).model_copy(
            update={
                "checkpoint": str(self.checkpoint),
                "definition": str(plan.definition),
                "trained_on": plan.trained_on,
            }
        )
        if self.disk is None:
            record.write(self.path)
        else:
            fence = self.disk.fence
            self.disk.write(self.path, lambda: record.write(self.path, fence=fence))
