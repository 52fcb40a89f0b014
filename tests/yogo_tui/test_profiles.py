"""Profiles: named sets of settings, chosen by name, by the settings or by the name of the machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ssh_server import Server
from tests.yogo_tui.test_config import home  # noqa: F401
from tests.yogo_tui.test_config_set import config
from yogo_tui.errors import SettingsError
from yogo_tui.settings import SettingChange, load
from yogo_tui.settings.changing import changed

TEXT = """\
partition: gpu
account: mine
profiles:
  lab:
    machines: ["login?.lab"]
    partition: lab-gpu  # there
    sizes:
    - {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}
  here:
    machines: [nowhere, "HOSTNAME"]
    account: ours
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "settings.yaml"
    found.write_text(TEXT)
    return found


def test_a_profile_is_chosen_by_name_by_the_settings_or_by_the_machine(file: Path, tmp_path: Path) -> None:
    plain = load(file, workspace=tmp_path)
    assert (plain.profile, plain.partition, plain.account, plain.why_profile) == ("", "gpu", "mine", "")
    lab = load(file, workspace=tmp_path, profile="lab")
    assert (lab.profile, lab.partition, lab.account, len(lab.sizes)) == ("lab", "lab-gpu", "mine", 1)
    assert lab.lines["partition"] == 6
    assert lab.lines["account"] == 2
    file.write_text(TEXT.replace("HOSTNAME", socket.gethostname()))
    here = load(file, workspace=tmp_path)
    assert (here.profile, here.account, here.why_profile) == ("here", "ours", f"this machine is {socket.gethostname()}")
    assert load(file, workspace=tmp_path, profile="").account == "mine"
    file.write_text(f"profile: lab\n{TEXT}")
    assert load(file, workspace=tmp_path).why_profile == f"{file}, line 1"
    assert load(file, workspace=tmp_path, profile="here").account == "ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile: labb\nprofiles: {lab: {}}\n", 'line 1: There is no profile "labb". Did you mean "lab"?'),
        ("profiles:\n  lab:\n    poll_seconds: x\n", "line 3: poll_seconds must be a number"),
        ("profiles:\n  lab:\n    partitions: x\n", 'line 3: There is no setting "partitions". Did you mean'),
        ("profiles:\n  lab:\n    machines: login\n", "line 3: machines must be a list of host names"),
        ("profiles:\n  lab:\n    profile: x\n", "line 3: `profile` cannot be in a profile"),
        ("profiles:\n  lab: 3\n", "line 2: profiles.lab must be a map"),
        ("profiles:\n- lab\n", "line 1: profiles must be a map"),
        ("profiles:\n  lab:\n    sizes:\n    - {gpus: x}\n", "line 4: "),
    ],
)
def test_what_is_wrong_with_a_profile_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, workspace=tmp_path)
    assert said in str(caught.value)


def test_a_profile_that_is_asked_for_must_be_there(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'There is no profile "la". Did you mean "lab"\?'):
        load(file, workspace=tmp_path, profile="la")
    with pytest.raises(SettingsError, match=r"There is no profile lab: the settings file .* does not exist"):
        load(workspace=tmp_path, profile="lab", env={"XDG_CONFIG_HOME": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("profiles.lab.partition", "x", "lab-gpu  #", "x  #"),
        ("profiles.lab.sizes.0.hours", 9, "hours: 2", "hours: 9"),
        ("profiles.here.qos", "long", "account: ours\n", "account: ours\n    qos: long\n"),
        ("profiles.lab.machines", ["a*"], '["login?.lab"]', '["a*"]'),
        ("profiles.other", {"account": "x"}, "account: ours\n", "account: ours\n  other: {account: x}\n"),
    ],
)
def test_a_setting_of_a_profile_is_changed_as_any_other(key: str, value: object, before: str, after: str) -> None:
    text = changed(TEXT, Path("/lab/settings.yaml"), [SettingChange(key, value)])
    assert text == TEXT.replace(before, after)


def test_config_shows_the_profile_in_force_and_where_each_setting_comes_from(
    home: Path,  # noqa: F811
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = config("show", "--settings", str(file), "--profile", "lab", capsys=capsys)
    assert "profile: lab  # --profile\n" in out
    assert f"partition: lab-gpu  # {file}, line 6\n" in out
    assert f"account: mine  # {file}, line 2\n" in out
    _, out, _ = config("set", "--settings", str(file), "profiles.lab.hours", "3", capsys=capsys)
    assert config("set", "--settings", str(file), "profiles.lab.poll_seconds", "60", capsys=capsys)[0] == 0
    assert load(file, workspace=home, profile="lab").poll_seconds == 60


@pytest.mark.far
def test_the_profile_of_another_machine_is_chosen_there(ssh_server: Server, tmp_path: Path, file: Path) -> None:
    here = tmp_path / "here.yaml"
    here.write_text(
        f"hosts:\n- name: far\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n  settings: {file}\n"
    )

    def shown(*words: str) -> str:
        said = [sys.executable, "-m", "yogo_tui", "config", "show", "--json", "--settings", str(here), *words]
        done = subprocess.run(said, cwd=tmp_path, check=True, capture_output=True, text=True)
        partition: str = json.loads(done.stdout)["settings"]["partition"]
        return partition

    assert shown("--host", "far") == "gpu"
    assert shown("--host", "far", "--profile", "lab") == "lab-gpu"
    here.write_text(f"{here.read_text()}  profile: lab\n")
    assert shown("--host", "far") == "lab-gpu"
