"""The settings file: defaults, folders, and errors that name file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from yogo_tui.errors import SettingsError
from yogo_tui.settings import Settings, default_file, load


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.yaml"
    file.write_text(text)
    return file


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(env={"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert settings == Settings()
    assert settings.runs_folder == tmp_path / "trained_models"
    assert settings.definition_folders == (tmp_path / "dataset_defs",)


def test_the_workspace_is_relative_to_the_file_and_everything_else_to_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    settings = load(written(tmp_path, "workspace: lab\nruns: [../others, /abs]\ntemplates: scripts\n"))
    assert settings.run_folders == (tmp_path / "lab/trained_models", tmp_path / "others", Path("/abs"))
    assert settings.templates_folder == tmp_path / "lab/scripts"
    assert settings.own_presets_folder == tmp_path / "recipes"


def test_the_workspace_given_by_hand_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = load(written(tmp_path, "workspace: /nowhere\n"), workspace=Path("elsewhere"))
    assert settings.workspace_folder == tmp_path / "elsewhere"
    assert settings.file == tmp_path / "settings.yaml"


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "partition: big\n")
    assert load(env={"YOGO_TUI_SETTINGS": str(file)}).partition == "big"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("partition: gpu\npoll_secs: 3\n", 2, "poll_secs"),
        ("\npoll_seconds: soon\n", 2, "poll_seconds"),
        ("sizes:\n  - gpus: 1\n    cpus: 2\n    hours: x\n    template: a\n", 4, "sizes.0.hours"),
        ("a: [1,\n", 2, "YAML"),
        ("- a\n", 1, "name: value"),
        ("workspace: !!python/object/apply:os.system ['touch x']\n", 1, "YAML"),
    ],
)
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
        load(written(tmp_path, "workspace: gone\n"))


def test_a_relative_config_home_counts_as_unset() -> None:
    assert default_file({"XDG_CONFIG_HOME": "rel"}) == Path.home() / ".config/yogo-tui/settings.yaml"


def test_the_trainers_command_is_split_into_words() -> None:
    assert Settings(yogo_command="srun 'my yogo'").yogo_words == ("srun", "my yogo")
    with pytest.raises(SettingsError, match="yogo_command"):
        _ = Settings(yogo_command="srun 'yogo").yogo_words


def test_a_size_that_is_not_offered_lists_those_that_are() -> None:
    assert Settings().size(2).cpus == 32
    with pytest.raises(SettingsError, match="1, 2, 4"):
        Settings().size(3)
