"""Splits: the same in every process and place, complete, disjoint, and of the sizes that were asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.definition import (
    DatasetDefinition,
    FolderPair,
    InvalidDatasetDefinitionFile,
    SplitFractions,
    Splits,
    split,
)
from yogo.definition.folders import Listing
from yogo.definition.split import share_out, sizes
from yogo.errors import DefinitionError

PRINT = """
import sys
from yogo.definition import DatasetDefinition, split
for part, samples in split(DatasetDefinition.from_yaml(sys.argv[1]), seed=int(sys.argv[2])).items():
    print(part, *(sample.key for sample in samples))
"""


def make(folder: Path, num: int = 20, test: bool = False, order: int = 1) -> Path:
    """A definition of two folder pairs of `num` images each, and a third for testing."""
    for pair in ("a", "b", "t"):
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (folder / pair / kind).mkdir(parents=True)
            for number in list(range(num))[::order]:
                (folder / pair / kind / f"{number:03}.{suffix}").touch()
    paths = "".join(f"  {name}: {{image_path: {name}/images, label_path: {name}/labels}}\n" for name in "ab")
    tests = "test_paths:\n  t: {image_path: t/images, label_path: t/labels}\n" if test else ""
    path = folder / "d.yml"
    path.write_text(
        f"class_names: [x]\ndataset_paths:\n{paths}{tests}dataset_split_fractions: {{train: 0.7, val: 0.3}}\n"
    )
    return path


def keys(splits: Splits) -> dict[str, list[str]]:
    return {part: [sample.key for sample in samples] for part, samples in splits.items()}


def test_every_process_finds_the_same_split_whatever_its_hash_seed(tmp_path: Path) -> None:
    path = make(tmp_path)
    said = {
        subprocess.run(
            [sys.executable, "-c", PRINT, str(path), "5"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2024")
    }

    assert len(said) == 1
    assert len(said.pop().split()) == 3 + 40


def test_the_split_is_the_same_wherever_the_folders_lie(tmp_path: Path) -> None:
    here, there = make(tmp_path / "here"), make(tmp_path / "there/far/away", order=-1)

    assert keys(split(DatasetDefinition.from_yaml(here))) == keys(split(DatasetDefinition.from_yaml(there)))


def test_the_split_is_written_down_here_so_that_no_later_version_changes_it() -> None:
    data = [_listing("a", 12)]

    found = share_out(data, [], SplitFractions(0.5, 0.25, 0.25), seed=3)

    assert {part: [int(key[2:-4]) for key in part_keys] for part, part_keys in keys(found).items()} == {
        "train": [0, 1, 5, 6, 8, 10],
        "val": [3, 7, 9],
        "test": [2, 4, 11],
    }


def test_another_seed_is_another_split(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path))

    assert keys(split(definition, seed=0)) != keys(split(definition, seed=1))


def test_adding_a_picture_moves_hardly_any_other(tmp_path: Path) -> None:
    path = make(tmp_path, num=50)
    before = split(DatasetDefinition.from_yaml(path))
    (tmp_path / "a/images/new.png").touch()
    (tmp_path / "a/labels/new.txt").touch()

    after = split(DatasetDefinition.from_yaml(path))

    assert len({sample.key for sample in before.val} ^ {sample.key for sample in after.val}) <= 2


def test_a_split_is_drawn_and_not_cut_off_at_the_end(tmp_path: Path) -> None:
    found = split(DatasetDefinition.from_yaml(make(tmp_path)))

    assert {sample.key[0] for sample in found.val} == {"a", "b"}
    assert [sample.key for sample in found.train] == sorted(sample.key for sample in found.train)


def test_test_paths_are_tested_on_and_shared_out_only_when_overridden(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path, test=True))

    normal = split(definition)
    pooled = split(definition, override=SplitFractions(0.5, 0.3, 0.2))

    assert [len(part) for _, part in normal.items()] == [28, 12, 20]
    assert {sample.key[0] for sample in normal.test} == {"t"}
    assert [len(part) for _, part in pooled.items()] == [30, 18, 12]
    assert {sample.key[0] for sample in pooled.train} == {"a", "b", "t"}


@pytest.mark.parametrize(
    ("num", "fractions", "expected"),
    [
        (205, (0.9, 0.1, 0), (185, 20, 0)),
        (87, (0.7, 0.1, 0.2), (61, 9, 17)),
        (45, (0.7, 0.3, 0), (32, 13, 0)),
        (10, (1, 0, 0), (10, 0, 0)),
        (10, (0, 0, 1), (0, 0, 10)),
        (1, (0.5, 0.5, 0), (1, 0, 0)),
        (0, (0.5, 0.5, 0), (0, 0, 0)),
        (3, (0.5, 0.499, 0.001), (2, 1, 0)),
    ],
)
def test_sizes_are_rounded_and_the_last_part_takes_the_rest(
    num: int, fractions: tuple[float, float, float], expected: tuple[int, int, int]
) -> None:
    assert sizes(num, SplitFractions(*fractions)) == expected


@pytest.mark.parametrize("fractions", [(0.5, 0.4, 0), (1.1, -0.1, 0), (float("nan"), 0, 0), (0, 0, 0), ("1", 0, 0)])
def test_shares_that_are_none_are_refused(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(DefinitionError, match="split fraction"):
        SplitFractions(*fractions)


def _listing(label: str, num: int, unlabelled: int = 0) -> Listing:
    pair = FolderPair(label, Path(f"/x/{label}/images"), Path(f"/x/{label}/labels"))
    return Listing(pair, tuple((f"{n}.png", f"{n}.txt") for n in range(num)), unlabelled)


shares = st.tuples(*[st.integers(0, 20)] * 3).filter(any).map(lambda s: SplitFractions(*(x / sum(s) for x in s)))
listings = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=5)


@given(listings, listings, shares, st.integers(0, 9), st.booleans())
def test_every_picture_is_in_exactly_one_part(
    data: list[tuple[str, int]], test: list[tuple[str, int]], fractions: SplitFractions, seed: int, pool: bool
) -> None:
    found = share_out(
        [_listing(*one) for one in data], [_listing(*one) for one in test], fractions, seed=seed, pool=pool
    )

    everything = [sample.key for _, part in found.items() for sample in part]
    assert len(set(everything)) == len(everything) == sum(num for _, num in data + test)
    num_free = sum(num for _, num in data + (test if pool else []))
    num_held = 0 if pool else sum(num for _, num in test)
    for (_, part), (_, share), held in zip(found.items(), fractions.items(), (0, 0, num_held), strict=True):
        assert abs(len(part) - held - share * num_free) <= 1


def test_a_label_without_its_picture_is_refused_naming_it(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path))
    (tmp_path / "a/images/007.png").unlink()

    with pytest.raises(InvalidDatasetDefinitionFile, match=r"a/labels: A label has no image .*: 007\.txt"):
        split(definition)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path))
    shutil.rmtree(tmp_path / "b/labels")
    (tmp_path / "b/labels").mkdir()
    (tmp_path / "b/labels/.hidden.txt").touch()

    with pytest.raises(InvalidDatasetDefinitionFile, match="b/labels: This folder holds no labels"):
        split(definition)


def test_pictures_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path))
    for name in ("a/images/more.tif", "a/images/.hidden.png", "a/images/notes.md", "b/labels/.gone.txt"):
        (tmp_path / name).touch()

    found = split(definition)

    assert found.num_unlabelled == 1
    assert sum(len(part) for _, part in found.items()) == 40


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "tif", "tiff", "PNG", "Tif"])
def test_a_picture_may_be_of_any_kind(tmp_path: Path, suffix: str) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path, num=2))
    (tmp_path / "a/images/000.png").rename(tmp_path / f"a/images/000.{suffix}")

    samples = [sample for _, part in split(definition).items() for sample in part]

    assert f"a/000.{suffix}" in {sample.key for sample in samples}
    assert all(sample.image.exists() and sample.label and sample.label.exists() for sample in samples)


def test_a_picture_that_is_tested_and_trained_on_is_seen_also_through_a_link(tmp_path: Path) -> None:
    definition = DatasetDefinition.from_yaml(make(tmp_path, test=True))
    (tmp_path / "t/images/003.png").unlink()
    (tmp_path / "t/images/003.png").symlink_to(tmp_path / "a/images/005.png")

    assert [(one.key, other.key) for one, other in split(definition).overlaps] == [("a/005.png", "t/003.png")]
