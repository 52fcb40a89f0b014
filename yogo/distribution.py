"""The distribution that these packages come in, and another one that owns the folder `yogo` too.

The package index has published YOGO under the name `yogo`. Both hold a folder `yogo`: installed side by side, files
of one lie among those of the other. This module uses only the standard library, since any other import may come from
either of them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

NAME = "yogo-tui"
VERSION = "2.0.0"

_PUBLISHED = re.compile(r"yogo-([^-]+)\.(dist|egg)-info")


def installing(extra: str) -> str:
    """The command that adds the packages of an extra, such as `export`, to this installation."""
    return f"pip install '{NAME}[{extra}]'"


def conflict(path: Iterable[str] | None = None) -> str:
    """What to do about published YOGO in the same environment, in a sentence; empty where there is none.

    `path` holds the folders that Python imports from.
    """
    for folder in sys.path if path is None else path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        if found := next(filter(None, map(_PUBLISHED.fullmatch, names)), None):
            return (
                f"Published YOGO (the package yogo {found[1]}) is installed in {folder} too, in the same folder "
                f"yogo as {NAME}: run `pip uninstall yogo`, then install {NAME} again."
            )
    return ""
