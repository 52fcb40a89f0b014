"""A file of the same size and time as before is not the same file: whatever was worked out of it is worked out anew."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.datasets.cache import open_cache
from yogo.datasets.fingerprint import fingerprint
from yogo.datasets.label_cache import open_labels
from yogo.definition import DatasetDefinition, split, survey
from yogo.definition.identity import status, tells_changes
from yogo.definition.record import DataRecord
from yogo.definition.stamps import stamps
from yogo.evaluation.preparation import pictures
from yogo.images.headers import ImageHeader, look
from yogo.run.directory import RunDirectory
from yogo.run.result import sha256

CLASSES = ("ring", "wbc")


def in_place(path: Path, data: bytes) -> None:
    """As `touch -r` after an edit."""
    times = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(path: Path, data: bytes) -> None:
    """As rsync -t and archives do it: another file under the same name."""
    times = path.stat()
    beside = path.with_name("beside")
    beside.write_bytes(data)
    os.utime(beside, ns=(times.st_atime_ns, times.st_mtime_ns))
    beside.rename(path)


def copied(path: Path, data: bytes) -> None:
    """As `cp -p` over it."""
    times = path.stat()
    other = path.with_name("other")
    other.write_bytes(data)
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    shutil.copy2(other, path)
    other.unlink()


def whole_folder(path: Path, data: bytes) -> None:
    """The folder replaced by a copy of it, with the file corrected and every time as it was."""
    moved = path.parent.with_name("moved")
    shutil.copytree(path.parent, moved)
    in_place(moved / path.name, data)
    shutil.rmtree(path.parent)
    moved.rename(path.parent)


WAYS = [in_place, replaced, copied, whole_folder]
Way = Callable[[Path, bytes], None]


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 12), 10 * number, np.uint8)).save(tmp_path / f"images/{number}.tif")
        (tmp_path / f"labels/{number}.txt").write_text("0 .5 .5 .2 .2\n")
    path = tmp_path / "d.yml"
    path.write_text("class_names: [ring, wbc]\ndataset_paths: {a: {image_path: images, label_path: labels}}\n")
    return path


def correct(way: Way, path: Path, data: bytes) -> None:
    before = path.stat()
    assert len(data) == before.st_size
    way(path, data)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize("way", WAYS)
def test_train_and_check_read_the_same_corrected_labels(definition: Path, tmp_path: Path, way: Way) -> None:
    samples, cache = split(DatasetDefinition.from_yaml(definition)).train, tmp_path / "cache"
    assert open_labels(samples, CLASSES, cache).boxes[:, 0].tolist() == [0, 0, 0]

    correct(way, tmp_path / "labels/1.txt", b"1 .5 .5 .2 .2\n")

    counts = {name: parts["train"] for name, parts in survey(definition).counts.items()}
    assert counts == {"ring": 2, "wbc": 1}
    assert sorted(open_labels(samples, CLASSES, cache).boxes[:, 0].tolist()) == [0, 0, 1]


@pytest.mark.parametrize("way", WAYS)
def test_a_runs_record_has_the_digests_of_what_it_trains_on(definition: Path, tmp_path: Path, way: Way) -> None:
    known, memory = DatasetDefinition.from_yaml(definition), tmp_path / "memory"
    DataRecord.build(known, split(known), memory=memory)
    label = tmp_path / "labels/1.txt"

    correct(way, label, b"1 .5 .5 .2 .2\n")

    record = DataRecord.build(known, split(known), memory=memory)
    assert {entry.label_stamp.sha256 for entry in record.files if entry.label == "1.txt" and entry.label_stamp} == {
        sha256(label)
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_goes_on_is_told_of_a_file_that_changed(definition: Path, tmp_path: Path, way: Way) -> None:
    known = DatasetDefinition.from_yaml(definition)
    record = DataRecord.build(known, split(known))
    assert record.verify() == []

    correct(way, tmp_path / "labels/1.txt", b"1 .5 .5 .2 .2\n")

    assert [str(one) for one in record.verify()] == [f"{tmp_path}/labels/1.txt: This file changed since the run began"]


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_was_replaced_is_decoded_anew(definition: Path, tmp_path: Path, way: Way) -> None:
    samples = split(DatasetDefinition.from_yaml(definition)).train
    picture, other = tmp_path / "images/1.tif", tmp_path / "other.tif"
    Image.fromarray(np.full((8, 12), 200, np.uint8)).save(other)
    open_cache(samples, image_hw=(8, 12), rgb=False, folder=tmp_path / "cache")

    correct(way, picture, other.read_bytes())

    cache = open_cache(samples, image_hw=(8, 12), rgb=False, folder=tmp_path / "cache")
    assert cache is not None
    row = next(row for row, sample in zip(cache.rows(samples), samples, strict=True) if sample.image == picture)
    assert (cache.frames[row] == 200).all()


def test_notes_that_were_corrected_give_the_labels_their_new_meaning(definition: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text('{"categories": [{"id": 0, "name": "ring"}]}')
    samples, cache = split(DatasetDefinition.from_yaml(definition)).train, tmp_path / "cache"
    open_labels(samples, CLASSES, cache)

    correct(in_place, notes, b'{"categories": [{"id": 0, "name": "wbc" }]}')

    assert open_labels(samples, CLASSES, cache).boxes[:, 0].tolist() == [1, 1, 1]


def test_a_file_that_was_written_to_again_within_a_clock_tick_is_read_again(tmp_path: Path) -> None:
    """What is remembered was read after its last change could still go unseen."""
    path, memory = tmp_path / "a.txt", tmp_path / "memory"
    for text in ["one", "two", "six", "ten"] * 20:
        path.write_text(text)
        os.utime(path, ns=(1, 1))
        assert stamps([str(path)], memory)[0].sha256 == sha256(path)


def test_where_a_file_system_has_no_time_of_change_the_content_tells(tmp_path: Path) -> None:
    """A file system that repeats the time of modification as the time of change, as sshfs does."""
    mounts = [
        "40 29 0:35 / /fast rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "41 29 0:36 / /mnt/far rw,relatime shared:2 master:1 - fuse.sshfs far:/data rw",
        "42 29 0:37 / /mnt/stick rw - vfat /dev/sdb1 rw",
    ]
    assert [tells_changes(os.makedev(0, minor), mounts) for minor in (35, 36, 37, 38)] == [True, False, False, True]
    path = tmp_path / "a.txt"
    seen = []
    for text in ("0 .5 .5 .2 .2", "1 .5 .5 .2 .2"):
        path.write_text(text)
        found = list(path.stat())
        found[2] = os.makedev(0, 36)
        told = os.stat_result(found, {"st_mtime_ns": 7, "st_ctime_ns": 7})
        seen.append(status(str(path), told, mounts))
    assert seen[0][:2] == seen[1][:2]
    assert seen[0] != seen[1]
    assert all(changed < 0 for _, _, changed, _ in seen), "no time of change is before 1970"


def test_a_record_of_an_older_yogo_is_compared_by_content(definition: Path, tmp_path: Path) -> None:
    known = DatasetDefinition.from_yaml(definition)
    older = json.loads(DataRecord.build(known, split(known)).model_dump_json())
    for entry in older["files"]:
        for stamp in (entry["image_stamp"], entry["label_stamp"]):
            del stamp["changed"], stamp["inode"]
    path = tmp_path / "data.json.gz"
    path.write_bytes(gzip.compress(json.dumps(older).encode()))
    assert DataRecord.read(path).verify() == []

    correct(in_place, tmp_path / "labels/1.txt", b"1 .5 .5 .2 .2\n")

    assert [one.file for one in DataRecord.read(path).verify()] == [tmp_path / "labels/1.txt"]
    assert DataRecord.read(path).splits() == split(known)


def test_a_set_that_was_copied_is_as_it_was(definition: Path, tmp_path: Path) -> None:
    """Its files have other inodes and times of change; their content has not changed."""
    known = DatasetDefinition.from_yaml(definition)
    record = DataRecord.build(known, split(known))
    paths = sorted(str(path) for path in (tmp_path / "images").iterdir())
    before = fingerprint(paths)

    whole_folder(tmp_path / "images/1.tif", (tmp_path / "images/1.tif").read_bytes())

    assert record.verify() == []
    assert fingerprint(paths) != before, "and a cache of the old ones is not trusted"


def test_other_pictures_of_the_same_names_and_sizes_are_not_taken_for_a_runs_own(
    definition: Path, tmp_path: Path
) -> None:
    """Uncompressed images of one shape all have one size."""
    shares = "dataset_split_fractions: {train: 0.34, test: 0.66}\n"
    definition.write_text(definition.read_text() + shares)
    known, run = DatasetDefinition.from_yaml(definition), RunDirectory(tmp_path / "run")
    run.path.mkdir()
    record = DataRecord.build(known, split(known))
    record.write(run.data)
    same, other = tmp_path / "same", tmp_path / "other"
    for folder in (same, other):
        folder.mkdir()
        for name in ("images", "labels"):
            shutil.copytree(tmp_path / name, folder / name)
        shutil.copy(definition, folder / "d.yml")
    for path in (other / "images").iterdir():
        Image.fromarray(np.full((8, 12), 99, np.uint8)).save(path)

    moved, which = pictures(DatasetDefinition.from_yaml(same / "d.yml"), run, seed=0)
    assert [sample.key for sample in moved] == [sample.key for sample in record.splits().test]
    assert "data.json.gz" in which[0]
    _, which = pictures(DatasetDefinition.from_yaml(other / "d.yml"), run, seed=0)
    assert "data.json.gz" not in which[0]


def test_an_image_that_changes_while_others_are_looked_into_is_looked_into_again(tmp_path: Path) -> None:
    """What was seen of it belongs to the file that it was then."""
    paths = [tmp_path / f"{number}.png" for number in range(300)]
    for path in paths:
        Image.new("L", (12, 8), 100).save(path)

    def replace_first(done: int, total: int) -> None:
        Image.new("L", (30, 20), 100).save(paths[0])

    look([*map(str, paths)], memory=tmp_path / "memory", progress=replace_first)
    first = look([*map(str, paths)], memory=tmp_path / "memory")[0]

    assert isinstance(first, ImageHeader)
    assert (first.width, first.height) == (30, 20)
