"""A run keeps its worst validation images, and a test its worst test images; training is the same without them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.yogo.training.tiny import TINY, Steered, Yogo, write_dataset
from yogo.checkpoint import load_checkpoint
from yogo.images.thumbnail import thumbnail
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.verdicts import worst
from yogo.run import events
from yogo.run.worst import MOST_IMAGES, WorstImages, worst_beside
from yogo.training.listeners.worst import WorstFile
from yogo.training.progress import Reviewed

EAGER = (*TINY, "--lr", "1e-2", "--no-obj-weight", "0.02", "--epochs", "6", "-bs", "2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> Yogo:
    yogo = Yogo(tmp_path_factory.mktemp("finished"))
    done = yogo.train(definition, *EAGER, "--name", "with")
    assert (done.returncode, done.stderr) == (0, "")
    return yogo


def test_a_run_ends_with_its_worst_validation_images(finished: Yogo) -> None:
    found = WorstImages.read(finished.run("with").worst)
    assert (found.part, found.num_images, found.classes) == ("val", 3, ("red", "white"))
    assert found.images
    assert [one.num_wrong for one in found.images] == sorted((one.num_wrong for one in found.images), reverse=True)
    assert found.metrics is not None
    matrix = np.array(found.metrics.confusion)
    assert matrix[:-1, -1].sum() == sum(one.missed for one in found.images)
    assert matrix[-1].sum() == sum(one.false for one in found.images)
    assert matrix[0, 1] + matrix[1, 0] == sum(one.confused for one in found.images)
    for one in found.images:
        assert (Path(one.image).is_file(), one.num_labels) == (True, 3)
        assert Image.open(io.BytesIO(one.thumbnail)).size == (64, 64)


def test_training_is_the_same_to_the_last_bit_without_them(finished: Yogo, definition: Path) -> None:
    done = finished.train(definition, *EAGER, "--name", "without", "--no-worst-images")
    assert (done.returncode, done.stderr) == (0, "")
    assert not finished.run("without").worst.exists()

    def losses(name: str) -> list[object]:
        told = finished.events(name)
        return [one.losses for one in told if isinstance(one, events.Step | events.Validated | events.Tested)]

    assert losses("with") == losses("without")
    one, other = (load_checkpoint(finished.run(name).best).model_state_dict for name in ("with", "without"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_two_processes_find_what_one_finds(finished: Yogo, definition: Path) -> None:
    flags = (*EAGER, "--name", "pair", "--processes", "2", "--no-cache")
    done = finished.finish(definition, *flags[:-1], "-bs", "1")
    assert (done.returncode, done.stderr) == (0, "")
    one, two = (WorstImages.read(finished.run(name).worst) for name in ("with", "pair"))
    assert two.num_images == one.num_images
    assert {Path(image.image).name for image in two.images} <= {f"picture_{index:02}.png" for index in range(12)}
    assert [path.name for path in finished.run("pair").path.glob("worst*")] == ["worst.json.gz"]


def test_a_run_without_a_test_set_has_them_too(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "set", fractions="{train: 0.5, val: 0.5}")
    assert yogo.train(definition, *EAGER, "--name", "one").returncode == 0
    assert not yogo.run("one").metrics.exists()
    assert WorstImages.read(yogo.run("one").worst).metrics is not None


def test_a_run_without_a_validation_set_has_none(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "set", fractions="{train: 1.0}")
    assert yogo.train(definition, *EAGER, "--name", "one").returncode == 0
    assert not yogo.run("one").worst.exists()


def test_a_test_keeps_its_worst_test_images_beside_its_metrics(finished: Yogo, definition: Path) -> None:
    best = finished.run("with").best
    done = finished.command("test", best, definition, "--dump-to-disk")
    assert (done.returncode, done.stderr) == (0, "")
    metrics = best.with_name(f"best-test-{definition.stem}.json")
    found = WorstImages.read(worst_beside(metrics))
    assert (found.part, found.num_images, found.metrics, found.checkpoint) == ("test", 3, None, str(best))


def test_an_image_that_is_gone_since_is_named_and_the_others_are_drawn(tmp_path: Path) -> None:
    steered = Steered(tmp_path, write_dataset(tmp_path / "set"))
    plan = steered.plan()
    plan.splits.val[0].image.unlink()
    kept = boxes((0, 0.0, 0, 0.9), (1, 0.0, 0, 0.9))
    labels = GroundTruth(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.int64))
    WorstFile(plan.run.worst, plan).hear(Reviewed("val", EvaluationData(3, labels, kept, kept)))
    gone, there = WorstImages.read(plan.run.worst).images
    assert (gone.thumbnail, gone.image in gone.problem) == (b"", True)
    assert (len(there.thumbnail) > 100, there.problem) == (True, "")


def boxes(*rows: tuple[int, float, int, float]) -> PredictedBoxes:
    """Of (image, x0, class, objectness): a fifth of the frame wide and high."""
    edges = np.array([(x, 0.1, x + 0.2, 0.3) for _, x, _, _ in rows], np.float32).reshape(-1, 4)
    probabilities = np.eye(2, dtype=np.float32)[[row[2] for row in rows]].reshape(-1, 2)
    scores = np.array([row[3] for row in rows], np.float32)
    return PredictedBoxes(np.array([row[0] for row in rows], np.int64), edges, scores, probabilities)


def test_each_box_has_its_verdict_and_images_without_a_fault_are_left_out() -> None:
    truth = boxes((0, 0.0, 0, 1), (1, 0.0, 0, 1), (1, 0.3, 1, 1), (2, 0.6, 1, 1))
    labels = GroundTruth(truth.image, truth.box, truth.label)
    kept = boxes((0, 0.0, 0, 0.9), (1, 0.3, 0, 0.8), (1, 0.7, 1, 0.7), (2, 0.0, 1, 0.6), (2, 0.6, 1, 0.9))
    found = worst(EvaluationData(3, labels, kept, kept), 0.5, ("a", "b", "c"))
    assert [(one.image, one.missed, one.false, one.confused) for one in found] == [("b", 1, 1, 1), ("c", 0, 1, 0)]
    assert [str(box.verdict) for box in found[0].labels] == ["missed", "confused"]
    assert [(str(box.verdict), box.confidence) for box in found[1].predictions] == [("false", 0.6), ("found", 0.9)]


def test_no_more_images_are_kept_than_the_most() -> None:
    kept = boxes(*[(index, 0.0, 0, 0.9) for index in range(50)])
    labels = GroundTruth(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.int64))
    found = worst(EvaluationData(50, labels, kept, kept), 0.5, tuple(map(str, range(50))))
    assert [one.image for one in found] == [str(index) for index in range(MOST_IMAGES)]


@pytest.mark.parametrize("shape", [(1, 2000, 3000), (3, 600, 20), (1, 1, 1)])
def test_a_thumbnail_of_noise_keeps_to_its_bytes_and_its_sides(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    made = thumbnail(pixels, side=320, most_bytes=20_000)
    assert len(made) <= 20_000
    assert max(Image.open(io.BytesIO(made)).size) <= 320
