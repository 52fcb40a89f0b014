"""Groups of images: no split parts one, and all are spread as evenly as they can be."""

from __future__ import annotations

import itertools
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.definition import (
    DatasetDefinition,
    InvalidDatasetDefinitionFile,
    SplitFractions,
    Splits,
    check,
    split,
    survey,
)
from yogo.definition.balance import balance_lines
from yogo.definition.model import resolve
from yogo.definition.record import DataRecord
from yogo.definition.report import report
from yogo.definition.stratify import spread

PRINT = """
import sys
from yogo.definition import DatasetDefinition, split
for part, samples in split(DatasetDefinition.from_yaml(sys.argv[1]), seed=int(sys.argv[2])).items():
    print(part, *(sample.key for sample in samples))
"""
FRACTIONS = "dataset_split_fractions: {train: 0.6, val: 0.2, test: 0.2}\n"


def make(
    folder: Path,
    pairs: dict[str, dict[str, list[int]]],
    more: str = FRACTIONS,
    *,
    test: tuple[str, ...] = (),
    keys: dict[str, str] | None = None,
) -> Path:
    """A definition of folder pairs, each with the classes of the boxes of its images by name; those of `test` are under
    test_paths. `keys` are further keys of a pair."""
    lists: dict[bool, list[str]] = {False: [], True: []}
    for label, images in pairs.items():
        for kind in ("images", "labels"):
            (folder / label / kind).mkdir(parents=True)
        for name, classes in images.items():
            (folder / label / "images" / f"{name}.png").touch()
            rows = "".join(f"{index} .5 .5 .2 .2\n" for index in classes)
            (folder / label / "labels" / f"{name}.txt").write_text(rows)
        extra = (keys or {}).get(label, "")
        lists[label in test].append(
            f"  {label}: {{image_path: {label}/images, label_path: {label}/labels{extra and ', '}{extra}}}\n"
        )
    tests = f"test_paths:\n{''.join(lists[True])}" if lists[True] else ""
    path = folder / "d.yml"
    path.write_text(f"class_names: [x, y]\ndataset_paths:\n{''.join(lists[False])}{tests}{more}")
    return path


def slides(num: int, images: int = 5, seed: int = 0) -> dict[str, list[int]]:
    """Images of so many slides; every other slide has many of the class 1."""
    draw = random.Random(seed)
    return {
        f"s{slide:02}_{number}": [0] * draw.randint(1, 9) + [1] * (draw.randint(1, 4) if slide % 2 else 0)
        for slide in range(num)
        for number in range(images)
    }


def groups(splits: Splits) -> dict[str, set[str]]:
    return {part: {sample.group for sample in samples} for part, samples in splits.items()}


def test_no_group_is_parted_and_each_split_has_its_share_of_each_class(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(30)}, FRACTIONS + "group_pattern: s\\d+\n")

    found = split(DatasetDefinition.from_yaml(path))

    of_parts = groups(found)
    assert not any(one & other for one, other in itertools.combinations(of_parts.values(), 2))
    assert len(set().union(*of_parts.values())) == 30
    balance = found.balance
    assert balance is not None
    assert (balance.num_groups, balance.num_ungrouped) == (30, 0)
    assert sum(balance.groups.values()) == 30
    assert balance.furthest[0] < 4
    assert balance.images["val"] == len(found.val) / 150


def test_the_shares_that_are_told_are_those_of_the_boxes(tmp_path: Path) -> None:
    path = make(
        tmp_path, {"a": {"s1_1": [0, 0, 0], "s1_2": [1], "s2_1": [0], "s3_1": [1]}}, FRACTIONS + "group_pattern: s.\n"
    )

    found = survey(path)

    assert found.groups is not None
    for name, shares in found.groups.boxes.items():
        total = sum(found.counts[name].values())
        assert shares == pytest.approx({part: number / total for part, number in found.counts[name].items()})
    assert found.groups.groups == {"train": 1, "val": 1, "test": 1}
    assert "3 groups, none in two splits: train 1 · val 1 · test 1" in list(report(found))


def test_every_process_finds_the_same_groups_whatever_its_hash_seed(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(14)}, FRACTIONS + "group_pattern: s\\d+\n")
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


def test_a_definition_without_groups_is_split_as_before_and_has_the_same_digest(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(3)})
    definition = DatasetDefinition.from_yaml(path)
    before = definition.sha256
    path.write_text(path.read_text() + "group_pattern: '(nowhere)'\n")

    without, with_pattern = split(definition), split(DatasetDefinition.from_yaml(path))

    assert without.balance is None
    assert with_pattern.balance is None  # each image stands alone, and is drawn as ever
    assert [one.key for one in without.val] == [one.key for one in with_pattern.val]
    assert "15 images are in no group" in str(with_pattern.warnings[0])
    assert DatasetDefinition.from_yaml(path).sha256 != before


@pytest.mark.parametrize(
    ("keys", "more", "expected"),
    [
        ({"a": "group: donor 7"}, "", {"a": {"donor 7"}, "b": {""}}),
        ({"a": "group: 7"}, "", {"a": {"7"}, "b": {""}}),
        ({}, "folders: {a: {group: d}, b: {group_pattern: 's(.)_'}}\n", {"a": {"d"}, "b": {"1", "2"}}),
        ({}, "group_pattern: 's(.)_(.)'\n", {"a": {"1-1", "2-1"}, "b": {"1-1", "2-1"}}),
        ({}, "group_pattern: s.\nfolders: {a: {group: d}}\n", {"a": {"d"}, "b": {"s1", "s2"}}),
        ({}, "folders: {a: {group: d, group_pattern: s.}}\n", {"a": {"d/s1", "d/s2"}, "b": {""}}),
    ],
)
def test_a_group_is_that_of_the_folder_or_what_the_pattern_finds(
    tmp_path: Path, keys: dict[str, str], more: str, expected: dict[str, set[str]]
) -> None:
    images = {"s1_1": [0], "s2_1": [0]}
    path = make(tmp_path, {"a": images, "b": images}, FRACTIONS + more, keys=keys)

    found = split(DatasetDefinition.from_yaml(path))

    samples = [sample for _, part in found.items() for sample in part]
    assert {label: {one.group for one in samples if one.key[0] == label} for label in "ab"} == expected


def test_what_names_a_definition_gives_its_folders_a_group_unless_they_have_their_own(tmp_path: Path) -> None:
    make(tmp_path / "child", {"a": {"s1": [0]}, "b": {"s2": [0]}}, "folders: {b: {group: own}}\n")
    path = tmp_path / "top.yml"
    path.write_text("class_names: [x, y]\ndataset_paths: {c: {defn_path: child/d.yml, group: above}}\n")

    found = DatasetDefinition.from_yaml(path)

    assert [pair.grouping.name for pair in found.dataset_paths] == ["above", "own"]
    assert not found.warnings


def test_a_group_on_a_folder_pair_is_read_and_said_to_be_refused_by_published_yogo(tmp_path: Path) -> None:
    keys = {"a": "group: d", "b": "group: e"}
    path = make(tmp_path, {"a": slides(1), "b": slides(1)}, keys=keys)
    below = make(tmp_path / "below", {"a": slides(1)}, "folders: {a: {group: d}}\n")

    warnings = [str(problem) for problem in check(path)]

    assert len(warnings) == 1
    assert "2 folder pairs have a group or a sample, which published yogo refuses to read" in warnings[0]
    assert "d.yml, line 3" in warnings[0]
    assert not check(below)


@pytest.mark.parametrize(
    ("more", "line", "expected"),
    [
        ("group_pattern: 's('\n", 4, "is no regular expression: missing [)]"),
        ("group_pattern: 3\n", 4, "group_pattern is 3; a regular expression"),
        ("folders: [a]\n", 4, "folders is a list"),
        ("folders:\n  a: donor\n", 5, "folders has 'donor' for 'a'"),
        ("folders:\n  ab: {group: d}\n", 4, "folders names 'ab', which is in neither .* Did you mean \"a\""),
        ("folders:\n  a:\n    group: 1.5\n", 6, "group is 1.5; a name is expected, in quotes"),
        ("shared_groups: d\n", 4, "shared_groups is 'd'; a list"),
        ("shared_groups: [yes, true]\n", 4, "A shared group is true"),
    ],
)
def test_a_group_that_cannot_be_understood_is_told_with_its_line(
    tmp_path: Path, more: str, line: int, expected: str
) -> None:
    path = make(tmp_path, {"a": slides(1)}, more)

    with pytest.raises(InvalidDatasetDefinitionFile, match=f"line {line}: .*{expected}"):
        DatasetDefinition.from_yaml(path)


def test_a_group_given_twice_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(1)}, "folders: {a: {group: d}}\n", keys={"a": "group: d"})

    with pytest.raises(InvalidDatasetDefinitionFile, match="given here and below folders"):
        DatasetDefinition.from_yaml(path)


def test_a_group_in_training_and_in_test_is_an_error_unless_it_is_allowed(tmp_path: Path) -> None:
    pairs = {"a": slides(4), "t": {"s03_9": [0], "s09_9": [0]}}
    path = make(tmp_path, pairs, "group_pattern: s..\n", test=("t",))
    definition = DatasetDefinition.from_yaml(path)

    with pytest.raises(
        InvalidDatasetDefinitionFile, match=r"The group s03 is in dataset_paths \(a\) and in test_paths"
    ):
        split(definition)
    assert [problem.is_error for problem in check(path)] == [True]
    assert survey(path).has_errors
    assert not any("s09" in str(problem) for problem in check(path))
    pooled = split(definition, override=SplitFractions(0.6, 0.2, 0.2))
    assert not any(one & other for one, other in itertools.combinations(groups(pooled).values(), 2))

    path.write_text(path.read_text() + "shared_groups: [s03]\n")

    assert "1 group is in dataset_paths and in test_paths, as shared_groups allows: s03" in str(check(path)[0])
    allowed = split(DatasetDefinition.from_yaml(path))
    assert groups(allowed)["test"] == {"s03", "s09"}
    assert "shared_groups allows" in str(allowed.warnings[0])
    assert not survey(path).has_errors


def test_groups_are_kept_in_the_record_of_a_run(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(8)}, FRACTIONS + "group_pattern: s..\n")
    definition = DatasetDefinition.from_yaml(path)
    splits = split(definition)

    DataRecord.build(definition, splits).write(tmp_path / "data.json.gz")

    read = DataRecord.read(tmp_path / "data.json.gz").splits()
    assert read.items() == splits.items()
    assert read.balance == splits.balance


def test_a_split_stays_empty_only_where_groups_are_too_few_and_it_is_said(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(2)}, FRACTIONS + "group_pattern: s..\n")

    found = split(DatasetDefinition.from_yaml(path))

    assert [len(part) for _, part in found.items()] == [5, 5, 0]
    assert found.balance is not None
    assert [*balance_lines(found.balance)][-1] == "test stays empty: 2 groups cannot fill 3 splits"


def test_the_tree_says_how_groups_are_known(tmp_path: Path) -> None:
    path = make(tmp_path, {"a": slides(1)}, "folders: {a: {group: d, group_pattern: s.}}\n")

    _, _, tree = resolve(path)

    assert str(tree[0].grouping) == "group d, groups by s."


amounts = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 40), st.integers(0, 4)), min_size=1, max_size=40)
shares = st.tuples(*[st.integers(0, 20)] * 3).filter(any).map(lambda s: [x / sum(s) for x in s])


@given(amounts, shares)
def test_every_group_has_a_part_with_a_share_and_none_stays_empty(
    amounts: list[tuple[int, int, int]], shares: list[float]
) -> None:
    found = spread(amounts, shares)

    used = [part for part, share in enumerate(shares) if share]
    assert len(found) == len(amounts)
    assert {*found} <= {*used}
    assert len({*found}) == min(len(used), len(amounts))
    assert found == spread(amounts, shares)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=5))
def test_where_a_perfect_split_exists_among_few_groups_it_is_found(half: list[tuple[int, int, int]]) -> None:
    found = spread([*half, *half], [0.5, 0.0, 0.5])[: 2 * len(half)]

    for thing in range(3):
        numbers = [
            sum(one[thing] for one, at in zip([*half, *half], found, strict=True) if at == part) for part in (0, 2)
        ]
        assert numbers[0] == numbers[1]


@given(st.integers(0, 1000))
def test_many_groups_are_spread_better_than_they_would_be_by_chance(seed: int) -> None:
    draw = random.Random(seed)
    amounts = [(draw.randint(1, 20), draw.randint(0, 300), draw.choice([0, 0, 0, 0, 9])) for _ in range(60)]
    shares = [0.7, 0.1, 0.2]

    def distance(placed: list[int]) -> float:
        totals = [sum(column) for column in zip(*amounts, strict=True)]
        return math.fsum(
            (sum(one[thing] for one, at in zip(amounts, placed, strict=True) if at == part) / total - share) ** 2
            / share
            for thing, total in enumerate(totals)
            if total
            for part, share in enumerate(shares)
        )

    by_chance = min(distance(draw.choices([0, 1, 2], shares, k=60)) for _ in range(50))
    assert distance(spread(amounts, shares)) < by_chance
