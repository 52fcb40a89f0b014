"""YOGO: a detector of cells in microscope frames, and its trainer."""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look up the version on first use, so that starting a command does not pay for it."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from yogo.distribution import VERSION

    return VERSION
