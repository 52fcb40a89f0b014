"""`yogo infer --samples`: images.csv, samples.csv and samples.json, by one pass that a stop may interrupt.

A stop loses a batch at most. Started again, it goes on where it was, unless it counts by other settings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from yogo.assay.views.report_csv import figure_cells, table_text
from yogo.errors import InferenceError, RunError
from yogo.files.atomic import write_atomically
from yogo.infer.job import InferenceJob, InferenceThresholds, Notice, Progress
from yogo.infer.prepare import made_folder, prepare_job
from yogo.infer.request import InferenceRequest, misuse
from yogo.infer.sample_counts import count_samples
from yogo.infer.sample_estimates import estimates_for
from yogo.infer.sample_pictures import SamplePictures
from yogo.infer.sample_rows import ImageRows, Ints
from yogo.run.assay import AssayFigure
from yogo.run.inferred_samples import (
    IMAGE_ROWS,
    SAMPLE_ROWS,
    SAMPLES_RECORD,
    CountSettings,
    InferredSample,
    SamplesRecord,
)
from yogo.run.result import sha256
from yogo.text.wording import counted


def infer_samples(
    request: InferenceRequest, notice: Notice, progress: Progress | None, tell: Notice = lambda sentence: None
) -> SamplesRecord:
    """Count the cells of each sample, and write the files. Raises YogoError, OSError."""
    if wrong := misuse(request):
        raise InferenceError(wrong)
    job = prepare_job(request, notice, progress, tell)
    pictures = job.pictures
    assert isinstance(pictures, SamplePictures)
    how = _settings(request, job)
    estimates = estimates_for(request, job, pictures.file, how)
    for sentence in (*map(str, pictures.file.problems), *estimates.remarks):
        notice(sentence)
    folder = made_folder(Path(request.output_dir or "."))
    record = SamplesRecord(
        checkpoint=str(Path(request.path_to_pth).absolute()),
        samples_file=str(pictures.file.path),
        places={one.name: str(one.place) for one in pictures.file.samples},
        settings=how,
        roles=estimates.roles,
        remarks=estimates.remarks,
    )
    record, rows = _begun(folder, record, pictures, is_anew=request.overwrite, tell=tell)
    with contextlib.closing(rows):
        unreadable_S = _counted(job, pictures, rows, how)
    rows.end()
    images_S, counts_TSK = rows.sums()
    found = [
        estimates.of(entry, int(images_S[place]), int(unreadable_S[place]), counts_TSK[:, place], how)
        for place, entry in enumerate(pictures.file.samples)
    ]
    record = record.model_copy(update={"samples": tuple(found), "complete": True})
    write_atomically(folder / SAMPLE_ROWS, samples_text(record))
    record.write(folder / SAMPLES_RECORD)
    return record


def samples_text(record: SamplesRecord) -> str:
    """samples.csv."""
    return table_text([dict(_cells(one, record)) for one in record.samples])


def _settings(request: InferenceRequest, job: InferenceJob) -> CountSettings:
    asked, own = request.min_class_confidence_threshold, job.predictor.count_correction
    threshold = asked if asked is not None else own.threshold if own else 0.0
    used = InferenceThresholds(min_class_confidence_threshold=threshold)  # refuses what is no fraction
    return CountSettings(
        checkpoint_sha256=sha256(Path(request.path_to_pth)),
        classes=job.classes,
        threshold=used.min_class_confidence_threshold,
        obj_thresh=job.thresholds.obj_thresh,
        iou_thresh=job.thresholds.iou_thresh,
        average_boxes=job.thresholds.average_boxes,
        frame=job.predictor.frame.shape,
        image_bits=request.image_bits,
        half=request.half,
        zarr_axes=request.zarr_axes,
        zarr_channel=request.zarr_channel,
    )


def _begun(
    folder: Path, record: SamplesRecord, pictures: SamplePictures, *, is_anew: bool, tell: Notice
) -> tuple[SamplesRecord, ImageRows]:
    """The record and the rows of a pass that begins, or goes on. Raises InferenceError where the folder holds files of
    these names that no such pass wrote."""
    rows = ImageRows(folder / IMAGE_ROWS, pictures, record.settings.classes)
    before = None if is_anew else _before(folder)
    goes_on = before is not None and before.settings == record.settings
    if before is not None and not goes_on:
        tell(f"{folder} holds counts of another checkpoint, threshold or setting: they are replaced")
    if before is not None and goes_on:
        names = [one.name for one in pictures.file.samples]
        same = [place for place, name in enumerate(names) if before.places.get(name) == record.places[name]]
        rows.take_over(same, before.begun_at.timestamp())
        record = record.model_copy(update={"begun_at": before.begun_at})
        if rows.counts:
            kept = counted(len(rows.counts), "image", "is")
            tell(f"{kept} counted already in {folder / IMAGE_ROWS} (--overwrite counts all again)")
    # In this order: rows without a record are begun anew, and rows of other settings must not meet the new record.
    rows.begin()
    (folder / SAMPLE_ROWS).unlink(missing_ok=True)
    record.write(folder / SAMPLES_RECORD)
    return record, rows


def _before(folder: Path) -> SamplesRecord | None:
    try:
        return SamplesRecord.read(folder / SAMPLES_RECORD)
    except FileNotFoundError:
        there = [name for name in (IMAGE_ROWS, SAMPLE_ROWS) if (folder / name).exists()]
    except RunError:
        there = [SAMPLES_RECORD]
    if there:
        raise InferenceError(
            f"{folder} already holds {' and '.join(there)}, which may be someone's work: name another --output-dir, or "
            "replace what is there with --overwrite"
        )
    return None


def _counted(job: InferenceJob, pictures: SamplePictures, rows: ImageRows, how: CountSettings) -> Ints:
    """(S,): how many images could not be read. The rows of the others are written as they come."""
    left, num_done = pictures.without(rows.counts), len(rows.counts)
    told = job.progress

    def progress(done: int, total: int) -> None:
        if told is not None:
            told(done + num_done, total + num_done)

    confidences_T = np.unique([0.0, how.threshold])

    def batch(indices: Sequence[int], counts_TIK: Ints) -> None:
        rows.add([left.keys[index] for index in indices], counts_TIK[[0, -1]])

    job = replace(job, pictures=left, progress=progress, may_find_none=num_done > 0)
    return count_samples(job, confidences_T, batch).unreadable_S


def _cells(one: InferredSample, record: SamplesRecord) -> Iterator[tuple[str, object]]:
    yield from (("sample", one.name), ("group", one.group), ("num_images", one.num_images))
    yield from (("num_unreadable", one.num_unreadable), ("threshold", one.threshold))
    yield from ((f"count_{name}", int(one.counts[name])) for name in record.settings.classes)
    yield from (("cells", _whole(one.cells)), ("targets", _whole(one.targets)), ("known_per_ul", one.known_per_ul))
    per_cent = 100 / record.roles.per_microlitre if record.roles else 0.0
    for name, figure in (("raw", one.raw_per_ul), ("line", one.line_per_ul), ("matrix", one.matrix_per_ul)):
        known = figure or AssayFigure()
        yield from figure_cells(f"{name}_per_ul", known)
        for part, value in (("", known.value), ("_low", known.low), ("_high", known.high)):
            yield f"{name}_percent{part}", None if value is None else value * per_cent
        published = one.published.get(name)
        yield f"published_{name}_per_ul", published and published.per_ul
        yield f"published_{name}_half_width", published and published.half_width
    yield "checkpoint_sha256", record.settings.checkpoint_sha256


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
