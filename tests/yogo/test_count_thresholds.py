"""The thresholds at which counts are without bias: planted ones are found, and inference counts by them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_evaluation import CLASSES, made_evaluation
from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.cli.inspect import describe
from yogo.errors import CheckpointError
from yogo.metrics.boxes import EvaluationData, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.count_thresholds import choose_thresholds, counted_boxes
from yogo.metrics.counts import count_report
from yogo.metrics.measure import measure
from yogo.metrics.report import report
from yogo.model import YOGO, get_model_func
from yogo.run.count_thresholds import ClassThreshold, CountThresholds
from yogo.run.metrics import Metrics

NAMES = ("red", "white")


def _places(num: int) -> Floats:
    return np.tile(np.array([0.1, 0.1, 0.2, 0.2], np.float32), (num, 1))


def boxes_of(image: Ints, label: Ints, score: Floats) -> PredictedBoxes:
    """Boxes of these scores, whose class is certain."""
    probabilities = np.eye(2, dtype=np.float32)[label]
    return PredictedBoxes(image, _places(len(image)), score, probabilities)


def data_of(found: list[tuple[int, int, float]], labels: list[tuple[int, int]], num_images: int = 4) -> EvaluationData:
    """Predictions are image, class, score; labels are image, class."""
    image, label = (np.array([row[column] for row in found], np.int64) for column in (0, 1))
    score = np.array([row[2] for row in found], np.float32)
    ranked, is_kept = boxes_of(image, label, score), score > 0.5
    on, of = (np.array([row[column] for row in labels], np.int64) for column in (0, 1))
    truth = GroundTruth(on, _places(len(on)), of)
    return EvaluationData(num_images, truth, ranked, boxes_of(image[is_kept], label[is_kept], score[is_kept]))


def totals(found: PredictedBoxes) -> list[int]:
    return [int((found.label == kind).sum()) for kind in range(found.probabilities.shape[1])]


def chosen(scores: list[float], num_labels: int) -> ClassThreshold:
    data = data_of([(place % 4, 0, score) for place, score in enumerate(scores)], [(0, 0)] * num_labels)
    return choose_thresholds(data, NAMES).of_class["red"]


@pytest.mark.parametrize("bias", [0.3, 0.5, 0.8])
def test_a_planted_bias_is_found(bias: float) -> None:
    """Real cells score above `bias`, and false alarms below it, at other places for each class."""
    draw = np.random.default_rng(3)
    labels = [(int(image), int(draw.integers(2))) for image in draw.integers(0, 40, 300)]
    edges = (bias, bias + 0.1)
    found = [(image, kind, float(draw.uniform(edges[kind] + 0.01, 1))) for image, kind in labels]
    found += [(int(draw.integers(40)), kind, float(draw.uniform(0.06, edges[kind] - 0.01))) for kind in (0, 1) * 200]
    draw.shuffle(found)
    data = data_of(found, labels, 40)
    own = choose_thresholds(data, NAMES)
    for name, edge in zip(NAMES, edges, strict=True):
        one = own.of_class[name]
        assert one.score == pytest.approx(edge, abs=0.011)
        assert one.low is not None
        assert one.high is not None
        assert one.score is not None
        assert one.low <= one.score <= one.high
        # Each image counts right at its own threshold, so no resample says anything else.
        assert one.high - one.low < 0.05
        assert one.counted == one.labelled
    report = count_report(data, 2, own, chosen_here=False)
    assert [(one.error.value, one.bias.value, one.spread.value) for one in report.own] == [(0, 0, 0)] * 2
    assert all(one.counted == one.labelled for one in report.own)


def test_it_lies_midway_between_the_two_scores_that_it_parts() -> None:
    assert chosen([0.9, 0.8, 0.4, 0.2], 2).score == pytest.approx(0.6)
    assert chosen([0.2, 0.9, 0.4, 0.8], 3).score == pytest.approx(0.3)
    last = chosen([0.9, 0.8], 2)
    assert last.score is not None
    assert last.score < np.float32(0.8)
    assert last.score == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("scores", "num_labels", "counted"),
    [
        ([0.9, 0.7, 0.7, 0.7, 0.2], 2, 1),  # one too few rather than two too many
        ([0.9, 0.7, 0.7, 0.7, 0.2], 3, 4),
        ([0.9, 0.7, 0.7, 0.2], 2, 1),  # as near: rather too few
        ([0.7, 0.7, 0.7], 1, 0),
        ([0.7, 0.7, 0.7], 2, 3),
        ([0.7, 0.7, 0.7], 3, 3),
    ],
)
def test_of_equal_scores_all_or_none_are_counted_and_it_says_so(
    scores: list[float], num_labels: int, counted: int
) -> None:
    data = data_of([(place % 4, 0, score) for place, score in enumerate(scores)], [(0, 0)] * num_labels)
    own = choose_thresholds(data, NAMES)
    one = own.of_class["red"]
    assert (one.labelled, one.counted) == (num_labels, counted)
    assert totals(counted_boxes(data.ranked, own.scores))[0] == counted
    said = f"the count threshold of red counts {counted} where the validation set has {num_labels} label"
    assert any(sentence.startswith(said) for sentence in own.remarks()) == (counted != num_labels)


def test_a_class_without_a_threshold_keeps_the_usual_one_and_says_why() -> None:
    data = data_of([(0, 0, 0.9), (1, 1, 0.7), (2, 1, 0.4)], [(0, 0)] * 3)
    own = choose_thresholds(data, NAMES)
    red, white = own.of_class.values()
    assert (red.score, red.used, red.labelled, red.counted) == (None, 0.5, 3, 1)
    assert (white.score, white.used, white.labelled, white.counted) == (None, 0.5, 0, 1)
    assert list(own.remarks()) == [
        "red counts at 0.5: in validation fewer boxes than its 3 labels were found",
        "white counts at 0.5: in validation it has no labels",
        "the count thresholds come from 4 validation images: single images decide them",
    ]


def test_nothing_found_and_nothing_labelled_is_no_fault() -> None:
    for data in (data_of([], []), data_of([], [(0, 1)]), data_of([(0, 0, 0.9)], [], 1)):
        own = choose_thresholds(data, NAMES)
        assert own.scores == (0.5, 0.5)
        assert len(count_report(data, 2, own, chosen_here=True).own) == 2


@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([None, 5, 50]))
@settings(max_examples=60, deadline=None)
def test_counts_at_the_thresholds_are_as_near_to_the_labels_as_any_threshold_brings_them(
    seed: int, num_images: int, levels: int | None
) -> None:
    data = made_evaluation(num_images, seed=seed, levels=levels, false_alarms=9)
    own = choose_thresholds(data, CLASSES, intervals=seed % 2 == 0)
    found = totals(counted_boxes(data.ranked, own.scores))
    for kind, one in enumerate(own.of_class.values()):
        scores = data.ranked.score[data.ranked.label == kind]
        assert one.labelled == (data.truth.label == kind).sum()
        assert found[kind] == one.counted
        if one.score is None:
            assert one.labelled == 0 or len(scores) < one.labelled
            continue
        off_by = min(abs(int((scores > least).sum()) - one.labelled) for least in (0, *np.unique(scores).tolist()))
        assert abs(one.counted - one.labelled) == off_by
        if one.low is not None and one.high is not None:
            assert 0 <= one.low <= one.score <= one.high <= 1


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_images_nor_that_of_boxes_decides(seed: int) -> None:
    data = made_evaluation(9, seed=seed)
    order = np.random.default_rng(seed).permutation(len(data.ranked.image))
    turned = PredictedBoxes(*(getattr(data.ranked, one.name)[order] for one in dataclasses.fields(PredictedBoxes)))
    assert choose_thresholds(dataclasses.replace(data, ranked=turned), CLASSES) == choose_thresholds(data, CLASSES)


def test_one_class_does_not_decide_what_another_counts() -> None:
    data = made_evaluation(20, false_alarms=9)
    own = choose_thresholds(data, CLASSES)
    for kind in range(3):
        alone = [score if place == kind else 1.0 for place, score in enumerate(own.scores)]
        assert totals(counted_boxes(data.ranked, alone))[kind] == list(own.of_class.values())[kind].counted


def test_the_intervals_hold_the_threshold_and_the_bias_of_other_images_as_often_as_they_say() -> None:
    """One detector, many validation sets of 40 images: the true threshold parts as many boxes as there are cells."""
    whole = made_evaluation(3_000, false_alarms=9, seed=77)
    true = choose_thresholds(whole, CLASSES, intervals=False).of_class["WBC"].score
    assert true is not None
    held = []
    for seed in range(60):
        own = choose_thresholds(made_evaluation(40, false_alarms=9, seed=seed), CLASSES).of_class["WBC"]
        assert own.low is not None
        assert own.high is not None
        held.append(own.low <= true <= own.high)
    assert 0.86 <= np.mean(held) <= 1


def test_a_test_tells_both_counts_side_by_side_and_its_file_holds_them(tmp_path: Path) -> None:
    own = choose_thresholds(made_evaluation(40, seed=1, false_alarms=9), CLASSES)
    data = made_evaluation(60, seed=2, false_alarms=9)
    metrics = measure(data, CLASSES, own=own)
    text = "\n".join(report(metrics))
    assert "own: the checkpoint's count threshold, chosen on the validation set (40 images)" in text
    counts = metrics.counts
    assert counts is not None
    for place, name in enumerate(CLASSES):
        used = own.of_class[name].used
        assert f"own {used:.3f}" in text
        at_own = counts.own[place]
        assert at_own.counted == int(((data.ranked.label == place) & (data.ranked.score > np.float32(used))).sum())
        assert metrics.figures[f"own_count_bias/{name}"] == pytest.approx(
            (at_own.counted - at_own.labelled) / 60, abs=1e-6
        )
        assert metrics.figures[f"own_count_error/{name}"] == pytest.approx(at_own.error.value, abs=1e-6)
        assert counts.usual[place].bias.value == pytest.approx(metrics.figures[f"count_bias/{name}"], abs=1e-6)
        for figure in (at_own.error, at_own.bias, at_own.spread):
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= figure.value <= figure.high
    assert max(map(len, text.splitlines())) <= 90
    metrics.write(tmp_path / "metrics.json")
    assert Metrics.read(tmp_path / "metrics.json").counts == counts


def test_on_the_images_that_they_were_chosen_on_it_says_that_there_is_no_bias_by_construction() -> None:
    data = made_evaluation(40, false_alarms=9)
    told = measure(data, CLASSES, own=choose_thresholds(data, CLASSES), chosen_here=True)
    assert any("chosen on these images, so that there is no bias here" in line for line in report(told))


def test_metrics_of_before_still_open(tmp_path: Path) -> None:
    metrics = measure(made_evaluation(5), CLASSES)
    old = json.loads(metrics.model_dump_json())
    del old["counts"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    read = Metrics.read(tmp_path / "old.json")
    assert read.counts is None
    assert list(report(read))


@pytest.fixture
def model() -> YOGO:
    torch.manual_seed(0)
    return YOGO((64, 64), 0.1, 0.1, 2, model_func=get_model_func("quarter_filters"))


OWN = CountThresholds(
    objectness=0.05,
    suppression_iou=0.5,
    num_images=30,
    of_class={
        "red": ClassThreshold(score=0.731, low=0.7, high=0.75, labelled=300, counted=300),
        "white": ClassThreshold(labelled=0, counted=4),
    },
)


def test_a_checkpoint_keeps_them_and_inspect_shows_them(
    model: YOGO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from yogo.cli import main

    path = tmp_path / "best.pth"
    save_checkpoint(path, model, epoch=1, step=1, classes=NAMES, run_name="r", count_thresholds=OWN)
    assert load_checkpoint(path).count_thresholds == OWN
    facts, notices = describe(path)
    assert facts["count_thresholds"] == OWN.facts
    assert notices == ["white counts at 0.5: in validation it has no labels"]
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "red 0.731 (0.700 to 0.750)" in shown
    assert "white 0.5, as it has no labels" in shown
    assert YOGO.from_pth(path)[1]["count_thresholds"] == {"red": 0.731, "white": 0.5}
    save_checkpoint(path, model, epoch=1, step=1, classes=NAMES, run_name="r")
    assert load_checkpoint(path).count_thresholds is None
    assert describe(path)[0]["count_thresholds"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        {"of_class": {}},
        OWN.facts | {"objectness": float("nan")},
        OWN.facts | {"of_class": {"red": {"score": 7}, "white": {}}},
        OWN.facts | {"of_class": {"red": {}}},
        OWN.facts | {"of_class": {"red": {"score": 0.5, "low": 0.9, "high": 0.1}, "white": {}}},
    ],
)
def test_a_file_whose_thresholds_cannot_be_right_is_no_checkpoint(model: YOGO, tmp_path: Path, wrong: object) -> None:
    path = tmp_path / "best.pth"
    save_checkpoint(path, model, epoch=1, step=1, classes=NAMES, run_name="r")
    contents = torch.load(path, weights_only=True)
    torch.save(contents | {"count_thresholds": wrong}, path)
    with pytest.raises(CheckpointError, match="is not a YOGO checkpoint"):
        load_checkpoint(path)
