"""What is asked of inference: each argument of `yogo infer` and of `predict`, under the names that its callers give.

Light: it is read before torch is imported.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import KW_ONLY
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, StrictFloat, StrictInt
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from yogo.images.bits import ImageBits
from yogo.recipe import Knob, spelled

_RESULTS, _CELLS, _MACHINE = "Results", "What counts as a cell", "The machine"


def _path(value: Any) -> Path:
    try:
        return Path(os.fsdecode(value))
    except TypeError:
        raise PydanticCustomError("path", "a path") from None


def _names(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise PydanticCustomError("names", "a list of names")
    return tuple(map(str, value))


Anywhere = Annotated[str | Path, PlainValidator(_path)]
Names = Annotated[Sequence[str], BeforeValidator(_names)]
EngineName = Literal["auto", "torch", "openvino"]
if TYPE_CHECKING:
    import torch

    Device = str | torch.device
else:
    Device = Annotated[str, BeforeValidator(str)]


@dataclass(frozen=True)
class InferenceRequest:
    path_to_pth: Annotated[Anywhere, Knob(flag="PTH")]
    """The checkpoint."""

    path_to_images: Annotated[
        Anywhere | None, Knob(flag="--path-to-image", aliases=("--path-to-images",), metavars=("P",))
    ] = None
    """A folder of images, or one image."""

    path_to_zarr: Annotated[Anywhere | None, Knob(metavars=("P",))] = None
    """A zarr store: a folder or a zip file."""

    output_dir: Annotated[Anywhere | None, Knob(group=_RESULTS, metavars=("DIR",))] = None
    """The folder in which files are written."""

    _: KW_ONLY
    samples: Annotated[Anywhere | None, Knob(metavars=("FILE",))] = None
    """A file of samples, folders of images or zarr stores: their cells are counted, a row a sample and a row an image.
    docs/assay.md says how it is written."""

    save_preds: Annotated[bool, Knob(group=_RESULTS)] = False
    """Write a label file for each image."""

    draw_boxes: Annotated[bool, Knob(group=_RESULTS)] = False
    """Draw the boxes on the images."""

    save_npy: Annotated[bool, Knob(group=_RESULTS)] = False
    """Write all boxes into one array."""

    count_predictions: Annotated[bool, Knob(group=_RESULTS, flag="--count")] = False
    """Print the number of cells of each class."""

    class_names: Annotated[Names | None, Knob(group=_RESULTS, metavars=("NAME",), default="those in the file")] = None
    """Names of the classes."""

    overwrite: Annotated[bool, Knob(group=_RESULTS, default="refuse")] = False
    """Replace files that inference did not make, or that were edited since."""

    output_img_ftype: Annotated[
        str, Knob(group=_RESULTS, flag="--output-img-filetype", choices=(".png", ".tif", ".tiff"))
    ] = ".png"
    """File type of drawn images."""

    obj_thresh: Annotated[StrictFloat, Knob(group=_CELLS)] = 0.5
    """The lowest objectness of a cell, from 0 to 1."""

    thresholds: Annotated[Literal["fixed", "counts"], Knob(group=_CELLS)] = "fixed"
    """Keep cells of the lowest objectness or more (fixed), or above the checkpoint's own score for each class, at which
    counts were without bias on the validation set (counts). `yogo inspect` shows those scores."""

    iou_thresh: Annotated[StrictFloat | None, Knob(group=_CELLS, default="as the weights were trained, else 0.5")] = (
        None
    )
    """The largest overlap (IoU) of two cells, from 0 to 1. Of cells that overlap more, the best one is kept. 0 keeps
    all."""

    average_boxes: Annotated[bool | None, Knob(group=_CELLS, default="as the weights were trained, else no")] = None
    """Replace each box that is kept by the mean of those that overlap it, weighted by score."""

    min_class_confidence_threshold: Annotated[
        StrictFloat | None, Knob(group=_CELLS, default="0, and of samples that of the checkpoint's correction")
    ] = None
    """The lowest probability of a cell's class, from 0 to 1."""

    roles: Annotated[
        Anywhere | None,
        Knob(group=_CELLS, metavars=("FILE",), default="those in the file of samples, or in the checkpoint"),
    ] = None
    """With samples: a definition, or a file of samples, whose roles say what is a cell and what is looked for."""

    vertical_crop_height: Annotated[
        StrictFloat | None, Knob(group=_CELLS, flag="--crop-height", metavars=("FRACTION",), default="all rows")
    ] = None
    """Use only this fraction of each image's rows, in the middle, such as 0.25."""

    heatmap_mask_path: Annotated[Anywhere | None, Knob(group=_CELLS, metavars=("P",))] = None
    """It has no effect, and is accepted for older scripts."""

    image_bits: Annotated[
        ImageBits | None,
        Knob(group=_MACHINE, default="as the weights were trained, else auto"),
    ] = None
    """How many bits hold the brightness in images of more than 8 bits: with 12, 4095 is white. auto finds it out from
    the images."""

    zarr_axes: Annotated[str | None, Knob(group="The store", metavars=("AXES",))] = None
    """Axes of the store's array, such as tyx or tczyx. They are needed if the store leaves them unclear."""

    zarr_channel: Annotated[Annotated[StrictInt, Field(ge=0)] | None, Knob(group="The store")] = None
    """The channel to use, counted from 0, if there are several."""

    batch_size: Annotated[StrictInt, Field(ge=1), Knob(group=_MACHINE)] = 64
    """Images per batch."""

    device: Annotated[
        Device | None, Knob(group=_MACHINE, metavars=("DEVICE",), may_be_bare=True, default="cuda if there is one")
    ] = None
    """The device to compute on: cpu, cuda or cuda:N."""

    engine: Annotated[EngineName, Knob(group=_MACHINE)] = "auto"
    """What computes the network. auto is OpenVINO on the CPU for 32 images or more, if it is installed and gives the
    same answers, else PyTorch."""

    half: Annotated[bool, Knob(group=_MACHINE)] = False
    """Compute in 16-bit numbers."""

    requested_num_workers: Annotated[StrictInt | None, Knob(group=_MACHINE, flag="--num-workers", default="a few")] = (
        None
    )
    """Threads that read images ahead."""

    use_tqdm: Annotated[bool | None, Knob(group=_MACHINE, default="on a terminal, else a line now and then")] = False
    """Show a progress bar."""


def misuse(request: InferenceRequest) -> str:
    """What does not fit together in what is asked of samples; empty if nothing does."""
    if request.samples is None:
        return "--roles needs --samples" if request.roles is not None else ""
    if given := [spelled(name) for name in ("save_preds", "draw_boxes", "save_npy") if getattr(request, name)]:
        return f"--samples writes a row an image and a row a sample: leave out {' and '.join(given)}"
    if request.thresholds == "counts":
        return "--samples counts at one probability for all classes: leave out --thresholds counts"
    return "" if request.output_dir is not None else "name a folder to write to with --output-dir"
