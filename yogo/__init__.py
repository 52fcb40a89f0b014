"""YOGO: a detector of cells in microscope frames, and its trainer."""

from yogo.distribution import VERSION as __version__

__all__ = ["__version__"]
