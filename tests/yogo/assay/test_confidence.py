"""Counts at all thresholds at once are those that inference would keep at each."""

from __future__ import annotations

import numpy as np
import torch

from yogo.assay.confidence import CONFIDENCES, counts_by_confidence
from yogo.model.boxes import format_preds


def _prediction(rng: np.random.Generator) -> torch.Tensor:
    """(5 + 3, 6, 6): some boxes on each other, some probabilities exactly at a threshold."""
    pred = torch.tensor(rng.uniform(0, 1, (8, 6, 6)), dtype=torch.float32)
    pred[2:4] = pred[2:4] * 0.4 + 0.05
    top = rng.choice(np.append(CONFIDENCES, [0.995, 1.0]), (6, 6))
    rest = torch.tensor((1 - top) / 2, dtype=torch.float32)
    pred[5:] = torch.stack((torch.tensor(top, dtype=torch.float32), rest, rest))
    return pred


def test_counts_at_each_threshold_are_those_of_inference() -> None:
    preds = [_prediction(np.random.default_rng(seed)) for seed in range(4)]
    kept = [format_preds(pred) for pred in preds]
    image_N = np.repeat(np.arange(4), [len(rows) for rows in kept])
    rows = torch.cat(kept)
    confidence, label = (one.numpy() for one in rows[:, 5:].max(1))
    found_TIK = counts_by_confidence(image_N, label, confidence, num_images=4, num_classes=3)
    assert 0 < found_TIK[-1].sum() < found_TIK[0].sum()
    for place, threshold in enumerate(CONFIDENCES):
        for image, pred in enumerate(preds):
            label_N = format_preds(pred, min_class_confidence_threshold=float(threshold))[:, 5:].argmax(1)
            assert found_TIK[place, image].tolist() == label_N.bincount(minlength=3).tolist()
