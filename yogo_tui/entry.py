"""Where `yogo-tui` starts: before it imports anything of `yogo`, which published YOGO may have overwritten.

It handles signals before any import that takes a while.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    if early := _file("early"):
        early.stop_at_once("yogo-tui")
    distribution = _file("distribution")
    beside: str = distribution.conflict() if distribution else ""
    if beside:
        print(f"yogo-tui: {beside}", file=sys.stderr)
    try:
        from yogo_tui.cli import main as command
    except ImportError:
        if beside:
            return 1
        raise
    return command()


def _file(name: str) -> Any:
    """The module `yogo.NAME`, loaded from its file only: the rest of `yogo` may be another package. None if missing."""
    package = importlib.util.find_spec("yogo")
    file = Path(package.origin).with_name(f"{name}.py") if package and package.origin else Path()
    spec = importlib.util.spec_from_file_location(f"_yogo_{name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
