"""Boxes that are kept can become the mean of those that they suppress; a checkpoint's recipe says whether."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.ops import box_convert, box_iou, nms

from yogo.infer.rows import boxes_of_batch
from yogo.metrics.accumulator import MetricAccumulator, evaluation_data
from yogo.metrics.measure import measure
from yogo.model.boxes import format_preds
from yogo.suppression import Suppression, suppression_of


def _cells(num_cells: int = 400) -> torch.Tensor:
    """(P, 1, cells): boxes that overlap a good deal, with three classes."""
    generator = torch.Generator().manual_seed(1)
    cells = torch.rand(8, 1, num_cells, generator=generator)
    cells[2:4] = cells[2:4] * 0.2 + 0.1
    cells[4] = cells[4] ** 4
    cells[5:] = cells[5:].softmax(0)
    return cells


@pytest.mark.parametrize("obj_thresh", [0.01, 0.3])
@pytest.mark.parametrize("overlap", [0.3, 0.6])
def test_a_kept_box_is_the_mean_by_score_of_all_that_overlap_it(overlap: float, obj_thresh: float) -> None:
    pred = _cells()
    rows = pred.flatten(1).T
    corners, scores = box_convert(rows[:, :4], "cxcywh", "xyxy"), rows[:, 4] * rows[:, 5:].amax(1)
    (able,) = (rows[:, 4] > obj_thresh).nonzero(as_tuple=True)
    kept = able[nms(corners[able], scores[able], overlap)]
    expected = []
    for place in kept:
        part = (box_iou(corners[place][None], corners)[0] > overlap) & (rows[:, 4] > min(obj_thresh, 0.05))
        expected.append(np.average(corners[part].numpy(), axis=0, weights=scores[part].numpy()))
    found = format_preds(pred, obj_thresh, overlap, "xyxy", average_boxes=True)
    np.testing.assert_allclose(found[:, :4].numpy(), np.stack(expected), rtol=1e-5, atol=1e-6)
    plain = format_preds(pred, obj_thresh, overlap, "xyxy")
    assert torch.equal(found[:, 4:], plain[:, 4:])
    assert not torch.allclose(found[:, :4], plain[:, :4], atol=1e-3)


def test_many_boxes_are_averaged_as_few_are() -> None:
    pred = _cells(3000)
    pred[2:4] *= 0.1
    together = format_preds(pred, 0.2, 0.5, average_boxes=True)
    assert len(together) > 300
    left, right = pred[:, :, pred[0, 0] < 0.5], pred[:, :, pred[0, 0] >= 0.5]
    apart = torch.cat([format_preds(part, 0.2, 0.5, average_boxes=True) for part in (left, right)])
    inner = [rows[(rows[:, 0] - 0.5).abs() > 0.1] for rows in (together, apart)]
    one, other = (rows[rows[:, 4].argsort()] for rows in inner)
    torch.testing.assert_close(one, other)


def test_a_box_without_area_or_score_stays_as_it_is() -> None:
    pred = _cells(2)
    pred[2, 0, 0] = 0
    pred[5:, 0, 1] = 0
    pred[4] = 0.9
    torch.testing.assert_close(format_preds(pred, average_boxes=True), format_preds(pred))


def test_nothing_is_averaged_where_nothing_is_suppressed() -> None:
    assert torch.equal(format_preds(_cells(), 0.1, 0, average_boxes=True), format_preds(_cells(), 0.1, 0))


def test_a_batch_is_averaged_as_its_images_are() -> None:
    preds = torch.stack([_cells(), _cells().flip(2)])
    found = boxes_of_batch(
        preds, obj_thresh=0.3, iou_thresh=0.4, min_class_confidence_threshold=0.0, average_boxes=True
    )
    for rows, pred in zip(found, preds, strict=True):
        assert torch.equal(rows, format_preds(pred, 0.3, 0.4, average_boxes=True))


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (None, Suppression()),
        ({}, Suppression(0.5, average_boxes=False)),
        ({"suppression_iou": 0.4, "average_boxes": True}, Suppression(0.4, average_boxes=True)),
        ({"suppression_iou": 1}, Suppression(1.0)),
        ({"suppression_iou": 2, "average_boxes": 1}, Suppression()),
        ({"suppression_iou": float("nan"), "average_boxes": "yes"}, Suppression()),
        ({"suppression_iou": True}, Suppression()),
    ],
)
def test_a_checkpoint_says_by_its_recipe_how_boxes_are_made(recipe: dict[str, object], expected: Suppression) -> None:
    assert suppression_of(recipe) == expected


def test_metrics_say_how_boxes_were_made() -> None:
    suppression = Suppression(0.4, average_boxes=True)
    data = evaluation_data([MetricAccumulator(2, suppression).parts()], 1, suppression)
    found = measure(data, ("a", "b"), include_map=False).thresholds
    assert (found.suppression_iou, found.average_boxes) == (0.4, True)
