"""`yogo curve`: trainings on parts of the images, which go on after a stop, and what it tells of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.yogo.training.tiny import TINY, Yogo
from yogo.run.manifest import Manifest

ASKED = ("--parts", "0.3", "0.6", "1", "--batch-size", "2", "--device", "cpu", "--num-workers", "0", *TINY)


def curve(yogo: Yogo, definition: Path, *more: object) -> tuple[int, str, str]:
    done = yogo.command("curve", definition, "--runs", yogo.runs, *ASKED, "--epochs", "3", *more)
    return done.returncode, done.stdout, done.stderr


def test_each_part_is_trained_on_until_as_many_images_were_seen(yogo: Yogo, definition: Path) -> None:
    status, _, error = curve(yogo, definition)
    assert status == 0, error
    runs = [yogo.run(f"curve-{share}") for share in ("0.3", "0.6", "1")]
    manifests = [Manifest.read(run.manifest) for run in runs]
    assert [(one.num_train, one.recipe.epochs) for one in manifests] == [(2, 10), (4, 5), (6, 3)]
    assert len({(one.num_val, one.num_test) for one in manifests}) == 1

    receipts = [run.result.read_bytes() for run in runs]
    again = curve(yogo, definition, "--json")
    assert again[0] == 0, again[2]
    assert again[2].count("it has finished before") == 3
    assert [run.result.read_bytes() for run in runs] == receipts
    told = json.loads(again[1])
    assert [one["num_images"] for one in told["runs"]] == [2, 4, 6]
    assert told["measured_on"] == "test"
    assert set(told["twice"]) >= {"loss", "mAP50", "count_error"}

    of = yogo.command("curve", "--of", *(run.path for run in runs))
    assert "Twice the data, 12 images:" in of.stdout


def test_a_part_that_is_missing_is_trained_and_the_others_are_left(yogo: Yogo, definition: Path) -> None:
    yogo.train(definition, "--name", "curve-0.6", "--train-share", "0.6", "--epochs", "5", "--batch-size", "2", *TINY)
    status, _, error = curve(yogo, definition)
    assert status == 0, error
    assert [line for line in error.splitlines() if "finished before" in line] == [
        f"training 2 of 3, on 0.6 of the training images, in {yogo.run('curve-0.6').path}: it has finished before"
    ]


def test_a_run_that_was_trained_otherwise_is_not_taken_for_a_part(yogo: Yogo, definition: Path) -> None:
    yogo.train(definition, "--name", "curve-0.3", "--train-share", "0.3", "--epochs", "9", "--batch-size", "2", *TINY)
    status, _, error = curve(yogo, definition)
    assert status == 1
    assert f"{yogo.run('curve-0.3').path} is there and differs in epochs: give the curve another --name" in error


def test_a_share_is_told_by_the_parts(yogo: Yogo, definition: Path) -> None:
    with pytest.raises(SystemExit):
        yogo.command("curve", definition, "--train-share", "0.5")


def test_a_run_that_has_not_finished_has_no_place_in_a_curve(yogo: Yogo, tmp_path: Path) -> None:
    done = yogo.command("curve", "--of", tmp_path / "nothing")
    assert done.returncode == 1
    assert "is not a run that has finished: it has no run.json" in done.stderr
