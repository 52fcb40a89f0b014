"""From image files to boxes, against the published way, in one run on the same files and threads.

    python benchmarks/infer.py [--pictures 16] [--batch 8] [--threads N] [--repeats 2]

Makes synthetic 772x1032 frames and a base_model of random weights that finds about 300 objects on each, then runs
`reference.py infer` and the product's own inference in fp32 and, where the hardware has it, in 16 bits, in turn,
each in a process of its own, and prints one JSON object: frames a second of each, and how often faster than the
reference the product was. Reading, decoding and the suppression of overlaps count; the median of the repeats counts.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from comparison import frames_per_s, rounded, verdict

if TYPE_CHECKING:
    from yogo.model import YOGO

REFERENCE = Path(__file__).parent / "reference.py"
PASSES = 3
CELLS = 300
TARGETS = {"fp32": 1.5}


def measure(root: Path, threads: int, batch_size: int, *, half: bool) -> float:
    """Frames a second of the product: the median of some passes, after one that does not count."""
    import torch

    from yogo.infer.outputs import Counts
    from yogo.infer.prepare import prepare_job
    from yogo.infer.request import InferenceRequest

    torch.set_num_threads(threads)
    request = InferenceRequest(
        path_to_pth=root / "best.pth", path_to_images=root / "pictures", batch_size=batch_size, device="cpu", half=half
    )
    job = prepare_job(request, print, None)
    rates = []
    for _ in range(PASSES + 1):
        began = time.perf_counter()
        counts = Counts(job.predictor.num_classes)
        for _ in job.run([counts]):
            pass
        rates.append(counts.num_pictures / (time.perf_counter() - began))
    return median(rates[1:])


def prepare(root: Path, num_pictures: int) -> None:
    """`pictures/` and `best.pth` below `root`."""
    import torch

    from yogo.checkpoint import save_checkpoint
    from yogo.model import YOGO
    from yogo.recipe import Recipe
    from yogo.synth.dataset import make_dataset
    from yogo.synth.plan import SynthPlan

    recipe = Recipe()
    make_dataset(root / "data", SynthPlan(pictures=num_pictures, cells=CELLS))
    (root / "data" / "images" / "pre-training").rename(root / "pictures")
    torch.manual_seed(0)
    model = YOGO(recipe.image_hw, recipe.anchor_width, recipe.anchor_height, 7, normalize_images=True)
    aim(model, sorted((root / "pictures").iterdir()))
    save_checkpoint(root / "best.pth", model, epoch=0, step=0, classes=list("abcdefg"), run_name="bench")


def aim(model: YOGO, pictures: list[Path]) -> None:
    """Let it find about `CELLS` objects an image, as a trained one would; new weights see one in every cell, or none.

    Else what is measured is the suppression of twelve thousand overlapping boxes.
    """
    import torch

    from yogo.images.pixels import read_pixels

    height, width = model.img_size.tolist()
    frames = [torch.from_numpy(read_pixels(path, rgb=False, image_hw=(height, width))) for path in pictures[:4]]
    model.eval()
    with torch.no_grad():
        objectness = torch.cat([model(frame[None] / 255)[:, 4].flatten() for frame in frames])
    bias = objectness.logit().sort(descending=True).values[CELLS * len(frames)]
    list(model.parameters())[-1].data[4] -= bias
    model.train()


def compare(root: Path, threads: int, batch_size: int, repeats: int) -> dict[str, float]:
    """Frames a second of each way."""
    sizes = ("--threads", str(threads), "--batch", str(batch_size))
    ways = {
        "reference": (str(REFERENCE), "infer", str(root / "pictures"), *sizes),
        "fp32": (__file__, "--measure", str(root), *sizes),
        "half": (__file__, "--measure", str(root), "--half", *sizes),
    }
    return frames_per_s(ways, repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--measure", type=Path, metavar="ROOT", help=argparse.SUPPRESS)
    parser.add_argument("--half", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps({"frames_per_s": measure(args.measure, args.threads, args.batch, half=args.half)}))
        return
    with tempfile.TemporaryDirectory(prefix="yogo-bench-") as folder:
        root = Path(folder)
        prepare(root, args.pictures)
        rates = compare(root, args.threads, args.batch, args.repeats)
    ratios = {name: rates[name] / rates["reference"] for name in ("fp32", "half")}
    verdict("infer", ratios, at_least=TARGETS, frames_per_s=rounded(rates))


if __name__ == "__main__":
    main()
