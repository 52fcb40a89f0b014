"""Finds the workspace and the settings file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from yogo.files.places import NoHome, folder_of
from yogo.run.directory import RUNS
from yogo_tui.errors import SettingsError

MARKER = ".yogo"
"""Name of a file or folder that marks a workspace."""


def standing() -> Path:
    """The current folder. Raises SettingsError if it was deleted or cannot be read."""
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError(
            "The current folder no longer exists, or cannot be read: cd to another one, or give --workspace."
        ) from error


def workspace_at(folder: Path) -> Path:
    """The first of `folder` and the folders above it that holds runs or a marker; `folder` if there is none."""
    for place in (folder, *folder.parents):
        if os.path.isdir(place / RUNS) or os.path.exists(place / MARKER):
            return place
    return folder


def named_definitions(env: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders of dataset definitions that $DDF_PATHS names, with colons between them; that of a file where it names
    one."""
    paths = [Path(name) for name in env.get("DDF_PATHS", "").split(os.pathsep) if os.path.isabs(name)]
    return tuple(path.parent if path.suffix in {".yml", ".yaml"} else path for path in paths)


def default_file(env: Mapping[str, str] = os.environ) -> Path:
    """$XDG_CONFIG_HOME/yogo-tui/settings.yaml, or ~/.config/yogo-tui/settings.yaml. Raises NoHome."""
    return folder_of("XDG_CONFIG_HOME", ".config", env) / "yogo-tui" / "settings.yaml"


def config_file(workspace: Path) -> Path:
    """The default file; if the user has no home folder, a file in the workspace."""
    try:
        return default_file()
    except NoHome:
        return workspace / MARKER / "settings.yaml"
