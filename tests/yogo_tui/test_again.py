"""Launching a run once more, under another name: on this machine's own cluster, with a trainer that pretends."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, shown, until
from tests.yogo_tui.lab import workspace
from tests.yogo_tui.test_screens_runs import console
from yogo.checkpoint import save_checkpoint
from yogo.model import YOGO, get_model_func
from yogo.run.launch import Launch
from yogo_tui.cli import main
from yogo_tui.runs.model import Run, RunState

_SIZES = "[{gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch}, {gpus: 2, cpus: 1, hours: 2, template: 2gpu.sbatch}]"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A workspace with one run, `first`, which has finished."""
    settings, folder = workspace(tmp_path / "lab"), tmp_path / "lab"
    (folder / "settings.yaml").write_text(
        f"workspace: {folder}\ncluster: local\nlocal_slots: 2\nyogo_command: {settings.yogo_command}\nsizes: {_SIZES}\n"
    )
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(folder / "settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PRETEND_END", "finished")
    changes = ["--set", "epochs=2", "lr=0.002"]
    assert main(["launch", "cells.yml", "--recipe", "pretrain", *changes, "--name", "first", "--wait"]) == 0
    capsys.readouterr()
    return folder


def save(path: Path, epoch: int) -> None:
    model = YOGO((32, 32), 0.2, 0.2, 2, model_func=get_model_func("quarter_filters"))
    save_checkpoint(path, model, epoch=epoch, step=1, classes=["a", "b"], run_name="old")


def launched(lab: Path, name: str) -> Launch:
    file = lab / "trained_models" / name / "launch.json"
    return Launch.parse(file.read_bytes(), file.name)


def test_a_run_is_launched_again_as_it_was(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["again", "first", "--name", "second", "--wait"]) == 0
    first, second = launched(lab, "first"), launched(lab, "second")
    kept = ("kind", "definition", "definition_sha256", "recipe", "preset", "size", "parent")
    assert [getattr(second, field) for field in kept] == [getattr(first, field) for field in kept]
    assert second.recipe.learning_rate == 0.002
    assert "not" not in capsys.readouterr().err


def test_what_differs_is_printed(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = lab / "dataset_defs/cells.yml"
    definition.write_text(definition.read_text().replace("[a, b]", "[a, b, c]"))
    words = ["again", "first", "--name", "second", "--set", "lr=0.001", "--hours", "3", "--wait"]
    assert main(words) == 0
    out, said = capsys.readouterr()
    assert re.search(r"submitting second \(cells\.yml, Pre-train \+ 2 changes, 2 epochs; .*CPU.*, 3 h\)\n", out)
    assert (
        "For this launch alone: epochs 2, and not 16; learning_rate 0.001, and not 0.0005; hours 3, and not 1." in out
    )
    assert "! cells.yml has changed since first was launched.\n" in said
    assert "! learning_rate 0.001, and not 0.002\n! hours 3, and not 1\n" in said
    second = launched(lab, "second")
    assert (second.recipe.learning_rate, second.recipe.epochs, second.size.hours) == (0.001, 2, 3)


def test_a_fine_tune_starts_from_the_same_weights_again(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = lab / "old.pth"
    save(weights, epoch=1)
    assert main(["chain", str(weights), "cells.yml", "--name", "fine", "--wait"]) == 0
    capsys.readouterr()
    assert main(["again", "fine", "--name", "finer", "--wait"]) == 0
    assert "has changed" not in capsys.readouterr().err
    assert launched(lab, "finer").parent == launched(lab, "fine").parent
    save(weights, epoch=2)
    assert main(["again", "fine", "--dry-run"]) == 0
    assert f"! {weights} has changed since fine started from it.\n" in capsys.readouterr().err


def test_a_size_that_is_gone_from_the_settings_is_replaced_and_that_is_said(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = lab / "settings.yaml"
    settings.write_text(settings.read_text().replace("{gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch}, ", ""))
    assert main(["again", "first", "--dry-run"]) == 0
    assert "! The settings have no size like that of first any more: this is 2.\n" in capsys.readouterr().err


def test_a_run_keeps_the_template_it_was_launched_with(lab: Path) -> None:
    """Two sizes that ask for the same differ by their template alone."""
    settings, templates = lab / "settings.yaml", lab / "templates"
    templates.mkdir()
    (templates / "own.sbatch").write_text('{% include "1gpu.sbatch" %}\n# my own\n')
    own = "{name: own, gpus: 1, cpus: 1, hours: 1, template: own.sbatch}"
    settings.write_text(settings.read_text().replace("sizes: [", f"templates: {templates}\nsizes: [") + f"- {own}\n")
    settings.write_text(settings.read_text().replace(f"]\n- {own}", f", {own}]"))
    assert main(["launch", "cells.yml", "--recipe", "pretrain", "--size", "own", "--name", "second", "--wait"]) == 0
    assert main(["again", "second", "--name", "third", "--wait"]) == 0
    assert main(["again", "second", "--name", "fourth", "--hours", "2", "--wait"]) == 0
    for name in ("second", "third", "fourth"):
        assert "# my own" in (lab / "trained_models" / name / "job.sbatch").read_text()


def test_a_job_cannot_be_launched_again(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "trained_models" / "bare").mkdir()
    (lab / "trained_models" / "bare" / "best.pth").touch()
    assert main(["again", "bare"]) == 1
    assert "What bare was launched with is not known" in capsys.readouterr().err


async def test_a_key_fills_launch_with_what_the_run_had(tmp_path: Path) -> None:
    definition = tmp_path / "cells.yml"
    run = with_definition(make_run("calm-owl-1", RunState.FINISHED), definition)
    async with console(FakeSession(run)) as pilot:
        await until(pilot, lambda: "calm-owl-1" in shown(pilot))
        await pilot.press("A")
        await until(pilot, lambda: "as calm-owl-1 was launched" in shown(pilot))
        await until(pilot, lambda: "pretrain" in shown(pilot) and "3 differences" in shown(pilot))
        assert "There is no dataset" in shown(pilot)


def with_definition(run: Run, definition: Path) -> Run:
    assert run.launch
    return replace(run, launch=run.launch.model_copy(update={"definition": str(definition)}))
