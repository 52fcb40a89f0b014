"""Two models on the same images: the interval of their difference, and what it would take to see one."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from tests.made_evaluation import CLASSES, digests_of, made_evaluation, made_results
from yogo.metrics.bootstrap import Draws, paired, shared
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.counts import count_report
from yogo.metrics.difference import KEYS, PairedFigure, detectable, images_to_show, seeds_to_show
from yogo.metrics.image_results import image_results
from yogo.metrics.resampling import ResultsByImage, results_by_image

ALL = 1_500
"""Images that there are, of which a test sees a few."""


def model(num_images: int, missed: float = 0.2, shift: float = 0.005, seed: int = 0) -> ResultsByImage:
    return results_by_image(made_results(num_images, missed=missed, shift=shift, seed=seed), CLASSES, "made")


def compared(first: ResultsByImage, second: ResultsByImage, num: int = 300) -> dict[str, PairedFigure]:
    return {one.key: one for one in paired(first, second, Draws.of_images(len(first.images), num))}


def test_intervals_hold_the_true_difference_as_often_as_they_say() -> None:
    """Two models on all images that there are have the true difference; tests of 25 of them each guess at it."""
    first, second = model(ALL), model(ALL, missed=0.3, shift=0.008)
    whole = np.ones((1, ALL), np.uint16)
    truth = {key: first.figures(whole)[key][0] - second.figures(whole)[key][0] for key in KEYS}
    draw, num_tests, held = np.random.default_rng(0), 120, dict.fromkeys(KEYS, 0)
    for _ in range(num_tests):
        chosen = draw.choice(ALL, 25, replace=False).tolist()
        for key, one in compared(first.taken(chosen), second.taken(chosen)).items():
            held[key] += one.low <= truth[key] <= one.high
    assert {key: 0.88 <= count / num_tests < 1 for key, count in held.items()} == dict.fromkeys(KEYS, True), held


def test_a_better_model_is_seen_to_be_better_and_the_other_way_round() -> None:
    good, bad = model(200, missed=0.05), model(200, missed=0.4)
    ahead, behind = compared(good, bad), compared(bad, good)
    assert ahead["mAP50"].low > 0
    assert ahead["count_error"].high < 0
    assert all(one.is_seen for one in ahead.values())
    for key, one in ahead.items():
        assert (behind[key].difference, behind[key].low, behind[key].high) == pytest.approx(
            (-one.difference, -one.high, -one.low)
        )
        assert one.low < one.difference < one.high


def test_a_model_does_not_differ_from_itself() -> None:
    for one in compared(model(50), model(50)).values():
        assert (one.difference, one.low, one.high, one.is_seen) == (0, 0, 0, False)
        assert images_to_show(one.difference, one.deviation, 50) is None


def test_the_same_comparison_has_the_same_interval_each_time() -> None:
    first, second = model(60), model(60, missed=0.3)
    assert compared(first, second) == compared(first, second)


def test_two_models_on_the_same_images_are_told_apart_sooner_than_on_images_of_each_their_own() -> None:
    """Crowded and empty images are so for both."""
    first, second = model(100), model(100, missed=0.25)
    other = model(100, missed=0.25, seed=9)
    together, apart = compared(first, second), compared(first, other)
    assert together["count_error"].deviation < apart["count_error"].deviation


def test_four_times_the_images_show_half_the_difference() -> None:
    assert detectable(0.01) == pytest.approx(0.028, abs=1e-4)
    assert images_to_show(0.028, 0.01, 100) == 101
    assert images_to_show(-0.014, 0.01, 100) == 401


def test_seeds_that_show_a_difference_are_those_of_a_t_test() -> None:
    """As the tables of the t test say, for 80 % power: 17 of each for one standard deviation, 64 for half of one."""
    assert [seeds_to_show(size, 1) for size in (1, 0.5, 1.5)] == [17, 64, 8]
    assert seeds_to_show(100, 1) == 2
    assert seeds_to_show(0, 1) is None


def test_images_are_the_same_by_what_they_hold_and_by_their_labels() -> None:
    data = made_evaluation(30)

    def of(digests: list[str]) -> ResultsByImage:
        return results_by_image(image_results(data, CLASSES, digests), CLASSES, "made")

    one, turned = of(digests_of(30)), of(digests_of(30)[::-1])
    found = shared(one, turned)
    # The labels stayed where they were, so that each image has those of another one.
    assert (found.first, found.num_relabelled) == ((), 30)
    further = shared(of(digests_of(30)), results_by_image(made_results(40), CLASSES, "made"))
    assert further.num_relabelled + len(further.first) == 30
    again = results_by_image(made_results(30), CLASSES, "made")
    mixed = again.taken([*range(29, 9, -1)])
    some = shared(again, mixed)
    assert (len(some.first), some.num_relabelled) == (20, 0)
    assert [again.images[n] for n in some.first] == [mixed.images[n] for n in some.second]
    assert compared(again.taken(some.first), mixed.taken(some.second))["mAP50"].difference == 0


def test_an_image_that_a_test_has_twice_is_the_others_once_or_twice_too() -> None:
    twice = ["aa" * 32, "aa" * 32, "bb" * 32]
    data = made_evaluation(3, cells=0, false_alarms=3)

    def of(digests: list[str]) -> ResultsByImage:
        return results_by_image(image_results(data, CLASSES, digests), CLASSES, "made")

    assert len(shared(of(twice), of(twice)).first) == 3
    assert len(shared(of(twice), of(["bb" * 32, "aa" * 32, "cc" * 32])).first) == 2


def test_it_needs_no_torch() -> None:
    code = "import sys, yogo.metrics.bootstrap; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_resamples_of_many_images_never_lie_in_memory_together() -> None:
    """All at once they would take 20 MB for each 1,000 images here, and four times that in doubles."""
    nobody = np.zeros(0, np.int64)
    truth = GroundTruth(nobody, np.zeros((0, 4), np.float32), nobody)
    none = PredictedBoxes(nobody, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 1), np.float32))
    tracemalloc.start()
    report = count_report(EvaluationData(5_000, truth, none, none), 1, None, chosen_here=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.usual[0].error.high == 0
    assert peak < 20_000_000
    assert next(Draws.of_images(100_000).parts()).nbytes <= 10_000_000
