"""A second run on the same data reads no file that is as it was; one that changed is read anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from tests.opened import Opened
from yogo.datasets.fingerprint import fingerprint
from yogo.datasets.label_cache import open_labels
from yogo.datasets.packed import pack_labels
from yogo.definition import MissingPath
from yogo.definition.identity import status
from yogo.definition.split import Sample
from yogo.definition.stamps import stamps
from yogo.errors import DefinitionError
from yogo.run.result import sha256


def names(files: list[Path]) -> list[str]:
    return [str(file) for file in files]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / folder / f"{number}.txt" for folder in "ab" for number in range(3)]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number} 0.5 0.5 0.2 0.2\n" * (number % 3))
    return paths


def test_a_digest_is_remembered_while_a_file_is_as_it_was(files: list[Path], tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    first = stamps(names(files), memory)
    assert [stamp.sha256 for stamp in first] == [sha256(path) for path in files]
    opened = Opened(tmp_path)
    assert stamps(names(files)[::-1], memory) == first[::-1]
    assert opened.take(".txt") == [], "none was read again"
    stamps(names(files))
    assert opened.take(".txt") == sorted(names(files))
    os.utime(files[1], ns=(1, 1))
    assert stamps(names(files), memory)[1].sha256 == sha256(files[1])
    files[2].write_text("longer than before, by far, it is\n" * 2)
    assert stamps(names(files), memory)[2].sha256 == sha256(files[2])


def test_a_damaged_memory_is_none_and_one_that_cannot_be_kept_does_no_harm(files: list[Path], tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    first = stamps(names(files), memory)
    for kept in memory.iterdir():
        kept.write_bytes(kept.read_bytes()[:-20])
    assert stamps(names(files), memory) == first
    (tmp_path / "file").touch()
    assert stamps(names(files), tmp_path / "file" / "memory") == first


def test_a_file_that_is_gone_is_named_though_it_is_remembered(files: list[Path], tmp_path: Path) -> None:
    stamps(names(files), tmp_path / "memory")
    files[4].unlink()
    with pytest.raises(MissingPath, match=r"b/1\.txt: This file cannot be read"):
        stamps(names(files), tmp_path / "memory")


def test_what_was_seen_just_now_is_not_looked_at_again_and_names_the_same(files: list[Path]) -> None:
    before = fingerprint(names(files))
    seen = {str(file): status(str(file)) for file in files}
    some = dict(list(seen.items())[::2])
    assert fingerprint(names(files), seen) == fingerprint(names(files), some) == before
    files[0].unlink()
    assert fingerprint(names(files), seen) == before
    os.utime(files[1], ns=(1, 1))
    assert fingerprint(names(files), some) != before


CLASSES = [str(number) for number in range(10)]


def samples_of(files: list[Path]) -> list[Sample]:
    return [
        *(Sample(str(path), str(path), path.name) for path in files),
        Sample(str(files[0]), None, "nothing is on it"),
    ]


def test_labels_come_back_for_whichever_pictures_in_whatever_order(files: list[Path], tmp_path: Path) -> None:
    samples, cache = samples_of(files), tmp_path / "cache"
    files[3].write_text("3 .5 .5 .2 .2\n4 .5 .5 .001 .001\n")
    open_labels(samples, CLASSES, cache)
    assert [path.suffix for path in cache.iterdir()] == [".labels"]
    mixed = [samples[index] for index in (6, 2, 5, 2, 0, 3, 1, 4)]
    for kept in (open_labels(mixed, CLASSES, cache), open_labels(mixed, CLASSES, None)):
        assert all(torch.equal(one, other) for one, other in zip(kept, pack_labels(mixed, CLASSES), strict=True))
    assert kept.dropped.tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    assert len(list(cache.iterdir())) == 1


def test_labels_are_not_parsed_again_until_a_file_the_classes_or_the_notes_change(
    files: list[Path], tmp_path: Path
) -> None:
    samples, cache = samples_of(files), tmp_path / "cache"
    first = open_labels(samples, CLASSES, cache)
    opened = Opened(tmp_path)
    assert torch.equal(open_labels(samples, CLASSES, cache).boxes, first.boxes)
    assert opened.take(".txt") == [], "none was parsed again"
    open_labels(samples, [*CLASSES, "more"], cache)
    assert opened.take(".txt") == sorted(names(files))
    files[1].write_text("9 0.5 0.5 0.2 0.2\n")
    assert open_labels(samples, CLASSES, cache).of(1)[0, 0] == 9
    (tmp_path / "notes.json").write_text('{"categories": [{"id": 9, "name": "5"}, {"id": 2, "name": "2"}]}')
    files[5].write_text("2 0.5 0.5 0.2 0.2\n")
    files[4].write_text("2 0.5 0.5 0.2 0.2\n")
    assert open_labels(samples, CLASSES, cache).of(5)[0, 0] == 2


def test_kept_labels_that_are_damaged_are_parsed_again(files: list[Path], tmp_path: Path) -> None:
    samples, cache = samples_of(files), tmp_path / "cache"
    first = open_labels(samples, CLASSES, cache)
    (kept,) = cache.iterdir()
    for damaged in (b"", b"no archive", kept.read_bytes()[:-100]):
        kept.write_bytes(damaged)
        assert torch.equal(open_labels(samples, CLASSES, cache).boxes, first.boxes)


def test_a_wrong_or_missing_label_is_named_as_ever(files: list[Path], tmp_path: Path) -> None:
    samples, cache = samples_of(files), tmp_path / "cache"
    files[1].write_text("no label\n")
    with pytest.raises(DefinitionError, match=r"a/1\.txt, line 1"):
        open_labels(samples, CLASSES, cache)
    files[1].unlink()
    with pytest.raises(DefinitionError, match=r"a/1\.txt: This label file does not exist"):
        open_labels(samples, CLASSES, cache)
