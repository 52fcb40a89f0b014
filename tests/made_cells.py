"""Labelled and predicted cells of images that never were, each by what it is and what it is taken for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from yogo.definition.roles import SampleFacts
from yogo.metrics.assay_units import AssayUnits
from yogo.metrics.boxes import EvaluationData, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.run.correction import AssayRoles

CLASSES = ("healthy", "ring", "troph", "wbc")
ROLES = AssayRoles(total=CLASSES[:3], target=CLASSES[1:3], per_microlitre=5e6, cells=2e6)


@dataclass(frozen=True, slots=True)
class MadeCells:
    """So many alike, on one image."""

    image: int
    label: str
    """Empty: nothing is labelled there."""

    found: str
    """What it is taken for; empty: nothing is found there."""

    num: int = 1
    confidence: float = 0.995


def evaluation_of(num_images: int, cells: Iterable[MadeCells]) -> EvaluationData:
    """Every cell has a place of its own, and what is found lies exactly on it."""
    rows = [one for one in cells for _ in range(one.num)]
    edge = np.arange(len(rows), dtype=np.float32) / max(1, len(rows))
    box = np.stack([edge, np.zeros_like(edge), edge + 0.5 / max(1, len(rows)), np.ones_like(edge)], 1).astype(
        np.float32
    )
    image = np.array([one.image for one in rows], np.int64)
    label = np.array([CLASSES.index(one.label) if one.label else -1 for one in rows], np.int64)
    order = np.argsort(image, kind="stable")
    is_labelled = order[label[order] >= 0]
    truth = GroundTruth(image[is_labelled], box[is_labelled], label[is_labelled])
    found = _predicted(rows, box, order)
    return EvaluationData(num_images, truth, found, found)


def _predicted(rows: Sequence[MadeCells], box: Floats, order: Ints) -> PredictedBoxes:
    found = [place for place in order.tolist() if rows[place].found]
    rest = len(CLASSES) - 1
    probabilities = np.array(
        [
            [
                rows[place].confidence if name == rows[place].found else (1 - rows[place].confidence) / rest
                for name in CLASSES
            ]
            for place in found
        ],
        np.float32,
    ).reshape(-1, len(CLASSES))
    image = np.array([rows[place].image for place in found], np.int64)
    return PredictedBoxes(image, box[found], np.ones(len(found), np.float32), probabilities)


def samples_of(known: dict[str, float | None], images_each: int = 1) -> AssayUnits:
    """Samples by name, with what is known of each, of so many images."""
    facts = [SampleFacts(name, value) for name, value in known.items() for _ in range(images_each)]
    return AssayUnits.of(facts, [""] * len(facts))


def images_of(num: int) -> AssayUnits:
    return AssayUnits.of([SampleFacts()] * num, [""] * num)
