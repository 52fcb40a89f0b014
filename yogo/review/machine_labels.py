"""Labels by a model, for a person to correct, with the order in which to look at them.

OUT/labels/*.txt      as yogo reads them; none that is there is replaced
OUT/classes.txt       the class names, and OUT/notes.json the same as Label Studio exports it
OUT/labelled.yml      a dataset definition of the images and these labels
OUT/order.csv         the images, those with the most errors to be expected first
OUT/labelled.json     how they were made, and how far a person should look
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np
from pydantic import Field

from yogo.datasets.cache import own_folder
from yogo.definition.lineage import digests, records, trained_on
from yogo.definition.model import DatasetDefinition
from yogo.definition.record import DataRecord
from yogo.definition.split import Sample, split
from yogo.errors import InferenceError, RunError
from yogo.files.atomic import replacing, write_atomically
from yogo.infer.images import PictureFiles
from yogo.infer.predictor import Predictor
from yogo.metrics.boxes import Floats
from yogo.review.calibration import BY_ITS_OWN_WORD, ExpectedErrors, LabelCalibration, error_left, expected, measured
from yogo.review.labels import label_set
from yogo.review.predictions import FoundBoxes, Looking
from yogo.review.request import LabelRequest
from yogo.review.suspects import found_boxes
from yogo.run.directory import RunDirectory
from yogo.run.record import Record, now
from yogo.run.result import sha256
from yogo.text.wording import counted, listed
from yogo.training.planning.pretrained import check_classes

Tell = Callable[[str, int, int], None]

RECORD, ORDER, DEFINITION = "labelled.json", "order.csv", "labelled.yml"


class MachineLabels(Record):
    """labelled.json."""

    SCHEMA: ClassVar[int] = 1

    made_at: datetime = Field(default_factory=now)
    checkpoint: str
    checkpoint_sha256: str
    images: str
    """The folder; absolute, like all paths here."""

    classes: tuple[str, ...]
    obj_thresh: float
    num_images: int = 0
    num_labels: int = 0
    is_complete: bool = False
    error: float | None = None
    """The share of objects that may be wrong in the end."""

    look_at: int | None = None
    """How many images a person should look at for that, in the order of order.csv; None where nothing is known."""

    error_left: tuple[float, ...] = ()
    """The error to be expected once none, a tenth, and so on to all of the images were looked at; empty where nothing
    is known."""

    reckoned: str = ""
    """How that was reckoned and what it assumes, in sentences for a person."""

    problems: tuple[str, ...] = ()
    """Images that could not be read."""


@dataclass(frozen=True, slots=True)
class _Known:
    calibration: LabelCalibration | None
    said: str


def label(request: LabelRequest, tell: Tell = lambda what, done, total: None) -> MachineLabels:
    """Write the labels. Raises YogoError, OSError, signals.Stop; what was written by then is complete and kept."""
    return _Labelling(request, tell).run()


def label_lines(rows: Floats, obj_thresh: float) -> tuple[str, ...]:
    """The lines of a label file for the boxes (N, 5 + classes) of an image. Boxes that reach out of it are cut at its
    edge; of two that are the same then, one is kept."""
    lines = []
    for row in rows[rows[:, 4] > obj_thresh]:
        (x0, y0, x1, y1), kind = (float(edge) for edge in row[:4].clip(0, 1)), int(row[5:].argmax())
        sides = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
        lines.append(" ".join([str(kind), *(f"{side:.6f}" for side in sides)]) + "\n")
    return tuple(dict.fromkeys(lines))


class _Labelling:
    def __init__(self, request: LabelRequest, tell: Tell) -> None:
        self.request = request
        self.tell = tell
        self.predictor = Predictor(request.checkpoint, device=request.device)
        self.sha256 = sha256(request.checkpoint)
        self.classes = self.predictor.classes or tuple(map(str, range(self.predictor.num_classes)))
        if request.images.is_file():
            raise InferenceError(f"{request.images} is a file: name the folder of images")
        self.pictures = PictureFiles(request.images.resolve())
        if self.pictures.alike:
            raise InferenceError(
                f"images differ only in their suffix, and would share a label file: {listed(self.pictures.alike[:4])}"
            )
        self.labels = request.out.absolute() / "labels"

    def run(self) -> MachineLabels:
        record = self._checked()
        known = self._known()
        self._make_ready(record)
        found = self._written()
        errors = [
            None if rows is None else expected(rows, known.calibration or BY_ITS_OWN_WORD, self.request.obj_thresh)
            for rows in found.rows
        ]
        order = sorted(range(len(errors)), key=lambda place: -one.errors if (one := errors[place]) else float("-inf"))
        ordered = [one for place in order if (one := errors[place]) is not None]
        unread = len(order) - len(ordered)
        self._write_order(found, errors, order)
        left = error_left(ordered)
        record = record.model_copy(
            update={
                "num_images": len(ordered),
                "num_labels": sum(self._num_labels(rows) for rows in found.rows if rows is not None),
                "is_complete": True,
                "reckoned": known.said,
                "problems": tuple(found.problems),
            }
        )
        if known.calibration is not None:
            look_at = int(np.flatnonzero(left <= self.request.error)[0])
            tenths = tuple(round(float(left[round(len(ordered) * n / 10)]), 5) for n in range(11))
            record = record.model_copy(
                update={"error": self.request.error, "look_at": look_at + unread, "error_left": tenths}
            )
        record.write(self.request.out / RECORD)
        return record

    def _checked(self) -> MachineLabels:
        """The record of the folder, of which nothing is known yet. Raises RunError where other labels lie in it."""
        out = self.request.out
        record = MachineLabels(
            checkpoint=str(self.request.checkpoint.absolute()),
            checkpoint_sha256=self.sha256,
            images=str(self.pictures.path),
            classes=self.classes,
            obj_thresh=self.request.obj_thresh,
        )
        try:
            before = MachineLabels.read(out / RECORD)
        except FileNotFoundError:
            if out.is_dir() and any(out.iterdir()):
                raise RunError(f"{out} is not empty, and yogo label did not make it: name another folder") from None
        else:
            same = ("checkpoint_sha256", "images", "obj_thresh")
            if any(getattr(before, name) != getattr(record, name) for name in same):
                raise RunError(
                    f"{out} holds labels by other weights, of other images or at another --obj-thresh: name another "
                    "folder"
                )
        return record

    def _make_ready(self, record: MachineLabels) -> None:
        out = self.request.out
        self.labels.mkdir(parents=True, exist_ok=True)
        record.write(out / RECORD)
        categories = [{"id": index, "name": name} for index, name in enumerate(self.classes)]
        notes = {"categories": categories, "info": {"year": now().year, "version": "1.0", "contributor": "yogo"}}
        definition = {
            "class_names": [*self.classes],
            "dataset_split_fractions": {"train": 0.9, "val": 0.1},
            "dataset_paths": {"labelled": {"image_path": str(self.pictures.path), "label_path": str(self.labels)}},
        }
        for name, text in (
            ("classes.txt", "".join(f"{one}\n" for one in self.classes)),
            ("notes.json", json.dumps(notes, indent=2, ensure_ascii=False) + "\n"),
            (DEFINITION, json.dumps(definition, indent=2, ensure_ascii=False) + "\n"),
        ):
            if not (out / name).exists():
                write_atomically(out / name, text)

    def _written(self) -> FoundBoxes:
        """What the model finds on all images; the labels of each batch are written before the next one is looked at."""
        found = FoundBoxes([str(file) for file in self.pictures.files])
        for places in self._looking("labelling images").each(found):
            for place in places:
                rows, file = found.rows[place], self.labels / f"{self.pictures.stems[place]}.txt"
                if rows is not None and not file.exists():
                    with replacing(file, durable=False) as out:
                        out.write("".join(label_lines(rows, self.request.obj_thresh)).encode())
        if all(rows is None for rows in found.rows):
            raise InferenceError(f"none of the images in {self.pictures.path} can be read: {found.problems[0]}")
        return found

    def _looking(self, what: str) -> Looking:
        request = self.request
        return Looking(
            self.predictor,
            self.sha256,
            own_folder(),
            image_bits=request.image_bits,
            batch_size=request.batch_size,
            num_threads=request.num_workers or None,
            tell=lambda done, total: self.tell(what, done, total),
        )

    def _num_labels(self, rows: Floats) -> int:
        return len(label_lines(rows, self.request.obj_thresh))

    def _write_order(self, found: FoundBoxes, errors: Sequence[ExpectedErrors | None], order: Sequence[int]) -> None:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(("rank", "image", "label_file", "labels", "errors_to_be_expected"))
        for rank, place in enumerate(order, 1):
            rows, one = found.rows[place], errors[place]
            file = self.labels / f"{self.pictures.stems[place]}.txt"
            numbers = ("", "") if rows is None or one is None else (self._num_labels(rows), f"{one.errors:.3f}")
            table.writerow((rank, found.paths[place], "" if rows is None else file, *numbers))
        write_atomically(self.request.out / ORDER, text.getvalue().encode("utf-8", "surrogateescape"))

    def _known(self) -> _Known:
        """How often the model is wrong, measured on labelled images, and what is said of that."""
        samples, which = self._held()
        assumes = (
            "It assumes that these images are like those, and that whoever looks at an image mends all that is wrong "
            "on it."
        )
        if not samples:
            own = "The order is by the model's own confidence."
            return _Known(None, f"It is not known how often this model is wrong: {which}. {own}")
        truth = label_set(samples, self.classes, lambda done, total: self.tell("reading labels", done, total))
        predictions = self._looking("measuring").at([one.image_file for one in samples], self.request.images)
        found = found_boxes(predictions, len(self.classes))
        calibration = measured(found, truth.truth, len(samples), self.request.obj_thresh)
        number = len(truth.truth.image)
        if calibration is None:
            few = f"{which} have {counted(number, 'labelled object')}, which is too few to measure it"
            return _Known(None, f"It is not known how often this model is wrong: {few}.")
        seen = trained_on(digests(samples), records(RunDirectory(self.request.checkpoint.absolute().parent)))
        learnt = "".join(
            f" The run {name} was trained on {count:,} of them, so the model is surer there than elsewhere, and the "
            "true error is larger."
            for name, count in seen.items()
        )
        begin = f"Measured on {which} ({counted(number, 'object')}): how often a label of each confidence is right."
        return _Known(calibration, f"{begin}{learnt} {assumes}")

    def _held(self) -> tuple[Sequence[Sample], str]:
        """Labelled images to measure on, and in words which they are, or why there are none."""
        if self.request.on is not None:
            definition = DatasetDefinition.from_yaml(self.request.on)
            check_classes(self.request.checkpoint, self.predictor.classes, self.predictor.model, definition.classes)
            splits = split(definition)
            every = [sample for _, part in splits.items() for sample in part]
            return every, f"the {counted(len(every), 'image')} of {definition.path.name}"
        run = RunDirectory(self.request.checkpoint.absolute().parent)
        advice = "name labelled images like these with --on"
        try:
            record = DataRecord.read(run.data)
        except (FileNotFoundError, RunError):
            return (), f"no data.json.gz lies beside it, so its validation images are not known; {advice}"
        held = [one for one in record.splits().val if os.path.isfile(one.image_file)]
        if not held or record.classes != self.classes:
            return (), f"the validation images of {run.name} are not there any more; {advice}"
        number = len(held)
        return held, f"the {counted(number, 'validation image')} of {run.name}, by which its weights were chosen"
