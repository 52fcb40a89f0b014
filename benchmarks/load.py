"""Loading frames with their labels, against the published way, in one run on the same files and one core.

    python benchmarks/load.py [--pictures 48] [--cells 300] [--repeats 2]

Makes synthetic 772x1032 frames, then runs `reference.py load`, the product's loader from PNG and its loader
from the decoded cache in turn, each in a process of its own without helpers beside it, and prints one JSON
object: frames a second of each, and how often faster than the reference the product was. The batch size is
the reference's; the median of the repeats counts.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from comparison import frames_per_s, rounded, verdict

REFERENCE = Path(__file__).parent / "reference.py"
BATCH_SIZE = 16
PASSES = 3
TARGETS = {"png": 2.5, "cache": 25.0}


def measure(root: Path, *, cached: bool) -> float:
    """Frames a second of the product's loader: the median of some passes, after one that does not count."""
    import torch

    from yogo.datasets.cache import open_cache
    from yogo.datasets.loader import LoaderOptions, loader
    from yogo.datasets.packed import pack_labels
    from yogo.definition import DatasetDefinition, SplitFractions, split

    torch.set_num_threads(1)
    definition = DatasetDefinition.from_yaml(root / "dataset_defs" / "pre-training" / "synthetic.yml")
    samples = split(definition, override=SplitFractions(1.0)).train
    cache = open_cache(samples, image_hw=(772, 1032), rgb=False, folder=root / "cache") if cached else None
    options = LoaderOptions(image_hw=(772, 1032), rgb=False, batch_size=BATCH_SIZE, num_workers=0, cache=cache)
    batches = loader(samples, pack_labels(samples, definition.classes), options, shuffle=True)
    rates = []
    for epoch in range(PASSES + 1):
        batches.set_epoch(epoch)
        began = time.perf_counter()
        seen = sum(len(batch.images) for batch in batches)
        rates.append(seen / (time.perf_counter() - began))
    return median(rates[1:])


def compare(root: Path, repeats: int) -> dict[str, float]:
    """Frames a second of each way, on one core."""
    pictures, labels = (str(root / what / "pre-training") for what in ("images", "labels"))
    ways = {
        "reference": (str(REFERENCE), "load", pictures, labels, "--batch", str(BATCH_SIZE)),
        "png": (__file__, "--measure", "png", str(root)),
        "cache": (__file__, "--measure", "cache", str(root)),
    }
    return frames_per_s(ways, repeats, {**os.environ, "OMP_NUM_THREADS": "1"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "ROOT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # "a core" is one, for all three
    if args.measure:
        way, root = args.measure
        print(json.dumps({"frames_per_s": measure(Path(root), cached=way == "cache")}))
        return
    from yogo.synth.dataset import make_dataset
    from yogo.synth.plan import SynthPlan

    with tempfile.TemporaryDirectory(prefix="yogo-load-") as folder:
        root = Path(folder) / "data"
        make_dataset(root, SynthPlan(pictures=args.pictures, cells=args.cells))
        rates = compare(root, args.repeats)
    ratios = {name: rates[name] / rates["reference"] for name in TARGETS}
    verdict("load", ratios, at_least=TARGETS, frames_per_s=rounded(rates, 1))


if __name__ == "__main__":
    main()
