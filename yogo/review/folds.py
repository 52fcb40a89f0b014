"""Models of which each judges images that it was not trained on: one ordinary training for each part of the images.

    <review>/folds/<digest>/data-1.yml    all images but the first part, as links in data-1/
    <review>/folds/<digest>/fold-1        the run that trains on it

The digest tells images, labels, recipe and number of parts, so what is finished serves again as long as it is true.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yogo import signals
from yogo.definition.labels import notes_file
from yogo.definition.model import DatasetDefinition
from yogo.definition.split import Sample
from yogo.errors import RunError, TrainingError
from yogo.files.atomic import write_atomically
from yogo.launcher.launch import start
from yogo.run.directory import RunDirectory
from yogo.run.result import verify
from yogo.text.terminal import printable
from yogo.training.request import TrainingRequest

HELD_OUT_TO_CHOOSE = 0.15
"""Of the images that a fold trains on: by these it chooses its best weights."""


@dataclass(frozen=True, slots=True)
class Fold:
    number: int
    """From 1."""

    run: RunDirectory
    judges: tuple[int, ...]
    """The places, among all samples, of the images that it was not trained on."""


def parts_of(samples: Sequence[Sample], number: int) -> list[tuple[int, ...]]:
    """Places of the samples in `number` parts of about the same size, whatever the order of the folders; images of a
    group are in the same part."""
    groups: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        groups.setdefault(f"g{sample.group}" if sample.group else f"i{sample.key}", []).append(place)
    parts: list[list[int]] = [[] for _ in range(number)]
    # The large ones first, so that the small ones even the parts out.
    for name in sorted(groups, key=lambda name: (-len(groups[name]), _digest_of(name))):
        min(parts, key=len).extend(groups[name])
    return [tuple(sorted(part)) for part in parts]


def train_folds(
    definition: DatasetDefinition, samples: Sequence[Sample], request: TrainingRequest, folder: Path, number: int
) -> Iterator[Fold]:
    """The folds in turn, each trained when it is yielded. `request` says how, and on which data is said here.

    Raises TrainingError, RunError, OSError, signals.Stop; what was trained by then is found again.
    """
    parts = parts_of(samples, number)
    if not all(parts):
        raise TrainingError(f"{definition.path} has too few images, or groups of images, for --folds {number}")
    for index, judges in enumerate(parts, 1):
        run = RunDirectory.of(f"fold-{index}", folder)
        if not _is_done(run):
            learnt = [sample for place, sample in enumerate(samples) if place not in set(judges)]
            path = _written(definition, learnt, folder / f"data-{index}.yml")
            print(f"training model {index} of {number}, in {printable(str(run.path))}", file=sys.stderr)
            _train(request, run, path)
        yield Fold(index, run, judges)


def digest_of(samples: Sequence[Sample], stamps: Sequence[str], request: TrainingRequest, number: int) -> str:
    """Of all that the folds depend on; `stamps` tell the contents of images and labels."""
    pretrained = str(request.pretrained or "")
    images = [(one.key, one.group) for one in samples]
    said = [number, request.recipe.model_dump(mode="json"), pretrained, images, *stamps]
    return _digest_of(json.dumps(said))[:12]


def _is_done(run: RunDirectory) -> bool:
    try:
        verify(run)
    except RunError:
        return False
    return True


def _train(request: TrainingRequest, run: RunDirectory, definition: Path) -> None:
    where: dict[str, Any] = {"definition": definition, "name": run.name, "runs": run.path.parent}
    if run.last.exists() or run.previous.exists():
        where = {"resume": run.path}
    try:
        with _told_aside():
            status = start(request.model_copy(update=where))
    except signals.Stop:
        print("The same yogo review goes on with this model.", file=sys.stderr)
        raise
    if status or not _is_done(run):
        raise TrainingError(f"the model of {run.path} was not trained: its log in that folder says why")


@contextlib.contextmanager
def _told_aside() -> Iterator[None]:
    """What training prints goes to standard error: standard output is for the ranking."""
    sys.stdout.flush()
    with contextlib.redirect_stdout(sys.stderr):
        try:
            kept = os.dup(1)
        except OSError:  # closed
            yield
            return
        try:
            os.dup2(2, 1)
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _written(definition: DatasetDefinition, samples: Sequence[Sample], path: Path) -> Path:
    """A definition of these images, as links beside it, so that no folder of the user's is touched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.with_suffix("")
    pairs: dict[tuple[str, str, str], list[Sample]] = {}
    for sample in samples:
        folders = os.path.dirname(sample.image_file), os.path.dirname(sample.label_file or "")
        pairs.setdefault((*folders, sample.group), []).append(sample)
    staging = Path(tempfile.mkdtemp(prefix=f".{data.name}.", dir=path.parent))
    try:
        for number, ((_, labels, _), some) in enumerate(pairs.items(), 1):
            _link(some, Path(labels), staging / str(number))
        shutil.rmtree(data, ignore_errors=True)
        os.replace(staging, data)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    said = {
        "class_names": [*definition.classes],
        "dataset_split_fractions": {"train": 1 - HELD_OUT_TO_CHOOSE, "val": HELD_OUT_TO_CHOOSE},
        "dataset_paths": {
            str(number): {f"{kind}_path": str(data / str(number) / f"{kind}s") for kind in ("image", "label")}
            | ({"group": group} if group else {})
            for number, (_, _, group) in enumerate(pairs, 1)
        },
        "thumbnail_augmentation": {
            name: [str(folder) for folder in folders] for name, folders in definition.thumbnail_augmentation.items()
        },
    }
    write_atomically(path, json.dumps({key: value for key, value in said.items() if value}, indent=2) + "\n")
    return path


def _link(samples: Sequence[Sample], labels: Path, folder: Path) -> None:
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for sample in samples:
        (folder / "images" / os.path.basename(sample.image_file)).symlink_to(sample.image_file)
        if sample.label_file is not None:
            (folder / "labels" / os.path.basename(sample.label_file)).symlink_to(sample.label_file)
    notes = notes_file(labels)
    if notes.is_file():
        (folder / notes.name).symlink_to(notes)


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
