"""What is asked of inference, under the names that callers of `predict` give, and the job that follows from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from yogo.definition.problem import listed
from yogo.errors import InferenceError
from yogo.infer.depth import Depth
from yogo.infer.job import Job, Notice, Progress, Thresholds
from yogo.infer.oddities import Oddities
from yogo.infer.outputs import FORMATS, ArrayWithMetadata, Drawings, Output, TextFiles
from yogo.infer.overwriting import refuse_to_overwrite
from yogo.infer.pictures import PictureFiles, Pictures, TiffPages, num_pages
from yogo.infer.predictor import Predictor
from yogo.infer.zarr_store import ZarrStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    path_to_pth: str | Path
    path_to_images: str | Path | None = None
    path_to_zarr: str | Path | None = None
    output_dir: str | Path | None = None
    save_preds: bool = False
    draw_boxes: bool = False
    save_npy: bool = False
    class_names: Sequence[str] | None = None
    batch_size: int = 64
    obj_thresh: float = 0.5
    iou_thresh: float = 0.5
    min_class_confidence_threshold: float = 0.0
    vertical_crop_height: float | None = None
    device: str | torch.device | None = None
    half: bool = False
    output_img_ftype: str = ".png"
    requested_num_workers: int | None = None
    image_bits: int | str | None = None
    """How deep pictures of more than 8 bits are; "auto" looks at them, None is as the weights were trained."""

    zarr_axes: str | None = None
    zarr_channel: int | None = None
    overwrite: bool = False
    """Whether files may be replaced that inference did not make, or that were edited since."""

    def job(self, notice: Notice, progress: Progress | None, tell: Notice = lambda sentence: None) -> Job:
        """`notice` hears what may be wrong, `tell` what is merely so.

        Raises CheckpointError, InferenceError, TrainingError (no such device).
        """
        thresholds = Thresholds(self.obj_thresh, self.iou_thresh, self.min_class_confidence_threshold)
        predictor = Predictor(
            self.path_to_pth, device=self.device, half=self.half, crop_height=self.vertical_crop_height
        )
        pictures = self._pictures(predictor)
        for sentence in predictor.notices:
            notice(sentence)
        if isinstance(pictures, ZarrStore):
            tell(pictures.summary)
        return Job(
            predictor=predictor,
            pictures=pictures,
            bits=Depth(pictures, predictor.image_bits, self.image_bits, notice=notice, tell=tell),
            oddities=Oddities(predictor.frame),
            classes=self._classes(predictor),
            thresholds=thresholds,
            batch_size=self.batch_size,
            num_threads=self.requested_num_workers or None,
            notice=notice,
            progress=progress,
        )

    def files(self, job: Job) -> list[Output]:
        """What writes the files that are wanted, into a folder that is made if need be. Raises InferenceError."""
        if not (self.save_preds or self.draw_boxes or self.save_npy):
            return []
        if self.output_dir is None:
            raise InferenceError("there is nowhere to write to: name a folder with --output-dir (output_dir=)")
        folder = Path(self.output_dir)
        suffix = self.output_img_ftype if self.output_img_ftype.startswith(".") else f".{self.output_img_ftype}"
        if suffix not in FORMATS:
            raise InferenceError(f"{suffix!r} is no format to draw in: there are {', '.join(FORMATS)}")
        pictures = job.pictures.path
        if self.draw_boxes and folder.resolve() == (pictures if pictures.is_dir() else pictures.parent).resolve():
            raise InferenceError(f"{folder} holds the pictures themselves: name another folder to draw into")
        array = _array(job, folder) if self.save_npy else None
        if not self.overwrite:
            stems = job.pictures.stems
            refuse_to_overwrite(
                folder,
                labels=[f"{stem}.txt" for stem in stems] if self.save_preds else [],
                drawings=[f"{stem}{suffix}" for stem in stems] if self.draw_boxes else [],
                array=array.name if array else None,
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InferenceError(f"{folder} cannot be made a folder to write to: {error.strerror}") from error
        outputs: list[Output] = [TextFiles(folder)] if self.save_preds else []
        if (self.save_preds or self.draw_boxes) and isinstance(job.pictures, PictureFiles) and job.pictures.alike:
            alike = listed(job.pictures.alike)
            job.notice(f"pictures differ in their suffix alone, so the files written for them keep it: {alike}")
        if self.draw_boxes:
            outputs.append(Drawings(folder, suffix, job.classes, job.picture))
        if array:
            array.begin()
            outputs.append(array)
        return outputs

    def _pictures(self, predictor: Predictor) -> Pictures:
        frame = predictor.frame
        if self.path_to_zarr is not None and self.path_to_images is None:
            store = Path(self.path_to_zarr)
            return ZarrStore(store, frame.image_hw, rgb=frame.rgb, axes=self.zarr_axes, channel=self.zarr_channel)
        return open_pictures(self.path_to_images, self.path_to_zarr, frame.image_hw)

    def _classes(self, predictor: Predictor) -> tuple[str, ...]:
        """What the classes are called: as given, as the file says, or by their numbers."""
        names = tuple(self.class_names) if self.class_names else predictor.classes
        if names is None:
            return tuple(str(index) for index in range(predictor.num_classes))
        if len(names) != predictor.num_classes:
            raise InferenceError(
                f"the class names given are {len(names)} ({', '.join(names)}), "
                f"but {predictor.path} knows {predictor.num_classes} classes"
            )
        return names


def open_pictures(images: str | Path | None, store: str | Path | None, image_hw: tuple[int, int]) -> Pictures:
    """Pictures or a zarr store of frames of about `image_hw`, whichever is named. Raises InferenceError."""
    if images is not None and store is None:
        path = Path(images)
        return TiffPages(path) if path.is_file() and num_pages(path) > 1 else PictureFiles(path)
    if store is not None and images is None:
        return ZarrStore(Path(store), image_hw)
    raise InferenceError("name either pictures or a zarr store to look at")


def _array(job: Job, folder: Path) -> ArrayWithMetadata:
    # Not resolved: a link is called what the user calls it. But `..` is no name.
    predictor, path = job.predictor, Path(os.path.abspath(job.pictures.path))
    name = path.parent.name or path.stem
    metadata = {
        "run_name": name,
        "model_name": predictor.model_name,
        "obj_thresh": job.thresholds.obj_thresh,
        "iou_thresh": job.thresholds.iou_thresh,
        "min_class_confidence_threshold": job.thresholds.min_class_confidence_threshold,
        "vertical_crop_height_px": predictor.frame.num_rows if predictor.is_cropped else None,
        "class_names": list(job.classes),
        "num_pictures": len(job.pictures.stems),
        "frame_height_px": predictor.frame.num_rows,
        "frame_width_px": predictor.frame.image_hw[1],
    }
    return ArrayWithMetadata(folder, name, predictor.num_classes, metadata)
