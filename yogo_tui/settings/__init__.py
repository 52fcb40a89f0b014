"""The console's settings: typed, in one YAML file, every one with a default that works."""

from __future__ import annotations

from yogo_tui.settings.model import Settings, SizePreset, definition_files
from yogo_tui.settings.reading import file_of, load, parse, shipped_templates
from yogo_tui.settings.workspace import default_file

__all__ = [
    "Settings",
    "SizePreset",
    "default_file",
    "definition_files",
    "file_of",
    "load",
    "parse",
    "shipped_templates",
]
