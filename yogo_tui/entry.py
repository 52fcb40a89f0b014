"""Where `yogo-tui` begins: before anything of `yogo` is imported, which published YOGO may have overwritten."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> int:
    beside = _conflict()
    if beside:
        print(f"yogo-tui: {beside}", file=sys.stderr)
    try:
        from yogo_tui.cli import main as command
    except ImportError:
        if beside:
            return 1
        raise
    return command()


def _conflict() -> str:
    """As `yogo.distribution.conflict` says, asked of that file alone: the rest of `yogo` may be anybody's."""
    package = importlib.util.find_spec("yogo")
    file = Path(package.origin).with_name("distribution.py") if package and package.origin else Path()
    spec = importlib.util.spec_from_file_location("_yogo_distribution", file)
    if spec is None or spec.loader is None or not file.is_file():
        return ""
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    told: str = module.conflict()
    return told
