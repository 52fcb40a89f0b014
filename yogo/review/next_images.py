"""Which images to label next: those on which the model is unsure, and that are unlike what is labelled.

An image is worth its doubt x its distance to the nearest image that is labelled or chosen already, so the chosen ones
also differ from each other: the greedy choice of core-sets (Sener and Savarese 2018, arXiv:1708.00489), weighed by
doubt.
Its doubt are the errors to be expected among its boxes, by the model's own confidence; distances are between the images
as the network's last hidden layer sees them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence

import numpy as np

from yogo.datasets.cache import own_folder
from yogo.formats.output import check_free
from yogo.infer.images import PictureFiles
from yogo.infer.predictor import Predictor
from yogo.metrics.boxes import Doubles, Floats
from yogo.review.appearance import Appearance
from yogo.review.calibration import BY_ITS_OWN_WORD, expected
from yogo.review.chosen import ChosenImage, ChosenImages, write_chosen
from yogo.review.predictions import FoundBoxes, Looking
from yogo.review.ranking import RankedBox
from yogo.review.request import NextRequest
from yogo.review.suspects import ranked_box
from yogo.review.unlabelled import labelled_images, unlabelled
from yogo.run.result import sha256

Tell = Callable[[str, int, int], None]

_OBJECTNESS = 0.5
_FAINTEST, _MOST_BOXES = 0.1, 1000
"""The confidence of the faintest box that is told, and how many of an image are."""

_LEAST_DOUBT = 0.05
"""Of an image without any doubt, of the median one: it may still be unlike all others."""


def next_images(request: NextRequest, tell: Tell = lambda what, done, total: None) -> ChosenImages:
    """The images, which lie in the folder `out` then, where one is named. Raises YogoError, OSError, signals.Stop; what
    was found by then is remembered."""
    if request.out:
        check_free(request.out)
    chosen = _chosen(request, tell)
    if request.out:
        write_chosen(chosen, request.out)
    return chosen


def _chosen(request: NextRequest, tell: Tell) -> ChosenImages:
    labelled = labelled_images(request.labelled) if request.labelled else []
    folder = PictureFiles(request.images.resolve())
    paths = [*unlabelled(folder, labelled)]
    looking = _looking(request, tell)
    found, predictor = looking.at(paths, request.images), looking.predictor
    seen = _appearances(looking, [*paths, *labelled])
    doubts = np.array(
        [expected(rows, BY_ITS_OWN_WORD, _OBJECTNESS).errors if rows is not None else -1.0 for rows in found.rows]
    )
    points = _scaled(seen)
    readable = [place for place in range(len(paths)) if doubts[place] >= 0 and seen.rows[place] is not None]
    there = [place for place in range(len(paths), len(points)) if seen.rows[place] is not None]
    chosen = chosen_of(points, doubts, readable, there, request.number)
    return ChosenImages(
        checkpoint=os.path.abspath(request.checkpoint),
        checkpoint_sha256=looking.sha256,
        folder=str(folder.path),
        labelled=os.path.abspath(request.labelled) if request.labelled else "",
        classes=predictor.classes or tuple(map(str, range(predictor.num_classes))),
        num_images=len(paths),
        num_labelled=len(labelled),
        problems=tuple(found.problems),
        images=tuple(
            _described(paths[place], float(doubts[place]), unlike, found.rows[place]) for place, unlike in chosen
        ),
    )


def _looking(request: NextRequest, tell: Tell) -> Looking:
    return Looking(
        Predictor(request.checkpoint, device=request.device),
        sha256(request.checkpoint),
        own_folder(),
        image_bits=request.image_bits,
        batch_size=request.batch_size,
        num_threads=request.num_workers or None,
        tell=lambda done, total: tell("looking at images", done, total),
    )


def _described(image: str, errors: float, unlike: float, rows: Floats | None) -> ChosenImage:
    return ChosenImage(image=image, errors=round(errors, 3), unlike=round(unlike, 3), boxes=_boxes(rows))


def _boxes(rows: Floats | None) -> tuple[RankedBox, ...]:
    """The surest first."""
    if rows is None:
        return ()
    sure = rows[:, 4] * rows[:, 5:].max(1, initial=0)
    order = [int(place) for place in (-sure).argsort(kind="stable") if sure[place] >= _FAINTEST][:_MOST_BOXES]
    return tuple(
        ranked_box(rows[place, :4], int(rows[place, 5:].argmax()), round(float(sure[place]), 4)) for place in order
    )


def chosen_of(
    points: Doubles, doubts: Doubles, candidates: Sequence[int], there: Sequence[int], number: int
) -> list[tuple[int, float]]:
    """Places of `number` of the candidates, the most useful first, each with its distance to the nearest of those that
    are `there` or stand before it."""
    places = np.array(candidates, np.int64)
    weights = doubts[places] / max(1e-9, float(np.median(doubts[places]))) + _LEAST_DOUBT
    centre = points[places].mean(0, keepdims=True)
    known = points[list(there)] if there else centre
    nearest = np.array([np.sqrt(((known - point) ** 2).sum(1)).min() for point in points[places]])
    is_left = np.ones(len(places), bool)
    chosen: list[tuple[int, float]] = []
    for _ in range(min(number, len(places))):
        best = int(np.where(is_left, weights * nearest, -1).argmax())
        chosen.append((int(places[best]), float(nearest[best])))
        nearest = np.minimum(nearest, np.sqrt(((points[places] - points[places[best]]) ** 2).sum(1)))
        is_left[best] = False
    return chosen


def _appearances(looking: Looking, paths: Sequence[str]) -> FoundBoxes:
    bits = looking.bits(paths)
    with Appearance(looking.predictor) as appearance:
        batches = functools.partial(
            appearance.of, bits=bits, batch_size=looking.batch_size, num_threads=looking.num_threads
        )
        found = FoundBoxes(paths)
        key = ("appearance", looking.sha256, bits, looking.predictor.device.type)
        for _ in looking.remembering(found, key, appearance.num_values, batches):
            pass
    return found


def _scaled(seen: FoundBoxes) -> Doubles:
    """Points of which each number varies as much as any other, and of which two are 1 apart in the median."""
    width = next((rows.shape[1] for rows in seen.rows if rows is not None), 1)
    points = np.concatenate([np.zeros((1, width)) if rows is None else rows.astype(np.float64) for rows in seen.rows])
    points = (points - points.mean(0)) / np.maximum(points.std(0), 1e-6)
    some = points[np.random.default_rng(0).integers(0, len(points), (500, 2))]
    typical = float(np.median(np.sqrt(((some[:, 0] - some[:, 1]) ** 2).sum(1))))
    scaled: Doubles = points / max(1e-9, typical)
    return scaled
