"""Reads the headers of image files without decoding them, many at once, and remembers the results.

    found = look(paths, memory=default_folder() / "headers", progress=lambda done, total: ...)
    problems = [one for one in found if isinstance(one, Problem)]        # errors: files that cannot be read
    headers = [one for one in found if isinstance(one, ImageHeader)]
    depth(headers); yogo.images.remarks.remarks(headers)                   # what is odd about the others, in sentences

Needs Pillow and numpy, no torch. It reads the header and the end of each file. It decodes only files that seem cut
short and, to measure brightness, up to MOST_MEASURED files spread evenly over those of more than 8 bits per
value, and as many of those so small that they may be blank.

    <memory>/<digest of a folder's path>.json   what was found of each file, by its size and times
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from yogo.definition.identity import Status, settled, status
from yogo.definition.problem import Problem
from yogo.definition.stamps import remember, remembered
from yogo.device.cores import visible_cores
from yogo.files.foreign import opened as opened_file
from yogo.images.declared import declared_bits, seems_whole
from yogo.images.depth import FLAT, UPPER_EIGHT, Bits, brightest_but_hot, depth_of
from yogo.images.pixels import FORMATS, MOST_PIXELS, deep_values, has_deep_channels, opened, orientation, what_it_is

Progress = Callable[[int, int], None]

MOST_MEASURED = 1_000
MOST_LOOKED_AT = 100
"""The same while a person waits for a single image to be shown."""
VERSION = 3

_AT_A_TIME = 200
_LFS = b"version https://git-lfs"
_THIN = 0.5
"""Bytes per value: noise over a sixteenth of the range of eight bits takes no more in any format."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    path: str
    width: int
    height: int
    channels: int
    num_pages: int = 1
    """Pages of a TIFF, frames of an animated PNG; the first is read."""

    orientation: int = 1
    """EXIF's number: from 2 on, a viewer may show the image turned or mirrored."""

    is_deep: bool = False
    """Whether it has more than 8 bits per value."""

    declared: int = 0
    """How many bits of a deep image the file says are used; 0 if it does not say."""

    may_be_blank: bool = False
    """Whether it has so few bytes, or is uncompressed, that it may be blank."""

    brightest: int | None = None
    """The highest value; None if it was not measured."""

    bright: int | None = None
    """The same without hot pixels, for a deep image: it decides the depth."""

    low: int | None = None
    high: int | None = None
    """The range of all values except a thousandth at either end, of the channel in which it is widest."""

    def is_flat(self, bits: Bits) -> bool:
        """Whether its values are known to span almost none of the range; a deep image is read at `bits`."""
        if self.low is None or self.high is None:
            return False
        return (min(self.high, self.top(bits)) - min(self.low, self.top(bits))) < FLAT * self.top(bits)

    def top(self, bits: Bits) -> int:
        """The value of white."""
        return int(2 ** (bits or 16) - 1) if self.is_deep else 255


def look(
    paths: Sequence[str], *, memory: Path | None = None, progress: Progress | None = None
) -> list[ImageHeader | Problem]:
    """For each of `paths` its header, or the problem with the file. Never raises for a file.

    `memory` is a folder, created if missing. `progress` receives how many are done, and of how many.
    """
    known = _Memory(memory, {os.path.dirname(path) for path in paths})
    parts = [paths[start : start + _AT_A_TIME] for start in range(0, len(paths), _AT_A_TIME)]
    found: list[ImageHeader | Problem] = []
    with ThreadPoolExecutor(min(16, 2 * visible_cores())) as pool:
        try:
            for part in pool.map(lambda some: [known.get(path) or _looked(path) for path in some], parts):
                found += part
                if progress:
                    progress(len(found), len(paths))
            _measure(found, pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            known.keep(found)
            raise
    known.keep(found)
    return found


def depth(headers: Sequence[ImageHeader]) -> int:
    """The bits of brightness of the deep images (see yogo.images.depth); 8 if there are none."""
    deep = [header for header in headers if header.is_deep]
    bright = max((header.bright or 0 for header in deep), default=0)
    return max(depth_of(bright), *(header.declared for header in deep), 8)


def depth_of_set(paths: Sequence[str], memory: Path | None = None) -> Callable[[], Bits]:
    """A function that returns the depth of these images, which looks at some of them on its first call."""

    def decide() -> Bits:
        places = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_LOOKED_AT)).round().astype(int))
        found = look([paths[place] for place in places], memory=memory)
        return depth([one for one in found if isinstance(one, ImageHeader)])

    return cache(decide)


def reading_depth(needed: Callable[[], int], known: Bits, asked: int | str | None = None) -> Bits:
    """The bits to read images at: as `asked`, else at least those of the weights, which may be UPPER_EIGHT.

    `needed` returns the images' own depth. If `asked` is "auto", that decides, whatever the weights say.
    """
    if isinstance(asked, int):
        return asked
    if asked is None and known is None:
        return UPPER_EIGHT
    return needed() if asked == "auto" or known is None else max(known, needed())


def _looked(path: str) -> ImageHeader | Problem:
    try:
        with opened_file(path) as file:
            start = file.read(len(_LFS))
            if not start:
                return _problem(path, "This file is empty")
            if start == _LFS:
                return _problem(path, "This is a pointer of Git LFS, not the image: `git lfs pull` fetches that")
            return _header(path, file)
    except OSError as error:
        return _problem(path, _missing(path, error), missing=isinstance(error, FileNotFoundError))


def _missing(path: str, error: OSError) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"This is {what_it_is(path)}"
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"This is a link to {os.readlink(path)}, which is not there"
    return f"This image cannot be read: {error.strerror or error}"


def _problem(path: str, message: str, *, missing: bool = False) -> Problem:
    return Problem("error", message, Path(path), missing=missing)


def _header(path: str, file: IO[bytes]) -> ImageHeader | Problem:
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                size = f"{picture.width:,} x {picture.height:,}"
                return _problem(path, f"This image has {size} pixels, and up to {MOST_PIXELS:,} are read")
            if picture.mode == "F":
                return _problem(path, "Its pixels are floating-point numbers: save it with 8 or 16 bits")
            if picture.mode in {"LAB", "HSV"}:
                return _problem(path, f"Its colours are {picture.mode}: save it in grey or RGB")
            whole = seems_whole(picture, file)
            header = _described(path, picture, file)
        return header if whole else _decoded(header)
    except UnidentifiedImageError:
        raise
    except Exception as error:  # with damaged or hostile bytes a decoder may raise anything: the file is at fault
        return _problem(path, f"This image cannot be read: {error}")


def _described(path: str, picture: Any, file: IO[bytes]) -> ImageHeader:
    channels = len(picture.getbands())
    is_deep = picture.mode.startswith("I") or has_deep_channels(picture)
    num_bytes = os.fstat(file.fileno()).st_size
    is_bare = picture.tile and picture.tile[0].codec_name == "raw"
    return ImageHeader(
        path,
        picture.width,
        picture.height,
        channels,
        num_pages=int(getattr(picture, "n_frames", 1)),
        orientation=orientation(picture),
        is_deep=is_deep,
        declared=declared_bits(picture, file) if is_deep else 0,
        may_be_blank=bool(is_bare) or num_bytes < _THIN * picture.width * picture.height * channels,
    )


def _decoded(header: ImageHeader) -> ImageHeader | Problem:
    """The header, with what is known once the image is decoded."""
    try:
        with opened(header.path) as file:
            values = deep_values(file, header.path)
            if values is None:
                if file.format == "JPEG":
                    file.draft(file.mode, (file.width // 2, file.height // 2))
                return _with_spread(header, file if file.mode in {"L", "RGB"} else file.convert("RGB"))
        top = int(values.max())
        channels = values.reshape(*values.shape[:2], -1)[::2, ::2]
        edges = [np.percentile(channels[..., one], (0.1, 99.9)) for one in range(channels.shape[2])]
        low, high = max(edges, key=lambda edge: float(edge[1] - edge[0]))
        bright = brightest_but_hot(values)
        return replace(header, brightest=top, bright=bright, low=int(low), high=int(high))
    except OSError as error:
        return _problem(header.path, f"This image is damaged or cut short: {error.strerror or error}")
    except Exception as error:  # as above
        return _problem(header.path, f"This image cannot be read: {error}")


def _with_spread(header: ImageHeader, picture: Image.Image) -> ImageHeader:
    counts = np.array(picture.histogram()).reshape(-1, 256).cumsum(1)
    lows = (counts <= counts[:, -1:] / 1000).sum(1)
    highs = (counts < counts[:, -1:] * 0.999).sum(1)
    widest = int((highs - lows).argmax())
    brightest = int((counts < counts[:, -1:]).sum(1).max())
    return replace(header, brightest=brightest, low=int(lows[widest]), high=int(highs[widest]))


def _measure(found: list[ImageHeader | Problem], pool: ThreadPoolExecutor) -> None:
    """Decode some of the images whose brightness is needed, and update them in place."""
    headers = [(place, one) for place, one in enumerate(found) if isinstance(one, ImageHeader)]
    for kind in (
        [pair for pair in headers if pair[1].is_deep],
        [pair for pair in headers if pair[1].may_be_blank and not pair[1].is_deep],
    ):
        places = np.unique(np.linspace(0, len(kind) - 1, min(len(kind), MOST_MEASURED)).round().astype(int))
        chosen = [kind[place] for place in places if kind[place][1].brightest is None]
        for (place, _), header in zip(chosen, pool.map(_decoded, [one for _, one in chosen]), strict=True):
            found[place] = header


class _Memory:
    """What was found before, for files that are unchanged. Empty if the memory is damaged or missing."""

    def __init__(self, memory: Path | None, folders: set[str]) -> None:
        self.memory = memory
        self._known = {folder: self._read(folder) for folder in folders}
        self._given: dict[str, ImageHeader] = {}
        self._before: dict[str, Status] = {}
        """What the files were right before they were looked into: they may be written to while others are."""

    def get(self, path: str) -> ImageHeader | None:
        folder, name = os.path.split(path)
        kept = self._known[folder].get(name)
        with contextlib.suppress(OSError, TypeError, ValueError, IndexError):
            now = status(path)
            if kept and kept[0] == list(now):
                header = self._given[path] = ImageHeader(path, *kept[1])
                return header
            if settled((now,)):
                self._before[path] = now
        return None

    def keep(self, found: Sequence[ImageHeader | Problem]) -> None:
        changed = set()
        for header in found:
            if isinstance(header, ImageHeader) and self._given.get(header.path) is not header:
                folder, name = os.path.split(header.path)
                before = self._before.get(header.path)
                if before is None and header.path in self._given:  # it was known, and was measured now
                    before = self._known[folder][name][0]
                if before is not None:
                    self._known[folder][name] = [before, _fields(header)]
                    changed.add(folder)
        for folder in changed:
            remember(self.memory, os.path.abspath(folder), {"version": VERSION, "files": self._known[folder]})

    def _read(self, folder: str) -> dict[str, Any]:
        kept = remembered(self.memory, os.path.abspath(folder))
        files = kept.get("files") if kept.get("version") == VERSION else None
        return files if isinstance(files, dict) else {}


_fields = attrgetter(*[field.name for field in fields(ImageHeader)][1:])
"""All fields except the path."""
