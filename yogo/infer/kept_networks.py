"""Compiled networks, kept in the user's cache: <folder>/<key>.network, the SHA-256 of the rest and then the rest.

It is a convenience: where the folder cannot be read or written, or a file is damaged, nothing is kept there. Any
number of processes may use it at once, since files are replaced whole and are read before they are used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from yogo.files.atomic import replacing

MOST_BYTES = 2**30
SUFFIX = ".network"
_DIGEST_BYTES = 32


class KeptNetworks:
    def __init__(self, folder: Path | None, most_bytes: int = MOST_BYTES) -> None:
        """Without a folder nothing is kept."""
        self.folder = folder
        self.most_bytes = most_bytes

    def get(self, key: str) -> bytes | None:
        """None if it is not there, or is damaged."""
        if self.folder is None:
            return None
        path = self.folder / f"{key}{SUFFIX}"
        try:
            held = path.read_bytes()
        except OSError:
            return None
        digest, network = held[:_DIGEST_BYTES], held[_DIGEST_BYTES:]
        if hashlib.sha256(network).digest() != digest:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return network

    def put(self, key: str, network: bytes) -> None:
        if self.folder is None or len(network) > self.most_bytes:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self.folder / f"{key}{SUFFIX}", durable=False) as file:
                file.write(hashlib.sha256(network).digest())
                file.write(network)
            self._remove_oldest(self.folder)

    def _remove_oldest(self, folder: Path) -> None:
        """Those used least recently, until the others take no more than may be kept. Raises OSError."""
        found = []
        for path in folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                found.append((path.stat().st_mtime, path.stat().st_size, path))
        used = 0
        for _, size, path in sorted(found, reverse=True):
            used += size
            if used > self.most_bytes:
                path.unlink(missing_ok=True)
