"""Errors by kind, beside those of tidecv, the program of the paper that named the kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import tidecv

from tests.made_evaluation import CLASSES, made_evaluation
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.error_kinds import error_costs
from yogo.metrics.measure import measure
from yogo.run.error_kinds import NAMES, ErrorCosts

NUM_CLASSES = 3
THEIRS = dict(zip(NAMES, ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"), strict=True))

Label = tuple[int, int, float, float, float, float]
"""Image, class and edges, in pixels of a frame of 100."""

Found = tuple[int, int, float, float, float, float, float]
"""Image, class, score and edges."""

A: Label = (0, 0, 0, 0, 10, 10)
B: Label = (0, 1, 20, 20, 30, 30)


def evaluation(labels: Sequence[Label], found: Sequence[Found], num_images: int = 1) -> EvaluationData:
    truth = np.array(labels, float).reshape(-1, 6)
    boxes = np.array(found, float).reshape(-1, 7)
    kinds = boxes[:, 1].astype(np.int64)
    probabilities = np.eye(NUM_CLASSES, dtype=np.float32)[kinds]
    ranked = PredictedBoxes(
        boxes[:, 0].astype(np.int64),
        (boxes[:, 3:] / 100).astype(np.float32),
        boxes[:, 2].astype(np.float32),
        probabilities,
    )
    labelled = GroundTruth(
        truth[:, 0].astype(np.int64), (truth[:, 2:] / 100).astype(np.float32), truth[:, 1].astype(np.int64)
    )
    return EvaluationData(num_images, labelled, ranked, ranked.taken(ranked.objectness > 0.5))


def tide(data: EvaluationData) -> tuple[dict[str, float], dict[str, int], float]:
    """What tidecv says of the same boxes: gains of mAP50 by our names, how many errors of each kind, and mAP50."""
    labels, found = tidecv.Data("labels", max_dets=10**6), tidecv.Data("found", max_dets=10**6)
    for image in range(data.num_images):
        labels.add_image(image, str(image))  # else it leaves out the boxes on an image without a label
    truth, ranked = data.truth, data.ranked
    for image, kind, (x0, y0, x1, y1) in zip(truth.image, truth.label, truth.box.astype(float), strict=True):
        labels.add_ground_truth(int(image), int(kind), [x0, y0, x1 - x0, y1 - y0])
    rows = zip(ranked.image, ranked.label, ranked.score, ranked.box.astype(float), strict=True)
    for image, kind, score, (x0, y0, x1, y1) in rows:
        found.add_detection(int(image), int(kind), float(score), [x0, y0, x1 - x0, y1 - y0])
    program = tidecv.TIDE()
    run = program.evaluate(labels, found, name="it")
    errors = program.get_all_errors()
    gains = {name: errors["main"]["it"][theirs] / 100 for name, theirs in THEIRS.items()}
    gains["false positives"] = errors["special"]["it"]["FalsePos"] / 100
    gains["false negatives"] = errors["special"]["it"]["FalseNeg"] / 100
    counts = dict(zip(NAMES, run.count_errors().values(), strict=True))
    return gains, counts, run.ap / 100


def gains_of(costs: ErrorCosts) -> dict[str, float]:
    gains = {one.kind: one.gain for one in costs.kinds}
    return gains | {
        "false positives": costs.false_positives_gain,
        "false negatives": costs.false_negatives_gain,
    }


def known(data: EvaluationData) -> ErrorCosts:
    costs = error_costs(data, NUM_CLASSES)
    assert costs is not None
    return costs


def crowded(seed: int) -> EvaluationData:
    """Few images of cells that touch, with errors of every kind."""
    draw = np.random.default_rng(seed)
    labels: list[Label] = []
    found: list[Found] = []
    for image in range(4):
        for _ in range(draw.poisson(6)):
            kind, corner, size = int(draw.integers(NUM_CLASSES)), draw.uniform(0, 40, 2), draw.uniform(5, 15, 2)
            box = np.concatenate([corner, corner + size])
            labels.append((image, kind, *box))
            for _ in range(draw.integers(0, 4)):
                moved = box + draw.normal(0, draw.choice([0.5, 2, 5]), 4)
                moved[2:] = np.maximum(moved[2:], moved[:2] + 0.5)
                seen = kind if draw.random() < 0.7 else int(draw.integers(NUM_CLASSES))
                found.append((image, seen, draw.random(), *moved))
        for _ in range(draw.poisson(4)):
            corner = draw.uniform(0, 40, 2)
            found.append((image, int(draw.integers(NUM_CLASSES)), draw.random(), *corner, *(corner + 9)))
    return evaluation(labels, found, 4)


@pytest.mark.parametrize("seed", range(40))
def test_they_are_those_of_tidecv(seed: int) -> None:
    data = crowded(seed)
    costs, (gains, counts, score) = known(data), tide(data)
    assert gains_of(costs) == pytest.approx(gains, abs=1e-6)
    assert {one.kind: one.num_ranked for one in costs.kinds} == counts
    # COCO's hundredths differ from tidecv's by the last bit of a double, which moves a class by a hundredth at most.
    assert measure(data, CLASSES).figures["mAP50"] == pytest.approx(score, abs=0.0101)


def test_they_are_those_of_tidecv_for_many_images() -> None:
    data = made_evaluation(120, shift=0.02)
    assert gains_of(known(data)) == pytest.approx(tide(data)[0], abs=1e-6)
    assert {one.kind: one.num_ranked for one in known(data).kinds} == tide(data)[1]


ODD: dict[str, tuple[Sequence[Label], Sequence[Found], int]] = {
    "a class that nothing was found of": ([A, B], [(0, 0, 0.9, 0, 0, 10, 10)], 1),
    "all right": ([A, B], [(0, 0, 0.9, 0, 0, 10, 10), (0, 1, 0.8, 20, 20, 30, 30)], 1),
    "all missed, one box far off": ([A], [(0, 0, 0.9, 50, 50, 60, 60)], 1),
    "an image without labels": ([A], [(0, 0, 0.9, 0, 0, 10, 10), (1, 0, 0.95, 0, 0, 10, 10)], 2),
    "another class on a cell that was found": ([A, B], [(0, 0, 0.5, 0, 0, 10, 10), (0, 1, 0.9, 0, 0, 10, 10)], 1),
    "two loose boxes on one cell": ([A], [(0, 0, 0.5, 0, 0, 10, 4), (0, 0, 0.9, 0, 0, 10, 4.5)], 1),
    "a loose and a misnamed box on one cell": ([A, B], [(0, 0, 0.5, 0, 0, 10, 4), (0, 1, 0.9, 0, 0, 10, 10)], 1),
    "loose on its own and right on another": ([A, (0, 1, 0, 0, 10, 4)], [(0, 0, 0.9, 0, 0, 10, 4)], 1),
    "a box without an area": ([A], [(0, 0, 0.9, 5, 5, 5, 5), (0, 0, 0.8, 0, 0, 10, 10)], 1),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_sets_have_them_as_tidecv_has(case: str) -> None:
    labels, found, num_images = ODD[case]
    data = evaluation(labels, found, num_images)
    gains, counts, _ = tide(data)
    assert gains_of(known(data)) == pytest.approx(gains, abs=1e-6)
    assert {one.kind: one.num_ranked for one in known(data).kinds} == counts


def test_a_model_that_finds_nothing_misses_everything() -> None:
    costs = known(evaluation([A, B], []))
    assert {one.kind: one.num_ranked for one in costs.kinds} == dict.fromkeys(NAMES, 0) | {"missed": 2}


def test_there_are_none_where_nothing_is_labelled() -> None:
    assert error_costs(evaluation([], [(0, 0, 0.9, 0, 0, 10, 10)]), NUM_CLASSES) is None


def test_boxes_of_a_class_that_nobody_labelled_do_not_lower_the_mean_as_in_map50() -> None:
    """tidecv counts such a class as one of an average precision of 0."""
    data = evaluation([A], [(0, 0, 0.9, 0, 0, 10, 10), (0, 2, 0.8, 60, 60, 70, 70)])
    costs = known(data)
    assert measure(data, CLASSES).figures["mAP50"] == 1
    assert set(gains_of(costs).values()) == {0}
    assert {one.kind: one.num_ranked for one in costs.kinds}["background"] == 1


def test_those_above_the_threshold_are_counted_by_themselves() -> None:
    far: Found = (0, 0, 0.3, 50, 50, 60, 60)
    costs = known(evaluation([A], [(0, 0, 0.4, 0, 0, 10, 10), far, (0, 0, 0.9, 80, 80, 90, 90)]))
    numbers = {one.kind: (one.num_kept, one.num_ranked) for one in costs.kinds}
    assert (numbers["background"], numbers["missed"]) == ((1, 2), (1, 0))
