"""Frames in a zarr store, a folder or a zip file: one array of them all, or one array a frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from yogo.data.pictures import Bytes
from yogo.errors import InferenceError

CHANNELS = 3


class ZarrStore:
    """Grey frames, or colour ones with their channels last, of 8 or 16 bits; of 16 the upper 8 are kept."""

    def __init__(self, path: Path, image_hw: tuple[int, int]) -> None:
        """`image_hw` is the network's frame: it tells which axis of an array of three counts the frames."""
        self.path = path
        self.arrays = _arrays(path, _opened(path))
        self.axis: int | None = None
        count = len(self.arrays)
        if len(self.arrays) == 1 and self.arrays[0].ndim > 2:
            self.axis = _frame_axis(self.arrays[0], image_hw)
            count = int(self.arrays[0].shape[self.axis])
        self.stems: Sequence[str] = [f"frame_{index:06}" for index in range(count)]

    def name(self, index: int) -> str:
        return f"frame {index} of {self.path}"

    def read(self, index: int, *, rgb: bool) -> Bytes:
        try:
            if self.axis is None:
                values = np.asarray(self.arrays[index][...])
            else:
                values = np.asarray(self.arrays[0][(slice(None),) * self.axis + (index,)])
        except Exception as error:  # a store meets torn and foreign chunks: whatever it raises, this frame is at fault
            raise InferenceError(f"{self.name(index)} cannot be read: {error}") from error
        pixels = self._in_eight_bits(values, index)
        mode = "RGB" if rgb else "L"
        if pixels.ndim == 3 or rgb:
            pixels = np.array(Image.fromarray(pixels).convert(mode))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1) if rgb else pixels[None])

    def _in_eight_bits(self, values: np.ndarray[Any, np.dtype[Any]], index: int) -> Bytes:
        if values.ndim == 2 or (values.ndim == 3 and values.shape[2] == CHANNELS):
            if values.dtype == np.uint8:
                return values
            if values.dtype == np.uint16:
                return (values >> 8).astype(np.uint8)
        shape = "x".join(map(str, values.shape))
        raise InferenceError(f"{self.name(index)} is no picture of 8 or 16 bits: it is {shape} of {values.dtype}")


def _opened(path: Path) -> Any:
    try:
        import zarr
        import zarr.storage
    except ImportError:
        raise InferenceError("Reading zarr needs the package zarr: install it with `pip install zarr`") from None
    if not path.exists():
        raise InferenceError(f"{path} does not exist: name a zarr store, a folder or a zip file")
    try:
        store = zarr.storage.ZipStore(str(path), mode="r") if path.is_file() else str(path)
        return zarr.open(store, mode="r")
    except Exception as error:  # what zarr raises depends on its version and on what it met
        raise InferenceError(f"{path} cannot be opened as a zarr store: {error or type(error).__name__}") from error


def _arrays(path: Path, opened: Any) -> list[Any]:
    """The array that was opened, or those of a group in the order of their names, numbers by size."""
    if hasattr(opened, "shape"):
        return [opened]
    arrays = [array for _, array in sorted(opened.arrays(), key=lambda pair: _natural(pair[0]))]
    if len(arrays) > 1:
        arrays = [array for array in arrays if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == CHANNELS)]
    if not arrays or arrays[0].ndim not in {2, 3, 4}:
        raise InferenceError(
            f"{path} holds no frames: one array of three dimensions (four in colour), or one array a frame, is read"
        )
    return arrays


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name)]


def _frame_axis(array: Any, image_hw: tuple[int, int]) -> int:
    """Which axis counts frames: the one that is left where the others are a frame's, else the one chunked by one."""
    shape = tuple(array.shape)
    if len(shape) == 4:
        return 0
    for axis in (0, 2):
        if shape[:axis] + shape[axis + 1 :] == image_hw:
            return axis
    chunks = tuple(array.chunks)
    return 2 if chunks[2] == 1 and chunks[0] != 1 else 0
