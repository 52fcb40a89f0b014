"""The interval of each figure of a test, over its images or its groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.made_evaluation import CLASSES, drawn, made_evaluation
from yogo.metrics import bootstrap
from yogo.metrics import intervals as module
from yogo.metrics.bootstrap import Draws
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.error_kinds import MendedRankings, error_costs
from yogo.metrics.interval_report import interval_table, intervals_said
from yogo.metrics.intervals import ConfidenceByImage, resampled, units_of
from yogo.metrics.measure import Evaluation, measure
from yogo.metrics.report import errors_said, report
from yogo.run.figures import METRICS
from yogo.run.metrics import Metrics

NUM = 60


def measured(data: EvaluationData, groups: Sequence[str] = (), most: int = 300, *, include_map: bool = True) -> Metrics:
    metrics = measure(data, CLASSES, include_map=include_map)
    drawing = resampled(metrics, data, groups or [""] * data.num_images, most=most)
    while True:
        try:
            next(drawing)
        except StopIteration as done:
            found: Metrics = done.value
            return found


def unsure(seed: int = 0) -> EvaluationData:
    """With probabilities that differ, and some that are the same."""
    data, draw = made_evaluation(NUM, seed=seed), np.random.default_rng(seed)
    kept = data.kept
    mixed = kept.probabilities + draw.integers(0, 8, kept.probabilities.shape).astype(np.float32) / 8
    probabilities = mixed / mixed.sum(1, keepdims=True)
    return EvaluationData(
        NUM, data.truth, data.ranked, PredictedBoxes(kept.image, kept.box, kept.objectness, probabilities)
    )


def test_each_figure_has_an_interval_and_lies_in_it() -> None:
    metrics = measured(made_evaluation(150))
    keys = {key for one in METRICS for key in (one.key, *map(one.key_of, CLASSES))} & metrics.figures.keys()
    assert metrics.counts is not None
    bias = metrics.counts.usual[0].bias
    assert metrics.intervals["count_bias/RBC"] == (bias.low, bias.high)
    spread = metrics.counts.usual[0].spread
    assert (spread.low or 0) < spread.value < (spread.high or 0)
    assert metrics.intervals.keys() == keys
    for key, (low, high) in metrics.intervals.items():
        assert low < (metrics.figures[key] or 0) < high
    assert metrics.resampling is not None
    assert (metrics.resampling.words, metrics.resampling.resamples) == ("150 images", 300)


def test_roc_and_calibration_of_a_resample_are_those_of_its_images() -> None:
    data = unsure()
    weights_BI = next(Draws(np.arange(NUM), 4).parts())
    found = ConfidenceByImage.of(data, len(CLASSES)).by_class(weights_BI)
    for number, weights_I in enumerate(weights_BI):
        seen = Evaluation(drawn(data, np.repeat(np.arange(NUM), weights_I)), len(CLASSES))
        assert found["roc_auc"][number] == pytest.approx([one.auc for one in seen.rocs], abs=1e-9)
        errors = [one.error for one in seen.calibrations]
        assert found["calibration_error"][number] == pytest.approx(errors, abs=1e-6)


def test_the_images_of_a_group_are_drawn_together_and_the_interval_is_over_groups() -> None:
    """Two copies of each image say no more than one."""
    data = made_evaluation(30)
    twice = drawn(data, np.repeat(np.arange(30), 2))
    groups = [f"donor {image // 2}" for image in range(60)]
    apart, together, once = measured(twice, most=2_000), measured(twice, groups, 2_000), measured(data, most=2_000)
    assert together.resampling is not None
    assert (together.resampling.words, together.resampling.over) == ("30 groups", "groups")
    assert together.intervals["recall"] == pytest.approx(once.intervals["recall"], abs=1e-6)
    low, high = apart.intervals["recall"]
    wider = together.intervals["recall"]
    assert high - low < 0.85 * (wider[1] - wider[0])


def test_images_without_a_group_are_drawn_alone() -> None:
    assert units_of(["a", "", "a", "", "b"]).tolist() == [0, 1, 0, 2, 3]


def test_parts_of_any_size_are_the_same_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate([*Draws(np.arange(7), 50).parts()])
    monkeypatch.setattr(bootstrap, "_MOST_ROWS", 3)
    assert (np.concatenate([*Draws(np.arange(7), 50).parts()]) == whole).all()
    assert (whole.sum(1) == 7).all()


def test_many_boxes_have_fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made_evaluation(NUM)
    monkeypatch.setattr(module, "FEWEST_RESAMPLES", 20)
    monkeypatch.setattr(module, "MOST_WEIGHTS", 30 * len(data.ranked.image))
    resampling = measured(data).resampling
    assert resampling is not None
    assert resampling.resamples == 30
    monkeypatch.setattr(module, "MOST_WEIGHTS", 0)
    resampling = measured(data).resampling
    assert resampling is not None
    assert resampling.resamples == 20


@pytest.mark.parametrize("num", [1, 9])
def test_few_images_have_none_and_it_is_said(num: int) -> None:
    metrics = measured(made_evaluation(num))
    assert metrics.intervals == {}
    assert f"no intervals: {num} image" in next(intervals_said(metrics))
    assert "no intervals" in "\n".join(report(metrics))


def test_few_groups_have_none_however_many_images_they_hold() -> None:
    metrics = measured(made_evaluation(NUM), [f"donor {image % 4}" for image in range(NUM)])
    assert metrics.intervals == {}
    assert "no intervals: 4 groups are too few" in next(intervals_said(metrics))
    assert metrics.counts is not None
    assert metrics.counts.usual[0].bias.low is None


def test_a_figure_that_no_resample_moves_has_none() -> None:
    """All cells of all images are found: that says nothing of how many will be missed."""
    data = made_evaluation(NUM, missed=0, shift=0, false_alarms=0)
    sure = PredictedBoxes(
        data.truth.image,
        data.truth.box,
        np.full(len(data.truth.image), 0.9, np.float32),
        np.eye(3, dtype=np.float32)[data.truth.label],
    )
    metrics = measured(EvaluationData(NUM, data.truth, sure, sure))
    assert metrics.figures["recall"] == 1
    assert not {"recall", "recall/RBC", "mAP50", "count_error"} & metrics.intervals.keys()


def test_a_class_on_few_images_has_none_nor_has_a_mean_with_it() -> None:
    data = made_evaluation(NUM)
    truth = data.truth
    stays = (truth.label != 2) | (truth.image < 9)
    fewer = EvaluationData(
        NUM, GroundTruth(truth.image[stays], truth.box[stays], truth.label[stays]), data.ranked, data.kept
    )
    metrics = measured(fewer)
    assert not {"AP50/Platelets", "recall/Platelets", "mAP50", "recall"} & metrics.intervals.keys()
    assert {"AP50/RBC", "count_error/Platelets", "count_error"} <= metrics.intervals.keys()
    assert any("too few labels or images" in line for line in intervals_said(metrics))


def test_a_class_of_few_labels_has_none_and_roc_asks_for_more_than_the_others() -> None:
    """There are about 70 platelets."""
    known = measured(made_evaluation(NUM)).intervals
    assert "AP50/Platelets" in known
    assert not {"roc_auc/Platelets", "roc_auc"} & known.keys()
    fewer = measured(made_evaluation(15)).intervals
    assert "recall/RBC" in fewer
    assert not {"recall/Platelets", "recall"} & fewer.keys()


def test_a_class_that_nobody_labelled_leaves_the_mean_its_interval() -> None:
    data = made_evaluation(NUM)
    truth = data.truth
    stays = truth.label != 2
    none = EvaluationData(
        NUM, GroundTruth(truth.image[stays], truth.box[stays], truth.label[stays]), data.ranked, data.kept
    )
    metrics = measured(none)
    assert "mAP50" in metrics.intervals
    assert not {"AP50/Platelets", "recall/Platelets"} & metrics.intervals.keys()


def test_without_average_precision_the_other_figures_have_theirs() -> None:
    metrics = measured(made_evaluation(NUM), include_map=False)
    assert {"recall", "roc_auc/RBC"} <= metrics.intervals.keys()
    assert not {"mAP50", "mAP"} & metrics.intervals.keys()


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Tests of 40 images each; the truth is what 3,000 say. benchmarks/coverage.py is the larger one."""
    truth = measure(made_evaluation(3_000, seed=99), CLASSES).figures
    keys, num_tests = ("mAP50", "precision", "recall", "count_error"), 60
    held = dict.fromkeys(keys, 0)
    for seed in range(num_tests):
        found = measured(made_evaluation(40, seed=seed), most=200).intervals
        for key in keys:
            low, high = found[key]
            held[key] += low <= (truth[key] or 0) <= high
    assert {key: count / num_tests >= 0.86 for key, count in held.items()} == dict.fromkeys(keys, True), held


def test_they_stand_in_a_table_that_fits_a_terminal() -> None:
    metrics = measured(made_evaluation(NUM))
    head, rows = interval_table(metrics)
    assert head == ["95 %", "all", *CLASSES]
    assert [row[0] for row in rows] == ["AP50", "AP", "prec", "recall", "F1", "ROC", "ECE", "count±", "bias"]
    assert rows[5][1] == rows[5][-1] == "–"
    lines = [*report(metrics)]
    place = next(number for number, line in enumerate(lines) if line.startswith("95 %"))
    assert max(map(len, lines[place : place + 10])) <= 80
    low, high = metrics.intervals["mAP50"]
    assert f"{low:.3f} to {high:.3f}" in lines[place + 1]


def test_a_file_of_an_earlier_version_opens_without_intervals() -> None:
    metrics = measured(made_evaluation(NUM))
    old = metrics.model_dump(mode="json", exclude={"intervals", "resampling", "errors", "counts"})
    opened = Metrics.model_validate(old)
    assert (opened.intervals, opened.resampling, opened.errors) == ({}, None, None)
    assert not any(line.startswith(("95 %", "error ")) for line in report(opened))
    assert Metrics.parse(metrics.model_dump_json().encode(), "it") == metrics


def test_the_gain_of_each_kind_of_error_has_an_interval_that_holds_it() -> None:
    metrics = measured(made_evaluation(150))
    costs = metrics.errors
    assert costs is not None
    told = [(one.gain, one.interval) for one in costs.kinds]
    told += [
        (costs.false_positives_gain, costs.false_positives_interval),
        (costs.false_negatives_gain, costs.false_negatives_interval),
    ]
    for gain, between in told:
        assert (between is None) == (gain == 0)
        assert between is None or between[0] < gain < between[1]
    assert costs.resamples == 300
    lines = "\n".join(report(metrics))
    missed = costs.kinds[-1]
    assert missed.interval is not None
    assert f"{missed.gain:+.3f}  {missed.interval[0]:+.3f} to {missed.interval[1]:+.3f}" in lines
    assert "95 %: the interval of that, by 300 resamples" in lines


def test_the_gains_of_a_resample_are_those_of_its_images() -> None:
    data = made_evaluation(NUM)
    weights_BI = next(Draws(np.arange(NUM), 5).parts())
    found = MendedRankings.of(data, len(CLASSES)).gains(weights_BI)
    for gains_G, weights_I in zip(found, weights_BI, strict=True):
        costs = error_costs(drawn(data, np.repeat(np.arange(NUM), weights_I)), len(CLASSES))
        assert costs is not None
        known = [*(one.gain for one in costs.kinds), costs.false_positives_gain, costs.false_negatives_gain]
        assert gains_G == pytest.approx(known, abs=1e-6)


def test_gains_that_depend_on_a_rare_class_have_no_interval() -> None:
    data = made_evaluation(NUM)
    is_in = data.truth.label != 0
    is_in[np.flatnonzero(~is_in)[:3]] = True
    truth = GroundTruth(data.truth.image[is_in], data.truth.box[is_in], data.truth.label[is_in])
    costs = measured(EvaluationData(NUM, truth, data.ranked, data.kept)).errors
    assert costs is not None
    assert {one.interval for one in costs.kinds} == {None}
    assert "resamples" not in "\n".join(errors_said(costs, measured(data).thresholds))


def test_the_gain_of_a_few_errors_has_no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = measured(made_evaluation(150)).errors
    assert costs is not None
    most = max(costs.kinds, key=lambda one: one.num_ranked)
    monkeypatch.setattr(module, "FEWEST_ERRORS", most.num_ranked)
    costs = measured(made_evaluation(150)).errors
    assert costs is not None
    assert [one.kind for one in costs.kinds if one.interval] == [most.kind]
