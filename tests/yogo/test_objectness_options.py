"""The objectness loss that ranks boxes: cross entropy, a target by overlap, and cells that are left out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import box_convert, box_iou

from yogo.model.loss import YOGOLoss
from yogo.model.overlap import BatchLabels, labels_of, overlapping
from yogo.model.targets import build_targets

EVERY: dict[str, Any] = {"objectness_loss": "bce", "objectness_target": "iou", "ignore_overlap": 0.5}
OPTIONS: list[dict[str, Any]] = [*({name: value} for name, value in EVERY.items()), EVERY]


def _batch(num_images: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, BatchLabels]:
    """A prediction near the labels, their targets, and the labels: a grid of 12 by 10 cells, three classes."""
    generator = torch.Generator().manual_seed(3)
    centre = torch.rand(num_images * 6, 2, generator=generator) * 0.9 + 0.05
    half = torch.rand(num_images * 6, 2, generator=generator) * 0.15 + 0.05
    kinds = torch.randint(3, (num_images * 6, 1), generator=generator)
    boxes = torch.cat((kinds, centre - half, centre + half), 1)
    index = torch.arange(num_images).repeat_interleave(6)
    pred = torch.rand(num_images, 8, 10, 12, generator=generator, dtype=torch.float64)
    pred[:, 0] = (torch.arange(12) + pred[:, 0]) / 12
    pred[:, 1] = (torch.arange(10)[:, None] + pred[:, 1]) / 10
    pred[:, 2:4] = pred[:, 2:4] * 0.3 + 0.1
    return pred.to(dtype), build_targets(boxes, index, num_images, 12, 10).to(dtype), BatchLabels(boxes, index)


def _overlaps(pred: torch.Tensor, target: torch.Tensor, image: int) -> torch.Tensor:
    """(cells, labels with a cell), of an image."""
    boxes = box_convert(pred[image, :4].flatten(1).T, "cxcywh", "xyxy").clamp(0, 1)
    found: torch.Tensor = box_iou(boxes, target[image, 1:5, target[image, 0].bool()].T)
    return found


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7])
def test_cells_are_left_out_whose_box_overlaps_a_label_of_their_image(least: float) -> None:
    pred, target, _ = _batch(5)
    expected = torch.stack([(_overlaps(pred, target, image).amax(1) > least).view(10, 12) for image in range(5)])
    found = overlapping(pred[:, :4], labels_of(target), least)
    assert expected.any()
    assert not expected.all()
    assert torch.equal(found, expected)


def test_the_loss_is_the_sum_of_cross_entropies_towards_the_overlap() -> None:
    pred, target, labels = _batch(5)
    expected = torch.zeros((), dtype=torch.float64)
    for image in range(5):
        overlaps, there = _overlaps(pred, target, image), target[image, 0].flatten().bool()
        found = pred[image, 4].flatten()
        own = overlaps[there].diagonal()
        expected += F.binary_cross_entropy(found[there], (1 + own) / 2, reduction="sum")
        counts = ~there & ~(overlaps > 0.5).any(1)
        expected += 0.3 * F.binary_cross_entropy(
            found[counts], torch.zeros(int(counts.sum())).double(), reduction="sum"
        )
    losses = YOGOLoss(no_obj_weight=0.3, **EVERY).parts(pred, target, labels=labels_of(target))
    torch.testing.assert_close(losses.objectness_loss, expected / 5)
    assert YOGOLoss(no_obj_weight=0.3, **EVERY).parts(pred, target, labels=labels).loss <= losses.loss


@pytest.mark.parametrize("options", OPTIONS, ids=["+".join(options) for options in OPTIONS])
def test_every_cell_or_object_cells_alone_give_the_same_gradients(options: dict[str, Any]) -> None:
    gradients = []
    for every_cell in (False, True):
        pred, target, labels = _batch(4)
        YOGOLoss(**options).parts(pred.requires_grad_(), target, every_cell=every_cell, labels=labels).loss.backward()
        gradients.append(pred.grad)
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=["+".join(options) for options in OPTIONS])
@pytest.mark.parametrize("shares", [(3, 3), (1, 2, 3)])
def test_the_gradients_of_unequal_shares_average_to_those_of_the_global_batch(
    shares: tuple[int, ...], options: dict[str, Any]
) -> None:
    pred, target, _ = _batch(6)
    loss = YOGOLoss(**options)
    whole, split = pred.clone().requires_grad_(), pred.clone().requires_grad_()
    loss.parts(whole, target).loss.backward()
    pieces = zip(split.split(shares), target.split(shares), strict=True)
    parts = [loss.parts(p, t, num_images=6 / len(shares)).loss for p, t in pieces]
    (sum(parts[1:], parts[0]) / len(shares)).backward()
    torch.testing.assert_close(split.grad, whole.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("found", [0.0, 1.0])
def test_an_objectness_of_zero_or_one_gives_finite_gradients(found: float, dtype: torch.dtype) -> None:
    pred, target, labels = _batch(2, dtype)
    pred[:, 4] = found
    losses = YOGOLoss(**EVERY).parts(pred.requires_grad_(), target.float(), labels=labels)
    losses.loss.backward()
    assert losses.loss.dtype == torch.float32
    assert losses.loss.isfinite()
    assert pred.grad is not None
    assert pred.grad.isfinite().all()


def test_a_batch_without_labels_loses_by_every_cell() -> None:
    pred, target, _ = _batch(2)
    nothing = BatchLabels(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long))
    losses = YOGOLoss(**EVERY).parts(pred, torch.zeros_like(target), labels=nothing)
    torch.testing.assert_close(losses.loss, -0.5 * (1 - pred[:, 4]).log().sum() / 2)


def test_no_gradient_of_the_objectness_reaches_the_boxes() -> None:
    pred, target, labels = _batch(2)
    YOGOLoss(**EVERY).parts(pred.requires_grad_(), target, labels=labels).objectness_loss.backward()
    assert pred.grad is not None
    assert pred.grad[:, 4].any()
    assert not pred.grad[:, :4].any()
