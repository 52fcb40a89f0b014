"""A job script that is edited for one launch is submitted as it is, and what is made from the run later says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.yogo_tui.test_cli import FIRST, lab
from yogo.run.launch import Launch
from yogo_tui.cli import main

__all__ = ["lab"]  # a fixture


@pytest.fixture
def script(lab: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What `render` prints of the run."""
    assert main(["render", *FIRST[1:]]) == 0
    path = lab / "edited.sbatch"
    path.write_text(capsys.readouterr().out.replace("\nset -u\n", "\necho mine alone\nset -u\n"))
    return path


def test_an_edited_script_is_the_one_that_runs(lab: Path, script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIRST, "--script", str(script), "--wait"]) == 0
    launch = Launch.read(lab / "trained_models/first/launch.json")
    submitted = (lab / "trained_models/first/job.sbatch").read_text()
    assert submitted == script.read_text().replace("shown-at-launch", launch.token)
    (log,) = (lab / "trained_models/first").glob("first-*.log")
    assert "mine alone" in log.read_text().splitlines()
    capsys.readouterr()
    assert main(["again", "first", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert "mine alone" not in out
    assert "had been edited for its launch" in err


def test_a_dry_run_prints_the_edited_script_and_launches_nothing(
    lab: Path, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FIRST, "--script", str(script), "--dry-run"]) == 0
    assert "mine alone" in capsys.readouterr().out
    assert not (lab / "trained_models/first").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("first", "other"), "is not one of the run first"),
        (("shown-at-launch", "t0ken"), "is not one of the run first"),
        (("\nset -u\n", "\nset -u; if true\n"), "bash cannot read the edited script"),
        (("\nset -u\n", "\n#SBATCH --gpus=8\nset -u\n"), "The edited script has `#SBATCH --gpus=8` on line"),
    ],
)
def test_an_edited_script_that_would_not_become_the_run_is_refused(
    lab: Path, script: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], said: str
) -> None:
    script.write_text(script.read_text().replace(*change))
    for how in ([], ["--dry-run"]):
        assert main([*FIRST, "--script", str(script), *how]) == 1
        assert said in capsys.readouterr().err
    assert not (lab / "trained_models/first").exists()


def test_a_script_that_is_not_there_or_has_no_name_is_told(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIRST, "--script", "nowhere.sbatch"]) == 2
    assert "--script nowhere.sbatch: there is no file " in capsys.readouterr().err
    assert main(["launch", "cells.yml", "--script", "nowhere.sbatch"]) == 2
    assert "--script needs --name" in capsys.readouterr().err


def test_the_difference_from_the_shipped_template_is_printed(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "cells.yml", "--difference"]) == 0
    assert capsys.readouterr().out == "The script is what the shipped template makes.\n"
    (lab / "templates").mkdir()
    (lab / "templates/_setup.sbatch").write_text("module load mine\n")
    (lab / "settings.yaml").write_text((lab / "settings.yaml").read_text() + "setup: [module load site]\n")
    assert main(["render", "cells.yml", "--difference", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["difference"].splitlines()
    assert "+module load mine" in lines
    assert "-module load site" in lines
