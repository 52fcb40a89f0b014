"""The console's settings: typed, and read from one YAML file. Every setting has a default that works."""

from __future__ import annotations

from yogo_tui.settings.change import SettingChange
from yogo_tui.settings.entries import HostPreset, SizePreset
from yogo_tui.settings.model import Settings
from yogo_tui.settings.pinned import PinnedSettings
from yogo_tui.settings.reading import file_of, hosts_in, load, shipped_templates
from yogo_tui.settings.workspace import default_file

__all__ = [
    "HostPreset",
    "PinnedSettings",
    "SettingChange",
    "Settings",
    "SizePreset",
    "default_file",
    "file_of",
    "hosts_in",
    "load",
    "shipped_templates",
]
