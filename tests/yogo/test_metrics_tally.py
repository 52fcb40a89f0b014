"""From answers to evidence: what inference would keep, whatever the batches and processes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from yogo.datasets.batch import Batch
from yogo.metrics.accumulator import MetricAccumulator, evaluation_data
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.measure import measure, summary
from yogo.metrics.precision import MOST_BOXES
from yogo.model.boxes import format_preds

NAMES = ("red", "white")
NUM_IMAGES = 5


def answers(seed: int = 0, num_images: int = NUM_IMAGES) -> Tensor:
    """Class logits and all, as a network that is being trained gives them; one cell in ten is an object."""
    draw = torch.Generator().manual_seed(seed)
    pred = torch.rand(num_images, 5 + len(NAMES), 12, 16, generator=draw)
    pred[:, 2:4] = 0.05 + 0.1 * pred[:, 2:4]
    pred[:, 4] **= 4
    pred[:, 5:] = 8 * pred[:, 5:] - 4
    return pred


def batch_of(indices: list[int], per_image: int = 4) -> Batch:
    boxes = torch.stack([torch.full((per_image, 5), 0.1 * (index + 1)) for index in indices]).view(-1, 5)
    boxes[:, 0] = torch.arange(len(boxes)) % 2
    boxes[:, 3:] += 0.1
    owner = torch.arange(len(indices)).repeat_interleave(per_image)
    return Batch(torch.zeros(len(indices), 1, 1, 1), boxes, owner, torch.tensor(indices), torch.tensor(indices))


def seen(*shares: list[list[int]]) -> EvaluationData:
    """What processes with these batches each have seen together."""
    pred, parts = answers(), []
    for batches in shares:
        tally = MetricAccumulator(len(NAMES))
        for indices in batches:
            tally.add(pred[indices], batch_of(indices))
        parts.append(tally.parts())
    return evaluation_data(parts, NUM_IMAGES)


def test_what_is_kept_is_what_inference_keeps() -> None:
    found = seen([[0, 1, 2], [3, 4]]).kept
    for index, pred in enumerate(answers()):
        theirs = format_preds(torch.cat((pred[:5], pred[5:].softmax(0))), 0.5, 0.5, "xyxy").numpy()
        ours = found.image == index
        np.testing.assert_allclose(found.box[ours], theirs[:, :4], atol=1e-6)
        np.testing.assert_allclose(found.probabilities[ours], theirs[:, 5:], atol=1e-6)


def test_classes_are_judged_by_probability_not_by_logit() -> None:
    """Published yogo compared logits with its threshold of confidence."""
    found = seen([[0, 1, 2, 3, 4]]).ranked
    np.testing.assert_allclose(found.probabilities.sum(1), 1, atol=1e-5)
    assert found.score.min() >= 0
    assert found.score.max() <= 1


def test_the_figures_are_equal_for_any_number_of_processes() -> None:
    alone = measure(seen([[0, 1, 2, 3, 4]]), NAMES)
    for shares in ([[[0, 1], [4]], [[2, 3]]], [[[4]], [[1], [3]], [[0, 2]]], [[[0, 1, 2, 3, 4]], []]):
        together = measure(seen(*shares), NAMES)
        assert (together.figures, together.confusion) == (alone.figures, alone.confusion)
    assert alone.num_images == NUM_IMAGES
    assert alone.num_objects == 4 * NUM_IMAGES


def test_an_epochs_figures_are_the_tests() -> None:
    found = seen([[0, 1, 2, 3, 4]])
    everything = measure(found, NAMES).figures
    for name, value in summary(found, NAMES).items():
        assert value == everything[name], name


def test_false_alarms_and_misses_count_in_the_figures_of_a_test_and_of_an_epoch() -> None:
    """Published yogo's saw matched boxes only: two hits and fifty false alarms scored 1."""
    truth = GroundTruth(
        np.zeros(2, int), np.array([[0.1, 0.1, 0.2, 0.2], [0.8, 0.8, 0.9, 0.9]], np.float32), np.zeros(2, int)
    )

    def figures_of(boxes: list[list[float]]) -> tuple[float | None, float | None]:
        num = len(boxes)
        sure = np.linspace(0.6, 0.9, num, dtype=np.float32)
        found = PredictedBoxes(
            np.zeros(num, int), np.array(boxes, np.float32), sure, np.eye(2, dtype=np.float32)[[0] * num]
        )
        seen = EvaluationData(1, truth, found, found)
        return measure(seen, NAMES).figures["mAP50"], summary(seen, NAMES)["mAP50"]

    hits = truth.box.tolist()
    assert figures_of(hits) == (1, 1)
    assert all(figure is not None and figure < 0.1 for figure in figures_of(hits + [[0.4, 0.4, 0.5, 0.5]] * 50))
    assert figures_of(hits[:1]) == pytest.approx((0.5, 0.5), abs=0.01)


def test_an_untrained_network_with_a_box_in_every_cell_is_ranked_within_bounds() -> None:
    pred = answers(num_images=1).repeat(1, 1, 8, 8)
    pred[:, :2] = torch.rand(1, 2, *pred.shape[2:], generator=torch.Generator().manual_seed(1))
    pred[:, 2:4], pred[:, 4] = 0.004, 0.9
    tally = MetricAccumulator(len(NAMES))
    tally.add(pred, batch_of([0]))
    found = evaluation_data([tally.parts()], 1)
    assert MOST_BOXES < len(found.ranked.image) < len(found.kept.image)
    assert found.ranked.score.min() >= np.sort(found.kept.score)[::-1][len(found.ranked.image)] - 1e-6


def test_a_set_with_nothing_on_it_has_no_figures_but_counts() -> None:
    tally = MetricAccumulator(len(NAMES))
    tally.add(torch.zeros(2, 7, 4, 4), batch_of([0, 1], per_image=0))
    figures = measure(evaluation_data([tally.parts()], 2), NAMES).figures
    assert figures["count_error"] == 0
    assert figures["mAP"] is None
    assert figures["recall/red"] is None


def test_a_box_beyond_all_bounds_stays_a_number() -> None:
    pred = answers(num_images=1)
    pred[0, 2:4, 0, 0], pred[0, 4, 0, 0] = 1e34, 0.99
    tally = MetricAccumulator(len(NAMES))
    tally.add(pred, batch_of([0]))
    assert measure(evaluation_data([tally.parts()], 1), NAMES).figures["mAP"] is not None
