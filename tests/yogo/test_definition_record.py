"""data.json.gz: a run keeps what it trains on, and notices when that changes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from yogo.definition import DatasetDefinition, MissingPath, Splits, split
from yogo.definition.record import DataRecord


@pytest.fixture
def definition(tmp_path: Path) -> DatasetDefinition:
    for pair in "at":
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (tmp_path / pair / kind).mkdir(parents=True)
            for number in range(30):
                (tmp_path / pair / kind / f"{number}.{suffix}").write_text(f"{pair}{number}")
    path = tmp_path / "d.yml"
    path.write_text(
        "class_names: [x]\ndataset_paths: {a: {image_path: a/images, label_path: a/labels}}\n"
        "test_paths: {t: {image_path: t/images, label_path: t/labels}}\n"
        "dataset_split_fractions: {train: 0.6, val: 0.4}\n"
    )
    return DatasetDefinition.from_yaml(path)


@pytest.fixture
def record(definition: DatasetDefinition, tmp_path: Path) -> DataRecord:
    path = tmp_path / "data.json.gz"
    DataRecord.build(definition, split(definition)).write(path)
    return DataRecord.read(path)


def test_the_splits_come_back_from_the_file(definition: DatasetDefinition, record: DataRecord) -> None:
    assert record.splits() == split(definition)
    assert record.classes == ("x",)
    assert record.definition == str(definition.path)
    assert record.verify() == []


def test_progress_is_told_up_to_the_last_picture(definition: DatasetDefinition) -> None:
    told: list[int] = []
    DataRecord.build(definition, split(definition), told.append)

    assert told[-1] == 60


def test_an_edit_of_the_definition_changes_nothing_for_the_run(
    definition: DatasetDefinition, record: DataRecord, tmp_path: Path
) -> None:
    before: Splits = split(definition)
    (tmp_path / "a/images/new.png").touch()
    (tmp_path / "a/labels/new.txt").touch()
    definition.path.unlink()

    assert record.splits() == before
    assert record.verify() == []


def test_a_file_that_changed_is_named(record: DataRecord, tmp_path: Path) -> None:
    (tmp_path / "a/labels/3.txt").write_text("longer than before")
    (tmp_path / "t/images/4.png").unlink()

    told = sorted(str(problem) for problem in record.verify())

    assert told == [
        f"{tmp_path}/a/labels/3.txt: This file changed since the run began",
        f"{tmp_path}/t/images/4.png: This file was removed since the run began",
    ]


def test_a_file_of_the_same_size_and_another_time_is_compared_by_its_content(
    record: DataRecord, tmp_path: Path
) -> None:
    same, other = tmp_path / "a/images/1.png", tmp_path / "a/images/2.png"
    other.write_text("XX")
    for path in (same, other):
        os.utime(path, ns=(1, 1))

    assert [problem.file for problem in record.verify()] == [other]


def test_many_changes_are_told_up_to_a_number(record: DataRecord, tmp_path: Path) -> None:
    for path in (tmp_path / "a/images").iterdir():
        path.unlink()

    assert len(record.verify()) == 21


def test_a_file_that_goes_meanwhile_is_told(definition: DatasetDefinition, tmp_path: Path) -> None:
    splits = split(definition)
    (tmp_path / "a/images/1.png").unlink()

    with pytest.raises(MissingPath, match=r"a/images/1\.png: This file cannot be read: No such file"):
        DataRecord.build(definition, splits)


def test_a_record_of_a_newer_yogo_that_knows_more_of_each_file_opens(record: DataRecord, tmp_path: Path) -> None:
    newer = json.loads(record.model_dump_json()) | {"schema_version": 2, "more": 1}
    for part in (newer["files"][0], newer["files"][0]["image_stamp"], newer["folders"][0]):
        part["more"] = 1
    path = tmp_path / "newer.json.gz"
    path.write_bytes(gzip.compress(json.dumps(newer).encode()))

    opened = DataRecord.read(path)

    assert opened.is_newer
    assert opened.splits() == record.splits()
    assert opened.verify() == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{}", '{"categories": []}', "This file changed since the run began"),
        ("{}", None, "This file was removed since the run began"),
        (None, "{}", "This file was added since the run began"),
        (None, None, ""),
    ],
)
def test_notes_that_give_the_labels_another_meaning_are_named(
    definition: DatasetDefinition, tmp_path: Path, before: str | None, after: str | None, told: str
) -> None:
    notes, kept = tmp_path / "a" / "notes.json", tmp_path / "data.json.gz"
    if before is not None:
        notes.write_text(before)
    DataRecord.build(definition, split(definition)).write(kept)
    assert DataRecord.read(kept).verify() == []
    notes.unlink(missing_ok=True)
    if after is not None:
        notes.write_text(after)

    found = DataRecord.read(kept).verify()

    assert [problem.file for problem in found] == [notes] * bool(told)
    assert all(told in str(problem) for problem in found)
