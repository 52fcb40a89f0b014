"""Average precision and confusion of whole sets, against pycocotools' average precision alone, in one run.

    python benchmarks/metrics.py [--frames 1000] [--cells 300] [--theirs 50]

Makes labelled cells and a middling detector's boxes at random, measures everything that a test does on all
frames, and pycocotools' mAP on the first `--theirs` of them: its time is that of each frame and class in turn,
so it is multiplied by the ratio of the frames (give `--theirs 1000` to measure all: some minutes). Both
are given arrays, and both the same cap of 1,000 boxes. Prints one JSON object: seconds of each, the ratio
(at most 0.1 is aimed at), and how far the two mAPs of the same frames are apart.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from comparison import rounded, verdict

if TYPE_CHECKING:
    from yogo.metrics.boxes import EvaluationData

TARGETS = {"everything": 0.1}
CLASSES = ("healthy", "ring", "trophozoite", "schizont", "gametocyte", "wbc", "misc")


def make(num_frames: int, cells: int) -> EvaluationData:
    """One box in twenty is missed, one in ten gets a class at random, and all are a little beside the cell."""
    import numpy as np

    from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes

    draw = np.random.default_rng(0)
    num = num_frames * cells
    image, label = np.repeat(np.arange(num_frames), cells), draw.integers(len(CLASSES), size=num)
    centre, size = draw.uniform(0.05, 0.95, (num, 2)), draw.uniform(0.03, 0.05, (num, 2))
    box = np.concatenate([centre - size / 2, centre + size / 2], 1).astype(np.float32)
    guess = np.where(draw.random(num) < 0.1, draw.integers(len(CLASSES), size=num), label)
    probabilities = (0.4 * draw.dirichlet(np.ones(len(CLASSES)), num)).astype(np.float32)
    probabilities[np.arange(num), guess] += 0.6
    moved = box + draw.normal(0, 0.003, box.shape).astype(np.float32)
    objectness = draw.random(num).astype(np.float32)

    def above(least: float) -> PredictedBoxes:
        kept = (objectness > least) & (draw.random(num) < 0.95)
        return PredictedBoxes(image[kept], moved[kept], objectness[kept], probabilities[kept])

    return EvaluationData(num_frames, GroundTruth(image, box, label), above(0.05), above(0.5))


def first(evidence: EvaluationData, num_frames: int) -> EvaluationData:
    from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes

    truth, ranked = evidence.truth, evidence.ranked
    ours, theirs = truth.image < num_frames, ranked.image < num_frames
    found = PredictedBoxes(
        ranked.image[theirs], ranked.box[theirs], ranked.objectness[theirs], ranked.probabilities[theirs]
    )
    return EvaluationData(num_frames, GroundTruth(truth.image[ours], truth.box[ours], truth.label[ours]), found, found)


def pycocotools_map(evidence: EvaluationData) -> float:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, found = evidence.truth, evidence.ranked
    images = [{"id": image} for image in range(evidence.num_images)]
    kinds = [{"id": kind, "name": name} for kind, name in enumerate(CLASSES)]
    labelled = [
        {"id": i, "image_id": image, "category_id": kind, "bbox": sized(box), "area": 1.0, "iscrowd": 0}
        for i, (image, kind, box) in enumerate(zip(*columns(truth.image, truth.label, truth.box), strict=True), 1)
    ]
    rows = zip(*columns(found.image, found.label, found.box, found.score), strict=True)
    results = [
        {"image_id": image, "category_id": kind, "bbox": sized(box), "score": score} for image, kind, box, score in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {"images": images, "categories": kinds, "annotations": labelled}
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(results), "bbox")
        run.params.maxDets = [1, 100, 1000]
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][..., 0, -1]
    return float(precision[precision > -1].mean())


def columns(*arrays: Any) -> list[list[Any]]:
    return [array.tolist() for array in arrays]


def sized(box: Sequence[float]) -> list[float]:
    x0, y0, x1, y1 = box
    return [x0, y0, x1 - x0, y1 - y0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--theirs", type=int, default=50)
    args = parser.parse_args()
    from yogo.metrics.measure import measure, summary

    evidence = make(args.frames, args.cells)
    some = first(evidence, min(args.theirs, args.frames))
    apart = abs(pycocotools_map(some) - (measure(some, CLASSES).figures["mAP"] or 0.0))  # imports are not counted
    seconds = {}
    ways: dict[str, Callable[[], object]] = {
        "everything": lambda: measure(evidence, CLASSES),
        "an epoch's": lambda: summary(evidence, CLASSES),
        "pycocotools": lambda: pycocotools_map(some),
    }
    for name, work in ways.items():
        began = time.perf_counter()
        work()
        seconds[name] = time.perf_counter() - began
    seconds["pycocotools"] *= evidence.num_images / some.num_images
    ratio = {name: seconds[name] / seconds["pycocotools"] for name in ("everything", "an epoch's")}
    verdict("metrics", ratio, at_most=TARGETS, seconds=rounded(seconds), mAP_apart=round(apart, 6))


if __name__ == "__main__":
    main()
