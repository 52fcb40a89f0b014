"""Where one works: the workspace, and where the settings file lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from yogo.places import NoHome, folder_of
from yogo.run.directory import RUNS
from yogo_tui.errors import SettingsError

MARKER = ".yogo"
"""A file or folder of this name says: here is a workspace."""


def standing() -> Path:
    """The working directory. Raises SettingsError where it was deleted."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError(
            "The folder that you stand in is gone, or cannot be read: cd to another one, or give --workspace."
        ) from error


def workspace_at(folder: Path) -> Path:
    """The nearest of `folder` and those above it that holds runs or a marker; `folder` itself where none does."""
    for place in (folder, *folder.parents):
        if os.path.isdir(place / RUNS) or os.path.exists(place / MARKER):
            return place
    return folder


def default_file(env: Mapping[str, str] = os.environ) -> Path:
    """$XDG_CONFIG_HOME/yogo-tui/settings.yaml, with ~/.config where that is not set. Raises NoHome."""
    return folder_of("XDG_CONFIG_HOME", ".config", env) / "yogo-tui" / "settings.yaml"


def config_file(workspace: Path) -> Path:
    """The default file; in the workspace where a user has no home."""
    try:
        return default_file()
    except NoHome:
        return workspace / MARKER / "settings.yaml"
