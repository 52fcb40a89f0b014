"""Labels and predictions of images that never were, for tests of what is computed from them."""

from __future__ import annotations

import hashlib

import numpy as np

from yogo.metrics.boxes import EvaluationData, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.image_results import image_results
from yogo.run.image_results import ImageResults

CLASSES = ("RBC", "WBC", "Platelets")


def made_evaluation(
    num_images: int,
    *,
    missed: float = 0.2,
    shift: float = 0.005,
    cells: int = 12,
    false_alarms: int = 5,
    seed: int = 0,
    levels: int | None = None,
) -> EvaluationData:
    """The same labels for any model, which misses this share of them, and whose boxes are off by about `shift`.

    With `levels`, scores are rounded to so many, so that most are equal to others.
    """
    draw = np.random.default_rng(seed)
    image = np.repeat(np.arange(num_images), draw.poisson(cells, num_images))
    edge = draw.uniform(0, 0.9, (len(image), 2))
    box = np.concatenate([edge, edge + draw.uniform(0.05, 0.1, (len(image), 2))], 1).astype(np.float32)
    label = draw.choice(3, len(image), p=(0.7, 0.2, 0.1))
    is_found = draw.random(len(image)) >= missed
    moved = box + draw.normal(0, 1, box.shape) * shift
    taken_for = np.where(draw.random(len(image)) < 0.9, label, 0)
    alarm = np.repeat(np.arange(num_images), draw.poisson(false_alarms, num_images))
    corner = draw.uniform(0, 0.9, (len(alarm), 2))
    images = np.concatenate([image[is_found], alarm])
    boxes = np.concatenate([moved[is_found], np.concatenate([corner, corner + 0.06], 1)]).astype(np.float32)
    kinds = np.concatenate([taken_for[is_found], draw.integers(0, 3, len(alarm))])
    objectness = np.concatenate([draw.beta(5, 2, is_found.sum()), draw.beta(2, 4, len(alarm))])
    if levels:
        objectness = np.round(objectness * levels) / levels
    ranked = _predicted(images, boxes, kinds, objectness.astype(np.float32))
    return EvaluationData(num_images, GroundTruth(image, box, label), ranked, _kept(ranked))


def _predicted(image: Ints, box: Floats, kind: Ints, objectness: Floats) -> PredictedBoxes:
    box[:, 2:] = np.maximum(box[:, 2:], box[:, :2])
    order = np.argsort(image, kind="stable")
    probabilities = np.eye(3, dtype=np.float32)[kind] * np.float32(0.7) + np.float32(0.1)
    return PredictedBoxes(image[order], box[order], objectness[order], probabilities[order])


def _kept(ranked: PredictedBoxes) -> PredictedBoxes:
    kept = ranked.objectness > 0.5
    return PredictedBoxes(ranked.image[kept], ranked.box[kept], ranked.objectness[kept], ranked.probabilities[kept])


def digests_of(num_images: int, first: int = 0) -> list[str]:
    return [hashlib.sha256(f"image {number}".encode()).hexdigest() for number in range(first, first + num_images)]


def made_results(num_images: int, *, missed: float = 0.2, shift: float = 0.005, seed: int = 0) -> ImageResults:
    """A model's results on so many images, as a test writes them."""
    data = made_evaluation(num_images, missed=missed, shift=shift, seed=seed)
    return image_results(data, CLASSES, digests_of(num_images))


def drawn(data: EvaluationData, images: Ints) -> EvaluationData:
    """The set that holds these images, some of them more than once."""

    def places(image_N: Ints) -> tuple[Ints, Ints]:
        found = [np.flatnonzero(image_N == image) for image in images]
        return np.concatenate(found), np.repeat(np.arange(len(images)), [len(one) for one in found])

    def boxes(one: PredictedBoxes) -> PredictedBoxes:
        chosen, image = places(one.image)
        return PredictedBoxes(image, one.box[chosen], one.objectness[chosen], one.probabilities[chosen])

    chosen, image = places(data.truth.image)
    truth = GroundTruth(image, data.truth.box[chosen], data.truth.label[chosen])
    return EvaluationData(len(images), truth, boxes(data.ranked), boxes(data.kept))
