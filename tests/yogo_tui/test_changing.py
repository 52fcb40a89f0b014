"""Single settings are changed in their file: comments and order stay, and what cannot be used is not written."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.settings import ChangeSettings, ReplaceSettings, SettingsFile
from yogo_tui.settings import SettingChange, load
from yogo_tui.settings.changing import changed, typed
from yogo_tui.settings.parsing import parse

FILE = Path("/lab/settings.yaml")
TEXT = """\
# ours
partition: gpu  # the usual one
sizes:
- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}
- {gpus: 4, cpus: 8, hours: 2, template: 4gpu.sbatch, name: large}
hosts:
- name: lab
  login: me@lab  # by key
"""


def of_settings(folder: Path) -> list[Question[Any]]:
    """One of each kind; what they change does not change when it is asked for again."""
    file = folder.parent / "own/settings.yaml"
    changes = (
        SettingChange("columns", ["name", "best loss"]),
        SettingChange("hosts.lab.login", "me@login"),
        SettingChange("sizes.2nodes.hours", 3.5),
        SettingChange("account", is_unset=True),
    )
    other = folder.parent / "own/other.yaml"
    return [ChangeSettings(file, changes), SettingsFile(file), ReplaceSettings(other, None, "account: a\n")]


def one(key: str, *words: str) -> str:
    return changed(TEXT, FILE, [SettingChange(key, typed(key, words))])


@pytest.mark.parametrize(
    ("key", "words", "before", "after"),
    [
        ("partition", ["big"], "partition: gpu  #", "partition: big  #"),
        ("partition", ["010"], "partition: gpu  #", 'partition: "010"  #'),
        ("sizes.0.hours", ["12.5"], "hours: 2, template: 1gpu", "hours: 12.5, template: 1gpu"),
        ("sizes.large.qos", ["long"], "name: large}", "name: large, qos: long}"),
        (
            "sizes.large.sbatch",
            ["--exclusive", "--nice"],
            "name: large}",
            "name: large, sbatch: [--exclusive, --nice]}",
        ),
        ("hosts.lab.login", ["you@lab"], "me@lab  #", "you@lab  #"),
        ("hosts.lab.workspace", ["/data"], "me@lab  # by key\n", "me@lab  # by key\n  workspace: /data\n"),
        ("hosts.other.login", ["o"], "by key\n", "by key\n- {name: other, login: o}\n"),
        ("definitions", ["a", "b c"], "by key\n", "by key\ndefinitions: [a, b c]\n"),
        ("definitions", ["[a, b]"], "by key\n", "by key\ndefinitions: [a, b]\n"),
        ("definitions.1", ["more"], "by key\n", "by key\ndefinitions: [dataset_defs, more]\n"),
        ("preview", ["false"], "by key\n", "by key\npreview: false\n"),
        ("poll_seconds", ["60"], "by key\n", "by key\npoll_seconds: 60\n"),
        (
            "sizes.2",
            ["{gpus: 0, cpus: 2, hours: 1, template: 1gpu.sbatch}"],
            "name: large}\n",
            "name: large}\n- {gpus: 0, cpus: 2, hours: 1, template: 1gpu.sbatch}\n",
        ),
    ],
)
def test_one_value_changes_and_all_else_stays(key: str, words: list[str], before: str, after: str) -> None:
    assert one(key, *words) == TEXT.replace(before, after)
    parse(one(key, *words), FILE)


def test_a_part_of_a_default_is_changed_with_the_rest_of_it_written_out() -> None:
    text = changed("", FILE, [SettingChange("sizes.2nodes.hours", 3)])
    sizes = parse(text, FILE).sizes
    assert [size.hours for size in sizes] == [24, 16, 24, 3]
    assert text.splitlines()[1] == "- {gpus: 1, cpus: 64, hours: 24, template: 1gpu.sbatch}"


@pytest.mark.parametrize(
    ("key", "gone"),
    [("partition", "partition: gpu  # the usual one\n"), ("sizes.large.name", ", name: large"), ("qos", "")],
)
def test_what_is_unset_is_as_by_default(key: str, gone: str) -> None:
    assert changed(TEXT, FILE, [SettingChange(key, is_unset=True)]) == TEXT.replace(gone, "")


@pytest.mark.parametrize(
    ("key", "words", "said"),
    [
        ("partitionn", ["x"], 'There is no setting "partitionn". Did you mean "partition"?'),
        ("sizes.0.hour", ["1"], 'There is no setting "hour" in sizes. Did you mean "hours"?'),
        ("sizes.largge.hours", ["1"], 'There is no entry largge in sizes: .* Did you mean "large"?'),
        ("sizes.7.hours", ["1"], "they are counted from 0 to 1, and sizes.2 adds one"),
        ("sizes.2.hours", ["1"], "sizes.2.gpus is missing|gpus is missing"),
        ("partition.0", ["x"], "partition has one value and no parts"),
        ("definitions.0.x", ["y"], "definitions is a list of texts"),
        ("partition", ["a", "b"], "put quotes around a value with spaces"),
        ("poll_seconds", ["soon"], "^poll_seconds must be a number, not 'soon'"),
        ("poll_seconds", ["[1"], "poll_seconds cannot be"),
        ("sizes.0.hours", ["0"], "^sizes.0.hours must be greater than 0"),
        ("sizes.0.template", ["none.sbatch"], '^There is no script template "none.sbatch"'),
        ("partition", ["a\nb"], "control character"),
        ("sizes", ["[]"], "^sizes must have at least 1"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_is_expected(key: str, words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        one(key, *words)


def test_a_file_that_is_wrong_already_is_told_apart_from_a_wrong_value_and_can_be_mended() -> None:
    broken = "poll_seconds: soon\n"
    with pytest.raises(SettingsError, match=r"line 1: poll_seconds .* Correct this first: yogo-tui config edit"):
        changed(broken, FILE, [SettingChange("partition", "x")])
    assert changed(broken, FILE, [SettingChange("poll_seconds", 9)]) == "poll_seconds: 9\n"


def test_the_file_is_written_whole_with_its_rights_and_through_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "git/settings.yaml", tmp_path / "settings.yaml"
    real.parent.mkdir()
    real.write_text("account: a\n")
    real.chmod(0o640)
    link.symlink_to(real)
    ChangeSettings(link, (SettingChange("account", "b"),)).answer(silent)
    assert link.is_symlink()
    assert real.read_text() == "account: b\n"
    assert stat.S_IMODE(os.stat(real).st_mode) == 0o640
    wrong: Any = (SettingChange("account", "c"), SettingChange("local_slots", -1))
    with pytest.raises(SettingsError):
        ChangeSettings(link, wrong).answer(silent)
    assert real.read_text() == "account: b\n"


def test_a_new_file_explains_every_setting(tmp_path: Path) -> None:
    file = tmp_path / "new/settings.yaml"
    ChangeSettings(file, (SettingChange("account", "cells"),)).answer(silent)
    text = file.read_text()
    assert '#account: ""\naccount: cells\n' in text or "#account: ''\naccount: cells\n" in text
    assert "Computing centres ask for at least 30" in text
    assert load(file, workspace=tmp_path).account == "cells"
