"""Parts of the training images, and what the figures of trainings on them foretell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from yogo.definition.share import part_of
from yogo.definition.split import Sample
from yogo.evaluation.learning_curve import FIGURES, CurvePoint, TwiceTheData, twice_the_data

LOSS, MAP = FIGURES[0], FIGURES[1]


def samples(number: int, images_a_group: int = 0) -> list[Sample]:
    return [
        Sample(f"/i/{n}.png", None, f"a/{n}.png", f"slide-{n // images_a_group}" if images_a_group else "")
        for n in range(number)
    ]


def point(num_images: int, seed: int = 0, **figures: float) -> CurvePoint:
    return CurvePoint(f"r-{num_images}-{seed}", 1.0, num_images, seed, 1, figures)


@pytest.mark.parametrize("images_a_group", [0, 7])
def test_a_smaller_part_is_in_each_larger_one_and_groups_stay_whole(images_a_group: int) -> None:
    everything = samples(98, images_a_group)
    parts = [part_of(everything, share, seed=3) for share in (0.001, 0.1, 0.35, 0.7, 1.0)]
    for smaller, larger in itertools.pairwise(parts):
        assert set(smaller) < set(larger)
    assert parts[-1] == tuple(everything)
    assert [len(part) for part in parts[1:4]] == ([10, 34, 69] if not images_a_group else [14, 35, 70])
    for part in parts:
        groups = {one.group for one in part if one.group}
        assert [one for one in everything if one.group in groups and one not in part] == []


def test_another_seed_takes_other_images() -> None:
    assert part_of(samples(100), 0.5, seed=1) != part_of(samples(100), 0.5, seed=2)


def test_a_power_law_is_found_and_carried_to_twice_the_images() -> None:
    points = [point(num, mAP50=1 - 0.8 * num**-0.5) for num in (25, 50, 100, 200)]
    told = twice_the_data(MAP, points)
    assert isinstance(told, TwiceTheData)
    assert told.num_images == 400
    assert told.now == pytest.approx(1 - 0.8 * 200**-0.5)
    assert told.value == pytest.approx(1 - 0.8 * 400**-0.5)
    assert told.is_seen


def test_the_interval_holds_a_further_training_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(1_000):
        noisy = [
            point(n, s, loss=float(np.exp(rng.normal(-0.3 * np.log(n), 0.05)))) for n in (50, 100, 200) for s in (0, 1)
        ]
        told = twice_the_data(LOSS, noisy)
        assert isinstance(told, TwiceTheData)
        held += told.low <= float(np.exp(rng.normal(-0.3 * np.log(400), 0.05))) <= told.high
    assert 930 <= held <= 970


def test_chance_alone_is_seldom_seen_as_a_gain() -> None:
    rng, seen = np.random.default_rng(0), 0
    for _ in range(400):
        flat = [point(n, loss=float(np.exp(rng.normal(0, 0.02)))) for n in (25, 50, 100, 200)]
        told = twice_the_data(LOSS, flat)
        seen += isinstance(told, TwiceTheData) and told.is_seen
    assert 0 < seen <= 20


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([point(50, mAP50=0.5), point(100, mAP50=0.6), point(100, 1, mAP50=0.6)], "3 numbers of images"),
        ([point(50, mAP50=0.5), point(100, mAP50=0.9), point(200, mAP50=1.0)], "perfect"),
        ([point(50, mAP50=0.0), point(100, mAP50=0.0), point(200, mAP50=0.0)], "nothing was found"),
        ([point(50, mAP50=0.1), point(100, mAP50=0.9), point(200, mAP50=0.2)], "differ too much"),
    ],
)
def test_where_nothing_can_be_foretold_it_says_why(points: list[CurvePoint], words: str) -> None:
    told = twice_the_data(MAP, points)
    assert isinstance(told, str)
    assert words in told
