"""`yogo-tui config set`, `edit` and `schema`: what they write, print and refuse, here and on another machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ssh_server import Server
from tests.yogo_tui.test_config import home  # noqa: F401
from yogo_tui.cli import main
from yogo_tui.settings import Settings, SizePreset, load


def config(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        status = main(["config", *words])
    except SystemExit as error:
        status = int(error.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def file(home: Path) -> Path:  # noqa: F811
    found = home / ".config/yogo-tui/settings.yaml"
    found.parent.mkdir(parents=True)
    found.write_text("# of the lab\npartition: gpu  # ours\n")
    return found


def test_a_setting_is_set_shown_and_unset(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = config("set", "partition", "big", capsys=capsys)
    assert (status, out) == (0, f"partition: big  # {file}, line 2\n")
    assert file.read_text() == "# of the lab\npartition: big  # ours\n"
    assert config("show", "partition", capsys=capsys)[1] == f"partition: big  # {file}, line 2\n"
    status, out, _ = config("set", "sbatch", "--", "--exclusive", "--nice=3", capsys=capsys)
    assert load().sbatch == ("--exclusive", "--nice=3")
    told = json.loads(config("set", "partition", "--unset", "--json", capsys=capsys)[1])
    assert (told["setting"], told["value"], told["line"]) == ("partition", "gpu", None)
    assert file.read_text() == "# of the lab\nsbatch: [--exclusive, --nice=3]\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["partitions", "x"], 1, 'There is no setting "partitions". Did you mean "partition"?'),
        (["wandb", "maybe"], 1, "wandb must be one of auto, online, offline or disabled, not 'maybe'."),
        (["workspace", "/nowhere"], 1, "The workspace /nowhere is not a folder."),
        (["keymap.runs.cancel", "w"], 1, "set keymap '{runs.cancel: VALUE, …}'"),
        (["keymap", "{runs.cancel: w}"], 1, "runs.cancel: w is the key of `runs.why`"),
        (["profiles", "{lab: {keymap: {runs.cancel: w}}}"], 1, "runs.cancel: w is the key of `runs.why`"),
        (["partition"], 2, "Give a value or --unset"),
        (["partition", "x", "--unset"], 2, "Give a value or --unset"),
        (["partition", "two", "words"], 1, "put quotes around a value with spaces"),
    ],
)
def test_what_cannot_be_set_is_not_written(
    file: Path, words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text()
    got, _, err = config("set", *words, capsys=capsys)
    assert (got, file.read_text()) == (status, before)
    assert said in err
    assert not re.search("line [0-9]", err)


def editor(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "editor.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(program))


def test_an_edited_file_is_checked_before_it_is_written(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_text()
    editor(tmp_path, 'echo "poll_seconds: soon" >> "$1"', monkeypatch)
    status, _, err = config("edit", capsys=capsys)
    assert (status, file.read_text()) == (1, before)
    assert f"{file}, line 3: poll_seconds must be a number, not 'soon'." in err
    draft = Path(err.split("kept in ")[1].strip().rstrip("."))
    assert draft.read_text() == f"{before}poll_seconds: soon\n"
    editor(tmp_path, 'echo "poll_seconds: 50" >> "$1"', monkeypatch)
    status, out, _ = config("edit", capsys=capsys)
    assert (status, out) == (0, f"wrote {file}\n")
    assert load().poll_seconds == 50
    editor(tmp_path, "true", monkeypatch)
    assert config("edit", capsys=capsys)[1] == "Nothing was changed.\n"
    editor(tmp_path, f'echo "account: a" >> "$1"; echo "account: b" >> {file}', monkeypatch)
    status, _, err = config("edit", capsys=capsys)
    assert status == 1
    assert "was changed by somebody else meanwhile" in err
    assert load().account == "b"


def test_where_there_is_no_file_the_editor_begins_with_every_setting(
    home: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    editor(tmp_path, 'sed -i "s/^#partition: .*/partition: mine/" "$1"', monkeypatch)
    assert config("edit", capsys=capsys)[0] == 0
    assert load().partition == "mine"
    assert "Computing centres" in (home / ".config/yogo-tui/settings.yaml").read_text()


def test_the_schema_knows_every_setting_with_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    schema: dict[str, Any] = json.loads(config("schema", capsys=capsys)[1])
    assert schema["properties"].keys() == Settings.model_fields.keys()
    size = schema["$defs"]["SizePreset"]
    assert size["properties"].keys() == SizePreset.model_fields.keys()
    assert schema["additionalProperties"] is False
    assert "Computing centres ask" in schema["properties"]["poll_seconds"]["description"]
    assert "Time limit in hours" in size["properties"]["hours"]["description"]


@pytest.mark.far
def test_the_settings_of_another_machine_are_changed_there_and_those_that_lead_to_it_here(
    ssh_server: Server, tmp_path: Path
) -> None:
    there, here = tmp_path / "there.yaml", tmp_path / "settings.yaml"
    there.write_text("partition: big  # there\n")
    here.write_text(
        f"host: lab\nhosts:\n- name: lab\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n  settings: {there}\n"
    )

    def asked(*words: str) -> str:
        said = [sys.executable, "-m", "yogo_tui", "config", "--settings", str(here), *words]
        return subprocess.run(said, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert asked("set", "partition", "bigger") == f"partition: bigger  # {there}, line 1 on lab\n"
    assert there.read_text() == "partition: bigger  # there\n"
    assert f"{here}, line 2\n" in asked("set", "hosts.lab.workspace", str(tmp_path))
    assert here.read_text().endswith(f"  workspace: {tmp_path}\n")
    (tmp_path / "editor.sh").write_text('#!/bin/sh\necho "account: cells" >> "$1"\n')
    (tmp_path / "editor.sh").chmod(0o755)
    words = ["env", f"VISUAL={tmp_path}/editor.sh", sys.executable, "-m", "yogo_tui", "config", "edit"]
    subprocess.run([*words, "--settings", str(here)], cwd=tmp_path, check=True, capture_output=True)
    assert there.read_text() == "partition: bigger  # there\naccount: cells\n"


def test_a_key_that_cannot_be_given_is_refused_wherever_the_settings_are_read(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_text()
    editor(tmp_path, 'echo "keymap: {runs.cancel: w}" >> "$1"', monkeypatch)
    status, _, err = config("edit", capsys=capsys)
    assert (status, file.read_text()) == (1, before)
    assert f"{file}, line 3: keymap: runs.cancel: w is the key of `runs.why`" in err
    file.write_text(f"{before}keymap: {{runs.cancel: w}}\n")
    status, _, err = config("show", capsys=capsys)
    assert status == 1
    assert f"{file}, line 3: keymap: runs.cancel: w is the key of `runs.why`" in err
    assert config("set", "keymap", "{runs.cancel: X}", capsys=capsys)[0] == 0
    assert config("show", "keymap", capsys=capsys)[0] == 0
