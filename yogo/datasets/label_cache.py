"""Parsed labels, kept beside the decoded cache for the next run on the same files.

    <folder>/<digest>.labels   a NumPy archive of what PackedLabels holds, in the order of the label files' paths

The digest is of the label files, the notes beside their folders and the classes, as they are now.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from yogo.datasets.fingerprint import UNSEEN, fingerprint, statuses
from yogo.datasets.packed import PackedLabels, pack_labels
from yogo.definition.identity import Status, settled
from yogo.definition.split import Sample
from yogo.files.atomic import replacing


def open_labels(
    samples: Sequence[Sample], classes: Sequence[str], folder: Path | None, seen: Mapping[str, Status] = UNSEEN
) -> PackedLabels:
    """Like `pack_labels`, but read from `folder` if parsed before, else parsed and kept there. Raises DefinitionError.

    Files that were `seen` just now are not looked at again.
    """
    paths = sorted({sample.label_file for sample in samples if sample.label_file})
    known = _seen(paths, seen) if folder else None
    file = _file(classes, folder, known) if folder and known else None
    parsed = _read(file) if file else None
    if parsed is None:
        is_sure = known is not None and settled(known.values())
        parsed = pack_labels([Sample(path, path, path) for path in paths], classes)
        if file and is_sure:
            _write(file, parsed)
    rows = {path: row for row, path in enumerate(paths)}
    # A sample without a label file has the row after all others, which has no boxes.
    return parsed.followed_by(NONE).select(
        torch.tensor([rows.get(one.label_file or "", len(paths)) for one in samples])
    )


def check_labels(samples: Sequence[Sample], classes: Sequence[str], folder: Path | None) -> None:
    """Parse label files that were not parsed before, and keep them. Raises DefinitionError for all that are wrong."""
    paths = sorted({sample.label_file for sample in samples if sample.label_file})
    known = _seen(paths, UNSEEN) if folder else None
    if not (folder and known and _file(classes, folder, known).exists()):
        open_labels(samples, classes, folder, known or UNSEEN)


FORMAT = 4
"""Changes whenever label files are parsed by new rules, so that labels parsed by the old ones are not used."""

NONE = PackedLabels(torch.empty(0, 5, dtype=torch.float32), torch.tensor([0, 0]), torch.tensor([0]))
"""One sample without boxes."""


def _seen(paths: Sequence[str], seen: Mapping[str, Status]) -> dict[str, Status] | None:
    """The identities of label files and notes; None if one cannot be looked at, which parsing then reports."""
    folders = {path.rpartition("/")[0] for path in paths}
    notes = sorted(os.path.join(os.path.dirname(folder), "notes.json") for folder in folders)
    wanted = [*paths, *(path for path in notes if os.path.exists(path))]
    try:
        return statuses(wanted, seen)
    except OSError:
        return None


def _file(classes: Sequence[str], folder: Path, seen: Mapping[str, Status]) -> Path:
    """The file that keeps such labels."""
    digest = fingerprint([*seen], seen)
    return folder / f"{hashlib.sha256(json.dumps([FORMAT, digest, list(classes)]).encode()).hexdigest()[:32]}.labels"


def _read(file: Path) -> PackedLabels | None:
    """The labels kept there; None if there are none, or if the file is damaged."""
    try:
        with file.open("rb") as kept, np.load(kept, allow_pickle=False) as arrays:
            found = PackedLabels(*(torch.from_numpy(arrays[name]) for name in PackedLabels._fields))
        with contextlib.suppress(OSError):  # not ours to touch, in a folder that others filled
            os.utime(file)
        return found
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        return None


def _write(file: Path, labels: PackedLabels) -> None:
    with contextlib.suppress(OSError):  # a full disk, or one that is not ours: the next run then parses them again
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, durable=False) as out:
            np.savez(out, **{name: part.numpy() for name, part in labels._asdict().items()})
