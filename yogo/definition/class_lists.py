"""Lists of classes that an export has beside its labels: classes.txt, obj.names, data.yaml. They say what the numbers
in the labels mean, so they are compared with class_names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yogo.definition.leftovers import CLASS_LISTS
from yogo.definition.plain import read_file
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem
from yogo.files import yaml12

_YAML = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_MAX_BYTES = 1_000_000
MOST_SHOWN = 12


def compared(label_folder: Path, classes: Sequence[str], among: Sequence[str] = ()) -> Iterator[Problem]:
    """Problems of the class lists in a label folder (those named `among` its labels), beside it, and above it."""
    if (label_folder / "notes.json").is_file() and not (label_folder.parent / "notes.json").exists():
        what = "notes.json is read beside the label folder, not in it: is it meant to say what the classes are?"
        yield Problem("warning", what, label_folder / "notes.json")
    has_notes = (label_folder.parent / "notes.json").exists()
    for path in [*(label_folder / name for name in among), *places(label_folder)]:
        if not path.is_file():
            continue
        try:
            names = listed_classes(path)
        except (InvalidDatasetDefinitionFile, yaml12.YamlError):
            continue  # the file need not be a list of classes
        if names and (problem := _compare(path, names, classes, decides=not has_notes)):
            yield problem


def places(label_folder: Path) -> Iterator[Path]:
    """Where such lists are looked for."""
    # Among the labels, a .txt that has an image is a label.
    yield from (label_folder / name for name in CLASS_LISTS if not name.endswith(".txt"))
    yield from (label_folder.parent / name for name in CLASS_LISTS)
    for folder in (label_folder.parent, label_folder.parent.parent):
        yield from (folder / name for name in _YAML)


def listed_classes(path: Path) -> list[str]:
    """The classes in such a list, in their order; none where a YAML file has no `names`.

    Raises InvalidDatasetDefinitionFile, YamlError.
    """
    if path.suffix in {".yaml", ".yml"}:
        data = yaml12.load(path).data
        return _of_yaml(data.get("names")) if isinstance(data, dict) else []
    text = read_file(path, "list of classes", _MAX_BYTES).decode("utf-8-sig", "replace")
    return [_unquoted(line.strip()) for line in text.splitlines() if line.strip()]


def _unquoted(line: str) -> str:
    return line[1:-1] if len(line) > 2 and line[0] == line[-1] and line[0] in "\"'" else line


def _of_yaml(names: Any) -> list[str]:
    if isinstance(names, dict) and all(str(key).isdecimal() for key in names):
        return [str(names[key]) for key in sorted(names, key=int)]
    return [str(name) for name in names] if isinstance(names, list) else []


def _compare(path: Path, names: list[str], classes: Sequence[str], *, decides: bool) -> Problem | None:
    """`decides`: without notes, numbers in the labels are positions in a list."""
    theirs, ours = [_plain(name) for name in names], [_plain(name) for name in classes]
    if theirs == ours:
        return None
    orders = f"{_shown(names)} here, {_shown(classes)} in class_names"
    moved = [name for place, name in enumerate(theirs) if name in ours and ours.index(name) != place]
    if not decides:
        what = f"This list of classes differs from class_names, but notes.json decides: {orders}"
        return Problem("warning", what, path) if set(theirs) - set(ours) else None
    if moved:
        what = f"The classes are in another order: {orders}. The numbers in the labels refer to this list"
        return Problem(
            "error", f"{what}: write class_names in its order, or remove it if the labels were renumbered", path
        )
    return Problem("warning", f"The classes have other names: {orders}", path)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _shown(names: Sequence[str]) -> str:
    shown = [f"{place} {name[:40]}" for place, name in enumerate(names[:MOST_SHOWN])]
    rest = len(names) - MOST_SHOWN
    return f"({', '.join(shown)}{f' and {rest:,} more' if rest > 0 else ''})"
