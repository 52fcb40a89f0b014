"""What to do about rare classes: how much a box weighs in the loss, and how often a picture is drawn.

Both follow from the training set's boxes alone, so they are equal on every rank and after a resume.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from yogo.data.packed import PackedLabels


def balanced_weights(labels: PackedLabels, num_classes: int) -> Tensor:
    """float32 (num_classes,): what a box of each class weighs, so that all classes that occur weigh equally much.

    N / (K n) for n of N boxes, where K classes occur: scikit-learn's "balanced". The mean over the boxes is 1,
    so the classes' share of the loss stays. A class that does not occur has 1.
    """
    counts = torch.bincount(labels.boxes[:, 0].long(), minlength=num_classes)
    weights = len(labels.boxes) / (counts.count_nonzero() * counts.clamp(min=1))
    return torch.where(counts > 0, weights, 1.0).float()


def repeat_factors(labels: PackedLabels) -> npt.NDArray[np.float64]:
    """How often each sample is drawn beside one that holds only what every sample holds (arXiv:1908.03195).

    The square root of one over the share of samples with its rarest class: the paper's repeat factor with a
    threshold of 1. A sample without boxes has 1.
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
