"""`yogo-tui logs` tells when lines were written, and finds the line of a step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.yogo_tui.lab import in_force
from tests.yogo_tui.test_jump import log_of, trained
from tests.yogo_tui.test_log_times import STARTED, at, timed
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.events import Finished, Losses, Validated
from yogo.run.manifest import Manifest
from yogo.training.progress import Progressed
from yogo_tui.cli import main


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With one run begun in a shell, of 10 steps, a minute apart."""
    in_force(tmp_path, monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    run = RunDirectory(tmp_path / "trained_models/owl")
    run.path.mkdir(parents=True)
    Manifest(name="owl", definition="d", classes=("a",), recipe=Recipe(epochs=1), precision="fp32").write(run.manifest)
    validated = Validated(step=10, epoch=0, losses=Losses(loss=1.0))
    steps = [event for step in range(1, 11) for event in trained(step)]
    found = timed(STARTED, *steps, validated, Finished(step=10, epoch=1))
    for one in found:
        if not isinstance(one, Progressed):
            events.append(run.events, one)
    (run.path / "owl-shell.log").write_text(log_of(*found))
    return tmp_path


def test_the_line_of_a_step_is_found_and_lines_have_their_times(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "owl", "--step", "5", "-n", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [line.split("|")[1].split()[0] for line in told["lines"]] == ["5/10", "6/10"]
    assert told["about"][0] == {"written_at": at(10).isoformat(), "step": 5.0}
    assert main(["logs", "owl", "--times", "-n", "2"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(" 01 Mar 12:21:00 epoch 1: validation loss")
    assert last.startswith(" 01 Mar 12:22:00 finished after")


def test_a_log_that_tells_no_step_and_one_that_is_followed_are_told_so(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "owl", "-f", "--times"]) == 2
    assert "leave out -f" in capsys.readouterr().err
    (lab / "trained_models/owl/events.jsonl").unlink()
    assert main(["logs", "owl", "--step", "5"]) == 1
    assert "No line of the log of owl tells its step." in capsys.readouterr().err
    assert main(["logs", "owl", "--times", "-n", "1"]) == 0
    assert capsys.readouterr().out.startswith(" " * 17 + "finished after")
