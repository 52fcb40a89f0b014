"""What the loss promises beyond the golden figures."""

from __future__ import annotations

import pytest
import torch
from torchvision.ops import box_convert, complete_box_iou_loss

from yogo.model.loss import YOGOLoss
from yogo.model.targets import build_targets


def _batch(num_images: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A prediction and targets on a grid of 9 by 7 cells, five boxes an image, three classes."""
    generator = torch.Generator().manual_seed(seed)
    pred = torch.rand(num_images, 8, 7, 9, generator=generator, dtype=torch.float64)
    centre = torch.rand(num_images * 5, 2, generator=generator) * 0.7 + 0.15
    half = torch.rand(num_images * 5, 2, generator=generator) * 0.1 + 0.02
    kinds = torch.randint(3, (num_images * 5, 1), generator=generator)
    boxes = torch.cat((kinds, centre - half, centre + half), 1)
    index = torch.arange(num_images).repeat_interleave(5)
    return pred.to(dtype), build_targets(boxes, index, num_images, 9, 7).to(dtype)


def test_boxes_are_compared_by_the_ciou_loss_of_the_paper() -> None:
    pred, target = _batch(4, torch.float64)
    there = target[:, 0].bool()
    boxes = box_convert(pred[:, :4].permute(0, 2, 3, 1)[there], "cxcywh", "xyxy").clamp(0, 1)
    expected = complete_box_iou_loss(boxes, target[:, 1:5].permute(0, 2, 3, 1)[there]).sum() / 4
    torch.testing.assert_close(YOGOLoss(iou_weight=1).parts(pred, target).iou_loss, expected)


both_ways = pytest.mark.parametrize("every_cell", [False, True], ids=["object-cells", "every-cell"])


@both_ways
@pytest.mark.parametrize("size", [0.0, 1e-30])
def test_a_predicted_box_without_width_or_height_counts_for_nothing(size: float, every_cell: bool) -> None:
    pred, target = _batch(2)
    pred[0, 2] = size
    pred[1, 3] = size
    pred.requires_grad_()
    losses = YOGOLoss().parts(pred, target, every_cell=every_cell)
    losses.loss.backward()
    assert losses.iou_loss.item() == 0
    assert pred.grad is not None
    assert pred.grad.isfinite().all()
    assert not pred.grad[:, :4].any()


@both_ways
def test_wild_predictions_give_finite_gradients(every_cell: bool) -> None:
    pred, target = _batch(2)
    pred[:, 2] = 1e33
    pred[:, 3] = 1e-7
    pred.requires_grad_()
    YOGOLoss().parts(pred, target, every_cell=every_cell).loss.backward()
    assert pred.grad is not None
    assert pred.grad.isfinite().all()


@both_ways
def test_a_batch_without_objects_has_only_the_objectness_loss(every_cell: bool) -> None:
    pred, _ = _batch(3)
    losses = YOGOLoss(no_obj_weight=0.5).parts(pred, torch.zeros(3, 6, 7, 9), every_cell=every_cell)
    assert losses.iou_loss.item() == losses.classification_loss.item() == 0
    torch.testing.assert_close(losses.loss, 0.5 * pred[:, 4].square().sum() / 3)


def test_a_perfect_prediction_loses_nothing() -> None:
    _, target = _batch(2, torch.float64)
    pred = torch.zeros(2, 8, 7, 9, dtype=torch.float64)
    pred[:, :4] = box_convert(target[:, 1:5].permute(0, 2, 3, 1), "xyxy", "cxcywh").permute(0, 3, 1, 2)
    pred[:, 4] = target[:, 0]
    pred[:, 5:] = 1e4 * torch.nn.functional.one_hot(target[:, 5].long(), 3).permute(0, 3, 1, 2)
    assert YOGOLoss(label_smoothing=0).parts(pred, target).loss.item() == pytest.approx(0, abs=1e-3)


def test_the_class_weight_reaches_the_loss() -> None:
    pred, target = _batch(2)
    once, tenfold = (YOGOLoss(classify_weight=weight).parts(pred, target) for weight in (1.0, 10.0))
    torch.testing.assert_close(tenfold.classification_loss, 10 * once.classification_loss)
    torch.testing.assert_close(tenfold.loss - once.loss, 9 * once.classification_loss)


@both_ways
def test_a_box_counts_in_the_cross_entropy_as_its_class_weighs_and_nowhere_else(every_cell: bool) -> None:
    pred, target = _batch(4)
    plain = YOGOLoss().parts(pred, target, every_cell=every_cell)
    only = []
    for kind in range(3):
        weights = torch.nn.functional.one_hot(torch.tensor(kind), 3).float()
        only.append(YOGOLoss(class_weights=weights).parts(pred, target, every_cell=every_cell))
    torch.testing.assert_close(sum(part.classification_loss for part in only), plain.classification_loss)
    loss = YOGOLoss(class_weights=torch.tensor([1.0, 2.0, 5.0]))
    weighed = loss.parts(pred, target, every_cell=every_cell)
    expected = sum(weight * part.classification_loss for weight, part in zip((1, 2, 5), only, strict=True))
    torch.testing.assert_close(weighed.classification_loss, expected)
    assert (weighed.iou_loss, weighed.objectness_loss) == (plain.iou_loss, plain.objectness_loss)


@pytest.mark.parametrize("shares", [(3, 3), (1, 2, 3)])
def test_the_gradients_of_unequal_shares_average_to_those_of_the_global_batch(shares: tuple[int, ...]) -> None:
    pred, target = _batch(6, torch.float64)
    loss = YOGOLoss()
    whole = pred.clone().requires_grad_()
    loss.parts(whole, target).loss.backward()
    split = pred.clone().requires_grad_()
    pieces = zip(split.split(shares), target.split(shares), strict=True)
    parts = [loss.parts(p, t, num_images=6 / len(shares)).loss for p, t in pieces]
    (sum(parts[1:], parts[0]) / len(shares)).backward()
    torch.testing.assert_close(split.grad, whole.grad, rtol=1e-12, atol=1e-12)


def test_a_sixteen_bit_prediction_is_summed_in_float32() -> None:
    pred, target = _batch(2)
    halved = pred.bfloat16()
    losses = YOGOLoss().parts(halved, target)
    assert losses.loss.dtype == torch.float32
    torch.testing.assert_close(losses.loss, YOGOLoss().parts(halved.float(), target).loss)


@both_ways
def test_the_size_loss_is_smooth_in_the_logarithms_of_width_and_height(every_cell: bool) -> None:
    pred, target = _batch(4, torch.float64)
    there = target[:, 0].bool()
    size, corners = pred[:, 2:4].permute(0, 2, 3, 1)[there], target[:, 1:5].permute(0, 2, 3, 1)[there]
    apart = (size.log() - (corners[:, 2:] - corners[:, :2]).log()).abs()
    expected = torch.where(apart < 0.1, apart.square() / 0.2, apart - 0.05).sum() / 4
    with_size, without = (YOGOLoss(size_weight=weight).parts(pred, target, every_cell=every_cell) for weight in (2, 0))
    torch.testing.assert_close(with_size.iou_loss - without.iou_loss, 2 * expected)
    assert with_size[2:] == without[2:]


@both_ways
@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-3, 1.5, 1e4, 1e30])
def test_the_size_loss_moves_boxes_of_any_size_towards_the_label(size: float, every_cell: bool) -> None:
    pred, target = _batch(2)
    pred[:, 2:4] = size
    pred.requires_grad_()
    YOGOLoss(iou_weight=0, size_weight=1).parts(pred, target, every_cell=every_cell).iou_loss.backward()
    assert pred.grad is not None
    assert pred.grad.isfinite().all()
    # What reaches the network's output, whose exponential the size is.
    pull = (pred.grad[:, 2:4] * pred.detach()[:, 2:4])[target[:, :1].bool().expand(-1, 2, -1, -1)]
    expected = 0.0 if size == 0 else 0.5 if size > 1 else -0.5
    torch.testing.assert_close(pull, torch.full_like(pull, expected))


def test_ciou_alone_does_not_move_a_box_larger_than_the_frame() -> None:
    pred, target = _batch(2)
    pred[:, 2:4] = 1e4
    YOGOLoss().parts(pred.requires_grad_(), target).iou_loss.backward()
    assert pred.grad is not None
    assert not pred.grad[:, 2:4].any()
