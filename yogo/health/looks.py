"""The signature and measures of many images. They are remembered, so that only images that changed are read again.

<memory>/<digest of a folder's path>.npz   for each image: its name, its status, its signature and its measures
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from yogo.definition.identity import settled, status
from yogo.definition.stamps import used
from yogo.device.cores import visible_cores
from yogo.errors import DefinitionError
from yogo.files.atomic import replacing
from yogo.health.signature import LENGTH, Measures, looked_at
from yogo.images.depth import Bits
from yogo.images.pixels import read_pixels

FORMAT = 1
"""Changes whenever signatures or measures are computed in another way."""

SAVE_SECONDS = 10
"""So much work is lost at most if the process is killed; after any other end, none."""

_AT_A_TIME = 64
_INODE = (1 << 63) - 1

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Looks:
    """One row for each image, in the order of `paths`."""

    paths: Sequence[str]
    signatures: npt.NDArray[np.float16]
    """(images, LENGTH); 0 for an image that was not read."""

    measures: npt.NDArray[np.float32]
    """(images, brightness, contrast and sharpness): see Measures."""

    is_read: npt.NDArray[np.bool_]


def looks(paths: Sequence[str], bits: Bits, *, memory: Path | None = None, tell: Tell = lambda *_: None) -> Looks:
    """Of all images; one that cannot be read is left out. Raises only what `tell` raises, and keeps what is done."""
    work = _Work(paths, bits, memory)
    saved = time.monotonic()
    with ThreadPoolExecutor(min(8, visible_cores())) as pool:
        try:
            for start in range(0, len(paths), _AT_A_TIME):
                list(pool.map(work.do, range(start, min(start + _AT_A_TIME, len(paths)))))
                tell(min(start + _AT_A_TIME, len(paths)), len(paths))
                if time.monotonic() - saved > SAVE_SECONDS:
                    work.save()
                    saved = time.monotonic()
        finally:
            work.save()
    return Looks(paths, work.signatures, work.measures, work.is_read)


class _Work:
    def __init__(self, paths: Sequence[str], bits: Bits, memory: Path | None) -> None:
        self.signatures = np.zeros((len(paths), LENGTH), np.float16)
        self.measures = np.zeros((len(paths), len(Measures._fields)), np.float32)
        self.is_read = np.zeros(len(paths), np.bool_)
        self._statuses = np.zeros((len(paths), 4), np.int64)
        self._paths = paths
        self._bits = bits
        self._memory = memory
        self._folders: dict[str, list[int]] = {}
        for place, path in enumerate(paths):
            self._folders.setdefault(os.path.dirname(path), []).append(place)
        self._changed: set[str] = set()
        self._is_kept = np.zeros(len(paths), np.bool_)
        for folder, places in self._folders.items():
            self._recall(folder, places)

    def do(self, place: int) -> None:
        path = self._paths[place]
        try:
            size, mtime, changed, inode = now = status(path)
            told = np.array([size, mtime, changed, inode & _INODE])
            if self.is_read[place] and np.array_equal(self._statuses[place], told):
                return
            self.is_read[place] = False
            self._changed.add(os.path.dirname(path))
            self._is_kept[place] = settled((now,))
            self._statuses[place] = told
            signature, measures = looked_at(read_pixels(path, rgb=False, image_hw=None, bits=self._bits)[0])
        except (DefinitionError, OSError):  # the ordinary check says so
            self.is_read[place] = False
            self.signatures[place], self.measures[place] = 0, 0
            return
        self.signatures[place], self.measures[place] = signature, measures
        self.is_read[place] = True

    def save(self) -> None:
        for folder in sorted(self._changed) if self._memory else ():
            places = np.array(self._folders[folder])
            rows = places[self.is_read[places] & self._is_kept[places]]
            names = "\0".join(os.path.basename(self._paths[row]) for row in rows)
            with contextlib.suppress(OSError):  # a full disk, or one that is not ours: they are read again next time
                file = self._file(folder)
                file.parent.mkdir(parents=True, exist_ok=True)
                with replacing(file, durable=False) as out:
                    np.savez(
                        out,
                        names=np.frombuffer(names.encode("utf-8", "surrogateescape"), np.uint8),
                        **{name: values[rows] for name, values in self._arrays().items()},
                    )
        self._changed.clear()

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"statuses": self._statuses, "signatures": self.signatures, "measures": self.measures}

    def _file(self, folder: str) -> Path:
        assert self._memory is not None
        key = repr((FORMAT, self._bits, os.path.abspath(folder))).encode("utf-8", "surrogateescape")
        return self._memory / f"{hashlib.sha256(key).hexdigest()[:32]}.npz"

    def _recall(self, folder: str, places: Sequence[int]) -> None:
        """Fill in what is remembered of a folder; `do` decides whether it still holds."""
        if self._memory is None:
            return
        try:
            used(self._file(folder))
            with self._file(folder).open("rb") as kept, np.load(kept, allow_pickle=False) as arrays:
                names = arrays["names"].tobytes().decode("utf-8", "surrogateescape").split("\0")
                known = {name: row for row, name in enumerate(names) if name}
                pairs = [(place, known.get(os.path.basename(self._paths[place]))) for place in places]
                ours, theirs = np.array([pair for pair in pairs if pair[1] is not None], np.int64).reshape(-1, 2).T
                for name, values in self._arrays().items():
                    values[ours] = arrays[name][theirs]
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
            return  # there is none, or it is damaged
        self.is_read[ours] = self._is_kept[ours] = True
