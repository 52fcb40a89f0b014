"""The job that follows from what was asked of inference, and the files that it writes."""

from __future__ import annotations

import os
from pathlib import Path

from yogo.definition.problem import listed
from yogo.definition.samples_file import SamplesFile
from yogo.errors import InferenceError
from yogo.files.foreign import leads_nowhere
from yogo.infer.image_depth import Depth
from yogo.infer.images import PictureFiles, Pictures, TiffPages, num_pages
from yogo.infer.job import InferenceJob, InferenceThresholds, Notice, Progress
from yogo.infer.oddities import Oddities
from yogo.infer.outputs import FORMATS, ArrayWithMetadata, Drawings, Output, TextFiles
from yogo.infer.overwriting import refuse_to_overwrite
from yogo.infer.predictor import Predictor
from yogo.infer.request import InferenceRequest
from yogo.infer.sample_pictures import SamplePictures
from yogo.infer.zarr_store import ZarrStore
from yogo.recipe import spelled
from yogo.text.wording import counted


def prepare_job(
    request: InferenceRequest, notice: Notice, progress: Progress | None, tell: Notice = lambda sentence: None
) -> InferenceJob:
    """`notice` receives warnings, `tell` receives information. With `samples`, boxes are kept at any probability of
    their class.

    Raises CheckpointError, InferenceError, TrainingError (no such device).
    """
    predictor = Predictor(
        request.path_to_pth, device=request.device, half=request.half, crop_height=request.vertical_crop_height
    )
    thresholds = (
        _of_counts(request, predictor, notice) if request.thresholds == "counts" else _fixed(request, predictor)
    )
    pictures = _pictures(request, predictor)
    for sentence in predictor.notices:
        notice(sentence)
    if isinstance(pictures, ZarrStore):
        tell(pictures.summary)
    predictor.choose_engine(request.engine, len(pictures.stems), notice=notice, tell=tell)
    return InferenceJob(
        predictor=predictor,
        pictures=pictures,
        bits=Depth(pictures, predictor.image_bits, request.image_bits, notice=notice, tell=tell),
        oddities=Oddities(predictor.frame),
        classes=_classes(request, predictor),
        thresholds=thresholds,
        batch_size=request.batch_size,
        num_threads=request.requested_num_workers or None,
        notice=notice,
        progress=progress,
    )


def prepare_files(request: InferenceRequest, job: InferenceJob) -> list[Output]:
    """The outputs that write the requested files, in a folder that is created if missing. Raises InferenceError."""
    if not (request.save_preds or request.draw_boxes or request.save_npy):
        return []
    if request.output_dir is None:
        raise InferenceError("no output folder was given: name one with --output-dir (output_dir=)")
    folder = Path(request.output_dir)
    suffix = request.output_img_ftype if request.output_img_ftype.startswith(".") else f".{request.output_img_ftype}"
    if suffix not in FORMATS:
        raise InferenceError(f"{suffix!r} is not a format for drawings: use one of {', '.join(FORMATS)}")
    pictures = job.pictures.path
    if request.draw_boxes and folder.resolve() == (pictures if pictures.is_dir() else pictures.parent).resolve():
        raise InferenceError(f"{folder} holds the images themselves: name another folder to draw into")
    array = _array(job, folder) if request.save_npy else None
    if not request.overwrite:
        stems = job.pictures.stems
        refuse_to_overwrite(
            folder,
            labels=[f"{stem}.txt" for stem in stems] if request.save_preds else [],
            drawings=[f"{stem}{suffix}" for stem in stems] if request.draw_boxes else [],
            array=array.name if array else None,
        )
    made_folder(folder)
    outputs: list[Output] = [TextFiles(folder)] if request.save_preds else []
    if (request.save_preds or request.draw_boxes) and isinstance(job.pictures, PictureFiles) and job.pictures.alike:
        alike = listed(job.pictures.alike)
        job.notice(f"images differ only in their suffix, so the files written for them keep it: {alike}")
    if request.draw_boxes:
        outputs.append(Drawings(folder, suffix, job.classes, job.picture))
    if array:
        array.begin()
        outputs.append(array)
    return outputs


def made_folder(folder: Path) -> Path:
    """The folder for results, which is created if missing. Raises InferenceError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        nowhere = leads_nowhere(folder)
        why = f"it is {nowhere}" if nowhere else error.strerror
        raise InferenceError(f"the output folder {folder} cannot be created: {why}") from error
    return folder


def _pictures(request: InferenceRequest, predictor: Predictor) -> Pictures:
    frame = predictor.frame
    if request.samples is not None:
        file = SamplesFile.from_yaml(request.samples)
        return SamplePictures.of(file, frame, axes=request.zarr_axes, channel=request.zarr_channel)
    if request.path_to_zarr is not None and request.path_to_images is None:
        store = Path(request.path_to_zarr)
        return ZarrStore(store, frame.image_hw, rgb=frame.rgb, axes=request.zarr_axes, channel=request.zarr_channel)
    return open_pictures(request.path_to_images, request.path_to_zarr, frame.image_hw)


def _classes(request: InferenceRequest, predictor: Predictor) -> tuple[str, ...]:
    """Names of the classes: as given, as in the file, or their numbers."""
    names = tuple(request.class_names) if request.class_names else predictor.classes
    if names is None:
        return tuple(str(index) for index in range(predictor.num_classes))
    if len(names) != predictor.num_classes:
        raise InferenceError(
            f"{counted(len(names), 'class name')} given ({', '.join(names)}), "
            f"but {predictor.path} knows {counted(predictor.num_classes, 'class')}"
        )
    return names


def open_pictures(images: str | Path | None, store: str | Path | None, image_hw: tuple[int, int]) -> Pictures:
    """Images or a zarr store of frames of about `image_hw`, whichever is named. Raises InferenceError."""
    if images is not None and store is None:
        path = Path(images)
        return TiffPages(path) if path.is_file() and num_pages(path) > 1 else PictureFiles(path)
    if store is not None and images is None:
        return ZarrStore(Path(store), image_hw)
    raise InferenceError("name either images or a zarr store")


def _fixed(request: InferenceRequest, predictor: Predictor) -> InferenceThresholds:
    """As asked; where nothing was, boxes are made as the weights' recipe says. Raises InferenceError."""
    usual = predictor.suppression
    return InferenceThresholds(
        request.obj_thresh,
        usual.iou_thresh if request.iou_thresh is None else request.iou_thresh,
        0.0 if request.samples is not None else request.min_class_confidence_threshold or 0.0,
        average_boxes=usual.average_boxes if request.average_boxes is None else request.average_boxes,
    )


def _of_counts(request: InferenceRequest, predictor: Predictor, notice: Notice) -> InferenceThresholds:
    """Those by which the checkpoint's count thresholds were chosen. Raises InferenceError."""
    usual = {"obj_thresh": (0.5,), "iou_thresh": (None,), "min_class_confidence_threshold": (None, 0.0)}
    given = [spelled(name) for name, values in usual.items() if getattr(request, name) not in values]
    if given:
        raise InferenceError(
            f"--thresholds counts decides by itself which cells are kept: leave out {' and '.join(given)}"
        )
    own = predictor.count_thresholds
    if own is None:
        raise InferenceError(
            f"{predictor.path} holds no count thresholds: it was trained without a validation set, or by a yogo that "
            "did not choose them. Leave out --thresholds counts, and choose an --obj-thresh"
        )
    for sentence in own.remarks():
        notice(sentence)
    average = predictor.suppression.average_boxes if request.average_boxes is None else request.average_boxes
    return InferenceThresholds(own.objectness, own.suppression_iou, count_scores=own.scores, average_boxes=average)


def _array(job: InferenceJob, folder: Path) -> ArrayWithMetadata:
    # Not resolved: a link keeps the name that the user gave. But `..` is not a name.
    predictor, path = job.predictor, Path(os.path.abspath(job.pictures.path))
    name, scores = path.parent.name or path.stem, job.thresholds.count_scores
    metadata = {
        "run_name": name,
        "model_name": predictor.model_name,
        "obj_thresh": job.thresholds.obj_thresh,
        "iou_thresh": job.thresholds.iou_thresh,
        "average_boxes": job.thresholds.average_boxes,
        "min_class_confidence_threshold": job.thresholds.min_class_confidence_threshold,
        "count_thresholds": dict(zip(job.classes, scores, strict=True)) if scores else None,
        "vertical_crop_height_px": predictor.frame.num_rows if predictor.is_cropped else None,
        "class_names": list(job.classes),
        "num_pictures": len(job.pictures.stems),
        "frame_height_px": predictor.frame.num_rows,
        "frame_width_px": predictor.frame.image_hw[1],
    }
    return ArrayWithMetadata(folder, name, predictor.num_classes, metadata)
