"""The deep check's look at images, and its search for near-duplicates: python benchmarks/near_duplicates.py

Told as ratios, on one core: the look at an image (its signature and measures) to decoding it; and the comparison of all
signatures with all to looking at as many images. `a minute` is the share of a minute that 10,000 images take beyond
decoding. `matching_mib` is the memory that the comparison takes beside the signatures and its result.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import tracemalloc
from pathlib import Path

from comparison import rounded, verdict

NUM_IMAGES = 10_000
MOST = {"look to decode": 1.0, "match to look": 0.5, "a minute": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=NUM_IMAGES, help="signatures that are compared")
    parser.add_argument("--frames", type=int, default=40, help="frames of 772x1032 that are decoded and looked at")
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")  # before numpy is imported
    decode, look = _each(args.frames)
    match, peak = _match(args.images)
    ratios = {
        "look to decode": look / decode,
        "match to look": match / (look * args.images),
        "a minute": (look * args.images + match) / 60 * NUM_IMAGES / args.images,
    }
    seconds = rounded({"decode each": decode, "look each": look, "match all": match}, 5)
    per_second = {"look": round(1 / look), "match": round(args.images / match)}
    verdict(
        "near_duplicates",
        ratios,
        at_most=MOST,
        seconds=seconds,
        per_second=per_second,
        matching_mib=round(peak / 2**20),
    )


def _each(num: int) -> tuple[float, float]:
    """Seconds to decode a frame, and to look at it."""
    import numpy as np

    from yogo.health.signature import looked_at
    from yogo.images.pixels import read_pixels
    from yogo.synth.cells import KINDS
    from yogo.synth.dataset import DIM
    from yogo.synth.frame import make_frame, shares_of
    from yogo.synth.png import png

    decode = look = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.png"
        for seed in range(num):
            made = make_frame(np.random.default_rng(seed), (772, 1032), DIM, 40, shares_of(KINDS))
            path.write_bytes(png(made.pixels))
            began = time.process_time()
            pixels = read_pixels(path, rgb=False, image_hw=None)[0]
            decoded = time.process_time()
            looked_at(pixels)
            decode += decoded - began
            look += time.process_time() - decoded
    return decode / num, look / num


def _match(num: int) -> tuple[float, int]:
    """Seconds to compare so many signatures with each other, and the most bytes that this takes."""
    import numpy as np

    from yogo.health.alike import candidates
    from yogo.health.signature import LENGTH

    random = np.random.default_rng(0)
    signatures = np.empty((num, LENGTH), np.float16)
    for row in signatures:
        values = random.standard_normal(LENGTH, np.float32)
        row[:] = values / np.linalg.norm(values)
    began = time.process_time()
    candidates(signatures)
    seconds = time.process_time() - began
    tracemalloc.start()
    candidates(signatures[: min(num, 20_000)])
    return seconds, tracemalloc.get_traced_memory()[1]


if __name__ == "__main__":
    main()
