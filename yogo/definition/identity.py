"""What a file is known by without reading it, so that what was worked out of it before can be used again.

Size and time do not do: archives, `cp -p`, `touch -r` and rsync put the time of a corrected file back. The system's
own time of the last change cannot be set by anyone, so it tells; the device's number, which differs from one
host to the next on a network file system, does not. Where a file system has no such time, content tells.
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
"""Size in bytes, time of the last change in nanoseconds as the file's owner may set it, then what tells of a change
that those two do not: the system's own time of it, or a negative number that follows from the content; and the inode
(0 where file systems make it up)."""

TICK_NS = 50_000_000
"""File systems' clocks stand still for some milliseconds at a time: a second change within a tick has the same time."""

_WITHOUT_CHANGE_TIMES = ("fuse", "vfat", "msdos", "exfat", "9p", "ntfs", "smb", "cifs")
"""How file systems' types begin that may give the time that a file was modified in place of the time of its change."""


def status(path: str, found: os.stat_result | None = None, mounts: Iterable[str] | None = None) -> Status:
    """What the file at `path` is known by; `found` is what `os.stat` said just now. Raises OSError.

    `mounts` are the lines of /proc/self/mountinfo, where they are not to be read now.
    """
    found = found or os.stat(path)
    changed = found.st_ctime_ns
    if changed == found.st_mtime_ns and stat.S_ISREG(found.st_mode):
        device = found.st_dev
        if not (_tells_changes(device) if mounts is None else tells_changes(device, mounts)):
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            return found.st_size, found.st_mtime_ns, -1 - int.from_bytes(digest[:7], "big"), 0
    return found.st_size, found.st_mtime_ns, changed, found.st_ino


def settled(known: Iterable[Status]) -> bool:
    """Whether any change from now on will show in the status of these files, which are then worth remembering.

    Of files that were written just now that is waited for, a clock tick at most; a clock that is ahead is not.
    """
    last = max((max(mtime, changed) for _, mtime, changed, _ in known if changed >= 0), default=0)
    ahead = last + TICK_NS - time.time_ns()
    if 0 < ahead <= TICK_NS:
        time.sleep(ahead / 1e9)
    return ahead <= TICK_NS


@lru_cache(maxsize=1000)
def _tells_changes(device: int) -> bool:
    """Whether the file system with this number keeps a time of change of its own, as far as one can know."""
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        return tells_changes(device, mounts)
    return True


def tells_changes(device: int, mounts: Iterable[str]) -> bool:
    """The same, of what stands in /proc/self/mountinfo; what is not in it is believed to."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts:
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [number]:
            return not after.startswith(_WITHOUT_CHANGE_TIMES)
    return True
