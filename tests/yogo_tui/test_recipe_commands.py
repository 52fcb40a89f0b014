"""`yogo-tui recipes`: save, copy, rename, import and delete, and what they print."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import make_run
from tests.yogo_tui.lab import in_force, workspace
from yogo.presets import load
from yogo.recipe import Recipe
from yogo_tui.cli import main


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    workspace(tmp_path)
    in_force(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[str, str]:
    """Output and errors of `yogo-tui recipes WORDS`."""
    assert main(["recipes", *words]) == status, capsys.readouterr()
    return capsys.readouterr()


def test_a_recipe_is_copied_changed_renamed_deleted_and_brought_back(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = said(capsys, "copy", "pretrain", "Night shift", "--set", "lr=0.01", "no-flips")
    file = lab / "recipes/night-shift.yaml"
    assert out == f"saved Night shift as {file}; to launch it: --recipe night-shift\n"
    assert load(file).note == "Copied from Pre-train."
    file.write_text(file.read_text() + "# the last line\n")
    said(capsys, "save", "night-shift", "--set", "epochs=5", "--note", "Quick.")
    assert "# the last line" in file.read_text()
    assert load(file).recipe == Recipe(epochs=5, learning_rate=0.01, normalize_images=True, flips=False)
    said(capsys, "rename", "Night Shift", "Day shift")
    file = lab / "recipes/day-shift.yaml"
    assert (load(file).title, load(file).note) == ("Day shift", "Quick.")
    out, _ = said(capsys, "day-shift", "--command")
    assert out == "yogo train DEFINITION --epochs 5 --learning-rate 0.01 --normalize-images --no-flips\n"
    said(capsys, "delete", "day-shift", "--yes")
    assert not file.exists()
    out, _ = said(capsys, "delete", "--undo", "--json")
    assert json.loads(out)["path"] == str(file)
    assert load(file).recipe.epochs == 5


def test_a_line_is_imported_and_what_is_left_is_told(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "sbatch scripts/submit_cmd.sh yogo train cells.yml --recipe finetune -lr 1e-4 --epoch 3"
    _, errors = said(capsys, "import", "Ours", line)
    assert load(lab / "recipes/ours.yaml").recipe.learning_rate == 1e-4
    assert load(lab / "recipes/ours.yaml").recipe.lr_decay_factor == 3
    assert '! not taken over: --epoch 3: yogo train has no such flag. Did you mean "--epochs"' in errors
    assert "! not taken over: The data, cells.yml: " in errors
    monkeypatch.setattr(sys, "stdin", io.StringIO("yogo train cells.yml \\\n  --epochs 3\n"))
    out, _ = said(capsys, "import", "Read", "-", "--json")
    assert json.loads(out)["recipe"]["epochs"] == 3
    assert json.loads(out)["left"] == ["The data, cells.yml: a recipe has none. Choose the definition at the launch."]


def test_the_recipe_of_a_run_is_imported_and_the_runs_of_a_recipe_are_told(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lab / "trained_models/calm-bear"
    folder.mkdir(parents=True)
    launch = make_run("calm-bear").launch
    assert launch is not None
    (folder / "launch.json").write_text(launch.model_dump_json())
    _, errors = said(capsys, "import", "As the bear", "--run", "calm-bear")
    imported = load(lab / "recipes/as-the-bear.yaml")
    assert (imported.recipe, imported.note) == (launch.recipe, "As calm-bear had it.")
    assert errors == f"! not taken over: its data, {launch.definition}: a recipe has none.\n"
    assert "used by 1 run: calm-bear" in said(capsys, "pretrain")[0]
    listed = json.loads(said(capsys, "--json")[0])
    assert {one["name"]: one["runs"] for one in listed if one["runs"]} == {"pretrain": ["calm-bear"]}
    assert json.loads(said(capsys, "show", "pretrain", "--json")[0])["runs"] == ["calm-bear"]


MISTAKES = [
    (("save", "pretrain", "--set", "epochs=3"), 1, "Pre-train is built in and read-only"),
    (("delete", "pretrain", "--yes"), 1, "Pre-train is built in and read-only"),
    (("rename", "pretrain", "Mine"), 1, "Pre-train is built in and read-only"),
    (("copy", "pretrain", "…"), 1, "A title needs a letter or a digit"),
    (("copy", "pretrain", "Mine", "--set", "epoch=3"), 2, 'Did you mean "epochs"?'),
    (("copy", "pretrain", "Mine", "--set", "hours=3"), 2, "hours is no field of a recipe"),
    (("import", "Mine", "yogo test a.pth"), 1, "only yogo train has a recipe"),
    (("import", "Mine"), 2, "LINE is missing"),
    (("import", "Mine", "yogo train", "--run", "x"), 2, "exclude each other"),
    (("import", "Mine", "--run", "nobody"), 1, "There is no run nobody."),
    (("import", "Mine", "yogo train --recipe pretran"), 1, 'Did you mean "pretrain"?'),
    (("delete",), 2, "Name the recipes to delete"),
    (("delete", "--undo"), 1, "No deleted recipe is kept."),
    (("pretran",), 1, 'Did you mean "pretrain"?'),
    (("shwo",), 1, 'There is no recipe "shwo".'),
]


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: " ".join(case[0]))
def test_a_mistake_is_told_in_a_sentence_and_saves_nothing(
    lab: Path, capsys: pytest.CaptureFixture[str], case: tuple[tuple[str, ...], int, str]
) -> None:
    words, status, sentence = case
    out, errors = said(capsys, *words, status=status)
    assert out == ""
    assert sentence in errors
    assert not [*(lab / "recipes").glob("*.yaml")]


def test_a_shell_completes_the_actions(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert "_shtab_yogo_tui_recipes_import" in capsys.readouterr().out
