"""Images that show the same are found whatever was done to the copy, and others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.golden_files import beside
from tests.yogo.planted import COPIES, Planted, cut, frame
from yogo.health.alike import MOST_CANDIDATES, candidates
from yogo.health.deep import deep_check
from yogo.health.signature import LENGTH

Pairs = Callable[[str], set[frozenset[str]]]
"""The pairs that were found, by their kind."""

PAIR_KINDS = ("near_duplicate", "overlap")


@pytest.fixture(scope="module")
def blood_cells(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    """The pairs of BCCD; its images are read once for all tests."""
    memory = tmp_path_factory.mktemp("memory")
    return lambda kind: pairs(beside("data/bccd/dataset_defs/reference.yml"), kind, memory=memory)


def pairs(definition: Path, *kinds: str, memory: Path | None = None) -> set[frozenset[str]]:
    found = deep_check(definition, memory=memory).findings
    return {frozenset(Path(file).stem for file in (one.file, *one.others)) for one in found if one.kind in kinds}


def test_all_planted_copies_are_found_and_no_other_pair(tmp_path: Path) -> None:
    data, planted = Planted(tmp_path / "data"), set()
    for number, (what, copy) in enumerate(COPIES.items()):
        for turn in range(5):
            seed = 5 * number + turn
            data.add(f"{seed}", cut(frame(seed)))
            if turn < 2:
                data.add(f"{seed} {what}", copy(frame(seed)))
                planted.add(frozenset((f"{seed}", f"{seed} {what}")))

    assert pairs(data.path, "near_duplicate") == planted
    assert pairs(data.path, "overlap") == set()


def test_a_pair_is_told_with_its_splits_its_shift_and_its_mirror(tmp_path: Path) -> None:
    data = Planted(tmp_path / "data")
    for seed in range(3):
        data.add(f"{seed}", cut(frame(seed)))
    test = tmp_path / "test"
    held = Planted(test)
    image = held.add("held", COPIES["mirrored left to right"](frame(1)))
    moved = held.add("moved", cut(frame(2), 0, 12))
    data.define(f"test_paths:\n  t: {{image_path: {test}/images, label_path: {test}/labels}}\n")

    found = {one.file: one for one in deep_check(data.path).findings if one.kind == "near_duplicate"}

    known = f"This test image shows the same as the training image {data.folder}/images"
    assert found[str(image)].message == f"{known}/1.png, mirrored left to right"
    assert found[str(moved)].message == f"{known}/2.png, shifted by about 12 pixels"
    assert found[str(moved)].others == (f"{data.folder}/images/2.png",)
    assert len(found) == 2


def test_images_that_are_shifted_far_show_parts_of_the_same_place(tmp_path: Path) -> None:
    data, large = Planted(tmp_path / "data"), frame(0, (280, 360), 20)
    data.add("left", large[:280, :360])
    data.add("right", large[40:, 40:])

    assert pairs(data.path, "near_duplicate") == set()
    assert pairs(data.path, "overlap") == {frozenset(("left", "right"))}


def test_many_images_of_one_place_are_told_once_each_and_cost_few_comparisons(tmp_path: Path) -> None:
    data = Planted(tmp_path / "data")
    for number in range(30):
        data.add(f"{number:02}", cut(frame(0), 0, number % 10))
    compared: list[int] = []

    def tell(what: str, done: int, total: int) -> None:
        if what == "comparing those that are alike":
            compared.append(total)

    found = [one for one in deep_check(data.path, progress=tell).findings if one.kind == "near_duplicate"]

    assert len(found) == 29
    assert max(compared) <= 30 * MOST_CANDIDATES


def test_each_image_keeps_only_those_most_like_it_however_many_are_alike() -> None:
    signatures = np.zeros((3_000, LENGTH), np.float16)
    signatures[:, 0] = 1

    found = candidates(signatures)

    assert np.bincount(found.one).max() == MOST_CANDIDATES
    assert (found.one < found.other).all()


def test_an_image_that_shows_nothing_is_like_no_other(tmp_path: Path) -> None:
    data, noise = Planted(tmp_path / "data"), np.random.default_rng(0)
    for number in range(6):
        data.add(f"{number}", noise.integers(120, 124, (240, 320), dtype=np.uint8))

    assert pairs(data.path, *PAIR_KINDS) == set()
    assert sum(one.kind == "blank" for one in deep_check(data.path).findings) == 6


def test_of_the_blood_cells_exactly_one_pair_is_a_near_duplicate(blood_cells: Pairs) -> None:
    assert blood_cells("near_duplicate") == {frozenset(("BloodImage_00037", "BloodImage_00038"))}


@pytest.mark.parametrize("pair", [("00230", "00257"), ("00277", "00204"), ("00256", "00231"), ("00382", "00395")])
def test_of_the_blood_cells_four_pairs_show_parts_of_one_place(pair: tuple[str, str], blood_cells: Pairs) -> None:
    found = blood_cells("overlap")

    assert frozenset(f"BloodImage_{number}" for number in pair) in found
    assert len(found) == 4
