"""What each sample of a test brings to the figures of an assay: counts at all thresholds, and what of them is right.

Axes: I images, U units that are drawn anew (samples, groups or images), T thresholds, K classes, C classes of the
target, N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from yogo.assay.confidence import CONFIDENCES, counts_by_confidence
from yogo.assay.roles import Roles
from yogo.definition.roles import SampleFacts
from yogo.metrics.boxes import Doubles, EvaluationData, Ints
from yogo.metrics.confidence import Bools
from yogo.metrics.matching import match


@dataclass(frozen=True, slots=True, eq=False)
class AssayUnits:
    """What is drawn anew, and what is known of it."""

    over: Literal["samples", "groups", "images"]
    unit_I: Ints
    """Which unit each image belongs to, from 0."""

    names: tuple[str, ...]
    """(U,): of the samples; empty where a unit is no sample that has a name."""

    groups: tuple[str, ...]
    """(U,): of the unit's first image."""

    known_U: Doubles
    """Targets per microlitre, known otherwise; NaN where they are not."""

    @classmethod
    def of(cls, samples: Sequence[SampleFacts], groups: Sequence[str]) -> AssayUnits:
        """Of each image, what is told of its sample, and its group or ``. The images of a sample are one unit, else
        those of a group, else each by itself."""
        number: dict[object, int] = {}
        units: list[int] = []
        first: list[int] = []
        for image, (sample, group) in enumerate(zip(samples, groups, strict=True)):
            key = ("sample", sample.name) if sample.name else ("group", group) if group else image
            if key not in number:
                number[key] = len(first)
                first.append(image)
            units.append(number[key])
        known = [samples[image].target_per_microlitre for image in first]
        is_named, is_grouped = any(one.name for one in samples), any(groups)
        return cls(
            over="samples" if is_named else "groups" if is_grouped else "images",
            unit_I=np.array(units, np.int64),
            names=tuple(samples[image].name for image in first),
            groups=tuple(groups[image] for image in first),
            known_U=np.array([np.nan if one is None else one for one in known], np.float64),
        )

    @property
    def num(self) -> int:
        return len(self.names)

    @property
    def images_U(self) -> Ints:
        """How many images each has."""
        return np.bincount(self.unit_I, minlength=self.num).astype(np.int64)

    @property
    def is_negative_U(self) -> Bools:
        is_negative: Bools = self.known_U == 0
        return is_negative

    def as_one(self) -> AssayUnits:
        """All images as one unit, of which nothing is known: enough for figures without intervals."""
        return AssayUnits("images", np.zeros_like(self.unit_I), ("",), ("",), np.full(1, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class AssaySums:
    """Boxes that inference keeps, at each of `CONFIDENCES`, of which the first is every box."""

    roles: Roles
    count_TUK: Doubles
    """By the predicted class."""

    wrong_TU: Doubles
    """Counted as one of the target, and no label of the target matches them."""

    found_TUC: Doubles
    """Labels of each class of the target that are counted as one of the target."""

    labels_UK: Doubles
    thresholds: Doubles = field(default_factory=CONFIDENCES.copy)
    """(T,)."""

    @classmethod
    def of(cls, data: EvaluationData, roles: Roles, units: AssayUnits, matched_N: Ints | None = None) -> AssaySums:
        """`matched_N` is the label that each kept box matches at an overlap of one half; found here if it is None."""
        kept, truth, num = data.kept, data.truth, len(roles.classes)
        matched_N = match(kept, truth) if matched_N is None else matched_N
        is_N = np.append(truth.label, num)[matched_N]
        unit_N, label_N = units.unit_I[kept.image], kept.label
        confidence_N = kept.probabilities.max(1) if len(kept.image) else np.empty(0, np.float32)
        place_K = np.full(num + 1, -1)
        place_K[roles.target_places] = np.arange(len(roles.target))
        is_target_N, place_N = np.isin(label_N, roles.target_places), place_K[is_N]

        def counts(chosen_N: Bools, kind_N: Ints, num_kinds: int) -> Doubles:
            return counts_by_confidence(
                unit_N[chosen_N], kind_N, confidence_N[chosen_N], num_images=units.num, num_classes=num_kinds
            ).astype(np.float64)

        is_wrong_N, is_found_N = is_target_N & (place_N < 0), is_target_N & (place_N >= 0)
        places = units.unit_I[truth.image] * num + truth.label
        return cls(
            roles=roles,
            count_TUK=counts(np.ones(len(label_N), bool), label_N, num),
            wrong_TU=counts(is_wrong_N, np.zeros(is_wrong_N.sum(), np.int64), 1)[:, :, 0],
            found_TUC=counts(is_found_N, place_N[is_found_N], len(roles.target)),
            labels_UK=np.bincount(places, minlength=units.num * num).reshape(units.num, num).astype(np.float64),
        )

    @property
    def targets_TU(self) -> Doubles:
        """Counted as one of the target."""
        return np.asarray(self.count_TUK[:, :, self.roles.target_places].sum(2), np.float64)

    @property
    def cells_TU(self) -> Doubles:
        return np.asarray(self.count_TUK[:, :, self.roles.total_places].sum(2), np.float64)

    @property
    def labelled_UC(self) -> Doubles:
        """Labels of each class of the target."""
        return np.asarray(self.labels_UK[:, self.roles.target_places], np.float64)

    @property
    def labelled_others_U(self) -> Doubles:
        """Labelled cells that are no target."""
        places = [one for one in self.roles.total_places if one not in self.roles.target_places]
        return np.asarray(self.labels_UK[:, places].sum(1), np.float64)

    @property
    def labelled_cells_U(self) -> Doubles:
        return np.asarray(self.labels_UK[:, self.roles.total_places].sum(1), np.float64)
