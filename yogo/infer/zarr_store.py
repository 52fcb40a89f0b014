"""Frames in a zarr store (v2 or v3; a folder or a zip file): one array of all, one array per frame, or an NGFF image.

For an OME-NGFF image (0.1 to 0.5) the first level is read, with the axes that its `multiscales` names.
"""

from __future__ import annotations

import glob
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from yogo.definition.problem import listed
from yogo.distribution import installing
from yogo.errors import InferenceError
from yogo.images.depth import UPPER_EIGHT, Asked, as_bytes, brightest_but_hot, settle
from yogo.images.pixels import Bytes, Marks
from yogo.infer.images import brightest_of
from yogo.infer.zarr_axes import CHANNELS, Layout, axes_asked, channel_names, layout_of
from yogo.text.wording import counted

_DESCRIPTIONS = {"zarr.json", ".zarray", ".zgroup", ".zmetadata"}


class ZarrStore:
    """Grey or colour frames of whole numbers of up to 16 bits."""

    def __init__(
        self,
        path: Path,
        image_hw: tuple[int, int],
        *,
        rgb: bool = False,
        axes: str | None = None,
        channel: int | None = None,
    ) -> None:
        """`image_hw` and `rgb` describe the network's frame. `axes` and `channel` say what the store may leave open.

        Raises InferenceError if the store holds no frames, or is ambiguous.
        """
        self.path = path
        self.arrays, named, labels = _arrays(path, _opened(path))
        self.channel = channel
        if axes:
            named = axes_asked(axes)
        try:
            self.layout = layout_of(self.arrays[0].shape, named, image_hw, self.arrays[0].chunks)
            _check_channels(self.layout, channel, labels, rgb=rgb)
        except InferenceError as error:
            raise InferenceError(f"{path} {error}") from None
        count = len(self.arrays) if len(self.arrays) > 1 else self.layout.num_frames
        self.stems: Sequence[str] = [f"frame_{index:06}" for index in range(count)]

    @property
    def summary(self) -> str:
        """A sentence on how many frames there are, their size and their array."""
        height, width = self.layout.frame_hw
        kind = "colour frame" if self._is_colour else "frame"
        frames = counted(len(self.stems), kind)
        array = f"one array each, from {self.arrays[0].name}" if len(self.arrays) > 1 else f"axes {self.layout}"
        return f"{self.path}: {frames} of {height:,} x {width:,} pixels (height x width); {array}"

    def name(self, index: int) -> str:
        return f"frame {index} of {self.path}"

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        pixels = self._in_eight_bits(self._values(index), index, bits)
        mode = "RGB" if rgb else "L"
        if pixels.ndim == 3 or rgb:
            pixels = np.array(Image.fromarray(pixels).convert(mode))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1) if rgb else pixels[None])

    def marks(self, index: int) -> Marks:
        return Marks()

    def depth(self) -> int:
        return brightest_of(len(self.stems), lambda index: brightest_but_hot(self._values(index)))

    @property
    def _is_colour(self) -> bool:
        return self.layout.size("c") == CHANNELS and self.channel is None

    def _values(self, index: int) -> np.ndarray[Any, np.dtype[Any]]:
        """(H, W), or (H, W, 3). Raises InferenceError."""
        layout = self.layout
        try:
            if len(self.arrays) > 1:
                values = np.asarray(self.arrays[index][...])
                if values.shape != layout.shape:
                    raise InferenceError(f"{self.name(index)} has another shape than the first one")
                chosen = {}
            else:
                sizes = [layout.size(axis) for axis in layout.frame_axes]
                chosen = dict(zip(layout.frame_axes, map(int, np.unravel_index(index, sizes or [1])), strict=False))
                places = tuple(chosen.get(axis, slice(None)) for axis in layout.axes)
                values = np.asarray(self.arrays[0][places])
        except InferenceError:
            raise
        except Exception as error:  # with damaged or foreign chunks a store may raise anything: this frame is at fault
            raise InferenceError(f"{self.name(index)} cannot be read: {error}") from error
        left = [axis for axis in layout.axes if axis not in chosen]
        ordered = values.transpose([left.index(axis) for axis in "yxc" if axis in left])
        if ordered.ndim == 2 or self._is_colour:
            return ordered
        return ordered[..., self.channel or 0]

    def _in_eight_bits(self, values: np.ndarray[Any, np.dtype[Any]], index: int, bits: Asked) -> Bytes:
        if values.dtype == np.bool_:
            return (values * np.uint8(255)).astype(np.uint8)
        if values.dtype == np.uint8:
            return np.ascontiguousarray(values)
        if values.dtype.kind not in "ui":
            raise InferenceError(
                f"{self.name(index)} holds {values.dtype}: only whole numbers of 8 to 16 bits are supported"
            )
        if values.min() < 0 or values.max() > 0xFFFF:
            raise InferenceError(f"{self.name(index)} has values of more than 16 bits, or below 0")
        return as_bytes(values, settle(bits))


def _opened(path: Path) -> Any:
    try:
        import zarr
        import zarr.storage
    except ImportError:
        raise InferenceError(f"Reading zarr needs the package zarr: {installing('zarr')}") from None
    if not path.exists():
        raise InferenceError(f"{path} does not exist: name a zarr store, a folder or a zip file")
    try:
        _check_that_it_is_one(path)
        store = zarr.storage.ZipStore(str(path), mode="r") if path.is_file() else str(path)
        return zarr.open(store, mode="r")
    except InferenceError:
        raise
    except Exception as error:  # what zarr raises depends on its version and on what it met
        raise InferenceError(f"{path} cannot be opened as a zarr store: {error or type(error).__name__}") from error


def _check_that_it_is_one(path: Path) -> None:
    """Raises InferenceError for a folder or file that has none of zarr's metadata."""
    if path.is_dir():
        os.scandir(path).close()  # glob takes a folder that cannot be read for an empty one
        places = [name for folder in ("", "*/") for name in glob.glob(f"{folder}.z*", root_dir=path)]
        places += [name for folder in ("", "*/") for name in glob.glob(f"{folder}zarr.json", root_dir=path)]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            places = file.namelist()
    else:
        raise InferenceError(f"{path} is not a zarr store: a store is a folder or a zip file")
    described = {os.path.dirname(place) for place in places if os.path.basename(place) in _DESCRIPTIONS}
    if "" not in described:
        inside = sorted(folder for folder in described if "/" not in folder)
        where = listed([str(path / folder) for folder in inside])
        hint = "" if not inside else f". Is {where} meant?" if path.is_dir() else f", but {listed(inside)} in it has"
        raise InferenceError(
            f"{path} is not a zarr store: it has none of zarr.json, .zarray and .zgroup at its top{hint}"
        )


def _arrays(path: Path, opened: Any) -> tuple[list[Any], tuple[str, ...], list[str]]:
    """The array, or the arrays with one frame each; the axes' names, if any; the channels' names."""
    if hasattr(opened, "shape"):
        return [opened], _dimension_names(opened), []
    attributes = dict(opened.attrs)
    attributes = {**attributes, **dict(attributes.get("ome") or {})}
    if attributes.get("multiscales"):
        return _first_level(path, opened, attributes)
    arrays = [array for _, array in sorted(opened.arrays(), key=lambda pair: _natural(pair[0]))]
    if not arrays:
        return _only_image(path, opened)
    if len(arrays) == 1:
        return arrays, _dimension_names(arrays[0]), []
    shapes = [tuple(array.shape) for array in arrays]
    if len(set(shapes)) > 1:
        names = ", ".join(f"{array.basename} ({' x '.join(map(str, array.shape))})" for array in arrays[:4])
        raise InferenceError(
            f"{path} holds arrays of several shapes, {names}: name one of them, {path}/{arrays[0].basename}"
        )
    if len(shapes[0]) != 2 and (len(shapes[0]) != 3 or shapes[0][2] != CHANNELS):
        raise InferenceError(
            f"{path} holds {len(arrays)} arrays of several frames: name one, {path}/{arrays[0].basename}"
        )
    return arrays, (), []


def _first_level(path: Path, group: Any, attributes: dict[str, Any]) -> tuple[list[Any], tuple[str, ...], list[str]]:
    """The full-size level of NGFF's pyramid."""
    try:
        scales = attributes["multiscales"][0]
        array = group[scales["datasets"][0]["path"]]
        axes = scales.get("axes") or "tczyx"[-array.ndim :]
        names = tuple(str(axis["name"] if isinstance(axis, dict) else axis) for axis in axes)
        return [array], names, channel_names(attributes)
    except Exception as error:  # damaged metadata may lack anything
        raise InferenceError(f"{path} is a damaged NGFF image: its multiscales name no array ({error!r})") from error


def _only_image(path: Path, group: Any) -> tuple[list[Any], tuple[str, ...], list[str]]:
    """The only image in a group of groups, as bioformats2raw or a plate has them."""
    inner = sorted((name for name, _ in group.groups()), key=_natural)
    if len([name for name in inner if name != "OME"]) == 1:
        (name,) = (name for name in inner if name != "OME")
        return _arrays(path / name, group[name])
    if inner:
        raise InferenceError(
            f"{path} holds several images ({', '.join(inner[:4])}): name one of them, {path / inner[0]}"
        )
    raise InferenceError(
        f"{path} holds no frames: expected one array of three dimensions (four in colour), or one array per frame"
    )


def _dimension_names(array: Any) -> tuple[str, ...]:
    """Names of the axes in zarr v3, and by xarray in v2; empty if some have no name."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS") or ()
    return tuple(map(str, names)) if all(isinstance(name, str) for name in names) else ()


def _check_channels(layout: Layout, channel: int | None, labels: Sequence[str], *, rgb: bool) -> None:
    """Raises InferenceError if it is not clear which channel to use; the message goes after the store's name."""
    number = layout.size("c")
    if channel is not None and not 0 <= channel < number:
        raise InferenceError(f"has {counted(number, 'channel')}, from 0: there is no channel {channel}")
    is_picture = number == CHANNELS and (rgb or layout.axes.endswith("c")) and not labels
    if channel is None and number > 1 and not (is_picture or (number == CHANNELS and rgb)):
        named = f" ({', '.join(labels)})" if labels else ""
        raise InferenceError(f"has {number} channels{named}: choose one with --zarr-channel, counted from 0")


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name)]
