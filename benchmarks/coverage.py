"""How often the intervals of a test hold the truth: `python benchmarks/coverage.py --images 20 87 500`.

Images are made up: cells of three classes, of which the third is rare, and some images are harder than others. The
truth is the mean of what several sets of 20,000 say, as one set alone is off by a third of a test's own spread; each
simulated test sees a few. The gains of the errors by kind are among the figures.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Mapping

import numpy as np

from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.intervals import resampled
from yogo.metrics.measure import measure
from yogo.run.metrics import Metrics

CLASSES = ("red", "white", "platelet")
TRUTH_IMAGES, TRUTH_SETS = 20_000, 6
FIRST_TRUTH = 1_000_000
"""The seeds from here on are those of the truth, of which no simulated test is one."""


def made(num_images: int, seed: int) -> EvaluationData:
    draw = np.random.default_rng(seed)
    hardness_I = draw.lognormal(0, 0.5, num_images)
    image = np.repeat(np.arange(num_images), draw.poisson(12 * draw.lognormal(0, 0.3, num_images)))
    edge = draw.uniform(0, 0.9, (len(image), 2))
    box = np.concatenate([edge, edge + draw.uniform(0.05, 0.1, (len(image), 2))], 1)
    label = draw.choice(3, len(image), p=(0.85, 0.1, 0.05))
    hardness_N = hardness_I[image]
    is_found = draw.random(len(image)) > 0.1 * hardness_N
    moved = box + draw.normal(0, 0.006, box.shape) * hardness_N[:, None]
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2])
    seen = np.where(draw.random(len(image)) < 0.95, label, 0)
    alarm = np.repeat(np.arange(num_images), draw.poisson(4 * hardness_I))
    corner = draw.uniform(0, 0.9, (len(alarm), 2))
    images = np.concatenate([image[is_found], alarm])
    boxes = np.concatenate([moved[is_found], np.concatenate([corner, corner + 0.06], 1)]).astype(np.float32)
    kinds = np.concatenate([seen[is_found], draw.choice(3, len(alarm), p=(0.7, 0.15, 0.15))])
    objectness = np.concatenate([draw.beta(6, 2, is_found.sum()), draw.beta(2, 3, len(alarm))]).astype(np.float32)
    sure = draw.uniform(0.5, 0.95, len(kinds)).astype(np.float32)[:, None]
    probabilities = np.eye(3, dtype=np.float32)[kinds] * (sure - (1 - sure) / 2) + (1 - sure) / 2
    order = np.argsort(images, kind="stable")
    ranked = PredictedBoxes(images[order], boxes[order], objectness[order], probabilities[order])
    truth = GroundTruth(image, box.astype(np.float32), label)
    return EvaluationData(num_images, truth, ranked, ranked.taken(ranked.objectness > 0.5))


def tested(num_images: int, seed: int, resamples: int) -> Metrics:
    data = made(num_images, seed)
    drawing = resampled(measure(data, CLASSES), data, [""] * num_images, most=resamples)
    while True:
        try:
            next(drawing)
        except StopIteration as done:
            metrics: Metrics = done.value
            return metrics


def truth_of(num_images: int, num_sets: int) -> dict[str, float]:
    """Each figure's mean over sets of so many images."""
    sums: dict[str, float] = collections.defaultdict(float)
    for seed in range(FIRST_TRUTH, FIRST_TRUTH + num_sets):
        metrics = measure(made(num_images, seed), CLASSES)
        assert metrics.errors
        gains = {f"gain/{one.kind}": one.gain for one in metrics.errors.kinds}
        for key, value in (metrics.figures | gains).items():
            sums[key] += (value or 0) / num_sets
    return dict(sums)


def coverage(
    num_images: int, truth: Mapping[str, float], num_tests: int, resamples: int
) -> dict[str, tuple[float, float]]:
    """Of each figure: the share of tests that have its interval, and of these the share whose interval holds it."""
    held, known = collections.Counter[str](), collections.Counter[str]()
    for seed in range(1, num_tests + 1):
        metrics = tested(num_images, seed, resamples)
        assert metrics.errors
        gains = {f"gain/{one.kind}": one.interval for one in metrics.errors.kinds if one.interval}
        for key, (low, high) in (metrics.intervals | gains).items():
            known[key] += 1
            held[key] += low <= truth[key] <= high
    return {key: (num / num_tests, held[key] / num) for key, num in known.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[20, 87, 500])
    parser.add_argument("--tests", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--truth", type=int, nargs=2, default=[TRUTH_IMAGES, TRUTH_SETS], metavar=("IMAGES", "SETS"))
    args = parser.parse_args()
    truth = truth_of(*args.truth)
    for num_images in args.images:
        found = coverage(num_images, truth, args.tests, args.resamples)
        for key, (known, held) in found.items():
            print(f"{num_images:>6} images  {key:<28} known {known:6.1%}  held {held:6.1%}", flush=True)


if __name__ == "__main__":
    main()
