"""What a test keeps of each image gives its figures again, for all images and for any of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made_evaluation import CLASSES, digests_of, drawn, made_evaluation, made_results
from yogo.errors import RunError
from yogo.metrics import image_results as image_results_module
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.image_results import image_results
from yogo.metrics.measure import Evaluation
from yogo.metrics.resampling import ResultsByImage, results_by_image
from yogo.run.image_results import ImageResults

NUM_IMAGES = 60


def opened(data: EvaluationData, path: Path) -> ResultsByImage:
    image_results(data, CLASSES, digests_of(data.num_images)).write(path)
    return results_by_image(ImageResults.read(path), CLASSES, str(path))


def measured(data: EvaluationData) -> dict[str, float]:
    """By yogo's metrics; as measure() does it, without its rounding."""
    seen = Evaluation(data, len(CLASSES))
    known = seen.is_labelled
    return {
        "mAP50": seen.average_precision.at_half.mean,
        "mAP": seen.average_precision.mean,
        "precision": float(np.nanmean(seen.rates.precision[known])),
        "recall": float(np.nanmean(seen.rates.recall[known])),
        "f1": float(np.nanmean(seen.rates.f1[known])),
        "count_error": float(seen.counts.error.mean()),
        "count_bias": float(seen.counts.bias.mean()),
    }


@pytest.mark.parametrize("levels", [None, 12], ids=["scores apart", "scores that tie"])
def test_all_images_give_the_figures_of_the_test(tmp_path: Path, levels: int | None) -> None:
    data = made_evaluation(NUM_IMAGES, levels=levels)
    found = opened(data, tmp_path / "x.images.json.gz")
    figures = found.figures(np.ones((1, NUM_IMAGES), np.uint16), overlaps=found.num_overlaps)
    assert {key: values[0] for key, values in figures.items()} == pytest.approx(measured(data), abs=1e-9)


def test_a_resample_gives_the_figures_of_the_images_that_it_holds(tmp_path: Path) -> None:
    data, draw = made_evaluation(NUM_IMAGES), np.random.default_rng(1)
    found = opened(data, tmp_path / "x.images.json.gz")
    weights = draw.multinomial(NUM_IMAGES, np.full(NUM_IMAGES, 1 / NUM_IMAGES), size=5).astype(np.uint16)
    figures = found.figures(weights, overlaps=found.num_overlaps)
    for number, weights_I in enumerate(weights):
        theirs = measured(drawn(data, np.repeat(np.arange(NUM_IMAGES), weights_I)))
        assert {key: values[number] for key, values in figures.items()} == pytest.approx(theirs, abs=1e-9)


def test_some_images_give_their_own_figures_and_a_class_that_none_has_counts_for_nothing(tmp_path: Path) -> None:
    data = made_evaluation(NUM_IMAGES)
    none_has = np.setdiff1d(np.arange(NUM_IMAGES), data.truth.image[data.truth.label == 2])[:4]
    found = opened(data, tmp_path / "x.images.json.gz").taken(none_has.tolist())
    figures = found.figures(np.ones((1, len(none_has)), np.uint16), overlaps=found.num_overlaps)
    assert {key: values[0] for key, values in figures.items()} == pytest.approx(
        measured(drawn(data, none_has)), abs=1e-9
    )


def test_a_model_that_finds_nothing_has_figures_too(tmp_path: Path) -> None:
    data = made_evaluation(NUM_IMAGES)
    kept = data.kept
    nothing = PredictedBoxes(kept.image[:0], kept.box[:0], kept.objectness[:0], kept.probabilities[:0])
    found = opened(EvaluationData(NUM_IMAGES, data.truth, nothing, nothing), tmp_path / "x.images.json.gz")
    figures = found.figures(np.ones((1, NUM_IMAGES), np.uint16))
    assert (figures["mAP50"][0], figures["recall"][0], figures["f1"][0]) == (0, 0, 0)
    assert np.isnan(figures["precision"][0])
    assert figures["count_error"][0] == pytest.approx(-figures["count_bias"][0])


def test_a_file_is_small_and_says_what_was_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, path = made_evaluation(200, cells=30, false_alarms=20), tmp_path / "x.images.json.gz"
    record = image_results(data, CLASSES, digests_of(200))
    record.write(path)
    num_boxes = len(data.ranked.image)
    assert path.stat().st_size < 8 * num_boxes + 100 * data.num_images
    assert record.boxes.num_dropped == 0
    monkeypatch.setattr(image_results_module, "MOST_BOXES_AN_IMAGE", 10)
    fewer = image_results(data, CLASSES, digests_of(200))
    kept = np.frombuffer(fewer.boxes.num_of_image, "<u4")
    assert kept.max() == 10
    assert fewer.boxes.num_dropped == num_boxes - kept.sum()
    lowest = {n: np.sort(data.ranked.score[data.ranked.image == n])[-10:].min() for n in range(200)}
    scores = np.split(np.frombuffer(fewer.boxes.score, "<f4"), np.cumsum(kept)[:-1])
    assert all(some.min() >= lowest[n] for n, some in enumerate(scores) if len(some))


def test_all_images_together_have_a_bound_and_the_crowded_ones_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made_evaluation(50)
    monkeypatch.setattr(image_results_module, "MOST_BOXES", 300)
    kept = np.frombuffer(image_results(data, CLASSES, digests_of(50)).boxes.num_of_image, "<u4")
    sizes = np.bincount(data.ranked.image, minlength=50)
    assert 250 <= kept.sum() <= 300
    np.testing.assert_array_equal(kept, np.minimum(sizes, kept.max()))


def test_labels_are_told_apart_by_what_they_say_and_not_by_their_order() -> None:
    data = made_evaluation(30)
    turned = GroundTruth(data.truth.image[::-1], data.truth.box[::-1], data.truth.label[::-1])
    moved = GroundTruth(data.truth.image, data.truth.box + np.float32(0.01), data.truth.label)
    renamed = ("RBC", "WBC", "platelet")

    def labels(truth: GroundTruth, names: tuple[str, ...] = CLASSES) -> bytes:
        return image_results(EvaluationData(30, truth, data.ranked, data.kept), names, digests_of(30)).labels

    assert labels(data.truth) == labels(turned)
    assert labels(data.truth) not in (labels(moved), labels(data.truth, renamed))


@pytest.mark.parametrize(("part", "wrong"), [("images", b"short"), ("labels", b"")])
def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path, part: str, wrong: object) -> None:
    path = tmp_path / "x.images.json.gz"
    made_results(5).model_copy(update={part: wrong}).write(path)
    with pytest.raises(RunError, match=r"x\.images\.json\.gz is damaged"):
        ImageResults.read(path)


def test_boxes_that_fit_no_image_or_class_are_refused() -> None:
    record = made_results(5)
    odd = np.frombuffer(record.boxes.class_index, "<u2") + np.uint16(3)
    boxes = record.boxes.model_copy(update={"class_index": odd.tobytes()})
    with pytest.raises(RunError, match=r"a\.gz is damaged"):
        results_by_image(record.model_copy(update={"boxes": boxes}), CLASSES, "a.gz")
