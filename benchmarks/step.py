"""A training step, against the published way, in one run on the same machine and threads.

    python benchmarks/step.py [--threads N] [--batch 4] [--repeats 2]

Runs `reference.py step`, then the product's own training loop in fp32 and in `auto` precision, and in the latter with
the losses of the preset few-pictures-colour, in turn, each in a process of its own, on full-size frames with 300 cells,
and prints one JSON object: frames a second of each, how often faster than the reference the product was, and how much
of its speed those losses leave. What the loop does beside the step (flips, targets, the schedule, reading the loss)
counts against it; the median of the repeats counts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from comparison import frames_per_s, rounded, verdict

if TYPE_CHECKING:
    from yogo.datasets.batch import Batch
    from yogo.distributed.world import World

REFERENCE = Path(__file__).parent / "reference.py"
CELLS = 300
TARGETS = {"fp32": 1.6, "auto": 3.0, "ranked": 0.95}
RANKED: Mapping[str, Any] = {
    "size_weight": 2.0,
    "objectness_loss": "bce",
    "objectness_target": "iou",
    "ignore_overlap": 0.5,
}
STEPS = 5


class OneBatch:
    """An endless epoch's worth of the same bytes: what is measured is the step, not where frames come from."""

    def __init__(self, batch: Batch, num_batches: int) -> None:
        self.batch = batch
        self.num_batches = num_batches

    @property
    def global_batch_sizes(self) -> Sequence[int]:
        return [len(self.batch.images)] * self.num_batches

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None:
        return

    def __iter__(self) -> Iterator[Batch]:
        return iter([self.batch] * self.num_batches)


def _full_batch(batch_size: int, image_hw: tuple[int, int]) -> Batch:
    """Noise of this size, with `CELLS` boxes an image."""
    import torch

    from yogo.datasets.batch import Batch

    num_boxes = batch_size * CELLS
    kinds, centres = torch.randint(7, (num_boxes, 1)), torch.rand(num_boxes, 2) * 0.9 + 0.05
    return Batch(
        images=torch.randint(256, (batch_size, 1, *image_hw), dtype=torch.uint8),
        boxes=torch.cat((kinds, centres - 0.02, centres + 0.02), 1),
        image_index=torch.arange(batch_size).repeat_interleave(CELLS),
        indices=torch.arange(batch_size),
        draws=torch.arange(batch_size),
    )


def measure(precision: str, threads: int, batch_size: int, *, world: World | None = None, **knobs: Any) -> float:
    """Frames a second of the product's training loop in this process, alone or as one of a `world`: the median of some
    steps, after one that does not count. Frames are full-size where the `knobs` of the recipe do not say otherwise.
    """
    import torch

    from yogo.datasets.augment import RandomFlips
    from yogo.device.precision import choose
    from yogo.distributed.rank_info import RankInfo
    from yogo.distributed.world import World
    from yogo.model import YOGO
    from yogo.recipe import Recipe
    from yogo.signals import StopRequests
    from yogo.training.checkpoints.checkpointer import Checkpointer
    from yogo.training.loop.trainer import Sets, Trainer
    from yogo.training.progress import Progressed

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    device = torch.device("cpu")
    recipe = Recipe(batch_size=batch_size, epochs=1, normalize_images=True, **knobs)
    batch = _full_batch(batch_size, recipe.image_hw)
    trainer = Trainer(
        recipe,
        YOGO(recipe.image_hw, recipe.anchor_width, recipe.anchor_height, 7, normalize_images=True),
        Sets(OneBatch(batch, STEPS + 1), augmentation=RandomFlips(batch_size, seed=0)),
        world or World(RankInfo(), device),
        precision=choose(precision, device),
        checkpointer=Checkpointer(),
        inbox=StopRequests(),
    )
    ends = [time.perf_counter() for event in trainer.fit() if isinstance(event, Progressed)]
    return median(batch_size / (end - began) for began, end in itertools.pairwise(ends))


def compare(threads: int, batch_size: int, repeats: int) -> dict[str, float]:
    """Frames a second of each way."""
    sizes = ("--threads", str(threads), "--batch", str(batch_size))
    ways = {
        "reference": (str(REFERENCE), "step", *sizes),
        "fp32": (__file__, "--measure", "fp32", *sizes),
        "auto": (__file__, "--measure", "auto", *sizes),
        "ranked": (__file__, "--measure", "auto", "--ranked", *sizes),
    }
    return frames_per_s(ways, repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--measure", metavar="PRECISION", help=argparse.SUPPRESS)
    parser.add_argument("--ranked", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        from yogo.device.memory import keep_freed_memory

        keep_freed_memory()  # as `yogo train` does on the CPU
        rate = measure(args.measure, args.threads, args.batch, **(RANKED if args.ranked else {}))
        print(json.dumps({"frames_per_s": rate}))
        return
    rates = compare(args.threads, args.batch, args.repeats)
    ratios = {name: rates[name] / rates["auto" if name == "ranked" else "reference"] for name in TARGETS}
    verdict("step", ratios, at_least=TARGETS, frames_per_s=rounded(rates))


if __name__ == "__main__":
    main()
