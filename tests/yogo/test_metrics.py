"""Metrics against their definitions, and against pycocotools, on boxes made by hand and at random."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yogo.metrics.boxes import Floats, GroundTruth, PredictedBoxes
from yogo.metrics.confidence import calibration, roc
from yogo.metrics.confusion import confusion_matrix, rates
from yogo.metrics.counts import count_errors
from yogo.metrics.matching import match, overlaps_of
from yogo.metrics.precision import average_precision
from yogo.metrics.report import matrix
from yogo.run.metrics import Metrics, Thresholds

NAMES = ("red", "white", "platelet")


def truth_of(*rows: tuple[int, int, float, float]) -> GroundTruth:
    """Boxes a tenth wide: image, class, x and y of the centre."""
    image, label, x, y = (np.array(column) for column in zip(*rows, strict=True))
    centre = np.stack([x, y], 1)
    return GroundTruth(image, np.concatenate([centre - 0.05, centre + 0.05], 1).astype(np.float32), label)


def found_of(*rows: tuple[int, int, float, float, float], confidence: float = 0.9) -> PredictedBoxes:
    """The same with an objectness; the class has `confidence`, the others share the rest."""
    boxes = truth_of(*(row[:4] for row in rows))
    probabilities = np.full((len(rows), len(NAMES)), (1 - confidence) / 2, np.float32)
    probabilities[np.arange(len(rows)), boxes.label] = confidence
    return PredictedBoxes(boxes.image, boxes.box, np.array([row[4] for row in rows], np.float32), probabilities)


def random_boxes(seed: int, num_images: int = 20, cells: int = 150) -> tuple[PredictedBoxes, GroundTruth]:
    """Cells, and what a middling detector makes of them: boxes beside them, others' classes, misses, false alarms."""
    draw = np.random.default_rng(seed)
    num = num_images * cells
    image, label = np.repeat(np.arange(num_images), cells), draw.integers(len(NAMES) - 1, size=num)
    centre, size = draw.uniform(0.05, 0.95, (num, 2)), draw.uniform(0.03, 0.06, (num, 2))
    box = np.concatenate([centre - size / 2, centre + size / 2], 1)
    wrong = draw.random(num) < 0.1
    guess = np.where(wrong, draw.integers(len(NAMES), size=num), label)
    probabilities = draw.dirichlet(np.ones(len(NAMES)), num) * 0.4
    probabilities[np.arange(num), guess] += 0.6
    moved = (box + draw.normal(0, 0.004, box.shape)).astype(np.float32)
    is_found = draw.random(num) < 0.9
    seen = PredictedBoxes(image, moved, draw.random(num).astype(np.float32), probabilities.astype(np.float32))
    found = PredictedBoxes(*(getattr(seen, name)[is_found] for name in ("image", "box", "objectness", "probabilities")))
    return found, GroundTruth(image, box.astype(np.float32), label)


def pycocotools_precision(found: PredictedBoxes, truth: GroundTruth, num_images: int) -> npt.NDArray[np.float64]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def sized(box: Floats) -> list[list[float]]:
        sizes: list[list[float]] = np.concatenate([box[:, :2], box[:, 2:] - box[:, :2]], 1).astype(float).tolist()
        return sizes

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in range(num_images)],
            "categories": [{"id": kind, "name": name} for kind, name in enumerate(NAMES)],
            "annotations": [
                {"id": i + 1, "image_id": int(image), "category_id": int(kind), "bbox": b, "area": 1, "iscrowd": 0}
                for i, (image, kind, b) in enumerate(zip(truth.image, truth.label, sized(truth.box), strict=True))
            ],
        }
        coco.createIndex()
        rows = zip(found.image, found.label, sized(found.box), found.score, strict=True)
        results = [{"image_id": int(i), "category_id": int(k), "bbox": b, "score": float(s)} for i, k, b, s in rows]
        run = COCOeval(coco, coco.loadRes(results), "bbox")
        run.params.maxDets = [1, 100, 1000]
        run.evaluate()
        run.accumulate()
    precision: npt.NDArray[np.float64] = run.eval["precision"][..., 0, -1]
    return np.where(precision < 0, np.nan, precision)


def test_average_precision_is_that_of_pycocotools_class_by_class() -> None:
    found, truth = random_boxes(0)
    ours = average_precision(found, truth, 20, len(NAMES))
    theirs = pycocotools_precision(found, truth, 20)
    np.testing.assert_allclose(ours.curves, theirs, atol=1e-4)
    assert 0.1 < ours.mean < ours.at_half.mean < 0.95
    assert ours.mean == pytest.approx(np.nanmean(theirs), abs=1e-4)
    assert np.isnan(ours.at_half.per_class[2])  # nobody labelled one


def test_a_perfect_detector_on_three_hundred_cells_is_perfect() -> None:
    _, truth = random_boxes(1, num_images=2, cells=300)
    found = PredictedBoxes(truth.image, truth.box, np.ones(600, np.float32), np.eye(3, dtype=np.float32)[truth.label])
    assert average_precision(found, truth, 2, 3).mean == pytest.approx(1.0)


def test_two_hits_and_fifty_false_alarms_are_no_perfect_score() -> None:
    """The published mAP saw matched boxes only, so it called this 1.0."""
    truth = truth_of((0, 0, 0.2, 0.2), (0, 0, 0.8, 0.8))
    alarms = [(0, 0, 0.1 + 0.015 * n, 0.5, 0.95) for n in range(50)]
    found = found_of((0, 0, 0.2, 0.2, 0.9), (0, 0, 0.8, 0.8, 0.9), *alarms)
    assert average_precision(found, truth, 1, 3).mean < 0.1
    found_rates = rates(confusion_matrix(found, truth, match(found, truth), 3))
    assert found_rates.precision[0] == pytest.approx(2 / 52)
    assert found_rates.recall[0] == 1


def test_a_missed_cell_costs_recall_and_average_precision() -> None:
    truth = truth_of((0, 0, 0.2, 0.2), (0, 0, 0.8, 0.8))
    found = found_of((0, 0, 0.2, 0.2, 0.9))
    assert average_precision(found, truth, 1, 3).mean == pytest.approx(0.5, abs=0.01)
    assert rates(confusion_matrix(found, truth, match(found, truth), 3)).recall[0] == 0.5


@pytest.mark.parametrize(("x", "y"), [(0.4, 0.4), (0.2, 0.4), (0.24, 0.2)])
def test_a_box_elsewhere_is_a_false_alarm_and_a_miss_however_alone_it_is(x: float, y: float) -> None:
    """Published yogo matched it with whatever box was nearest."""
    truth, found = truth_of((0, 0, 0.2, 0.2)), found_of((0, 0, x, y, 0.9))
    matrix = confusion_matrix(found, truth, match(found, truth), 3)
    assert matrix.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]


def test_one_match_in_all_pictures_makes_a_confusion_matrix() -> None:
    """Published yogo crashed on it."""
    truth, found = truth_of((0, 0, 0.2, 0.2)), found_of((0, 1, 0.2, 0.21, 0.9))
    matrix = confusion_matrix(found, truth, match(found, truth), 3)
    assert matrix[0, 1] == 1
    assert matrix.sum() == 1


def test_of_two_boxes_on_a_cell_the_better_scored_is_the_hit() -> None:
    truth = truth_of((0, 0, 0.2, 0.2))
    found = found_of((0, 0, 0.2, 0.2, 0.6), (0, 1, 0.21, 0.2, 0.9))
    assert match(found, truth).tolist() == [-1, 0]


def test_boxes_match_within_their_picture_only() -> None:
    assert match(found_of((1, 0, 0.2, 0.2, 0.9)), truth_of((0, 0, 0.2, 0.2))).tolist() == [-1]


def one_after_the_other(found: PredictedBoxes, truth: GroundTruth, gate: float) -> list[int]:
    """COCO's matching as it is described."""
    overlap = np.stack([overlaps_of(found.box, np.broadcast_to(box, found.box.shape)) for box in truth.box], 1)
    overlap *= found.image[:, None] == truth.image[None]
    matched = [-1] * len(found.image)
    for prediction in np.argsort(-found.score, kind="stable"):
        free = [box for box in range(len(truth.image)) if box not in matched and overlap[prediction, box] >= gate]
        if free:
            matched[prediction] = max(free, key=lambda box: (overlap[prediction, box], box))
    return matched


@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([0.1, 0.3, 0.5, 0.8]))
@settings(max_examples=60, deadline=None)
def test_all_pictures_at_once_match_as_one_box_after_the_other_does(seed: int, num: int, gate: float) -> None:
    draw = np.random.default_rng(seed)

    def boxes(count: int) -> tuple[npt.NDArray[np.int64], Floats]:
        centre = draw.integers(0, 6, (count, 2)) / 20 + 0.2  # on a raster, so that boxes tie
        return draw.integers(2, size=count), np.concatenate([centre - 0.08, centre + 0.08], 1).astype(np.float32)

    truth = GroundTruth(*boxes(num), draw.integers(3, size=num))
    scores = (draw.integers(1, 5, num) / 5).astype(np.float32)
    found = PredictedBoxes(*boxes(num), scores, np.eye(3, dtype=np.float32)[draw.integers(3, size=num)])
    assert match(found, truth, gate).tolist() == one_after_the_other(found, truth, gate)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_every_box_and_every_cell_is_counted_once(seed: int) -> None:
    found, truth = random_boxes(seed, num_images=3, cells=30)
    matrix = confusion_matrix(found, truth, match(found, truth), len(NAMES))
    assert matrix[:-1].sum(1).tolist() == np.bincount(truth.label, minlength=3).tolist()
    assert matrix[:, :-1].sum(0).tolist() == np.bincount(found.label, minlength=3).tolist()
    assert matrix[-1, -1] == 0


def test_the_area_under_a_roc_is_the_share_of_pairs_in_order() -> None:
    probability = np.array([0.9, 0.8, 0.7, 0.7, 0.1], np.float32)
    is_positive = np.array([True, False, True, False, False])
    # Of six pairs four are in order, and one is a tie.
    found = roc(probability, is_positive)
    assert found.auc == pytest.approx((3 + 1 + 0.5) / 6)
    assert (found.true_positive_rate[0], found.true_positive_rate[-1]) == (0, 1)
    assert np.all(np.diff(found.false_positive_rate) >= 0)
    assert np.isnan(roc(probability, np.zeros(5, bool)).auc)


def test_calibration_compares_what_is_said_with_what_is_so() -> None:
    probability = np.array([0.95] * 10 + [0.55] * 10, np.float32)
    is_right = np.array([True] * 9 + [False] + [True] * 1 + [False] * 9)
    found = calibration(probability, is_right)
    assert (found.count[9], found.count[5], found.count.sum()) == (10, 10, 20)
    assert found.error == pytest.approx((10 * 0.05 + 10 * 0.45) / 20, abs=1e-6)
    assert calibration(np.ones(4, np.float32), np.ones(4, bool)).error == 0


def test_a_count_is_wrong_by_frame_and_class_also_where_nothing_was_found() -> None:
    truth = truth_of((0, 0, 0.2, 0.2), (0, 0, 0.4, 0.2), (1, 1, 0.2, 0.2))
    found = found_of((0, 0, 0.2, 0.2, 0.9), (2, 1, 0.2, 0.2, 0.9), (2, 1, 0.6, 0.2, 0.9))
    errors = count_errors(found, truth, 3, 3)
    assert errors.error.tolist() == pytest.approx([1 / 3, 1, 0])
    assert errors.bias.tolist() == pytest.approx([-1 / 3, 1 / 3, 0])


def test_a_set_on_which_nothing_was_found_scores_zero() -> None:
    truth = truth_of((0, 0, 0.2, 0.2))
    none = PredictedBoxes(
        np.empty(0, int), np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 3), np.float32)
    )
    assert average_precision(none, truth, 1, 3).mean == 0
    assert match(none, truth).tolist() == []
    assert confusion_matrix(none, truth, match(none, truth), 3)[0].tolist() == [0, 0, 0, 1]


def test_a_matrix_in_a_log_is_no_wider_than_a_terminal() -> None:
    classes = ("healthy", "ring", "trophozoite", "schizont", "gametocyte", "wbc", "misc")
    few, many = (made_metrics(classes[:2]), made_metrics(classes))
    assert next(matrix(few)).split() == ["is", "↓", "found", "→", "healthy", "ring", "background"]
    head, *rows = matrix(many)
    assert head.split() == ["is", "↓", "found", "→", *map(str, range(1, 9))]
    assert rows[2].split() == ["3", "trophozoite", "█1,234", *["0"] * 7]
    assert max(map(len, (head, *rows))) <= 80


def made_metrics(classes: tuple[str, ...]) -> Metrics:
    num = len(classes) + 1
    return Metrics(
        classes=classes,
        num_images=1,
        num_objects=1,
        num_boxes=1,
        thresholds=Thresholds(objectness=0.5, suppression_iou=0.5, match_iou=0.5, ranked_objectness=0.05, most_boxes=9),
        figures={},
        confusion=((1_234, *[0] * (num - 1)),) * num,
        names=(*classes, "background"),
        curves={},
    )
