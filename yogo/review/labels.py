"""The labels of many images, as a ranking needs them: with the line of each, and those that are of one object twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from yogo.definition.labels import Notes, examine_labels, read_notes
from yogo.definition.problem import InvalidDatasetDefinitionFile
from yogo.definition.split import Sample
from yogo.health.boxes import overlapping
from yogo.metrics.boxes import Floats, GroundTruth, Ints

_TELL_EVERY = 200


@dataclass(frozen=True, slots=True)
class Doubled:
    """Two labels of one object; the later one is the suspect."""

    label: int
    """Its place among all labels."""

    other: int
    iou: float


@dataclass(slots=True)
class LabelSet:
    truth: GroundTruth
    lines: Ints
    """(M,): of each label in its file, from 1."""

    doubled: list[Doubled] = field(default_factory=list)
    unread: dict[int, str] = field(default_factory=dict)
    """By number of the image: why its label file cannot be read. Nothing is known about what lies there."""


def label_set(
    samples: Sequence[Sample], classes: Sequence[str], tell: Callable[[int, int], None] = lambda done, total: None
) -> LabelSet:
    """The labels of these images in their order. What cannot be read is left out: `yogo check` says what."""
    images: list[Ints] = [np.empty(0, np.int64)]
    rows: list[Floats] = [np.empty((0, 5), np.float32)]
    lines: list[int] = []
    doubled: list[Doubled] = []
    unread: dict[int, str] = {}
    notes: dict[Path, Notes | None] = {}
    for number, sample in enumerate(samples):
        if sample.label_file is None:
            continue
        file = Path(sample.label_file)
        try:
            if file.parent not in notes:
                notes[file.parent] = read_notes(file.parent)
        except InvalidDatasetDefinitionFile as error:
            unread[number] = str(error.problem)
            continue
        found, problems = examine_labels(file, classes, notes[file.parent])
        if wrong := next((problem for problem in problems if problem.is_error), None):
            unread[number] = str(wrong)
        some = np.frombuffer(found.rows, np.float32).reshape(-1, 5)
        doubled += (
            Doubled(len(lines) + second, len(lines) + first, iou)
            for first, second, iou in overlapping(some.astype(np.float64))
        )
        images.append(np.full(len(some), number, np.int64))
        rows.append(some)
        lines += found.lines
        if number % _TELL_EVERY == 0:
            tell(number, len(samples))
    every = np.concatenate(rows)
    truth = GroundTruth(np.concatenate(images), every[:, 1:], every[:, 0].astype(np.int64))
    return LabelSet(truth, np.array(lines, np.int64), doubled, unread)
