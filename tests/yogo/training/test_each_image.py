"""A run, and a test, keep what each test image brought to their figures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.yogo.training.tiny import TINY, Yogo
from yogo.definition.record import DataRecord
from yogo.metrics.resampling import results_by_image
from yogo.run.image_results import ImageResults, images_beside
from yogo.run.metrics import Metrics

EAGER = (*TINY, "--lr", "1e-2", "--no-obj-weight", "0.02", "--epochs", "20", "-bs", "2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> Yogo:
    yogo = Yogo(tmp_path_factory.mktemp("finished"))
    done = yogo.train(definition, *EAGER, "--name", "calm-cat")
    assert (done.returncode, done.stderr) == (0, "")
    return yogo


def figures(path: Path) -> dict[str, float | None]:
    """mAP50, mAP and the figures of each class that the file gives, of all its images, rounded as in metrics.json."""
    record = ImageResults.read(path)
    whole = np.ones((1, record.num_images), np.uint16)
    of_all = results_by_image(record, record.classes, str(path)).figures(whole, overlaps=len(record.ious))
    found = {key: _rounded(of_all[key][0]) for key in ("mAP50", "mAP")}
    for name in record.classes:
        one = results_by_image(record, (name,), str(path)).figures(whole, overlaps=len(record.ious))
        own_names = {"mAP50": "AP50", "mAP": "AP"}
        found |= {f"{own_names.get(key, key)}/{name}": _rounded(values[0]) for key, values in one.items()}
    return found


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def known(metrics: Metrics) -> dict[str, float | None]:
    """Those that the file gives too; the mean of the others is of rounded figures, and own thresholds are not in it."""
    left_out = ("roc_auc", "calibration_error", "own_count")
    return {
        key: value
        for key, value in metrics.figures.items()
        if ("/" in key or "mAP" in key) and not key.startswith(left_out)
    }


def test_a_run_ends_with_a_file_that_gives_its_test_figures_again(finished: Yogo) -> None:
    run = finished.run("calm-cat")
    record, metrics = ImageResults.read(run.image_results), Metrics.read(run.metrics)
    assert figures(run.image_results) == pytest.approx(known(metrics), abs=1e-9)
    assert any(value for key, value in known(metrics).items() if key.startswith("AP50"))
    assert (record.num_images, record.classes, record.checkpoint) == (3, ("red", "white"), str(run.best))
    assert record.thresholds == metrics.thresholds
    tested = [one.image_stamp.sha256 for one in DataRecord.read(run.data).files if one.split == "test"]
    assert record.images.hex() == "".join(tested)
    assert hashlib.sha256(b"").digest()[:8] not in record.labels


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_test_writes_one_beside_its_figures(finished: Yogo, definition: Path, processes: str) -> None:
    run = finished.run("calm-cat")
    flags = ("--dump-to-disk", "--no-include-mAP", "--processes", processes)
    done = finished.command("test", run.best, definition, *flags)
    assert (done.returncode, done.stderr) == (0, "")
    path = images_beside(run.best.with_name(f"best-test-{definition.stem}.json"))
    record, theirs = ImageResults.read(path), ImageResults.read(run.image_results)
    assert (record.images, record.labels, record.counts) == (theirs.images, theirs.labels, theirs.counts)
    assert figures(path) == pytest.approx(figures(run.image_results), abs=1e-5)


def test_a_test_that_is_not_kept_writes_nothing(finished: Yogo, definition: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.pth"
    alone.write_bytes(finished.run("calm-cat").best.read_bytes())
    assert finished.command("test", alone, definition).returncode == 0
    assert list(tmp_path.iterdir()) == [alone]
