"""Files to compare with: the small ones lie in tests/golden, the large ones in `shared` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_INSIDE = Path(__file__).parent / "golden"
_BESIDE = Path(__file__).resolve().parents[2] / "shared"


def golden_file(name: str) -> Path:
    """What published yogo gives: see tests/golden/README.md."""
    inside = _INSIDE / name
    return inside if inside.exists() else beside(f"compat/{name}")


def beside(path: str) -> Path:
    """A file or folder beside the checkout. Without it the test is skipped; with YOGO_REQUIRE_DATA=1 it fails."""
    found = _BESIDE / path
    if found.exists():
        return found
    if os.environ.get("YOGO_REQUIRE_DATA") == "1":
        pytest.fail(f"{found} is not there, and YOGO_REQUIRE_DATA=1", pytrace=False)
    pytest.skip(f"needs {found}")
