"""The suspects of a ranking in their order, each with a sentence: from labels, and from what a model finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from yogo.definition.record import PartName
from yogo.definition.split import Sample
from yogo.metrics.boxes import Floats, Ints, PredictedBoxes
from yogo.review.beyond_doubt import LEAST_LABELLED, BeyondDoubt, beyond_doubt
from yogo.review.disagreement import Disagreement, disagreement
from yogo.review.labels import Doubled, LabelSet
from yogo.review.predictions import FoundBoxes
from yogo.review.ranking import MOST_SUSPECTS, RankedBox, SureOf, Suspect, SuspectKind
from yogo.run.result import sha256


@dataclass(frozen=True, slots=True)
class Ranked:
    suspects: tuple[Suspect, ...]
    num_ranked: int
    """How many there were, before the last were left out."""

    sure: dict[str, SureOf]
    """From when on the model is sure, by class."""


def ranked(
    samples: Sequence[Sample],
    parts: Sequence[PartName],
    classes: Sequence[str],
    labels: LabelSet,
    predictions: FoundBoxes,
) -> Ranked:
    """The suspects among the labels of `samples`, most suspect first: labels of one object twice, then by score."""
    found = found_boxes(predictions, len(classes))
    compared = disagreement(found, labels.truth)
    certain = beyond_doubt(found, labels.truth, compared, labels.doubled)
    sentences = _Suspects(samples, parts, classes, labels, found, compared, certain)
    kinds, scores, places = _queue(labels, found, compared, predictions)
    order = np.lexsort((places, -scores, kinds != _TWICE))
    suspects = [sentences.of(int(kinds[row]), float(scores[row]), int(places[row])) for row in order[:MOST_SUSPECTS]]
    numbered = (one.model_copy(update={"rank": rank}) for rank, one in enumerate(suspects, 1))
    return Ranked(tuple(numbered), len(order), dict(_sure(certain, classes)))


def _sure(certain: BeyondDoubt, classes: Sequence[str]) -> Iterator[tuple[str, SureOf]]:
    for name, least, labelled in zip(classes, certain.least_K.tolist(), certain.labelled_K.tolist(), strict=True):
        if least <= 1:
            is_enough = labelled >= LEAST_LABELLED
            yield name, SureOf(confidence=round(least, 4), labelled=round(labelled, 4), is_enough=is_enough)


_KINDS = (SuspectKind.TWICE, SuspectKind.BADLY_PLACED, SuspectKind.WRONG_CLASS, SuspectKind.OVERLOOKED)
_TWICE, _BADLY_PLACED, _WRONG_CLASS, _OVERLOOKED = range(4)


def found_boxes(predictions: FoundBoxes, num_classes: int) -> PredictedBoxes:
    empty = np.empty((0, 5 + num_classes), np.float32)
    rows = [empty if some is None else some for some in predictions.rows]
    images = np.repeat(np.arange(len(rows)), [len(some) for some in rows])
    every = np.concatenate([empty, *rows])
    return PredictedBoxes(images, every[:, :4], every[:, 4], every[:, 5:])


def _queue(
    labels: LabelSet, found: PredictedBoxes, compared: Disagreement, predictions: FoundBoxes
) -> tuple[Ints, Floats, Ints]:
    """Of all suspects the kind, the score, and the place: among `labels.doubled`, the labels, or the predictions.

    A label stands in it once: as one of two of an object, or by the worse of its place and its class. What lies on an
    image that could not be read, or beside labels that could not be read, is not judged.
    """
    is_unseen = np.array([rows is None for rows in predictions.rows], bool)
    is_unread = is_unseen.copy()
    is_unread[list(labels.unread)] = True
    judged = ~is_unseen[labels.truth.image]
    judged[[one.label for one in labels.doubled]] = False
    of_labels = np.flatnonzero(judged)
    placed, of_class = compared.placed_M[of_labels], compared.class_M[of_labels]
    of_lone = np.flatnonzero(~is_unread[found.image[compared.lone_L]])
    kinds = (
        np.full(len(labels.doubled), _TWICE),
        np.where(of_class > placed, _WRONG_CLASS, _BADLY_PLACED),
        np.full(len(of_lone), _OVERLOOKED),
    )
    scores = ([one.iou for one in labels.doubled], np.maximum(placed, of_class), compared.overlooked_L[of_lone])
    places = (np.arange(len(labels.doubled)), of_labels, compared.lone_L[of_lone])
    return np.concatenate(kinds), np.concatenate(scores), np.concatenate(places)


@dataclass(slots=True)
class _Suspects:
    samples: Sequence[Sample]
    parts: Sequence[PartName]
    classes: Sequence[str]
    labels: LabelSet
    found: PredictedBoxes
    compared: Disagreement
    certain: BeyondDoubt
    _digests: dict[str, str] = field(default_factory=dict)

    def of(self, kind: int, score: float, place: int) -> Suspect:
        """Without its rank."""
        found = self._made(kind, score, place)
        is_beyond = found.part != "test" and self._is_beyond_doubt(kind, place)
        return found.model_copy(update={"beyond_doubt": is_beyond})

    def _is_beyond_doubt(self, kind: int, place: int) -> bool:
        if kind == _TWICE:
            return self.certain.twice[place]
        if kind == _OVERLOOKED:
            return place in self.certain.overlooked
        return bool((self.certain.class_M if kind == _WRONG_CLASS else self.certain.placed_M)[place])

    def _made(self, kind: int, score: float, place: int) -> Suspect:
        if kind == _TWICE:
            return self._twice(score, self.labels.doubled[place])
        if kind == _OVERLOOKED:
            box = self._prediction(place)
            why = f"The model finds {self.classes[box.class_index]} here ({box.confidence:.0%} sure); there is no label"
            return self._suspect(kind, score, int(self.found.image[place]), prediction=box, why=why)
        return self._of_label(kind, score, place)

    def _of_label(self, kind: int, score: float, place: int) -> Suspect:
        label, by = self._label(place), int(self.compared.found_by_M[place])
        prediction = self._prediction(by) if by >= 0 else None
        if prediction is None:
            seen = 1 - self.compared.missed_K[label.class_index]
            name = self.classes[label.class_index]
            why = f"The model finds nothing where this {name} is labelled; it finds {seen:.0%} of such labels"
        elif kind == _WRONG_CLASS:
            given = float(self.found.probabilities[by, label.class_index])
            other = float(self.found.probabilities[by, prediction.class_index])
            names = self.classes[label.class_index], self.classes[prediction.class_index]
            why = f"The model takes this {names[0]} for {names[1]} ({other:.0%} to {given:.0%})"
        else:
            usual = self.compared.usual_iou_K[label.class_index]
            compared = "" if np.isnan(usual) else f"; {usual:.2f} is usual"
            name, iou = self.classes[label.class_index], self._iou(place)
            how = (
                f"draws this {name} otherwise" if np.isnan(usual) or iou < usual else f"finds this {name} in its place"
            )
            why = f"The model {how}: the two boxes overlap by {iou:.2f}{compared}"
        image = int(self.labels.truth.image[place])
        return self._suspect(kind, score, image, label=label, place=place, prediction=prediction, why=why)

    def _twice(self, score: float, one: Doubled) -> Suspect:
        label, other = self._label(one.label), self._label(one.other)
        line = int(self.labels.lines[one.other])
        more = f", where it is {self.classes[other.class_index]}" if label.class_index != other.class_index else ""
        name = self.classes[label.class_index]
        why = f"This {name} box covers the same object as line {line} (IoU {score:.2f}){more}"
        image = int(self.labels.truth.image[one.label])
        return self._suspect(_TWICE, score, image, label=label, place=one.label, why=why, other_line=line)

    def _suspect(
        self,
        kind: int,
        score: float,
        image: int,
        *,
        why: str,
        label: RankedBox | None = None,
        place: int | None = None,
        prediction: RankedBox | None = None,
        other_line: int | None = None,
    ) -> Suspect:
        sample = self.samples[image]
        return Suspect(
            rank=0,
            kind=_KINDS[kind],
            score=round(min(1.0, max(0.0, score)), 4),
            image=sample.image_file,
            part=self.parts[image],
            label_file=sample.label_file,
            label_sha256=self._digest(sample.label_file),
            line=None if place is None else int(self.labels.lines[place]),
            label=label,
            prediction=prediction,
            other_line=other_line,
            why=why,
        )

    def _digest(self, file: str | None) -> str | None:
        if file is not None and file not in self._digests:
            self._digests[file] = sha256(Path(file))
        return self._digests.get(file) if file else None

    def _label(self, place: int) -> RankedBox:
        truth = self.labels.truth
        return ranked_box(truth.box[place], int(truth.label[place]))

    def _prediction(self, place: int) -> RankedBox:
        confidence = round(float(self.found.score[place]), 4)
        return ranked_box(self.found.box[place], int(self.found.label[place]), confidence)

    def _iou(self, place: int) -> float:
        return float(self.compared.iou_M[place])


def ranked_box(corners: Floats, class_index: int, confidence: float | None = None) -> RankedBox:
    x0, y0, x1, y1 = (float(edge) for edge in corners)
    sides = (round(value, 6) for value in ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))
    xc, yc, w, h = sides
    return RankedBox(xc=xc, yc=yc, w=w, h=h, class_index=class_index, confidence=confidence)
