"""`yogo compare`: saved tests of two models, or of two recipes with a few seeds each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.made_evaluation import CLASSES, made_results
from yogo.cli import main
from yogo.metrics.bootstrap import Draws, paired
from yogo.metrics.resampling import results_by_image
from yogo.metrics.saved_tests import compare_tests
from yogo.students_t import students_t


def saved(folder: Path, name: str, missed: float, seed: int = 0, num: int = 60) -> Path:
    """A checkpoint whose test was kept; all have the labels of the first seed."""
    path = folder / f"{name}.pth"
    path.write_bytes(b"")
    record = made_results(num, missed=missed, seed=seed)
    same = made_results(num).labels
    record.model_copy(update={"labels": same}).write(folder / f"{name}-test-cells.images.json.gz")
    return path


def test_two_models_are_told_apart_as_by_the_paired_bootstrap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = saved(tmp_path, "good", 0.05), saved(tmp_path, "bad", 0.4)
    assert main(["compare", str(good), "--against", str(bad)]) == 0
    said = capsys.readouterr().out
    assert "on 60 test images" in said
    assert "mAP50" in said
    assert "better by ." in said
    assert "another seed may change more" in said
    assert main(["compare", str(good), "--against", str(bad), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    one, other = (results_by_image(made_results(60, missed=missed), CLASSES, "made") for missed in (0.05, 0.4))
    theirs = paired(one, other, Draws.of_images(60))
    for figure, one_of_theirs in zip(told["figures"], theirs, strict=True):
        assert figure["name"] == one_of_theirs.key
        assert figure["interval"] == pytest.approx([one_of_theirs.low, one_of_theirs.high])


def test_no_difference_is_said_aloud_with_the_images_that_would_show_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = saved(tmp_path, "one", 0.2), saved(tmp_path, "other", 0.21)
    assert main(["compare", str(one), "--against", str(other)]) == 0
    said = capsys.readouterr().out
    assert "no difference seen (" in said
    assert "images would show" in said


def test_a_few_seeds_widen_the_interval_and_say_how_many_would_show_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ones = [saved(tmp_path, f"one-{seed}", 0.2 + 0.05 * seed) for seed in range(3)]
    others = [saved(tmp_path, f"other-{seed}", 0.22 + 0.05 * seed) for seed in range(3)]
    found = compare_tests(ones, others)
    assert (found.num_models, found.num_images, found.is_over_seeds) == ((3, 3), 60, True)
    alone = compare_tests(ones[:1], others[:1])
    for many, single in zip(found.figures, alone.figures, strict=True):
        assert many.high - many.low > single.high - single.low
    assert main(["compare", *map(str, ones), "--against", *map(str, others)]) == 0
    said = capsys.readouterr().out
    assert "means of 3 and 3 models" in said
    assert "seeds each would show" in said


def test_without_a_kept_test_it_says_how_to_keep_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known, bare = saved(tmp_path, "known", 0.2), tmp_path / "bare.pth"
    bare.write_bytes(b"")
    assert main(["compare", str(known), "--against", str(bare)]) == 1
    assert "--dump-to-disk keeps one" in capsys.readouterr().err
    assert main(["compare", str(known), "--against", str(tmp_path / "none")]) == 1
    assert "must be a run directory, a checkpoint or the .images.json.gz of a test" in capsys.readouterr().err


def test_few_images_in_common_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved(tmp_path, "one", 0.2, num=15), saved(tmp_path, "other", 0.2, num=15)
    assert main(["compare", str(one), "--against", str(other)]) == 1
    assert "15 images in common with the same labels: 20 are needed" in capsys.readouterr().err


def test_students_t_is_that_of_the_tables() -> None:
    assert [round(students_t(freedom), 3) for freedom in (1, 2, 4, 30)] == [12.706, 4.303, 2.776, 2.042]
