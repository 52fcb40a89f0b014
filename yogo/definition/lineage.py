"""Test images that a model has seen, in its own training or in that of the run that it was fine-tuned from."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import MOST_NAMED, listed
from yogo.definition.record import DataRecord
from yogo.definition.split import Sample, Splits
from yogo.errors import DefinitionError, RunError
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import sha256
from yogo.text.wording import agreed, counted

MOST_ANCESTORS = 20


def records(run: RunDirectory) -> Iterator[tuple[str, DataRecord]]:
    """By run name: what a run trained on, then the run that it was fine-tuned from, and so on as far as recorded."""
    for _ in range(MOST_ANCESTORS):
        parent = None
        # A file that is missing or damaged leaves only this run's part unknown.
        with contextlib.suppress(RunError, FileNotFoundError):
            yield run.name, DataRecord.read(run.data)
        with contextlib.suppress(RunError, FileNotFoundError):
            parent = Manifest.read(run.manifest).pretrained
        if parent is None:
            return
        run = RunDirectory(Path(parent).parent)


def trained_on(test: Collection[str], runs: Iterable[tuple[str, DataRecord]]) -> dict[str, int]:
    """How many of the test images, given by SHA-256, each run was trained on; runs that saw none are left out."""
    found: dict[str, int] = {}
    for name, record in runs:
        seen = {entry.image_stamp.sha256 for entry in record.files if entry.split == "train"}
        if count := sum(digest in seen for digest in test):
            found[name] = found.get(name, 0) + count
    return found


def shared_with(splits: Splits, runs: Iterable[tuple[str, DataRecord]]) -> dict[str, list[str]]:
    """The groups to validate and test on of which each run was trained on images; runs that saw none are left out."""
    held = dict.fromkeys(sample.group for sample in splits.val + splits.test if sample.group)
    found: dict[str, list[str]] = {}
    for name, record in runs:
        trained = {entry.group for entry in record.files if entry.split == "train"} if held else set()
        if groups := [group for group in held if group in trained]:
            found[name] = groups
    return found


def learnt_before(definition: DatasetDefinition, splits: Splits, pretrained: Path) -> list[str]:
    """Notices about groups that the weights in a file have learnt although they are validated or tested on, where the
    definition allows it. Raises DefinitionError where it does not."""
    if splits.balance is None:
        return []
    notices = []
    for name, groups in shared_with(splits, records(RunDirectory(pretrained.absolute().parent))).items():
        parted = [group for group in groups if group not in definition.shared_groups]
        if parted:
            quoted = ", ".join(f'"{group}"' for group in parted[:MOST_NAMED])
            raise DefinitionError(
                f"{name}, from which this starts, was trained on images of {counted(len(parted), 'group')} that "
                f"{agreed(len(parted), 'is')} validated or tested on here: {listed(parted)}. Train on them here too, "
                f"or allow it in {definition.path}: shared_groups: [{quoted}{', …' if parted[MOST_NAMED:] else ''}]"
            )
        known = counted(len(groups), "group", "is")
        notices.append(
            f"{known} validated or tested on that {name} was trained on, as shared_groups allows: {listed(groups)}"
        )
    return notices


def groups_seen(splits: Splits, runs: Iterable[tuple[str, DataRecord]]) -> list[str]:
    """A sentence for each run that was trained on groups that are tested on."""
    return [
        f"{name} was trained on images of {counted(len(groups), 'group')} that {agreed(len(groups), 'is')} tested on: "
        f"{listed(groups)}. The figures say less of new groups"
        for name, groups in shared_with(splits, runs).items()
    ]


def digests(samples: Collection[Sample]) -> list[str]:
    """The images' SHA-256, in their order. Raises OSError."""
    with ThreadPoolExecutor(min(16, (os.cpu_count() or 1) * 2)) as pool:
        return list(pool.map(sha256, (sample.image for sample in samples)))


def digests_of_test(record: DataRecord) -> list[str]:
    """The SHA-256 of a run's own test images, as recorded."""
    return [entry.image_stamp.sha256 for entry in record.files if entry.split == "test"]
