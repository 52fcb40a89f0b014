"""Whether --dump-to-disk can keep its figures beside a checkpoint: asked before hours of computing."""

from __future__ import annotations

import os
from pathlib import Path

from yogo.errors import RunError, YogoError
from yogo.run.record import Record


def check_dump(path: Path, kind: type[Record], *, maker: str, error: type[YogoError]) -> None:
    """Raises `error` if the folder of `path` is read-only, or if another than a `maker` wrote what is at `path`."""
    folder = path.absolute().parent
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise error(f"{folder} cannot be written to: leave out --dump-to-disk, or copy the checkpoint elsewhere")
    try:
        if path.exists():
            kind.read(path)
    except RunError as unread:
        raise error(f"{path} exists, and no {maker} wrote it: move it elsewhere") from unread
