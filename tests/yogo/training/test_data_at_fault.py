"""What `yogo train`, `yogo test` and `yogo anchors` say of data that are wrong: everything, at once, as check does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.yogo.training.tiny import TINY, Yogo, write_dataset
from yogo.run.result import Result


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Two images and two labels at fault, each in another way."""
    definition = write_dataset(tmp_path / "data")
    images, labels = tmp_path / "data/images", tmp_path / "data/labels"
    (images / "picture_01.png").write_bytes(b"")
    torn = images / "picture_04.png"
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    (labels / "picture_02.txt").write_text("9 .5 .5 .1 .1\n")
    (labels / "picture_03.txt").write_text("0 1.4 .5 .1 .1\n")
    return definition


ALL = ("picture_01.png", "picture_04.png", "picture_02.txt, line 1", "picture_03.txt, line 1")


@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_training_begins_with_all_that_is_wrong_or_not_at_all(yogo: Yogo, broken: Path, cache: str) -> None:
    done = yogo.train(broken, *TINY, "--name", "wrong", "--epochs", "1", "-bs", "4", cache)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "4 things are wrong" in done.stderr
    assert all(name in done.stderr for name in ALL)
    assert not yogo.run("wrong").path.exists()
    checked = yogo.command("check", broken)
    assert checked.returncode == 1
    assert all(name in checked.stdout for name in ALL)


def test_a_launched_run_keeps_all_of_it_in_its_receipt(yogo: Yogo, broken: Path) -> None:
    yogo.run("launched").path.mkdir(parents=True)
    assert yogo.train(broken, *TINY, "--name", "launched", "--epochs", "1").returncode == 1

    reason = Result.read(yogo.run("launched").result).reason
    assert all(name in reason for name in ALL)


def test_what_was_noticed_before_the_fault_is_told_too(yogo: Yogo, broken: Path, tmp_path: Path) -> None:
    whole = write_dataset(tmp_path / "whole")
    assert yogo.train(whole, *TINY, "--name", "parent", "--epochs", "1").returncode == 0
    weights = yogo.run("parent").best

    done = yogo.train(broken, "--from-pretrained", weights, "--model", "half_filters", "--name", "wrong")

    assert done.returncode == 1
    assert f"note: --model half_filters is ignored: {weights} passes on" in done.stdout
    assert "4 things are wrong" in done.stderr


def test_labels_are_refused_before_anything_is_hashed_or_decoded(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for name in ("picture_02", "picture_03", "picture_07"):
        (tmp_path / f"data/labels/{name}.txt").write_text("0;0,5;0,5;0,1;0,1\n")

    done = yogo.train(definition, *TINY, "--name", "early", "--epochs", "1")

    assert done.returncode == 1
    assert done.stderr.count("semicolons and have decimal commas") == 3
    assert not (tmp_path / "cache/yogo/digests").exists()


def test_more_than_a_sentence_holds_is_counted_and_check_is_named(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=30)
    for picture in (tmp_path / "data/images").iterdir():
        picture.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")

    done = yogo.train(definition, *TINY, "--name", "lfs", "--epochs", "1")

    assert done.returncode == 1
    assert "30 things are wrong" in done.stderr
    assert f"and 20 more. `yogo check {definition}` lists all" in done.stderr


def test_training_says_what_it_trains_on_and_what_is_left_out_or_odd(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for name in ("alone_1", "alone_2"):
        Image.new("L", (64, 64)).save(tmp_path / f"data/images/{name}.png")
    labels = tmp_path / "data/labels"
    (labels / "picture_05.txt").write_text("")
    with (labels / "picture_06.txt").open("a") as file:
        file.write("0 .3 .3 .2 .2\n0 .3 .3 .2 .2\n1 .02 .5 .2 .2\n")

    done = yogo.train(definition, *TINY, "--name", "odd", "--epochs", "1", "-bs", "4")

    assert done.returncode == 0, done.stderr
    assert "12 images in 1 folder: 6 to train on, 3 to validate on, 3 to test on" in done.stdout
    assert "2 images without a label file are left out" in done.stdout
    assert "1 image with nothing on it" in done.stdout
    assert "1 box is in its label file twice" in done.stdout
    assert "1 box reaches out of its image by more than a pixel" in done.stdout


def test_a_run_that_goes_on_names_every_file_that_is_gone_or_wrong(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    assert yogo.train(definition, *TINY, "--name", "on", "--epochs", "1", "-bs", "4").returncode == 0
    run = yogo.run("on")
    os.unlink(run.result)
    for name in ("picture_01", "picture_08"):
        (tmp_path / f"data/labels/{name}.txt").write_text("0 .5 .5\n")
    wrong = yogo.train("--resume", run.path)
    assert wrong.returncode == 1
    assert wrong.stderr.count("This row has 3 values") == 2

    for name in ("picture_01", "picture_08"):
        (tmp_path / f"data/images/{name}.png").unlink()
    gone = yogo.train("--resume", run.path)
    assert gone.returncode == 1
    assert gone.stderr.count("This file was removed since the run began") == 2


def test_anchors_are_not_proposed_from_a_part_of_the_labels(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", fractions="{train: 1.0}")
    for name in ("picture_02", "picture_11"):
        (tmp_path / f"data/labels/{name}.txt").write_text("0 1.4 .5 .1 .1\n")

    done = yogo.command("anchors", definition)

    assert done.returncode == 1
    assert done.stderr.count("outside the image by more than a pixel") == 2


def test_a_test_says_everything_too(yogo: Yogo, broken: Path, tmp_path: Path) -> None:
    whole = write_dataset(tmp_path / "whole")
    assert yogo.train(whole, *TINY, "--name", "good", "--epochs", "1", "-bs", "4").returncode == 0

    broken.write_text(broken.read_text().replace("{train: 0.5, val: 0.25, test: 0.25}", "{test: 1.0}"))
    done = yogo.command("test", yogo.run("good").best, broken)

    assert done.returncode == 1
    assert all(name in done.stderr for name in ALL)
