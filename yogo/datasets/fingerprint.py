"""A fingerprint of files, from their paths and identities; cheaper than hashing their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from yogo.definition.identity import Status, status
from yogo.device.cores import visible_cores

AT_A_TIME = 500

UNSEEN: Mapping[str, Status] = {}


def fingerprint(paths: Sequence[str], seen: Mapping[str, Status] = UNSEEN) -> str:
    """32 hexadecimal digits. A file that was `seen` just now is not looked at again; the result is the same.

    Raises OSError for a file that cannot be looked at; its `filename` says which.
    """
    seen = statuses(paths, seen)
    lines = "".join([f"{path}\0{seen[path]}\n" for path in paths])
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def statuses(paths: Sequence[str], seen: Mapping[str, Status] = UNSEEN) -> dict[str, Status]:
    """The identity of each file, in the order of `paths`. Raises OSError, as `fingerprint`."""
    unseen = [path for path in paths if path not in seen]
    looked = _look(unseen) if unseen else {}
    return {path: looked.get(path) or seen[path] for path in paths}


def _look(paths: Sequence[str]) -> dict[str, Status]:
    parts = [paths[start : start + AT_A_TIME] for start in range(0, len(paths), AT_A_TIME)]
    found: dict[str, Status] = {}
    with ThreadPoolExecutor(min(32, 4 * visible_cores())) as pool:  # each waits for the file system, not the core
        for part in pool.map(lambda some: [(path, status(path)) for path in some], parts):
            found.update(part)
    return found
