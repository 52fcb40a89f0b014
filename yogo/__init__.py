"""YOGO: a detector of cells in microscope frames, and its trainer."""

__version__ = "2.0.0"
