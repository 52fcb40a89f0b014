"""When a run would finish: by a run of the same data, recipe and hardware, and by no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.yogo_tui.test_cli import FIRST, lab
from yogo.run.launch import Launch
from yogo.run.result import Result
from yogo_tui.cli import main

__all__ = ["lab"]  # a fixture

PRETRAIN = ("cells.yml", "--recipe", "pretrain", "--set", "model=half_filters")


def trained(lab: Path) -> None:
    """A run whose epochs took 30 s."""
    assert main([*FIRST, "--wait"]) == 0
    file = lab / "trained_models/first/result.json"
    file.write_text(Result.read(file).model_copy(update={"epoch_seconds": 30.0}).model_dump_json())


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, object]]:
    """What `when` says of each size."""
    capsys.readouterr()
    assert main(["when", *words, "--json"]) == 0
    return {one["size"]: one for one in json.loads(capsys.readouterr().out)}


def test_a_run_would_take_what_one_like_it_took(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, *PRETRAIN, "epochs=4")["1"]["like"] is None
    trained(lab)
    four = told(capsys, *PRETRAIN, "epochs=4", "learning_rate=0.01")
    eight = told(capsys, *PRETRAIN, "epochs=8", "early_stopping=3")
    assert four["1"]["like"] == "first"
    assert (four["1"]["seconds"], eight["1"]["seconds"]) == (120, 240)
    assert (four["1"]["may_stop_early"], eight["1"]["may_stop_early"]) == (False, True)
    assert four["2"]["like"] is None


@pytest.mark.parametrize("other", ["batch_size=1", "image_hw=16x16", "model=quarter_filters", "precision=fp32"])
def test_a_run_of_another_speed_tells_nothing(lab: Path, capsys: pytest.CaptureFixture[str], other: str) -> None:
    trained(lab)
    assert told(capsys, *PRETRAIN, other)["1"]["like"] is None


def test_a_run_of_other_data_hardware_or_cluster_tells_nothing(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(lab)
    file = lab / "trained_models/first/launch.json"
    launch = Launch.read(file)
    assert told(capsys, *PRETRAIN)["1"]["like"] == "first"
    assert told(capsys, "others.yml", *PRETRAIN[1:])["1"]["like"] is None
    elsewhere = launch.submissions[-1].model_copy(update={"cluster": "slurm"})
    bigger = launch.size.model_copy(update={"cpus": launch.size.cpus + 1})
    for changes in ({"submissions": (elsewhere,)}, {"size": bigger}):
        file.write_text(launch.model_copy(update=changes).model_dump_json())
        assert told(capsys, *PRETRAIN)["1"]["like"] is None


def test_a_person_is_told_in_a_sentence(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["when", *PRETRAIN]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(", 1 h: ")[2] for line in lines] == [
        "It would start by now. No run like it tells yet how long it takes."
    ] * 2
    trained(lab)
    capsys.readouterr()
    assert main(["when", *PRETRAIN, "--size", "1"]) == 0
    assert " by the epochs of first." in capsys.readouterr().out
