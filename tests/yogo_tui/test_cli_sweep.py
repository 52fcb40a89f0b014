"""`yogo-tui sweep`: what it prints, what it asks, and what it submits."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from tests.yogo_tui.lab import PRETEND, in_force, workspace
from yogo.run.launch import Launch
from yogo_tui.cli import main


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "lab"
    workspace(folder)
    in_force(folder, monkeypatch)
    with (folder / "settings.yaml").open("a") as file:
        file.write(f"yogo_command: {sys.executable} {PRETEND}\nlocal_slots: 4\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return folder


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["sweep", *words, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_dry_run_prints_the_trials_and_what_they_cost_and_submits_nothing(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["start", "cells.yml", "--vary", "lr=1e-4,3e-4", "seed=0..1", "--name", "rates", "--set", "hours=2"]
    assert main(["sweep", *words, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["trial", "learning_rate", "seed"],
        ["rates-00", "0.0001", "0"],
        ["rates-01", "0.0001", "1"],
    ]
    assert lines[-1].startswith("4 trials, at most 4 at a time: at most 8 ")
    assert not (lab / "trained_models").exists()


def test_nothing_is_submitted_unless_somebody_says_yes(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "start", "cells.yml", "--vary", "seed=0..1", "--name", "seeds"]) == 2
    said = capsys.readouterr().err
    assert "Submit seeds-00 to seeds-01 (cells.yml, Defaults, 64 epochs; this machine" in said
    assert " h): 2 trials, at most 2 at a time: " in said
    assert said.endswith("There is no terminal to ask on: add --yes.\n")
    assert main(["sweep", "start", "cells.yml", "--vary", "epochs=1,2", "--name", "long"]) == 2
    assert "Submit long-00 to long-01 (cells.yml, Defaults; " in capsys.readouterr().err
    assert not (lab / "trained_models").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vary", "lrr=1,2"], 'There is no field "lrr". Did you mean "lr"?'),
        (["--vary", "lr=1e-5..1e-3"], "learning_rate=1e-5..1e-3 is a range without a step"),
        (["--vary", "epochs=3,0"], "epochs must be greater than 0, not '0'."),
    ],
)
def test_what_cannot_be_varied_is_a_usage_error(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["sweep", "start", "cells.yml", *words, "--yes"]) == 2
    assert sentence in capsys.readouterr().err


def test_a_sweep_is_submitted_shown_listed_and_added_to(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = shown(capsys, "start", "cells.yml", "--vary", "lr=1e-4,3e-4", "seed=0..1", "--name", "rates", "--yes")
    assert (started["array"], started["at_once"]) == ("1", 4)
    deadline = time.monotonic() + 60
    while "finished" not in json.dumps(found := shown(capsys, "show", "rates")) or "running" in json.dumps(found):
        assert time.monotonic() < deadline
    assert found["ranked_by"] == "best loss"
    first = found["places"][0]  # type: ignore[index]
    assert (first["values"], first["best_loss"]) == (
        {"learning_rate": "0.0001"},
        {"mean": 2.5, "sd": 0.0, "num": 2},
    )
    assert main(["sweep"]) == 0
    assert "rates  4 finished  learning_rate, seed  a grid" in capsys.readouterr().out
    added = shown(capsys, "add", "rates", "--vary", "lr=1e-3", "--yes")
    assert [one["name"] for one in added["trials"]] == ["rates-04", "rates-05"]  # type: ignore[attr-defined]
    assert main(["sweep", "show", "rats"]) == 1
    assert 'There is no sweep rats. Did you mean "rates"?' in capsys.readouterr().err


def test_stop_says_that_there_is_nothing_to_stop(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(capsys, "start", "cells.yml", "--vary", "seed=0..1", "--name", "seeds", "--yes")
    deadline = time.monotonic() + 60
    while "waiting" in json.dumps(found := shown(capsys, "show", "seeds")) or "running" in json.dumps(found):
        assert time.monotonic() < deadline
    assert main(["sweep", "stop", "seeds"]) == 0
    assert capsys.readouterr().out == "There is no trial of seeds that waits to cancel.\n"


def test_a_sweep_of_fine_tunes_starts_from_a_run(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["launch", "cells.yml", "--name", "first", "--set", "hours=1", "--wait"]) == 0
    capsys.readouterr()
    words = ["start", "cells.yml", "--parent", "first", "--vary", "lr=1e-4,3e-4", "--name", "tuned"]
    assert [one["name"] for one in shown(capsys, *words, "--yes")["trials"]] == ["tuned-00", "tuned-01"]  # type: ignore[attr-defined]
    launch = Launch.read(lab / "trained_models/tuned-01/launch.json")
    assert launch.parent is not None
    assert launch.parent.run == str(lab / "trained_models/first")
    assert (launch.kind, launch.preset, launch.recipe.learning_rate) == ("finetune", "Fine-tune", 3e-4)
    assert main(["sweep", "start", "others.yml", "--parent", "first", "--vary", "seed=0..1", "--dry-run"]) == 1
    assert "--reset-head" in capsys.readouterr().err
    assert main(["sweep", "start", "others.yml", *words[2:6], "--name", "more", "--reset-head", "--dry-run"]) == 0
    assert main(["sweep", "start", "cells.yml", "--vary", "seed=0..1", "--reset-head"]) == 2
    assert main(["sweep", "start", "cells.yml", "--parent", "first", "--vary", "model=half_filters,base_model"]) == 2
