"""What a launch is refused for before the first job is submitted, and what --force overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo_tui.test_again import save
from tests.yogo_tui.test_cli import FIRST, SECOND, lab  # noqa: F401
from yogo_tui.cli import main


def runs_in(lab: Path) -> list[str]:  # noqa: F811
    folder = lab / "trained_models"
    return sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.exists() else []


def test_a_broken_definition_is_submitted_by_force_alone_which_says_what_it_overrides(
    lab: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["launch", "gone.yml", "--name", "broken", "--recipe", "pretrain"]
    for more in ([], ["--dry-run"]):
        assert main([*words, *more]) == 1
        assert "nowhere" in capsys.readouterr().err
    assert runs_in(lab) == []
    assert main([*words, "--force", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("! --force overrides an error of the definition of broken: ")
    assert "nowhere" in said.err
    assert "gone.yml" in said.out
    assert main([*words, "--force"]) == 0
    assert "! --force overrides an error of the definition of broken: " in capsys.readouterr().err
    assert runs_in(lab) == ["broken"]


def test_force_says_nothing_of_a_definition_that_is_well(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert main([*FIRST, "--force", "--dry-run"]) == 0
    assert "overrides" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["first", "taken", "no name"])
def test_nothing_of_a_chain_is_submitted_where_its_fine_tune_would_be_refused(
    lab: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    (lab / "trained_models/taken").mkdir(parents=True)
    (lab / "trained_models/taken/mine.txt").touch()
    second = ["--then-finetune", "cells.yml", "--then-name", name]
    for more in ([], ["--dry-run"]):
        assert main([*FIRST, *second, *more]) == 1
        assert name in capsys.readouterr().err
    assert runs_in(lab) == ["taken"]


def test_what_the_weights_decide_is_not_changed_without_a_word(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    save(lab / "old.pth", epoch=1)
    words = ["chain", str(lab / "old.pth"), "cells.yml", "--dry-run", "--set"]
    assert main([*words, "model=half_filters"]) == 1
    said = capsys.readouterr().err
    assert "model cannot be changed for a fine-tune: the weights decide it, and theirs is quarter_filters." in said
    assert main([*words, "model=quarter_filters", "epochs=2"]) == 0
    for model in ("quarter_filters", "base_model"):  # another one, and the fine-tune recipe's own
        assert main([*FIRST, *SECOND, f"model={model}", "--dry-run"]) == 1
        assert "theirs is half_filters" in capsys.readouterr().err


def test_the_job_is_changed_for_one_launch_alone_as_the_recipe_is(
    lab: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*FIRST, *SECOND, "hours=3", "--dry-run"]) == 0
    said = capsys.readouterr()
    first, second = said.out.split("--job-name=second")
    assert "#SBATCH --time=01:00:00" in first
    assert "#SBATCH --time=03:00:00" in second
    assert "! For second alone: epochs 3, and not 256; hours 3, and not 1.\n" in said.err
