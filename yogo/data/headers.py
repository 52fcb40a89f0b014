"""What picture files say of themselves, without being decoded: all of them at once, and remembered.

    found = look(paths, memory=default_folder() / "headers", progress=lambda done, total: ...)
    problems = [one for one in found if isinstance(one, Problem)]        # errors: files that cannot be read
    headers = [one for one in found if isinstance(one, Header)]
    depth(headers); yogo.data.remarks.remarks(headers)                   # what is odd about the others, in sentences

Needs Pillow and numpy, no torch. It reads the head and the end of each file. Decoded are only those that seem cut
short, and, for the brightness of their pixels, up to MOST_MEASURED spread evenly over the files of more than 8 bits a
value, and as many of those so small that they may be blank.

    <memory>/<digest of a folder's path>.json   what was found of each file, by its size and times
"""

from __future__ import annotations

import contextlib
import hashlib
import json
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

from yogo.data.cores import visible_cores
from yogo.data.declared import declared_bits, seems_whole
from yogo.data.depth import FLAT, UPPER_EIGHT, Bits, brightest_but_hot, depth_of
from yogo.data.pictures import FORMATS, MOST_PIXELS, deep_values, has_deep_channels, opened, orientation, what_it_is
from yogo.definition.identity import settled, status
from yogo.definition.problem import Problem
from yogo.foreign import opened as opened_file
from yogo.run.atomic import replacing

Progress = Callable[[int, int], None]

MOST_MEASURED = 1_000
MOST_LOOKED_AT = 100
"""Where somebody waits for a single picture to be shown."""
VERSION = 2

_AT_A_TIME = 200
_LFS = b"version https://git-lfs"
_THIN = 0.5
"""Bytes a value: noise over a sixteenth of eight bits' range takes no more in any format."""


@dataclass(frozen=True, slots=True)
class Header:
    path: str
    width: int
    height: int
    channels: int
    num_pages: int = 1
    """Pages of a TIFF, frames of an animated PNG; the first is read."""

    orientation: int = 1
    """EXIF's number: from 2 on, a viewer may show the picture turned or mirrored."""

    is_deep: bool = False
    """More than 8 bits a value."""

    declared: int = 0
    """How many bits of a deep one the file says are used; 0 where it does not."""

    may_be_blank: bool = False
    """So few bytes, or uncompressed, that there may be nothing to see."""

    brightest: int | None = None
    """The highest value; None where it was not measured."""

    bright: int | None = None
    """The same, of a deep one, but for hot pixels: by it the depth is decided."""

    low: int | None = None
    high: int | None = None
    """Between these lie all values but a thousandth at either end: of the channel in which they are farthest apart."""

    def is_flat(self, bits: Bits) -> bool:
        """Whether it is known to span hardly any of the range, a deep one being read at `bits`."""
        if self.low is None or self.high is None:
            return False
        return (min(self.high, self.top(bits)) - min(self.low, self.top(bits))) < FLAT * self.top(bits)

    def top(self, bits: Bits) -> int:
        """What is white."""
        return int(2 ** (bits or 16) - 1) if self.is_deep else 255


def look(
    paths: Sequence[str], *, memory: Path | None = None, progress: Progress | None = None
) -> list[Header | Problem]:
    """For each of `paths` its header, or what is wrong with the file. Never raises for a file.

    `memory` is a folder, made if need be. `progress` is told how many are done, and of how many.
    """
    known = _Memory(memory, {os.path.dirname(path) for path in paths})
    parts = [paths[start : start + _AT_A_TIME] for start in range(0, len(paths), _AT_A_TIME)]
    found: list[Header | Problem] = []
    with ThreadPoolExecutor(min(16, 2 * visible_cores())) as pool:
        try:
            for part in pool.map(lambda some: [known.get(path) or _looked(path) for path in some], parts):
                found += part
                if progress:
                    progress(len(found), len(paths))
            _measure(found, pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    known.keep(found)
    return found


def depth(headers: Sequence[Header]) -> int:
    """The bits of the deep ones' brightness (see yogo.data.depth); 8 where there are none."""
    deep = [header for header in headers if header.is_deep]
    bright = max((header.bright or 0 for header in deep), default=0)
    return max(depth_of(bright), *(header.declared for header in deep), 8)


def depth_of_set(paths: Sequence[str], memory: Path | None = None) -> Callable[[], Bits]:
    """What is to be asked for the depth of these pictures once one of them is deep; it looks at some of them then."""

    def decide() -> Bits:
        places = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_LOOKED_AT)).round().astype(int))
        found = look([paths[place] for place in places], memory=memory)
        return depth([one for one in found if isinstance(one, Header)])

    return cache(decide)


def reading_depth(headers: Sequence[Header], known: Bits, asked: int | str | None = None) -> Bits:
    """The bits to read pictures at: as `asked`; else at least as many as the weights know, who may know UPPER_EIGHT.

    `asked` may be "auto": whatever the weights know, what the pictures need.
    """
    if isinstance(asked, int):
        return asked
    if asked is None and known is None:
        return UPPER_EIGHT
    return depth(headers) if asked == "auto" or known is None else max(known, depth(headers))


def _looked(path: str) -> Header | Problem:
    try:
        with opened_file(path) as file:
            start = file.read(len(_LFS))
            if not start:
                return _problem(path, "This file is empty")
            if start == _LFS:
                return _problem(path, "This is a pointer of Git LFS, not the picture: `git lfs pull` fetches that")
            return _header(path, file)
    except OSError as error:
        return _problem(path, _missing(path, error), missing=isinstance(error, FileNotFoundError))


def _missing(path: str, error: OSError) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"This is {what_it_is(path)}"
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"This is a link to {os.readlink(path)}, which is not there"
    return f"This picture cannot be read: {error.strerror or error}"


def _problem(path: str, message: str, *, missing: bool = False) -> Problem:
    return Problem("error", message, Path(path), missing=missing)


def _header(path: str, file: IO[bytes]) -> Header | Problem:
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                size = f"{picture.width:,} x {picture.height:,}"
                return _problem(path, f"This picture has {size} pixels, and up to {MOST_PIXELS:,} are read")
            if picture.mode == "F":
                return _problem(path, "Its pixels are floating-point numbers: save it with 8 or 16 bits")
            if picture.mode in {"LAB", "HSV"}:
                return _problem(path, f"Its colours are {picture.mode}: save it in grey or RGB")
            whole = seems_whole(picture, file)
            header = _described(path, picture, file)
        return header if whole else _decoded(header)
    except UnidentifiedImageError:
        raise
    except Exception as error:  # a decoder meets torn and hostile bytes: whatever it raises, this file is at fault
        return _problem(path, f"This picture cannot be read: {error}")


def _described(path: str, picture: Any, file: IO[bytes]) -> Header:
    channels = len(picture.getbands())
    is_deep = picture.mode.startswith("I") or has_deep_channels(picture)
    num_bytes = os.fstat(file.fileno()).st_size
    is_bare = picture.tile and picture.tile[0].codec_name == "raw"
    return Header(
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


def _decoded(header: Header) -> Header | Problem:
    """The header, with what is known once the picture is decoded."""
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
        return _problem(header.path, f"This picture is torn or cut short: {error.strerror or error}")
    except Exception as error:  # as above
        return _problem(header.path, f"This picture cannot be read: {error}")


def _with_spread(header: Header, picture: Image.Image) -> Header:
    counts = np.array(picture.histogram()).reshape(-1, 256).cumsum(1)
    lows = (counts <= counts[:, -1:] / 1000).sum(1)
    highs = (counts < counts[:, -1:] * 0.999).sum(1)
    widest = int((highs - lows).argmax())
    brightest = int((counts < counts[:, -1:]).sum(1).max())
    return replace(header, brightest=brightest, low=int(lows[widest]), high=int(highs[widest]))


def _measure(found: list[Header | Problem], pool: ThreadPoolExecutor) -> None:
    """Decode, in place, some of those whose brightness decides something."""
    headers = [(place, one) for place, one in enumerate(found) if isinstance(one, Header)]
    for kind in (
        [pair for pair in headers if pair[1].is_deep],
        [pair for pair in headers if pair[1].may_be_blank and not pair[1].is_deep],
    ):
        places = np.unique(np.linspace(0, len(kind) - 1, min(len(kind), MOST_MEASURED)).round().astype(int))
        chosen = [kind[place] for place in places if kind[place][1].brightest is None]
        for (place, _), header in zip(chosen, pool.map(_decoded, [one for _, one in chosen]), strict=True):
            found[place] = header


class _Memory:
    """What was found before, of files that are as they were. A damaged memory, or none, is an empty one."""

    def __init__(self, memory: Path | None, folders: set[str]) -> None:
        self.memory = memory
        self._known = {folder: self._read(folder) for folder in folders}
        self._given: dict[str, Header] = {}

    def get(self, path: str) -> Header | None:
        folder, name = os.path.split(path)
        kept = self._known[folder].get(name)
        with contextlib.suppress(OSError, TypeError, ValueError, IndexError):
            if kept and kept[0] == list(status(path)):
                header = self._given[path] = Header(path, *kept[1])
                return header
        return None

    def keep(self, found: Sequence[Header | Problem]) -> None:
        changed, statuses = set(), []
        for header in found:
            if isinstance(header, Header) and self._given.get(header.path) is not header:
                folder, name = os.path.split(header.path)
                with contextlib.suppress(OSError):
                    statuses.append(status(header.path))
                    self._known[folder][name] = [statuses[-1], _fields(header)]
                    changed.add(folder)
        if not settled(statuses):
            return
        for folder in changed if self.memory else ():
            assert self.memory is not None
            with contextlib.suppress(OSError):  # a full disk, or one that is not ours: they are then looked at again
                self.memory.mkdir(parents=True, exist_ok=True)
                with replacing(self._place(folder), durable=False) as file:
                    file.write(json.dumps({"version": VERSION, "files": self._known[folder]}).encode())

    def _read(self, folder: str) -> dict[str, Any]:
        if self.memory is not None:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                kept = json.loads(self._place(folder).read_bytes())
                if kept["version"] == VERSION and isinstance(kept["files"], dict):
                    return dict(kept["files"])
        return {}

    def _place(self, folder: str) -> Path:
        assert self.memory is not None
        name = os.path.abspath(folder).encode("utf-8", "surrogateescape")
        return self.memory / f"{hashlib.sha256(name).hexdigest()[:32]}.json"


_fields = attrgetter(*[field.name for field in fields(Header)][1:])
"""All but the path."""
