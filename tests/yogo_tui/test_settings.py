"""The settings file: defaults, folders, and errors that name file, line and field."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import silent
from yogo_tui.questions.definitions import ListDefinitions
from yogo_tui.settings import Settings, default_file, load
from yogo_tui.settings.document import dumped


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.yaml"
    file.write_text(text)
    return file


def test_numbers_and_words_of_yaml_1_1_keep_their_meaning(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "account: 12e4\npartition: 08\ngpu_type: yes\nlocal_slots: 010\npoll_seconds: 1:30.5\nwandb_project: '010'\n"
        "sizes:\n  - {gpus: 02, cpus: 0_17, hours: 1:30, template: 1gpu.sbatch, name: 1e3}\n"
        "  - {gpus: 0x1, cpus: 0b11, hours: 1_0, processes: '03', template: 2gpu.sbatch, name: off}\n",
    )
    settings = load(file)
    assert (settings.account, settings.partition, settings.gpu_type) == ("12e4", "08", "yes")
    assert (settings.local_slots, settings.poll_seconds, settings.wandb_project) == (8, 90.5, "010")
    first, second = settings.sizes
    assert (first.gpus, first.cpus, first.hours, first.name) == (2, 15, 90, "1e3")
    assert (second.gpus, second.cpus, second.hours, second.processes, second.name) == (1, 3, 10, 3, "off")
    assert settings.notices == (
        f"{file}, line 4: local_slots: 010 means 8. Write local_slots: 8 instead.",
        f"{file}, line 5: poll_seconds: 1:30.5 means 90.5. Write poll_seconds: 90.5 instead.",
        f"{file}, line 8: cpus: 0_17 means 15. Write cpus: 15 instead. hours: 1:30 means 90. Write hours: 90 instead.",
    )


@pytest.mark.parametrize(
    "word", ["yes", "010", "1e3", "08", "0o17", "1:30", "~", "true", "2026-01-01", "a: b", "#x", ""]
)
def test_a_setting_that_is_written_is_read_as_it_was(tmp_path: Path, word: str) -> None:
    text = dumped("account", word) + dumped("setup", (word, "two")) + dumped("poll_seconds", 3600.0)
    settings = load(written(tmp_path, text))
    assert (settings.account, settings.setup, settings.poll_seconds) == (word, (word, "two"), 3600)
    assert settings.notices == ()


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(env={"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert settings == Settings()
    assert settings.own_runs_folder == tmp_path / "trained_models"
    assert settings.definition_folders == (tmp_path / "dataset_defs",)


def test_the_workspace_given_by_hand_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = load(written(tmp_path, "workspace: /nowhere\n"), workspace=Path("elsewhere"))
    assert settings.workspace_folder == tmp_path / "elsewhere"
    assert settings.file == tmp_path / "settings.yaml"


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "partition: big\n")
    assert load(env={"YOGO_TUI_SETTINGS": str(file)}).partition == "big"


SIZE = "gpus: 1, cpus: 2, hours: 1"

WRONG = [
    ("partition: gpu\npoll_secs: 3\n", 2, 'There is no setting "poll_secs". Did you mean "poll_seconds"?'),
    ("qqqq: 3\n", 1, "workspace, definitions"),
    ("\npoll_seconds: soon\n", 2, "poll_seconds must be a number"),
    ("poll_seconds: 0\n", 1, "poll_seconds must be at least 0.2"),
    ("poll_seconds: .inf\n", 1, "poll_seconds"),
    ("poll_seconds: .nan\n", 1, "poll_seconds"),
    ("local_slots: -1\n", 1, "local_slots must be at least 0"),
    ("local_slots: true\n", 1, "local_slots must be a whole number, not true"),
    ("local_slots: 1.5\n", 1, "local_slots must be a whole number"),
    ("cluster: 5\n", 1, "cluster must be one of auto, slurm or local, not 5"),
    ("wandb: maybe\n", 1, "wandb must be one of auto, online, offline or disabled"),
    ("partition: [gpu]\n", 1, "partition must be text, not a list"),
    ("partition: 7\n", 1, "partition must be text"),
    ("partition: 2026-01-01\n", 1, "partition must be text"),
    ("account: {a: b}\n", 1, "account must be text"),
    ('partition: "a\\eb"\n', 1, "control character"),
    ("setup:\n\t- module load cuda\n", 2, "YAML does not allow a tab here: replace it with spaces."),
    ("runs: old\n", 1, 'runs must be a list, one a line, each after "- "'),
    ("runs:\n  - a\n  - 5\n", 3, "runs.1 must be a path, not 5"),
    ("runs:\n  - ''\n", 2, "a folder"),
    ("workspace: 5\n", 1, "workspace must be a path, not 5"),
    ("workspace: ~nobody-of-this-name/lab\n", 1, "~nobody-of-this-name"),
    ('definitions: ["a\\0b"]\n', 1, "control character"),
    ("yogo_command: srun 'yogo\n", 1, "yogo_command"),
    ("sizes: []\n", 1, "sizes"),
    ("sizes: 4\n", 1, "sizes must be a list"),
    ("sizes:\n  - 4\n", 2, "sizes"),
    ("sizes:\n  - gpus: 1\n    cpus: 2\n    hours: x\n    template: 1gpu.sbatch\n", 4, "hours must be a number"),
    ("sizes:\n  - gpus: -1\n    cpus: 2\n    hours: 1\n    template: 1gpu.sbatch\n", 2, "gpus must be at least 0"),
    ("sizes:\n  - gpus: 1\n    cpus: 0\n    hours: 1\n    template: 1gpu.sbatch\n", 3, "cpus must be at least 1"),
    ("sizes:\n  - gpus: 1\n    cpus: 1\n    hours: 0\n    template: 1gpu.sbatch\n", 4, "hours must be greater than 0"),
    ("sizes:\n  - gpus: 1\n    cpus: 1\n    hours: .inf\n    template: 1gpu.sbatch\n", 4, "hours"),
    ("sizes:\n  - gpus: 1\n    cpus: 1\n    hours: 1e300\n    template: 1gpu.sbatch\n", 4, "hours"),
    ("sizes:\n  - gpus: 1\n    cpus: 1\n    template: 1gpu.sbatch\n", 2, "hours is missing"),
    ("sizes:\n  - {gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch, gpu: 2}\n", 2, 'Did you mean "gpus"?'),
    (f"sizes:\n  - {{{SIZE}, template: 3gpu.sbatch}}\n", 2, 'There is no script template "3gpu.sbatch"'),
    (f"sizes:\n  - {{{SIZE}, template: ../1gpu.sbatch}}\n", 2, "template"),
    (f"sizes:\n  - {{{SIZE}, template: wrapper.sbatch}}\n", 2, "template"),
    (
        f"sizes:\n  - {{{SIZE}, template: 1gpu.sbatch, name: a}}\n  - {{{SIZE}0, template: 1gpu.sbatch, name: a}}\n",
        3,
        'two sizes are named "a"',
    ),
    ("a: [1,\n", 2, "YAML"),
    ("- a\n", 1, "name: value"),
    ("just words\n", 1, "name: value"),
    ("partition: a\npartition: b\n", 2, "twice"),
    ("a: &a [b]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", 1, "There is no setting"),
    ("workspace: !!python/object/apply:os.system ['touch x']\n", 1, "tag"),
    ("partition: a\x1b[2Jb\n", 1, "control character"),
]


@pytest.mark.parametrize(("text", "line", "word"), WRONG, ids=lambda value: str(value)[:40])
def test_an_error_names_file_line_and_field(tmp_path: Path, text: str, line: int, word: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}, line {line}:")
    assert word in str(caught.value)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no settings file"):
        load(tmp_path / "none.yaml")


def test_a_workspace_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a folder"):
        load(written(tmp_path, "workspace: /gone\n"))


def test_a_relative_config_home_counts_as_unset() -> None:
    assert default_file({"XDG_CONFIG_HOME": "rel"}) == Path.home() / ".config/yogo-tui/settings.yaml"


def test_the_trainers_command_is_split_into_words() -> None:
    assert Settings(yogo_command="srun 'my yogo'").yogo_words == ("srun", "my yogo")


@pytest.mark.parametrize("kind", ["fifo", "folder", "binary", "huge", "latin"])
def test_what_is_no_settings_file_is_refused_by_name_and_at_once(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "settings.yaml"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        texts = {
            "binary": b"\x89PNG\r\n\x1a\n\0\0",
            "huge": b"# x\n" * 300_000,
            "latin": "account: Zürich".encode("latin-1"),
        }
        file.write_bytes(texts[kind])
    with pytest.raises(SettingsError, match=r"settings\.yaml"):
        load(file)


def test_a_folder_that_is_named_twice_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trained_models").mkdir()
    (tmp_path / "link").symlink_to("trained_models")
    (tmp_path / "defs/sub").mkdir(parents=True)
    (tmp_path / "defs/sub/one.yml").touch()
    text = "runs: [more, more/, ./more, trained_models, link]\ndefinitions: [defs, defs/sub, defs]\npresets: [p, ./p]\n"
    settings = load(written(tmp_path, text))
    assert settings.all_runs_folders == (tmp_path / "trained_models", tmp_path / "more")
    found = ListDefinitions(settings.definition_folders).answer(silent)
    assert [file.path for file in found] == [tmp_path / "defs/sub/one.yml"]
    assert settings.preset_folders == (tmp_path / "recipes", tmp_path / "p")


def test_a_size_that_stands_twice_is_offered_once(tmp_path: Path) -> None:
    size = f"  - {{{SIZE}, template: 1gpu.sbatch}}\n"
    assert len(load(written(tmp_path, f"sizes:\n{size}{size}")).sizes) == 1


def test_sizes_with_as_many_gpus_are_told_apart_by_their_names(tmp_path: Path) -> None:
    text = f"sizes:\n  - {{{SIZE}, template: 1gpu.sbatch}}\n  - {{{SIZE}0, template: 1gpu.sbatch, name: long}}\n"
    settings = load(written(tmp_path, text))
    assert settings.size("long").hours == 10
    with pytest.raises(SettingsError, match="long"):
        settings.size("1")


def test_an_empty_value_is_the_default(tmp_path: Path) -> None:
    assert load(written(tmp_path, "sizes:\nruns:\npartition:\n")).sizes == Settings().sizes


def test_a_template_of_ones_own_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/mine.sbatch").touch()
    assert (
        load(written(tmp_path, f"sizes:\n  - {{{SIZE}, template: mine.sbatch}}\n")).sizes[0].template == "mine.sbatch"
    )


def test_a_folder_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    (notice,) = load(written(tmp_path, "partition: a\ntemplates: none\n")).notices
    assert "line 2" in notice
    assert "none" in notice


def test_a_trainer_that_is_not_there_is_told(tmp_path: Path) -> None:
    (notice,) = load(written(tmp_path, "partition: a\nyogo_command: /nonexistent/yogo --fast\n")).notices
    assert "line 2" in notice
    assert "/nonexistent/yogo" in notice
    assert load(written(tmp_path, "yogo_command: sh -c yogo\n")).notices == ()


def test_a_default_that_is_only_written_out_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(written(tmp_path, "definitions: [dataset_defs]\n")).notices == ()


def test_a_size_that_is_not_offered_lists_those_that_are() -> None:
    assert Settings().size("2").cpus == 32
    with pytest.raises(SettingsError, match="1, 2, 4 and 2nodes"):
        Settings().size("3")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("gpus: 3, cpus: 4, nodes: 2", "gpus: 3 cannot be shared equally by 2 nodes"),
        ("gpus: 2, cpus: 3, nodes: 2", "cpus: 3 cannot be shared equally by 2 nodes"),
        ("gpus: 0, cpus: 4, nodes: 2, processes: 3", "processes: 3 cannot be shared equally by 2 nodes"),
        ("gpus: 2, cpus: 4, nodes: 0", "nodes"),
    ],
)
def test_nodes_have_equal_shares_of_a_size(tmp_path: Path, size: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(written(tmp_path, f"sizes:\n  - {{{size}, hours: 1, template: 2nodes.sbatch}}\n"))
