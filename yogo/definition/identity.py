"""The identity of a file without reading it, so that earlier results computed from it can be used again.

Size and modification time are not enough: archives, `cp -p`, `touch -r` and rsync restore the time of a corrected
file. The system's own change time (ctime) cannot be set, so it is used; the device number is not, because it differs
between hosts on a network file system. If a file system has no such time, the content decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterable
from functools import lru_cache

Status = tuple[int, int, int, int]
"""Size in bytes; the modification time in nanoseconds, which the file's owner may set; what shows a change that those
two do not, which is the system's change time, or a negative number computed from the content; and the inode
(0 if the file system makes it up)."""

TICK_NS = 50_000_000
"""File systems' clocks tick every few milliseconds: two changes within a tick have the same time."""

_WITHOUT_CHANGE_TIMES = ("fuse", "vfat", "msdos", "exfat", "9p", "ntfs", "smb", "cifs")
"""Prefixes of the file system types that may report the modification time in place of the change time."""


def status(path: str, found: os.stat_result | None = None, mounts: Iterable[str] | None = None) -> Status:
    """The identity of the file at `path`; `found` is what `os.stat` has just returned. Raises OSError.

    `mounts` are the lines of /proc/self/mountinfo, if they were read already.
    """
    found = found or os.stat(path)
    changed = found.st_ctime_ns
    if changed == found.st_mtime_ns and stat.S_ISREG(found.st_mode):
        device = found.st_dev
        if not (device_tells_changes(device) if mounts is None else tells_changes(device, mounts)):
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            return found.st_size, found.st_mtime_ns, -1 - int.from_bytes(digest[:7], "big"), 0
    return found.st_size, found.st_mtime_ns, changed, found.st_ino


def settled(known: Iterable[Status]) -> bool:
    """Whether any later change will show in the status of these files, so that their identity is worth remembering.

    For files that were written just now this waits, at most one clock tick; it does not wait for a clock that is ahead.
    """
    last = max((max(mtime, changed) for _, mtime, changed, _ in known if changed >= 0), default=0)
    ahead = last + TICK_NS - time.time_ns()
    if 0 < ahead <= TICK_NS:
        time.sleep(ahead / 1e9)
    return ahead <= TICK_NS


@lru_cache(maxsize=1000)
def device_tells_changes(device: int) -> bool:
    """Whether the file system with this number keeps a real change time, as far as can be known."""
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        return tells_changes(device, mounts)
    return True


def tells_changes(device: int, mounts: Iterable[str]) -> bool:
    """The same, by the lines of /proc/self/mountinfo; a file system that is not listed is assumed to."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts:
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [number]:
            return not after.startswith(_WITHOUT_CHANGE_TIMES)
    return True
