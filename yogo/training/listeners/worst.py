"""Writes worst.json.gz: the images on which the best weights are wrong most often."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from yogo.errors import DefinitionError
from yogo.images.pixels import read_pixels
from yogo.images.thumbnail import thumbnail
from yogo.metrics.boxes import EvaluationData
from yogo.metrics.count_thresholds import choose_thresholds
from yogo.metrics.measure import MATCH_IOU, MOST_BOXES_EACH_EPOCH, measure
from yogo.metrics.verdicts import worst
from yogo.run.disk import Disk
from yogo.run.metrics import Metrics
from yogo.run.worst import MOST_BYTES, SIDE, WorstImage, WorstImages
from yogo.training.listeners import Listener
from yogo.training.plan import TrainingPlan
from yogo.training.progress import Event, Reviewed


class WorstFile(Listener):
    """The worst images of the set that was reviewed, in one file."""

    def __init__(
        self, path: Path, plan: TrainingPlan, disk: Disk | None = None, *, part: Literal["val", "test"] = "val"
    ) -> None:
        """With a `disk`, a failed write is repeated later; without one, it raises OSError."""
        self.path = path
        self.plan = plan
        self.part = part
        self.disk = disk

    def hear(self, event: Event) -> None:
        if not isinstance(event, Reviewed) or event.part != self.part:
            return
        record = self._record(event)
        if self.disk is None:
            record.write(self.path)
        else:
            fence = self.disk.fence
            self.disk.write(self.path, lambda: record.write(self.path, fence=fence))

    def _record(self, event: Reviewed) -> WorstImages:
        plan, samples = self.plan, dict(self.plan.splits.items())[event.part]
        found = worst(event.data, MATCH_IOU, tuple(sample.image_file for sample in samples))
        return WorstImages(
            part=event.part,
            checkpoint=str(plan.checkpoint if event.part == "test" and plan.checkpoint else plan.run.best),
            definition=str(plan.definition),
            classes=plan.classes,
            num_images=event.data.num_images,
            metrics=_metrics(event.data, plan) if event.part == "val" else None,
            images=tuple(map(self._drawn, found)),
        )

    def _drawn(self, image: WorstImage) -> WorstImage:
        """With its thumbnail, or why there is none."""
        plan = self.plan
        try:
            pixels = read_pixels(image.image, rgb=plan.recipe.rgb_images, image_hw=None, bits=plan.image_bits)
        except DefinitionError as error:
            return image.model_copy(update={"problem": str(error)})
        return image.model_copy(update={"thumbnail": thumbnail(pixels, side=SIDE, most_bytes=MOST_BYTES)})


def _metrics(data: EvaluationData, plan: TrainingPlan) -> Metrics:
    is_small = len(data.truth.image) + len(data.ranked.image) <= MOST_BOXES_EACH_EPOCH
    own = choose_thresholds(data, plan.classes)
    measured = measure(data, plan.classes, include_map=is_small, own=own, chosen_here=True)
    return measured.model_copy(update={"checkpoint": str(plan.run.best), "definition": str(plan.definition)})
