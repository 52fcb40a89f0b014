"""Rare classes: their boxes weigh more, and their images are drawn more often."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from yogo.datasets.balance import balanced_weights, repeat_factors
from yogo.datasets.packed import PackedLabels
from yogo.datasets.sampler import ShardedBatches


def labels_of(*pictures: list[int]) -> PackedLabels:
    """Images with boxes of these classes."""
    kinds = torch.tensor([kind for picture in pictures for kind in picture])
    boxes = torch.cat((kinds[:, None], torch.tensor([[0.1, 0.1, 0.2, 0.2]]).expand(len(kinds), 4)), 1)
    return PackedLabels(boxes, torch.tensor([0, *map(len, pictures)]).cumsum(0), torch.zeros(len(pictures)).long())


def test_all_classes_that_occur_weigh_equally_much_and_a_box_weighs_1_on_average() -> None:
    labels = labels_of([0, 0, 0, 0, 0, 1], [0, 2, 0])
    weights = balanced_weights(labels, 4)
    counts = torch.tensor([7, 1, 1])
    assert (weights[:3] * counts).tolist() == pytest.approx([3, 3, 3])
    assert (weights[:3] * counts).sum() / 9 == pytest.approx(1)
    assert weights[3] == 1


def test_no_boxes_at_all_weigh_nothing_out() -> None:
    assert balanced_weights(labels_of([], []), 2).tolist() == [1, 1]
    assert repeat_factors(labels_of([], [])).tolist() == [1, 1]


def test_a_picture_counts_as_its_rarest_class_does() -> None:
    # Class 0 is on all four images with boxes of five, class 1 on two, class 2 on one.
    factors = repeat_factors(labels_of([0], [0, 1], [1, 1, 0], [0, 2, 0], []))
    assert factors.tolist() == pytest.approx([(5 / 4) ** 0.5, (5 / 2) ** 0.5, (5 / 2) ** 0.5, 5**0.5, 1])


def counts_of(weights: list[float], epoch: int = 0, seed: int = 0) -> list[int]:
    batches = ShardedBatches(len(weights), 4, seed=seed, epoch=epoch, weights=np.array(weights))
    return [int(count) for count in np.bincount(batches.order(), minlength=len(weights))]


def test_pictures_are_drawn_as_often_as_their_weight_says() -> None:
    weights = [1.0] * 60 + [4.0] * 10
    counts = np.mean([counts_of(weights, epoch) for epoch in range(400)], axis=0)
    assert counts[:60] == pytest.approx([0.7] * 60, abs=0.12)
    assert counts[60:] == pytest.approx([2.8] * 10, abs=0.12)


def test_an_epoch_strays_from_the_weights_by_less_than_one_draw_a_picture() -> None:
    weights = np.random.default_rng(0).uniform(0.5, 5, 100)
    expected = weights / weights.mean()
    for epoch in range(20):
        counts = np.array(counts_of(weights.tolist(), epoch))
        assert counts.sum() == 100
        assert (np.abs(counts - expected) < 1).all()


def test_equal_weights_give_every_picture_once() -> None:
    assert counts_of([3.0] * 17) == [1] * 17


def test_ranks_and_a_resume_share_the_draws() -> None:
    weights = np.array([1.0] * 20 + [5.0] * 4)
    alone = list(ShardedBatches(24, 6, seed=3, epoch=2, weights=weights))
    ranks = [list(ShardedBatches(24, 3, rank, 2, seed=3, epoch=2, weights=weights)) for rank in (0, 1)]
    assert [np.concatenate(parts).tolist() for parts in zip(*ranks, strict=True)] == [b.tolist() for b in alone]
    resumed = ShardedBatches(24, 6, seed=3, epoch=2, start_batch=2, weights=weights)
    assert [batch.tolist() for batch in resumed] == [batch.tolist() for batch in alone[2:]]
    assert [batch.tolist() for batch in ShardedBatches(24, 6, seed=3, epoch=3, weights=weights)] != [
        batch.tolist() for batch in alone
    ]
