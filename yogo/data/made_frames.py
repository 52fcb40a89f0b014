"""Frames made of thumbnails, beside those of pictures: thumbnail augmentation, as published.

A made frame has up to 100 thumbnails, drawn at random, flipped at random and pasted where they touch no
other; one that finds no place in 100 tries is left out. Between them lies the mean shade of their bright
pixels. Where each one goes follows from the seed alone and is drawn once, so every rank, epoch and attempt has
the same frames; they are painted when they are asked for, so only the thumbnails are kept in memory.

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

from yogo.data.cores import visible_cores
from yogo.data.depth import UPPER_EIGHT, Bits
from yogo.data.packed import PackedLabels
from yogo.data.pictures import Bytes, read_pixels
from yogo.data.sampler import Indices
from yogo.definition.thumbnails import Thumbnail
from yogo.errors import DefinitionError

MOST = 100
"""Thumbnails on a frame."""

TRIES = 100
"""Places that are tried for each."""

BRIGHT = 210
"""Pixels above this are background; and its shade, where no thumbnail has any."""

_MADE = 0x3ADE
_AT_A_TIME = 512
"""Frames that are laid out together."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the thumbnails of some frames go; those with `places` below 0 found no room."""

    chosen: Ints
    """(F, T): which thumbnail."""

    flips: npt.NDArray[np.bool_]
    """(F, T, 2): whether it is mirrored top to bottom, and left to right."""

    places: Ints
    """(F, T, 4): top, left, bottom, right, in pixels; bottom and right are the first ones outside."""


def lay_out(sizes: Ints, num_frames: int, frame_hw: tuple[int, int], seed: int) -> Layout:
    """Draw `num_frames` frames of thumbnails whose heights and widths are `sizes`, (thumbnails, 2)."""
    parts = []
    for start in range(0, num_frames, _AT_A_TIME):
        draw = np.random.default_rng([_MADE, seed, start])
        parts.append(_lay_out(sizes, min(_AT_A_TIME, num_frames - start), frame_hw, draw))
    joined = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Layout(*joined)


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


class MadeFrames:
    """A source of frames (see yogo.data.loader) that are made of thumbnails, and their exact labels.

    `frame_hw` is the size of the pictures that the thumbnails were cut from; the frames are resized from it to
    `image_hw` as those pictures are. Raises DefinitionError for a thumbnail that cannot be read, or if none fits.
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
            raise DefinitionError(
                f"None of the {len(paths):,} thumbnails fits a frame of {height} by {width} pixels: "
                f"{paths[0]} is larger than the training pictures"
            )
        self._layout = lay_out(sizes, num_frames, frame_hw, seed)
        self._bright = np.array([_bright(pixels) for pixels in self._pixels])
        self.labels = self._labels(np.array([one.kind for one in thumbnails]))

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
    """(2, C): the sum of a thumbnail's bright pixels in each channel, and how many they are."""
    bright = pixels > BRIGHT
    return np.stack((np.where(bright, pixels, 0).sum((1, 2), dtype=np.int64), bright.sum((1, 2))))


def _resized(frame: Bytes, image_hw: tuple[int, ...]) -> Bytes:
    """As yogo.data.pictures resizes what it reads."""
    size = image_hw[1], image_hw[0]
    channels = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR)) for one in frame]
    return np.stack(channels)
