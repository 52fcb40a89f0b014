"""What is wrong on which image: labelled boxes that were missed, false alarms, and boxes of another class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import EvaluationData, Ints
from yogo.metrics.matching import match
from yogo.run.worst import MOST_BOXES, MOST_IMAGES, JudgedBox, Verdict, WorstImage


@dataclass(frozen=True, slots=True)
class _Judged:
    """The kept boxes of a set of images, compared with its labels."""

    data: EvaluationData
    matched_N: Ints
    """The label that each prediction matches, or -1."""

    found_by_M: Ints
    """The prediction that matches each label, or -1."""


def worst(data: EvaluationData, match_iou: float, images: tuple[str, ...]) -> tuple[WorstImage, ...]:
    """The images with the most wrong boxes, at most `MOST_IMAGES`, the worst first; without thumbnails.

    `images` are the paths of all images of `data`, in the order of its indices.
    """
    matched_N = match(data.kept, data.truth, match_iou)
    found_by_M = np.full(len(data.truth.image), -1, np.int64)
    found_by_M[matched_N[matched_N >= 0]] = np.flatnonzero(matched_N >= 0)
    judged = _Judged(data, matched_N, found_by_M)
    num = len(images)
    wrong = np.bincount(data.truth.image[found_by_M < 0], minlength=num)
    wrong += np.bincount(data.kept.image[(matched_N < 0) | _is_confused(judged)], minlength=num)
    order = np.argsort(-wrong, kind="stable")[:MOST_IMAGES]
    return tuple(_image(judged, int(index), images[index]) for index in order if wrong[index])


def _is_confused(judged: _Judged) -> np.typing.NDArray[np.bool_]:
    """(N,): whether a prediction matches a label of another class."""
    data, matched_N = judged.data, judged.matched_N
    of_label_N = np.append(data.truth.label, -1)[matched_N]
    is_confused: np.typing.NDArray[np.bool_] = (matched_N >= 0) & (of_label_N != data.kept.label)
    return is_confused


def _image(judged: _Judged, index: int, path: str) -> WorstImage:
    data, is_confused = judged.data, _is_confused(judged)
    of_truth, of_kept = np.flatnonzero(data.truth.image == index), np.flatnonzero(data.kept.image == index)
    kinds, scores = data.kept.label, data.kept.score

    def label(place: int) -> JudgedBox:
        by = judged.found_by_M[place]
        verdict = Verdict.MISSED if by < 0 else Verdict.CONFUSED if is_confused[by] else Verdict.FOUND
        return JudgedBox(box=_edges(data.truth.box[place]), class_index=int(data.truth.label[place]), verdict=verdict)

    def prediction(place: int) -> JudgedBox:
        is_false = judged.matched_N[place] < 0
        verdict = Verdict.FALSE if is_false else Verdict.CONFUSED if is_confused[place] else Verdict.FOUND
        return JudgedBox(
            box=_edges(data.kept.box[place]),
            class_index=int(kinds[place]),
            verdict=verdict,
            confidence=round(float(scores[place]), 4),
        )

    labels = [label(int(place)) for place in of_truth]
    predictions = [prediction(int(place)) for place in of_kept]
    return WorstImage(
        image=path,
        missed=_num(labels, Verdict.MISSED),
        false=_num(predictions, Verdict.FALSE),
        confused=_num(predictions, Verdict.CONFUSED),
        num_labels=len(labels),
        num_predictions=len(predictions),
        labels=_wrong_first(labels),
        predictions=_wrong_first(predictions),
    )


def _num(boxes: list[JudgedBox], verdict: Verdict) -> int:
    return sum(box.verdict is verdict for box in boxes)


def _edges(box: np.typing.NDArray[np.float32]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(edge), 5) for edge in box)
    return x0, y0, x1, y1


def _wrong_first(boxes: list[JudgedBox]) -> tuple[JudgedBox, ...]:
    return tuple(sorted(boxes, key=lambda one: one.verdict is Verdict.FOUND)[:MOST_BOXES])
