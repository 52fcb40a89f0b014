"""The loss, its gradients and the boxes of a prediction, against the published figures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from tests.golden_files import golden_file
from yogo.model.boxes import format_preds
from yogo.model.loss import YOGOLoss
from yogo.model.targets import build_targets


def _golden() -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    return json.loads(golden_file("loss_and_format.json").read_text()), dict(
        np.load(golden_file("loss_and_format.npz"))
    )


@pytest.mark.parametrize("every_cell", [False, True], ids=["object-cells", "every-cell"])
@pytest.mark.parametrize("case", [0, 1, 2])
def test_both_ways_to_compute_the_loss_give_the_published_gradients(case: int, every_cell: bool) -> None:
    cases, arrays = _golden()
    pred = torch.from_numpy(arrays[f"pred_{case}"]).requires_grad_()
    labels = torch.from_numpy(arrays[f"labels_{case}"])
    losses = YOGOLoss(**cases[case]["hyper"]).parts(pred, labels, every_cell=every_cell)
    losses.loss.backward()
    assert losses.loss.item() == pytest.approx(cases[case]["loss"], rel=1e-5)
    torch.testing.assert_close(pred.grad, torch.from_numpy(arrays[f"grad_{case}"]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_the_loss_its_parts_and_its_gradients_are_the_published_ones(case: int) -> None:
    cases, arrays = _golden()
    pred = torch.from_numpy(arrays[f"pred_{case}"]).requires_grad_()
    loss, parts = YOGOLoss(**cases[case]["hyper"])(pred, torch.from_numpy(arrays[f"labels_{case}"]))
    loss.backward()
    assert loss.item() == pytest.approx(cases[case]["loss"], rel=1e-5)
    assert parts == {
        name: pytest.approx(cases[case][name], rel=1e-5)
        for name in ("iou_loss", "objectness_loss", "classification_loss")
    }
    torch.testing.assert_close(pred.grad, torch.from_numpy(arrays[f"grad_{case}"]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_targets_are_filled_as_published(case: int) -> None:
    _, arrays = _golden()
    labels = arrays[f"labels_{case}"]
    boxes = [torch.from_numpy(arrays[f"boxes_{case}_{image}"]) for image in range(len(labels))]
    index = torch.repeat_interleave(torch.arange(len(boxes)), torch.tensor([len(b) for b in boxes]))
    _, _, rows, columns = labels.shape
    torch.testing.assert_close(
        build_targets(torch.cat(boxes), index, len(boxes), columns, rows), torch.from_numpy(labels), rtol=0, atol=0
    )


@pytest.mark.parametrize("case", [0, 1, 2])
def test_a_prediction_becomes_the_published_boxes(case: int) -> None:
    cases, arrays = _golden()
    thresholds: dict[str, Any] = cases[3 + case]["format_preds"]
    rows = format_preds(torch.from_numpy(arrays[f"fmt_pred_{case}"]), **thresholds)
    torch.testing.assert_close(rows, torch.from_numpy(arrays[f"fmt_out_{case}"]), rtol=0, atol=1e-6)
