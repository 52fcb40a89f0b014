"""Protects a person's work from being overwritten: label files, and images and arrays that inference did not write.

Drawings name the program that made them, and an array has its description beside it. A label file has neither, and
may have been corrected by hand, so it is replaced only on request.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from yogo.definition.problem import listed
from yogo.errors import InferenceError

_MAKER = "yogo infer"
_SOFTWARE = 305
"""TIFF's tag for the maker."""


def save_drawing(picture: Image.Image, file: IO[bytes], kind: str) -> None:
    """Write a drawing with the name of the program that made it."""
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Software", _MAKER)
        picture.save(file, kind, pnginfo=info)
    else:
        picture.save(file, kind, tiffinfo={_SOFTWARE: _MAKER})


def refuse_to_overwrite(folder: Path, *, labels: Sequence[str], drawings: Sequence[str], array: str | None) -> None:
    """Raises InferenceError, naming the existing files in `folder` that files of these names would replace."""
    try:
        there = set(os.listdir(folder))
    except OSError:  # there is none yet, or creating it reports the problem
        return
    taken = [name for name in labels if name in there]
    taken += [name for name in drawings if name in there and not _is_drawing(folder / name)]
    if array and not _is_described(folder / f"{array}.json"):
        taken += [name for name in (f"{array}.npy", f"{array}.json") if name in there]
    if taken:
        raise InferenceError(
            f"{folder} already holds {listed(taken)}, which may be someone's work: name another --output-dir, or "
            "replace what is there with --overwrite (overwrite=True)"
        )


def _is_drawing(path: Path) -> bool:
    with contextlib.suppress(Exception), Image.open(path) as file:
        return _MAKER in (file.info.get("Software"), getattr(file, "tag_v2", {}).get(_SOFTWARE))
    return False


def _is_described(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        described = json.loads(path.read_bytes())
        return isinstance(described, dict) and {"run_name", "model_name", "write_date"} <= described.keys()
    return False
