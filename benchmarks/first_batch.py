"""How much sooner a dataset's first batch comes the second time: python benchmarks/first_batch.py

    [--pictures 20000] [--folders 40] [--cells 30]

Makes tiny images with labels in many folders, one definition over all of them, and starts two runs on it, each in
a process of its own: the definition is read and split, every file recorded, every label packed, every image decoded
into the cache, and the first batch taken, by the product's own code. What the first run leaves behind is all that
the second one has. Imports are not counted. Tiny images are the hard case: of large ones the decoding, which the
second run leaves out, takes longer. The page cache is warm both times.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from comparison import answer_of, rounded, verdict

HEIGHT, WIDTH = 48, 64
CLASSES = ("red", "white", "platelet")
TARGET = 10.0


def make(root: Path, num_pictures: int, num_folders: int, cells: int) -> Path:
    """The definition of images of noise, no two alike."""
    import numpy as np

    from yogo.synth.png import png

    draw = np.random.default_rng(0)
    pairs = []
    for folder in range(num_folders):
        images, labels = root / f"{folder:02}" / "images", root / f"{folder:02}" / "labels"
        images.mkdir(parents=True)
        labels.mkdir()
        pairs.append(f"  set_{folder}: {{image_path: {images}, label_path: {labels}}}\n")
        for index in range(folder, num_pictures, num_folders):
            pixels = draw.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
            (images / f"{index:05}.png").write_bytes(png(pixels))
            kinds, places = draw.integers(len(CLASSES), size=cells), draw.uniform(0.1, 0.9, (cells, 2))
            rows = (f"{kind} {x:.6f} {y:.6f} 0.060000 0.080000\n" for kind, (x, y) in zip(kinds, places, strict=True))
            (labels / f"{index:05}.txt").write_text("".join(rows))
    definition = root / "definition.yml"
    fractions = "dataset_split_fractions: {train: 0.8, val: 0.1, test: 0.1}\n"
    definition.write_text(f"class_names: [{', '.join(CLASSES)}]\n{fractions}dataset_paths:\n{''.join(pairs)}")
    return definition


def measure(definition: Path, runs: Path, name: str) -> dict[str, float]:
    """Seconds until each station of a new run's way to its first batch; from its beginning each."""
    import torch

    from yogo.device.precision import choose
    from yogo.distributed.rank_info import RankInfo
    from yogo.distributed.world import World
    from yogo.training.build import build
    from yogo.training.checkpoints.checkpointer import Checkpointer
    from yogo.training.listeners.terminal import terminal
    from yogo.training.planning.preparation import prepared
    from yogo.training.request import TrainingRequest

    given = {"image_hw": (HEIGHT, WIDTH), "model": "quarter_filters", "precision": "fp32"}
    request = TrainingRequest(definition=definition, given=given, runs=runs, name=name, wandb="disabled")
    world, precision = World(RankInfo(), torch.device("cpu")), choose("fp32", torch.device("cpu"))
    seconds = {}
    began = time.perf_counter()
    with prepared(request, 1, terminal()) as ready:
        seconds["recorded"] = time.perf_counter() - began
        trainer = build(ready.plan, request, world, precision=precision, checkpointer=Checkpointer(), seen=ready.seen)
        seconds["built"] = time.perf_counter() - began
        trainer.sets.train.set_epoch(0)
        next(iter(trainer.sets.train))
        seconds["first batch"] = time.perf_counter() - began
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--folders", type=int, default=40)
    parser.add_argument("--cells", type=int, default=30, help="on an image")
    parser.add_argument("--measure", nargs=3, metavar=("DEFINITION", "RUNS", "NAME"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        definition, runs, name = args.measure
        print(json.dumps(measure(Path(definition), Path(runs), name)))
        return
    with tempfile.TemporaryDirectory(prefix="yogo-first-batch-") as folder:
        root = Path(folder)
        definition = make(root / "data", args.pictures, args.folders, args.cells)
        # Whatever is kept from one run for the next one is kept here, and goes with the folder.
        environment = {**os.environ, "XDG_CACHE_HOME": str(root / "cache")}
        first, second = (
            answer_of((__file__, "--measure", str(definition), str(root / "runs"), name), environment)
            for name in ("first", "second")
        )
    ratio = first["first batch"] / second["first batch"]
    seconds = {"first": rounded(first), "second": rounded(second)}
    verdict("first_batch", {"sooner": ratio}, at_least={"sooner": TARGET}, pictures=args.pictures, seconds=seconds)


if __name__ == "__main__":
    main()
