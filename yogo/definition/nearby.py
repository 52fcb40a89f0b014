"""What a person may have meant by a path that does not exist, or by an unknown key."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

MOST_NAMES = 5_000
"""Names in a folder that are compared; with more, a hint would take too long."""

_MEANT = {
    "class_names": "classes names class class_name labels_names label_names categories nc",
    "dataset_paths": "dataset_path dataset datasets data data_paths paths train train_paths training_paths",
    "test_paths": "test tests test_path testing_paths test_dataset_paths test_dataset_path test_data test_data_paths",
    "dataset_split_fractions": "split_fractions splits split fractions dataset_splits val val_paths validation_paths",
    "thumbnail_augmentation": "thumbnails thumbnail thumbnail_augmentations augmentation thumbnail_paths",
    "image_path": "images image image_paths images_path img_path image_folder image_dir img pictures",
    "label_path": "labels label label_paths labels_path label_folder label_dir annotations",
    "defn_path": "defn definition definition_path def_path defn_paths file path",
    "train": "training train_fraction",
    "val": "validation valid validate dev",
    "test": "testing eval",
}
"""Words that published files, other programs and people use in place of our keys."""


def meant_key(word: str, known: Sequence[str]) -> str:
    """The key that another word stands for; empty if none is near."""
    plain = word.strip().casefold().replace("-", "_").replace(" ", "_")
    for key in known:
        if plain == key or plain in _MEANT.get(key, "").split():
            return key
    near = difflib.get_close_matches(plain, known, 1)
    return near[0] if near else ""


def nearby(path: Path) -> str:
    """`; did you mean X?`, where X exists and has a similar name; empty if there is none. Never raises."""
    missing: list[str] = []
    here = path
    try:
        while not here.exists():
            if here.parent == here:
                return ""
            missing.append(here.name)
            here = here.parent
        for name in reversed(missing):
            if (found := _similar(here, name)) is None:
                return ""
            here = here / found
    except (OSError, ValueError):
        return ""
    return f"; did you mean {here}?" if missing else ""


def _similar(folder: Path, name: str) -> str | None:
    names = os.listdir(folder)
    if len(names) > MOST_NAMES:
        return None
    if name in names:
        return name
    folded = {one.casefold(): one for one in names if not one.startswith(".")}
    stems = {os.path.splitext(one)[0]: name for one, name in folded.items()}
    wanted = name.casefold()
    near = difflib.get_close_matches(wanted, folded, 1, 0.7)
    if near:
        return folded[near[0]]
    return stems.get(os.path.splitext(wanted)[0])
