"""Balancing of rare classes: the weight of a box in the loss, and how often an image is drawn.

Both depend only on the training set's boxes, so they are equal on every rank and after a resume.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from yogo.datasets.packed import PackedLabels


def balanced_weights(labels: PackedLabels, num_classes: int) -> Tensor:
    """float32 (num_classes,): the weight of a box of each class, so that all classes that occur have equal weight.

    This is N / (K n) for n of N boxes, where K classes occur: scikit-learn's "balanced". The mean over the boxes is 1,
    so the classification's share of the loss stays the same. A class that does not occur has a weight of 1.
    """
    counts = torch.bincount(labels.boxes[:, 0].long(), minlength=num_classes)
    weights = len(labels.boxes) / (counts.count_nonzero() * counts.clamp(min=1))
    return torch.where(counts > 0, weights, 1.0).float()


def repeat_factors(labels: PackedLabels) -> npt.NDArray[np.float64]:
    """How often each sample is drawn, relative to one with only the classes that every sample has (arXiv:1908.03195).

    This is the square root of one over the share of samples with its rarest class: the paper's repeat factor with a
    threshold of 1. A sample without boxes has a weight of 1.
    """
    counts = (labels.offsets[1:] - labels.offsets[:-1]).numpy()
    owners = np.repeat(np.arange(labels.num_samples), counts)
    kinds = labels.boxes[:, 0].numpy().astype(np.int64)
    pairs = np.unique(np.stack((owners, kinds)), axis=1)
    factors = np.ones(labels.num_samples)
    if pairs.size:
        shares = np.bincount(pairs[1]) / labels.num_samples
        np.maximum.at(factors, pairs[0], shares[pairs[1]] ** -0.5)
    return factors
