"""Composed frames: copy-paste augmentation from thumbnails, as in published yogo, in addition to the images.

A composed frame has up to 100 thumbnails, drawn at random, flipped at random and pasted where they touch no
other; one that finds no place in 100 tries is left out. The background is the mean shade of their bright
pixels. The layout depends only on the seed and is drawn once, so every rank, epoch and attempt has
the same frames. They are painted on demand, so only the thumbnails are kept in memory.

Axes: F frames, T thumbnails of a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from yogo.datasets.packed import PackedLabels
from yogo.datasets.sampler import Indices
from yogo.definition.thumbnails import Thumbnail
from yogo.device.cores import visible_cores
from yogo.errors import DefinitionError
from yogo.images.depth import UPPER_EIGHT, Bits
from yogo.images.pixels import Bytes, read_pixels

MOST = 100
"""Thumbnails on a frame."""

TRIES = 100
"""Places that are tried for each thumbnail."""

BRIGHT = 210
"""Pixels above this are background; it is also the background's shade if no thumbnail has such a pixel."""

_MADE = 0x3ADE
_AT_A_TIME = 512
"""Frames that are laid out together."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The layout of some frames' thumbnails; those with `places` below 0 found no room."""

    chosen: Ints
    """(F, T): index of the thumbnail."""

    flips: npt.NDArray[np.bool_]
    """(F, T, 2): whether it is mirrored top to bottom, and left to right."""

    places: Ints
    """(F, T, 4): top, left, bottom, right, in pixels; bottom and right are the first ones outside."""


def lay_out(sizes: Ints, num_frames: int, frame_hw: tuple[int, int], seed: int) -> FrameLayout:
    """Draw the layout of `num_frames` frames for thumbnails with heights and widths `sizes`, (thumbnails, 2)."""
    parts = []
    for start in range(0, num_frames, _AT_A_TIME):
        draw = np.random.default_rng([_MADE, seed, start])
        parts.append(_lay_out(sizes, min(_AT_A_TIME, num_frames - start), frame_hw, draw))
    joined = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return FrameLayout(*joined)


def _lay_out(
    sizes: Ints, num_frames: int, frame_hw: tuple[int, int], draw: np.random.Generator
) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    chosen = draw.integers(0, len(sizes), (num_frames, MOST))
    flips = draw.integers(0, 2, (num_frames, MOST, 2)).astype(np.bool_)
    places = np.full((num_frames, MOST, 4), -2)
    for number in range(MOST):
        room = np.array(frame_hw) - sizes[chosen[:, number]] + 1
        waiting = np.flatnonzero(room.min(1) > 0)
        for _ in range(TRIES):
            if not len(waiting):
                break
            corner = (draw.random((len(waiting), 2)) * room[waiting]).astype(np.int64)
            tried = np.concatenate((corner, corner + sizes[chosen[waiting, number]]), 1)
            touches = _touches(tried, places[waiting, :number])
            places[waiting[~touches], number] = tried[~touches]
            waiting = waiting[touches]
    return chosen, flips, places


def _touches(tried: Ints, others: Ints) -> npt.NDArray[np.bool_]:
    """(F,): whether a place, (F, 4), shares a pixel or an edge with any of the others on its frame, (F, n, 4)."""
    apart = np.logical_or(tried[:, None, :2] > others[..., 2:], others[..., :2] > tried[:, None, 2:])
    touches: npt.NDArray[np.bool_] = np.logical_not(np.any(apart, 2)).any(1)
    return touches


class ComposedFrames:
    """A source of frames (see yogo.datasets.loader) composed of thumbnails, with their exact labels.

    `frame_hw` is the size of the images that the thumbnails were cut from; the frames are resized from it to
    `image_hw`, as those images are. Raises DefinitionError for a thumbnail that cannot be read, or if none fits.
    """

    frames_a_task = 1

    def __init__(
        self,
        thumbnails: Sequence[Thumbnail],
        num_frames: int,
        *,
        frame_hw: tuple[int, int],
        image_hw: tuple[int, int],
        rgb: bool,
        bits: Bits = UPPER_EIGHT,
        seed: int,
    ) -> None:
        self.shape = (3 if rgb else 1, *image_hw)
        self._frame_hw = frame_hw
        with ThreadPoolExecutor(visible_cores()) as pool:
            paths = [str(one.path) for one in thumbnails]
            self._pixels = list(pool.map(lambda path: read_pixels(path, rgb=rgb, image_hw=None, bits=bits), paths))
        sizes = np.array([pixels.shape[1:] for pixels in self._pixels])
        if not (sizes <= frame_hw).all(1).any():
            height, width = frame_hw
            none = (
                f"None of the {len(paths):,} thumbnails fits" if len(paths) > 1 else "The only thumbnail does not fit"
            )
            raise DefinitionError(
                f"{none} a frame of {height} by {width} pixels: {paths[0]} is larger than the training images"
            )
        self._layout = lay_out(sizes, num_frames, frame_hw, seed)
        self._bright = np.array([_bright(pixels) for pixels in self._pixels])
        self.labels = self._labels(np.array([one.class_index for one in thumbnails]))

    def read(self, indices: Indices, out: Bytes) -> None:
        """Paint some of the frames into `out`, uint8 (len(indices), C, H, W)."""
        for place, index in enumerate(indices):
            frame = self._paint(index)
            out[place] = frame if frame.shape == self.shape else _resized(frame, self.shape[1:])

    def _paint(self, index: int) -> Bytes:
        layout = self._layout
        shown = np.flatnonzero(layout.places[index, :, 0] >= 0)
        chosen = layout.chosen[index, shown]
        frame = np.empty((self.shape[0], *self._frame_hw), np.uint8)
        frame[:] = self._shade(chosen)[:, None, None]
        for number, which in zip(shown, chosen, strict=True):
            top, left, bottom, right = layout.places[index, number]
            down, across = (-1 if flipped else 1 for flipped in layout.flips[index, number])
            frame[:, top:bottom, left:right] = self._pixels[which][:, ::down, ::across]
        return frame

    def _shade(self, chosen: Ints) -> Bytes:
        """(C,): the mean of the bright pixels of these thumbnails."""
        total, count = self._bright[chosen].sum(0)
        return np.where(count, np.rint(total / np.maximum(count, 1)), BRIGHT).astype(np.uint8)

    def _labels(self, kinds: Ints) -> PackedLabels:
        places, (height, width) = self._layout.places, self._frame_hw
        shown = places[..., 0] >= 0
        top, left, bottom, right = np.moveaxis(places[shown], 1, 0)
        columns = (kinds[self._layout.chosen[shown]], left / width, top / height, right / width, bottom / height)
        offsets = np.concatenate(([0], shown.sum(1).cumsum()))
        boxes = np.stack(columns, 1).astype(np.float32)
        return PackedLabels(
            torch.from_numpy(boxes), torch.from_numpy(offsets), torch.zeros(len(shown), dtype=torch.int64)
        )


def _bright(pixels: Bytes) -> npt.NDArray[np.int64]:
    """(2, C): the sum of a thumbnail's bright pixels in each channel, and their number."""
    bright = pixels > BRIGHT
    return np.stack((np.where(bright, pixels, 0).sum((1, 2), dtype=np.int64), bright.sum((1, 2))))


def _resized(frame: Bytes, image_hw: tuple[int, ...]) -> Bytes:
    """As yogo.images.pixels resizes what it reads."""
    size = image_hw[1], image_hw[0]
    channels = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR)) for one in frame]
    return np.stack(channels)
