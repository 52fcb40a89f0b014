"""Frames a second on a GPU, in training and inference: python benchmarks/gpu.py [--batch 64] [--seconds 10]

base_model at 772x1032, frames from the decoded cache, by the product's own loop and predictor, in float32 (exact, and
with TF32) and bf16, each eager and compiled. The product compiles nothing: what torch.compile would add is measured
by putting it around the product's network. Each rate comes with the share of the time that was spent waiting for
frames, and the whole with the roof that was estimated for the card (frames a second of training in bf16).

The target is for an H100: 2,500 frames/s of training, waiting less than 2 %. Without a GPU there is nothing to
measure: it says so, and that is no failure.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comparison import verdict

if TYPE_CHECKING:
    import torch

    from yogo.datasets.batch import Batch
    from yogo.datasets.cache import DecodedCache
    from yogo.datasets.loader import BatchLoader
    from yogo.datasets.packed import PackedLabels
    from yogo.definition import Sample
    from yogo.recipe import Recipe

ROOFS = {"A100": (1_000, 1_600), "H100": (2_500, 3_000)}
"""Frames/s of training, estimated from the card's arithmetic and memory: least and most."""

TARGETS = {"H100": 2_500}
MOST_WAIT = 0.02
PRECISIONS = ("bf16", "tf32", "fp32")
"""float32 comes last: cuDNN takes a minute to try its kernels without TF32."""

WAYS = tuple(
    (what, precision, mode)
    for precision, what, mode in itertools.product(PRECISIONS, ("train", "infer"), ("eager", "compiled"))
)
WARM_UP_BATCHES = 8
"""In which kernels are compiled and chosen."""

BATCHES_AN_EPOCH = 200
CELLS = 300


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured on."""

    root: Path
    recipe: Recipe
    device: torch.device
    seconds: float
    """To measure each way for."""

    backend: str
    """Of torch.compile."""

    samples: list[Sample]
    labels: PackedLabels
    cache: DecodedCache

    @classmethod
    def make(
        cls, root: Path, recipe: Recipe, device: torch.device, *, pictures: int, seconds: float, backend: str
    ) -> Setting:
        """Few images, and an epoch that has them many times: as long as a real one's, from a cache soon built."""
        from yogo.datasets.cache import open_cache
        from yogo.datasets.packed import pack_labels
        from yogo.definition import DatasetDefinition, SplitFractions, split
        from yogo.synth.dataset import make_dataset
        from yogo.synth.plan import SynthPlan

        make_dataset(root / "data", SynthPlan(pictures=pictures, image_hw=recipe.image_hw, cells=CELLS))
        definition = DatasetDefinition.from_yaml(root / "data" / "dataset_defs" / "pre-training" / "synthetic.yml")
        some = split(definition, override=SplitFractions(1.0)).train
        cache = open_cache(some, image_hw=recipe.image_hw, rgb=False, folder=root / "cache", notice=print)
        assert cache is not None, "without a cache this would measure the decoding"
        samples = list(itertools.islice(itertools.cycle(some), BATCHES_AN_EPOCH * recipe.batch_size))
        return cls(root, recipe, device, seconds, backend, samples, pack_labels(samples, definition.classes), cache)

    def batches(self, *, shuffle: bool) -> BatchLoader:
        from yogo.datasets.loader import LoaderOptions, loader

        options = LoaderOptions(
            image_hw=self.recipe.image_hw,
            rgb=False,
            batch_size=self.recipe.batch_size,
            pin_memory=self.device.type == "cuda",
            cache=self.cache,
        )
        return loader(self.samples, self.labels, options, shuffle=shuffle)


@dataclass(frozen=True, slots=True)
class Rate:
    frames_per_s: float
    data_wait: float
    """Share of the time, from 0 to 1."""


def measure(way: tuple[str, str, str], setting: Setting) -> Rate:
    import torch

    what, precision, mode = way
    torch.manual_seed(0)
    steps = (train if what == "train" else infer)(setting, precision, compiled=mode == "compiled")
    for _ in itertools.islice(steps, WARM_UP_BATCHES):
        pass
    began, frames, waited = _now(setting.device), 0, 0.0
    for num_frames, seconds in steps:
        frames, waited = frames + num_frames, waited + seconds
        if time.perf_counter() - began > setting.seconds:
            break
    took = _now(setting.device) - began
    steps.close()
    torch._dynamo.reset()
    return Rate(frames / took, waited / took)


Steps = Generator[tuple[int, float], None, None]
"""Frames of each batch that was done, and the seconds that were spent waiting for it."""


def _now(device: torch.device) -> float:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _round(precision: str) -> None:
    """Let convolutions round float32 to 19 bits, or not; after the product has said that they may not."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


class Waiting:
    """Batches that are handed on, and for how long the device waited for each."""

    def __init__(self, batches: BatchLoader, device: torch.device) -> None:
        self.batches = batches
        self.device = device
        self.global_batch_sizes = batches.global_batch_sizes
        self.seconds = 0.0

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None:
        self.batches.set_epoch(epoch, start_batch)

    def __iter__(self) -> Iterator[Batch]:
        from yogo.training.loop.feed import Feed

        feed = Feed(iter(self.batches), self.device)
        for _ in self.global_batch_sizes:
            batch = feed.next()
            self.seconds = feed.take_waited()
            yield batch


def train(setting: Setting, precision: str, *, compiled: bool) -> Steps:
    """The training loop, a step at a time."""
    import torch

    from yogo.datasets.augment import RandomFlips
    from yogo.device.precision import choose
    from yogo.distributed.rank_info import RankInfo
    from yogo.distributed.world import World
    from yogo.model import YOGO
    from yogo.signals import StopRequests
    from yogo.training.checkpoints.checkpointer import Checkpointer
    from yogo.training.loop.trainer import Sets, Trainer
    from yogo.training.progress import Progressed

    recipe, device = setting.recipe, setting.device
    model = YOGO(recipe.image_hw, recipe.anchor_width, recipe.anchor_height, 7, normalize_images=True).to(device)
    with closing(setting.batches(shuffle=True)) as batches:
        waiting = Waiting(batches, device)
        trainer = Trainer(
            recipe,
            model,
            Sets(waiting, augmentation=RandomFlips(batches.labels.num_samples, seed=0)),
            World(RankInfo(), device),
            precision=choose("fp32" if precision == "tf32" else precision, device),
            checkpointer=Checkpointer(),
            inbox=StopRequests(),
        )
        _round(precision)
        if compiled:
            compiled_network = torch.compile(trainer.stepper.network, backend=setting.backend)
            trainer.stepper.network = compiled_network  # type: ignore[assignment]
        for event in trainer.fit():
            if isinstance(event, Progressed):
                yield recipe.batch_size, waiting.seconds


def infer(setting: Setting, precision: str, *, compiled: bool) -> Steps:
    """From frames to boxes on the CPU, a batch at a time."""
    import torch

    from yogo.checkpoint import save_checkpoint
    from yogo.infer.predictor import Predictor
    from yogo.infer.rows import boxes_of_batch
    from yogo.model import YOGO

    recipe = setting.recipe
    model = YOGO(recipe.image_hw, recipe.anchor_width, recipe.anchor_height, 7, normalize_images=True)
    save_checkpoint(setting.root / "best.pth", model, epoch=0, step=0, classes=list("abcdefg"), run_name="bench")
    predictor = Predictor(setting.root / "best.pth", device=setting.device, half=precision == "bf16")
    _round(precision)
    # New weights see an object in half of the cells; a trained network, in as many as there are.
    first = torch.from_numpy(setting.cache.frames[:1].copy())
    objectness = predictor(first)[:, 4].flatten()
    least = float(objectness.sort(descending=True).values[: CELLS + 1].amin())
    # Compiled after that: a first call of another batch size would make kernels for any size.
    predictor.model = torch.compile(predictor.model, backend=setting.backend) if compiled else predictor.model
    with closing(setting.batches(shuffle=False)) as batches:
        waiting = Waiting(batches, setting.device)
        for batch in itertools.chain.from_iterable(itertools.repeat(waiting)):
            boxes_of_batch(
                predictor(batch.images), obj_thresh=least, iou_thresh=0.5, min_class_confidence_threshold=0.0
            )
            yield len(batch.images), waiting.seconds


def tell(card: str, rates: dict[str, Rate]) -> None:
    kind = next((name for name in ROOFS if name in card), "")
    best = max((rate for name, rate in rates.items() if name.startswith("train")), key=lambda rate: rate.frames_per_s)
    roof = ROOFS.get(kind)
    more: dict[str, Any] = {
        "card": card,
        "rates": {name: [round(rate.frames_per_s, 1), round(rate.data_wait, 4)] for name, rate in rates.items()},
        "roof": roof,
    }
    if kind in TARGETS:
        ratio = {"training": best.frames_per_s / TARGETS[kind], "data wait": best.data_wait}
        verdict("gpu", ratio, at_least={"training": 1.0}, at_most={"data wait": MOST_WAIT}, **more)
    else:
        ratio = {"data wait": best.data_wait} | ({"of the roof": best.frames_per_s / roof[0]} if roof else {})
        verdict("gpu", ratio, at_most={"data wait": MOST_WAIT}, **more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--pictures", type=int, default=256, help="in the cache; used again and again")
    parser.add_argument("--seconds", type=float, default=10.0, help="to measure each way for")
    parser.add_argument("--eager", action="store_true", help="leave out what torch.compile would add: it takes minutes")
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="(default: all)")
    parser.add_argument("--tiny-on-cpu", action="store_true", help=argparse.SUPPRESS)  # so that tests can run it
    args = parser.parse_args()
    import torch

    if not torch.cuda.is_available() and not args.tiny_on_cpu:
        print("There is no GPU here, and no frames/s to measure on one: run this again where there is one.")
        return
    from yogo.recipe import Recipe

    image_hw, device = ((96, 128), torch.device("cpu")) if args.tiny_on_cpu else ((772, 1032), torch.device("cuda"))
    card = "CPU" if args.tiny_on_cpu else torch.cuda.get_device_name(device)
    backend = "eager" if args.tiny_on_cpu else "inductor"  # which takes a minute on a CPU
    with tempfile.TemporaryDirectory(prefix="yogo-gpu-") as folder:
        recipe = Recipe(batch_size=args.batch, epochs=10_000, normalize_images=True, image_hw=image_hw)
        setting = Setting.make(
            Path(folder), recipe, device, pictures=args.pictures, seconds=args.seconds, backend=backend
        )
        rates = {}
        for way in WAYS:
            if way[1] not in args.precision or (args.eager and way[2] != "eager"):
                continue
            print(f"measuring {' '.join(way)} …", flush=True)
            rates[" ".join(way)] = rate = measure(way, setting)
            print(json.dumps({"way": way, "frames_per_s": rate.frames_per_s, "data_wait": rate.data_wait}), flush=True)
    tell(card, rates)


if __name__ == "__main__":
    main()
