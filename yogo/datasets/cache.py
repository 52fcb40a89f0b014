"""The decoded cache: frames in the network's format, in one memory-mapped file per set of images and shape.

Copying a frame out of it takes a hundredth of the time of decoding a PNG. Runs and ranks share it, and its pages in
the page cache. The file's name is a digest of every image's path and identity, so a changed image gives a new
cache. When the folder's limit is reached, the least recently used caches are removed.

    <folder>/<digest>-<C>x<H>x<W>-<depth>bits.frames   uint8 (N, C, H, W), in the order of the images' paths
    <folder>/<digest>.labels, digests/*.json       other results computed from such files: see yogo.datasets.label_cache
                                                   and yogo.definition.stamps
    <folder>/building.lock                 held by the one process that builds; freed by the system if it dies
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from yogo.datasets.fingerprint import UNSEEN, fingerprint, statuses
from yogo.definition.identity import Status, settled
from yogo.definition.problem import Problem, complaint
from yogo.definition.split import Sample
from yogo.device.cores import visible_cores
from yogo.errors import DefinitionError, YogoError
from yogo.files import locks
from yogo.files.places import NoHome, folder_of
from yogo.images.depth import UPPER_EIGHT, Bits
from yogo.images.pixels import Bytes, read_pixels

Progress = Callable[[int, int], None]
Notice = Callable[[str], None]

GIB = 2**30
DEFAULT_LIMIT_BYTES = 50 * GIB

PATIENCE_SECONDS = 1.0
"""Seconds after which those that wait for the building process are told so."""


class CacheRefused(YogoError):
    """No cache is possible here; the images have to be decoded each time."""


class DecodedCache:
    """Frames that were decoded before. While it is open, nobody removes it to make room."""

    def __init__(self, path: Path, paths: Sequence[str], shape: tuple[int, int, int]) -> None:
        self.path = path
        self.shape = shape
        """(C, H, W) of each frame."""
        self._rows = {name: row for row, name in enumerate(paths)}
        with path.open("rb") as file:
            locks.share(file)  # the mapping keeps the lock until the frames are released
            self.frames: Bytes = np.memmap(file, np.uint8, "r", shape=(len(paths), *shape))
        with contextlib.suppress(OSError):  # not ours to touch, in a folder that others filled
            os.utime(path)

    def rows(self, samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
        """The indices in `frames` of the images of `samples`. Raises KeyError for an image that is not in the cache."""
        return np.array([self._rows[sample.image_file] for sample in samples], np.int64)


def default_folder() -> Path:
    """Where caches are kept by default: $XDG_CACHE_HOME/yogo, or ~/.cache/yogo. Raises NoHome."""
    return folder_of("XDG_CACHE_HOME", ".cache") / "yogo"


def own_folder() -> Path | None:
    """The same; None for a user without a home folder, for whom nothing is cached."""
    try:
        return default_folder()
    except NoHome:
        return None


def open_cache(
    samples: Sequence[Sample],
    *,
    image_hw: tuple[int, int],
    rgb: bool,
    bits: Bits = UPPER_EIGHT,
    folder: Path | None = None,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    progress: Progress | None = None,
    notice: Notice | None = None,
    seen: Mapping[str, Status] = UNSEEN,
) -> DecodedCache | None:
    """The cache of the images of all `samples`, built now if it does not exist yet.

    Returns None, after a `notice`, if no cache is possible: the images are then decoded each time. Several
    processes may ask at once: one builds, the others wait for it. Files that were `seen` are not checked again.
    Raises DefinitionError for a broken image.
    """
    folder = folder or default_folder()
    paths = sorted({sample.image_file for sample in samples})
    shape = (3 if rgb else 1, *image_hw)
    known = _known(paths, seen)
    target = folder / f"{fingerprint(paths, known)}-{_layout(shape, bits)}.frames"
    tell, show = notice or (lambda _: None), progress or (lambda *_: None)
    try:
        if not _stands(target, paths, shape, bits):
            folder.mkdir(parents=True, exist_ok=True)
            with _building(folder, show, tell) as report:
                if not _stands(target, paths, shape, bits):
                    _make_room(folder, len(paths) * prod(shape), limit_bytes)
                    settled(known.values())
                    _build(target, paths, shape, bits, report)
        return DecodedCache(target, paths, shape)
    except CacheRefused as refusal:
        tell(f"{refusal}. The images are decoded again in each epoch")
    except OSError as error:  # of the cache: an image that cannot be read is a DefinitionError
        tell(f"No cache in {folder}: {error.strerror}. The images are decoded again in each epoch")
    return None


def _layout(shape: tuple[int, int, int], bits: Bits) -> str:
    return "x".join(map(str, shape)) + ("" if bits is None else f"-{bits}bits")


def _known(paths: Sequence[str], seen: Mapping[str, Status]) -> dict[str, Status]:
    """The images as they are now."""
    try:
        return statuses(paths, seen)
    except OSError as error:
        raise DefinitionError(f"{error.filename} cannot be read as an image: {error.strerror}") from error


def _stands(target: Path, paths: Sequence[str], shape: tuple[int, int, int], bits: Bits) -> bool:
    """Whether it exists and is complete, and its first, middle and last frames match their images."""
    if not target.is_file() or target.stat().st_size != len(paths) * prod(shape):
        return False
    frames = np.memmap(target, np.uint8, "r", shape=(len(paths), *shape))
    for row in {0, len(paths) // 2, len(paths) - 1}:
        with contextlib.suppress(DefinitionError):  # it was read when the cache was built
            pixels = read_pixels(paths[row], rgb=shape[0] == 3, image_hw=shape[1:], bits=bits)
            if not np.array_equal(frames[row], pixels):
                return False
    return True


@contextlib.contextmanager
def _building(folder: Path, progress: Progress, notice: Notice) -> Iterator[Progress]:
    """Within the block only this process builds in `folder`.

    Yields a function for reporting progress: the processes that wait read it from the lock file.
    """
    lock = os.open(folder / "building.lock", os.O_RDWR | os.O_CREAT, 0o666)

    def report(done: int, total: int) -> None:
        os.pwrite(lock, f"{done:12} {total:12}\n".encode(), 0)
        progress(done, total)

    try:
        _wait(lock, folder, progress, notice)
        os.ftruncate(lock, 0)
        for torn in folder.glob("*.part"):  # from a builder that was killed: we hold the lock, so it no longer runs
            torn.unlink()
        yield report
    finally:
        os.close(lock)


def _wait(lock: int, folder: Path, progress: Progress, notice: Notice) -> None:
    """Take the lock; while another process holds it, report that process's progress."""
    began, told = time.monotonic(), False
    while not locks.taken(lock):
        if not told and time.monotonic() > began + PATIENCE_SECONDS:
            notice(f"Waiting for another process that builds a cache in {folder}")
            told = True
        if len(numbers := os.pread(lock, 64, 0).split()) == 2:
            progress(int(numbers[0]), int(numbers[1]))
        time.sleep(0.1)


def _make_room(folder: Path, num_bytes: int, limit_bytes: int) -> None:
    """Remove the least recently used caches until `num_bytes` more fit. Raises CacheRefused if they cannot."""
    needed = f"The decoded images need {num_bytes / GIB:,.1f} GiB"
    most = f"the {limit_bytes / GIB:,.1f} GiB that caches may take in {folder}"
    if num_bytes > limit_bytes:
        raise CacheRefused(f"{needed}, more than {most} (--cache-limit says how much)")
    caches = sorted((*folder.glob("*.frames"), *folder.glob("*.labels")), key=lambda path: path.stat().st_mtime)
    used = sum(path.stat().st_size for path in caches)
    for path in caches:
        if used + num_bytes <= limit_bytes and num_bytes <= _spare(folder):
            return
        size = path.stat().st_size
        if removed(path):
            used -= size
    if used + num_bytes > limit_bytes:
        raise CacheRefused(f"{needed}, and caches that are in use leave less of {most} (--cache-limit says how much)")
    if num_bytes > _spare(folder):
        raise CacheRefused(f"{needed}, and {folder} has only {max(0, _spare(folder)) / GIB:,.1f} GiB to spare")


def _spare(folder: Path) -> int:
    """Free bytes, less a twentieth of the disk, which is left to others."""
    disk = shutil.disk_usage(folder)
    return disk.free - disk.total // 20


def removed(path: Path) -> bool:
    """Remove a cache, unless another process reads it or it belongs to another user."""
    try:
        with path.open("rb+") as file:
            is_ours = locks.taken(file)
            if is_ours:
                path.unlink()
            return is_ours
    except OSError:
        return False


def _build(target: Path, paths: Sequence[str], shape: tuple[int, int, int], bits: Bits, progress: Progress) -> None:
    part = target.with_suffix(".part")
    try:
        with part.open("wb") as file:
            # The space is allocated first, so a full disk shows before an hour of decoding, not after it.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, len(paths) * prod(shape))
            _decode_into(file, paths, shape, bits, progress)
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _decode_into(
    file: IO[bytes], paths: Sequence[str], shape: tuple[int, int, int], bits: Bits, progress: Progress
) -> None:
    """Decode with threads, since decoding releases the interpreter's lock: they start at once and share memory.

    Raises DefinitionError naming all images that cannot be read, so that all can be repaired at once.
    """
    broken: list[tuple[int, Problem]] = []

    def decode(row: int) -> None:
        try:
            pixels = read_pixels(paths[row], rgb=shape[0] == 3, image_hw=shape[1:], bits=bits)
        except DefinitionError as error:
            broken.append((row, Problem("error", str(error))))
            return
        if os.pwrite(file.fileno(), pixels.data, row * prod(shape)) != pixels.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)

    with ThreadPoolExecutor(visible_cores()) as pool:
        try:
            tasks = [pool.submit(decode, row) for row in range(len(paths))]
            for done, task in enumerate(as_completed(tasks), 1):
                task.result()
                progress(done, len(paths))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if broken:
        raise complaint([problem for _, problem in sorted(broken, key=itemgetter(0))])
