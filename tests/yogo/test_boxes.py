"""From one image's prediction to boxes."""

from __future__ import annotations

import warnings

import pytest
import torch

from yogo.deprecation import SAID
from yogo.model.boxes import format_preds


def _pred(*cells: tuple[float, ...]) -> torch.Tensor:
    """One row of cells: cx, cy, w, h, objectness, classes."""
    return torch.tensor(cells).T[:, None, :]


CELL = (0.5, 0.5, 0.2, 0.2)
ELSEWHERE = (0.1, 0.1, 0.1, 0.1)


def test_objectness_at_the_threshold_is_not_above_it() -> None:
    pred = _pred((*CELL, 0.5, 1.0), (*ELSEWHERE, 0.51, 1.0), (*ELSEWHERE, 0.0, 1.0))
    assert format_preds(pred, obj_thresh=0.5).tolist() == [pytest.approx([*ELSEWHERE, 0.51, 1.0])]
    assert len(format_preds(pred, obj_thresh=0, iou_thresh=0)) == 2


def test_of_overlapping_boxes_the_best_stays_whatever_their_classes() -> None:
    pred = _pred((*CELL, 0.9, 0.6, 0.4), (*CELL, 0.8, 0.1, 0.9), (*ELSEWHERE, 0.7, 0.5, 0.5))
    assert format_preds(pred)[:, 4].tolist() == pytest.approx([0.8, 0.7])
    assert format_preds(pred, iou_thresh=0)[:, 4].tolist() == pytest.approx([0.9, 0.8, 0.7])


def test_the_class_threshold_comes_after_the_suppression() -> None:
    pred = _pred((*CELL, 0.9, 0.5, 0.5), (*CELL, 0.3, 0.9, 0.1))
    assert len(format_preds(pred, obj_thresh=0.2, min_class_confidence_threshold=0.6)) == 0


def test_corners_are_given_when_asked_for() -> None:
    rows = format_preds(_pred((*CELL, 0.9, 1.0)), box_format="xyxy")
    assert rows[0, :4].tolist() == pytest.approx([0.4, 0.4, 0.6, 0.6])


def test_an_image_without_objects_gives_no_rows() -> None:
    assert format_preds(torch.zeros(8, 3, 4)).shape == (0, 8)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_prediction_of_other_bits_gives_the_same_boxes_in_these_bits(dtype: torch.dtype) -> None:
    pred = _pred((*CELL, 0.875, 0.75, 0.25), (*CELL, 0.75, 0.125, 0.875), (0.125, 0.125, 0.25, 0.25, 0.625, 1.0, 0.0))
    rows = format_preds(pred.to(dtype))
    assert rows.dtype == dtype
    torch.testing.assert_close(rows, format_preds(pred).to(dtype))


def test_cells_that_are_no_numbers_and_thresholds_that_nothing_is_above_give_no_rows() -> None:
    assert format_preds(torch.full((8, 3, 4), torch.nan), obj_thresh=0).shape == (0, 8)
    assert format_preds(torch.ones(8, 3, 4), obj_thresh=1).shape == (0, 8)
    assert format_preds(torch.ones(8, 3, 4), min_class_confidence_threshold=1).shape == (0, 8)
    assert format_preds(torch.ones(8, 3, 4), obj_thresh=0, iou_thresh=1).shape == (12, 8)


def test_old_spellings_work_and_warn() -> None:
    pred = _pred((*CELL, 0.4, 1.0))
    SAID.clear()
    with pytest.warns(DeprecationWarning, match="obj_thresh"):
        assert len(format_preds(pred, thresh=0.3)) == 1
    with pytest.warns(DeprecationWarning, match="heatmap_mask"):
        assert len(format_preds(pred, heatmap_mask=None)) == 0
    with pytest.raises(TypeError, match="object_threshold"):
        format_preds(pred, object_threshold=0.3)


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("thresh", "obj_thresh"),
        ("objectness_thresh", "obj_thresh"),
        ("obj_threshold", "obj_thresh"),
        ("objectness_threshold", "obj_thresh"),
        ("iou_threshold", "iou_thresh"),
        ("nms_thresh", "iou_thresh"),
        ("nms_threshold", "iou_thresh"),
        ("min_class_confidence", "min_class_confidence_threshold"),
        ("min_class_confidence_thresh", "min_class_confidence_threshold"),
        ("min_confidence_threshold", "min_class_confidence_threshold"),
    ],
)
def test_a_threshold_under_an_older_name_does_what_it_does_now_and_nothing_else(old: str, now: str) -> None:
    pred = _pred((*CELL, 0.9, 0.6, 0.4), (*CELL, 0.8, 0.1, 0.9), (*ELSEWHERE, 0.45, 0.5, 0.5), (*ELSEWHERE, 0.2, 1, 0))
    SAID.clear()
    for value in (0.0, 0.3, 0.85):
        expected = format_preds(pred, **{now: value})  # type: ignore[arg-type]
        with warnings.catch_warnings(action="ignore"):
            assert torch.equal(format_preds(pred, **{old: value}), expected)  # type: ignore[arg-type]
    SAID.clear()
    with pytest.warns(DeprecationWarning, match=f"no longer takes {old}: use {now}"):
        format_preds(pred, **{old: 0.5})  # type: ignore[arg-type]


def test_a_whole_batch_or_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="one image"):
        format_preds(torch.zeros(2, 8, 3, 4))
    with pytest.raises(ValueError, match="xywh"):
        format_preds(torch.zeros(8, 3, 4), box_format="xywh")  # type: ignore[arg-type]
