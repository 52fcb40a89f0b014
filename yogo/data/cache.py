"""The decoded cache: frames as the network wants them, in one memory-mapped file a set of pictures and shape.

Copying a frame out of it costs a hundredth of decoding a PNG. Runs and ranks share it, through the page
cache too. Every picture's path and what it is known by make up the file's name, so a changed picture is another
cache; what has not been used for longest goes when the folder's bound is reached.

    <folder>/<digest>-<C>x<H>x<W>-<depth>bits.frames   uint8 (N, C, H, W), in the order of the pictures' paths
    <folder>/<digest>.labels, digests/*.json       what else was worked out of such files: see yogo.data.label_cache
                                                   and yogo.definition.stamps
    <folder>/building.lock                 held by the one process that builds; freed by the system if it dies
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
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

from yogo.data.cores import visible_cores
from yogo.data.depth import UPPER_EIGHT, Bits
from yogo.data.fingerprint import UNSEEN, fingerprint, statuses
from yogo.data.pictures import Bytes, read_pixels
from yogo.definition.identity import Status, settled
from yogo.definition.problem import Problem, complaint
from yogo.definition.split import Sample
from yogo.errors import DefinitionError, YogoError
from yogo.places import NoHome, folder_of

Progress = Callable[[int, int], None]
Notice = Callable[[str], None]

GIB = 2**30
DEFAULT_LIMIT_BYTES = 50 * GIB

PATIENCE_SECONDS = 1.0
"""A process that builds for longer than this is worth a sentence to those who wait for it."""


class CacheRefused(YogoError):
    """There can be no cache here; the pictures have to be decoded each time."""


class DecodedCache:
    """Frames that were decoded before. While it is open, nobody makes room by removing it."""

    def __init__(self, path: Path, paths: Sequence[str], shape: tuple[int, int, int]) -> None:
        self.path = path
        self.shape = shape
        """(C, H, W) of each frame."""
        self._rows = {name: row for row, name in enumerate(paths)}
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # the mapping keeps it: until the frames are let go of
            self.frames: Bytes = np.memmap(file, np.uint8, "r", shape=(len(paths), *shape))
        with contextlib.suppress(OSError):  # not ours to touch, in a folder that others filled
            os.utime(path)

    def rows(self, samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
        """Where in `frames` the pictures of `samples` lie. Raises KeyError for one that it was not built for."""
        return np.array([self._rows[sample.image_file] for sample in samples], np.int64)


def default_folder() -> Path:
    """Where caches are kept if nobody says otherwise: $XDG_CACHE_HOME/yogo, or ~/.cache/yogo. Raises NoHome."""
    return folder_of("XDG_CACHE_HOME", ".cache") / "yogo"


def own_folder() -> Path | None:
    """The same; None, and nothing is kept, for a user who has no home folder."""
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
    """The cache of all `samples`' pictures, built now if it does not stand yet.

    None, after a `notice`, where there can be none: the pictures are then decoded each time. Several
    processes may ask at once: one builds, the others wait for it. Files that were `seen` are not looked at again.
    Raises DefinitionError for a broken picture.
    """
    folder = folder or default_folder()
    paths = sorted({sample.image_file for sample in samples})
    shape = (3 if rgb else 1, *image_hw)
    known = _known(paths, seen)
    target = folder / f"{fingerprint(paths, known)}-{_layout(shape, bits)}.frames"
    tell, show = notice or _silent, progress or _silent
    try:
        if not _stands(target, len(paths) * prod(shape)):
            folder.mkdir(parents=True, exist_ok=True)
            with _building(folder, show, tell) as report:
                if not _stands(target, len(paths) * prod(shape)):
                    _make_room(folder, len(paths) * prod(shape), limit_bytes)
                    settled(known.values())
                    _build(target, paths, shape, bits, report)
        return DecodedCache(target, paths, shape)
    except CacheRefused as refusal:
        tell(f"{refusal}. The pictures are decoded anew in each epoch")
    except OSError as error:  # of the cache: a picture that cannot be read is a DefinitionError
        tell(f"No cache in {folder}: {error.strerror}. The pictures are decoded anew in each epoch")
    return None


def _layout(shape: tuple[int, int, int], bits: Bits) -> str:
    return "x".join(map(str, shape)) + ("" if bits is None else f"-{bits}bits")


def _silent(*told: object) -> None:
    return


def _known(paths: Sequence[str], seen: Mapping[str, Status]) -> dict[str, Status]:
    """The pictures as they are now."""
    try:
        return statuses(paths, seen)
    except OSError as error:
        raise DefinitionError(f"{error.filename} cannot be read as a picture: {error.strerror}") from error


def _stands(target: Path, num_bytes: int) -> bool:
    return target.is_file() and target.stat().st_size == num_bytes


@contextlib.contextmanager
def _building(folder: Path, progress: Progress, notice: Notice) -> Iterator[Progress]:
    """This process alone builds in `folder`, for as long as it lives and has not finished.

    Gives what is to be told of the progress: those who wait read it from the lock file.
    """
    lock = os.open(folder / "building.lock", os.O_RDWR | os.O_CREAT, 0o666)

    def report(done: int, total: int) -> None:
        os.pwrite(lock, f"{done:12} {total:12}\n".encode(), 0)
        progress(done, total)

    try:
        _wait(lock, folder, progress, notice)
        os.ftruncate(lock, 0)
        for torn in folder.glob("*.part"):  # of a builder that was killed: the lock is ours, so it is gone
            torn.unlink()
        yield report
    finally:
        os.close(lock)


def _wait(lock: int, folder: Path, progress: Progress, notice: Notice) -> None:
    """Take the lock; while another process has it, tell of that one's progress."""
    began, told = time.monotonic(), False
    while not _locked(lock):
        if not told and time.monotonic() > began + PATIENCE_SECONDS:
            notice(f"Waiting for another process that builds a cache in {folder}")
            told = True
        if len(numbers := os.pread(lock, 64, 0).split()) == 2:
            progress(int(numbers[0]), int(numbers[1]))
        time.sleep(0.1)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_room(folder: Path, num_bytes: int, limit_bytes: int) -> None:
    """Remove the caches unused for longest, until `num_bytes` more fit. Raises CacheRefused where they cannot."""
    needed = f"The decoded pictures need {num_bytes / GIB:,.1f} GiB"
    most = f"the {limit_bytes / GIB:,.1f} GiB that caches may take in {folder}"
    if num_bytes > limit_bytes:
        raise CacheRefused(f"{needed}, more than {most} (--cache-limit says how much)")
    caches = sorted((*folder.glob("*.frames"), *folder.glob("*.labels")), key=lambda path: path.stat().st_mtime)
    used = sum(path.stat().st_size for path in caches)
    for path in caches:
        if used + num_bytes <= limit_bytes and num_bytes <= _spare(folder):
            return
        size = path.stat().st_size
        if _removed(path):
            used -= size
    if used + num_bytes > limit_bytes:
        raise CacheRefused(f"{needed}, and caches that are in use leave less of {most} (--cache-limit says how much)")
    if num_bytes > _spare(folder):
        raise CacheRefused(f"{needed}, and {folder} has only {max(0, _spare(folder)) / GIB:,.1f} GiB to spare")


def _spare(folder: Path) -> int:
    """Free bytes less a twentieth of the disk, which is left to others."""
    disk = shutil.disk_usage(folder)
    return disk.free - disk.total // 20


def _removed(path: Path) -> bool:
    """Remove a cache, unless somebody reads it or it is not ours."""
    try:
        with path.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except OSError:
        return False
    return True


def _build(target: Path, paths: Sequence[str], shape: tuple[int, int, int], bits: Bits, progress: Progress) -> None:
    part = target.with_suffix(".part")
    try:
        with part.open("wb") as file:
            # Asked for at once, a full disk says so before an hour of decoding, not after.
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
    """Threads, since decoding lets go of the interpreter's lock: they start at once and share everything.

    Raises DefinitionError naming all pictures that cannot be read, each of which may be mended only once it was told.
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
