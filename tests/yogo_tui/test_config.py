"""`yogo-tui config`: a settings file to begin with, what is in force, and the page about it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ssh_server import Server
from yogo_tui.cli import main
from yogo_tui.settings import Settings, SizePreset, load
from yogo_tui.settings.document import commented, page
from yogo_tui.settings.parsing import parse


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "YOGO_TUI_SETTINGS", "WANDB_API_KEY", "WANDB_MODE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path / "lab")
    return tmp_path


def test_init_writes_every_setting_with_its_help_and_changes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "init"]) == 0
    file = home / ".config/yogo-tui/settings.yaml"
    assert str(file) in capsys.readouterr().out
    text = file.read_text()
    for name in Settings.model_fields:
        assert re.search(rf"^#{name}:", text, re.MULTILINE), name
    for name in SizePreset.model_fields:
        assert f"{name}: " in text
    assert "Computing centres ask for at least 30" in text
    assert load().model_dump() == Settings().model_dump()
    assert load().notices == ()


def test_init_never_overwrites(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "mine.yaml"
    file.write_text("partition: mine\n")
    assert main(["config", "init", "--settings", str(file)]) == 1
    assert "already exists" in capsys.readouterr().err
    assert file.read_text() == "partition: mine\n"
    (home / "link.yaml").symlink_to("nowhere.yaml")
    assert main(["config", "init", "--settings", str(home / "link.yaml")]) == 1
    assert not (home / "nowhere.yaml").exists()


def test_each_line_of_the_file_can_be_uncommented(home: Path) -> None:
    text = re.sub(r"^#(?=\S)", "", commented(), flags=re.MULTILINE)
    settings = parse(text, home / "settings.yaml")
    for name, field in Settings.model_fields.items():
        if not field.examples:
            assert getattr(settings, name) == getattr(Settings(), name), name
    assert settings.model_fields_set == set(Settings.model_fields)


def test_the_path_is_told_whether_the_file_is_there_or_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{home}/.config/yogo-tui/settings.yaml\n"
    assert main(["config", "path", "--settings", "one.yaml"]) == 0
    assert capsys.readouterr().out == f"{home}/lab/one.yaml\n"


def test_show_tells_what_is_in_force_and_who_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "mine.yaml"
    file.write_text("partition: big\n")
    words = ["--settings", str(file)]
    assert main(["config", "show", *words]) == 0
    out = capsys.readouterr().out
    assert f"workspace: {home}/lab  # the current folder" in out
    assert f"partition: big  # {file}, line 1" in out
    assert re.search(r"^poll_seconds: 30\.0 *# default$", out, re.MULTILINE)
    assert re.search(r"^wandb: auto *# default; disabled: nobody is logged in here", out, re.MULTILINE)
    assert parse(out, file).partition == "big"
    assert main(["config", *words, "--workspace", str(home)]) == 0
    assert f"workspace: {home}  # --workspace" in capsys.readouterr().out
    assert main(["config", *words, "--cluster", "local"]) == 0
    assert "cluster: local  # --cluster" in capsys.readouterr().out
    assert main(["config", "show", "--json", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(file)
    assert told["settings"]["partition"] == "big"
    assert told["workspace"] == f"{home}/lab"


def test_the_page_about_settings_is_up_to_date() -> None:
    kept = (Path(__file__).parent.parent.parent / "docs/settings.md").read_text()
    assert kept == page(), "run: python -m yogo_tui.settings.document > docs/settings.md"


def test_a_login_turns_wandb_on_unless_the_settings_say_otherwise(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Settings().wandb_mode[0] == "disabled"
    (home / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    assert Settings().wandb_mode == ("online", f"a login was found in {home}/.netrc")
    assert Settings(wandb="offline").wandb_mode[0] == "offline"
    assert main(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert "online: a login was found" in out
    assert "secret" not in out


def test_the_mode_of_wandb_is_told_with_team_and_project(home: Path) -> None:
    told = Settings(wandb="online", wandb_entity="lab", wandb_project="cells").wandb_words
    assert told == "W&B is on (team or user lab, project cells): the settings say so."
    assert Settings(wandb="offline", wandb_project="cells").wandb_words.startswith("W&B is offline (project cells). ")
    assert Settings(wandb="disabled", wandb_project="cells").wandb_words == "W&B is off: the settings say so."


def test_the_project_and_the_team_of_wandb_stand_in_the_script(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition = home / "lab/cells.yml"
    definition.write_text("class_names: [a]\ndataset_paths:\n  x: {image_path: i, label_path: l}\n")
    file = home / "mine.yaml"
    file.write_text("cluster: local\nwandb: offline\nwandb_project: cells and more\nwandb_entity: lab\n")
    assert main(["render", str(definition), "--settings", str(file)]) == 0
    script = capsys.readouterr().out
    assert "export WANDB_MODE=offline\n" in script
    assert "export WANDB_PROJECT='cells and more'\n" in script
    assert "export WANDB_ENTITY=lab\n" in script


def test_of_another_machine_it_says_whether_hosts_or_the_home_folder_there_is_the_workspace(
    ssh_server: Server, tmp_path: Path
) -> None:
    there = tmp_path / "there.yaml"
    there.write_text("partition: big\nruns: [old]\nsizes: [{gpus: 0, cpus: 2, hours: 0.5, template: 1gpu.sbatch}]\n")
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        f"hosts:\n- name: lab\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n  settings: {tmp_path}/there.yaml\n"
    )
    words = [sys.executable, "-m", "yogo_tui", "config", "--json", "--host", "lab", "--settings", str(settings)]
    shown = json.loads(subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
    assert shown["settings"]["partition"] == "big"
    assert (shown["workspace"], shown["from"]["workspace"]) == (str(Path.home()), "the home folder there")
    settings.write_text(f"{settings.read_text()}  workspace: {tmp_path}\n")
    shown = json.loads(subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
    assert (shown["workspace"], shown["from"]["workspace"]) == (str(tmp_path), "`workspace` of lab in `hosts`")
    words = [*words[:5], "--settings", str(there), "--workspace", str(tmp_path)]
    near = json.loads(subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
    del shown["from"]["workspace"], near["from"]["workspace"]
    assert shown == near, "all else is as there"
