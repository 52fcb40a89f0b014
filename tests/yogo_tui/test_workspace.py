"""Where runs are written: where one stands, whatever the settings file's own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import FakeSession, shown, until
from yogo_tui.app import Console
from yogo_tui.settings import load


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder whose settings file says nothing of a workspace."""
    home = tmp_path / "home"
    (home / ".config/yogo-tui").mkdir(parents=True)
    (home / ".config/yogo-tui/settings.yaml").write_text("cluster: local\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("YOGO_TUI_SETTINGS", raising=False)
    return home


def stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_settings_file_does_not_move_the_workspace(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    settings = load()
    assert settings.cluster == "local"
    assert settings.workspace_folder == lab
    assert settings.definition_folders == (lab / "dataset_defs",)
    assert settings.notices == ()


@pytest.mark.parametrize("marker", ["trained_models", ".yogo"])
def test_the_nearest_folder_above_that_holds_runs_or_a_marker_is_the_workspace(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    (tmp_path / "lab" / marker).mkdir(parents=True)
    (tmp_path / "trained_models").mkdir()
    stand(tmp_path / "lab/notebooks/monday", monkeypatch)
    assert load().workspace_folder == tmp_path / "lab"
    stand(tmp_path / "lab" / marker, monkeypatch)
    assert load().workspace_folder == tmp_path / "lab"


def test_a_file_is_a_marker_too_and_a_file_named_trained_models_is_none(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    (lab / ".yogo").touch()
    inner = stand(lab / "inner", monkeypatch)
    (inner / "trained_models").touch()
    assert load().workspace_folder == lab


def test_relative_folders_are_below_the_workspace(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    file = home / "other.yaml"
    file.write_text("runs: [old_runs]\ndefinitions: [defs]\npresets: [p]\ntemplates: t\n")
    settings = load(file)
    assert settings.all_runs_folders == (lab / "trained_models", lab / "old_runs")
    assert settings.definition_folders == (lab / "defs",)
    assert settings.preset_folders == (home / "recipes", lab / "p")
    assert settings.templates_folder == lab / "t"


def test_the_workspace_in_the_settings_holds_wherever_one_stands_and_the_option_wins(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(tmp_path / "lab/trained_models", monkeypatch)
    (home / "pinned").mkdir()
    file = home / "settings.yaml"
    file.write_text("workspace: ~/pinned\n")
    assert load(file).workspace_folder == home / "pinned"
    assert load(file, workspace=Path("..")).workspace_folder == tmp_path / "lab"


def test_an_old_file_that_wrote_its_runs_beside_itself_goes_on_with_a_notice(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    old = home / ".config/yogo-tui"
    (old / "trained_models/first").mkdir(parents=True)
    (old / "dataset_defs").mkdir()
    settings = load()
    assert settings.own_runs_folder == lab / "trained_models"
    assert old / "trained_models" in settings.all_runs_folders
    assert settings.definition_folders == (old / "dataset_defs",)
    told = "\n".join(settings.notices)
    assert str(lab) in told
    assert f"workspace: {old}" in told
    assert f"definitions: [{old}/dataset_defs]" in told


def test_an_old_file_with_a_relative_workspace_goes_on_with_a_notice(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(tmp_path / "elsewhere", monkeypatch)
    (tmp_path / "conf/lab/inner").mkdir(parents=True)
    file = tmp_path / "conf/settings.yaml"
    file.write_text("partition: gpu\nworkspace: lab\ndefinitions: [inner]\n")
    settings = load(file)
    assert settings.workspace_folder == tmp_path / "conf/lab"
    assert settings.definition_folders == (tmp_path / "conf/lab/inner",)
    assert f"workspace: {tmp_path}/conf/lab" in settings.notices[0]
    assert f"{file}, line 2" in settings.notices[0]


def test_a_workspace_of_one_dot_is_where_one_stands(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    file = home / "settings.yaml"
    file.write_text("workspace: .\n")
    assert load(file).workspace_folder == lab


def test_commands_say_the_workspace_and_tell_the_notice_on_standard_error(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = stand(tmp_path / "lab", monkeypatch)
    (home / ".config/yogo-tui/trained_models/first").mkdir(parents=True)
    (home / ".config/yogo-tui/trained_models/first/best.pth").touch()
    shown = subprocess.run(
        [sys.executable, "-m", "yogo_tui", "runs"],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "first" in shown.stdout
    assert "! " in shown.stderr
    assert str(lab) in shown.stderr


async def test_the_console_shows_the_notice(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand(tmp_path / "lab", monkeypatch)
    (home / ".config/yogo-tui/trained_models/first").mkdir(parents=True)
    session = FakeSession(folder=tmp_path / "lab")
    session.settings = load()
    async with Console(session).run_test(size=(100, 40), notifications=True) as pilot:
        await until(pilot, lambda: "New runs are written in" in shown(pilot))
