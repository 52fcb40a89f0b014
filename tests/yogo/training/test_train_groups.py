"""`yogo train` on images of groups: which are never parted, also from what a parent has learnt."""

from __future__ import annotations

from pathlib import Path

from tests.yogo.training.tiny import TINY, Yogo, write_dataset
from yogo.definition.record import DataRecord
from yogo.run.manifest import Manifest

PATTERN = "group_pattern: 'picture_..'\n"
ONE = (*TINY, "--epochs", "1", "-bs", "2")


def grouped(folder: Path, more: str = PATTERN) -> Path:
    path = write_dataset(folder)
    path.write_text(path.read_text() + more)
    return path


def test_the_start_says_how_groups_were_spread_and_the_run_keeps_them(tmp_path: Path, yogo: Yogo) -> None:
    definition = grouped(tmp_path / "data", "group_pattern: 'picture_.'\nfolders: {}\n")

    done = yogo.train(definition, *ONE, "--name", "one")

    assert done.returncode == 0, done.stderr
    assert "2 groups, none in two splits: train 1 · val 1" in done.stdout + done.stderr
    assert "test stays empty: 2 groups cannot fill 3 splits" in done.stdout + done.stderr
    run = yogo.run("one")
    assert {one.group for one in DataRecord.read(run.data).files} == {"picture_0", "picture_1"}
    assert Manifest.read(run.manifest).num_groups == {"train": 1, "val": 1, "test": 0}


def test_a_group_that_the_parent_learnt_is_not_validated_or_tested_on_unless_that_is_allowed(
    tmp_path: Path, yogo: Yogo
) -> None:
    definition = grouped(tmp_path / "data")
    assert yogo.train(definition, *ONE, "--name", "parent").returncode == 0
    again = ("--from-pretrained", yogo.run("parent").best, *ONE)

    same = yogo.train(definition, *again, "--name", "same")
    other = yogo.train(definition, *again, "--name", "other", "--dataset-split-override", "0.1", "0.1", "0.8")

    assert same.returncode == 0, same.stderr
    assert other.returncode == 1
    assert "parent, from which this starts, was trained on images of" in other.stderr
    assert "shared_groups: [" in other.stderr
    assert not yogo.run("other").path.exists()

    names = ", ".join(f"picture_{number:02}" for number in range(12))
    definition.write_text(definition.read_text() + f"shared_groups: [{names}]\n")
    allowed = yogo.train(definition, *again, "--name", "more", "--dataset-split-override", "0.1", "0.1", "0.8")

    assert allowed.returncode == 0, allowed.stderr
    assert (
        "validated or tested on that parent was trained on, as shared_groups allows" in allowed.stdout + allowed.stderr
    )
