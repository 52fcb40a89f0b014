"""The YAML files below a folder that may hold the images too.

A folder's modification time changes whenever something is added to it, removed or renamed. So large folders are listed
once, and what is in them that matters is remembered: <cache>/listings/<digest of the root>.json
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from yogo.definition.identity import settled, status
from yogo.definition.stamps import remember, remembered
from yogo.files.places import NoHome, folder_of
from yogo_tui.hosts.base import Tell

_LARGE = 100
"""Entries from which on it pays to remember a folder."""


def yaml_files(root: Path, tell: Tell) -> list[Path]:
    """All of them in order, without those that are hidden or in hidden folders, or behind a link to a folder."""
    memory = _memory()
    known = remembered(memory, str(root))
    now: dict[str, Any] = {}
    found: list[Path] = []
    folders, num_seen = [str(root)], 0
    while folders:
        folder = folders.pop()
        entry = known.get(folder)
        try:
            before = status(folder)
            if not (isinstance(entry, list) and len(entry) == 4 and entry[0] == [*before]):
                is_sure = settled((before,))  # only what comes after this shows
                entry = [[*before] if is_sure else None, *_listed(folder)]
        except OSError:
            continue
        _, num, inside, files = entry
        if num >= _LARGE and entry[0]:
            now[folder] = entry
        found += [Path(folder, name) for name in files]
        folders += [os.path.join(folder, name) for name in inside]
        num_seen += num
        try:
            tell("looking for definitions", num_seen, 0)
        except BaseException:  # what was listed before it is left is not listed again
            remember(memory, str(root), known | now)
            raise
    if now != known:
        remember(memory, str(root), now)
    return sorted(found)


def _listed(folder: str) -> tuple[int, list[str], list[str]]:
    """How many entries a folder has, and the names of its folders and YAML files. Raises OSError."""
    num, folders, files = 0, [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            num += 1
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.name.endswith((".yml", ".yaml")):
                files.append(entry.name)
    return num, folders, files


def _memory() -> Path | None:
    try:
        return folder_of("XDG_CACHE_HOME", ".cache") / "yogo" / "listings"
    except NoHome:
        return None
