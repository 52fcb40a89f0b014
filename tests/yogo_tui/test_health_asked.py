"""The health of a data set as the console asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.yogo.planted import Planted, cut, frame
from yogo.cli import main as yogo
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.run.directory import RunDirectory
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.health import CheckHealth, KnownHealth


def of_health(folder: Path) -> list[Question[Any]]:
    return [CheckHealth(folder / "cells.yml", folder), KnownHealth(folder / "cells.yml", folder)]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    data = Planted(tmp_path / "data")
    data.add("0", cut(frame(0)), "0 .5 .5 .1 .1\n" * 2)
    (tmp_path / "dataset_defs").mkdir()
    (tmp_path / "dataset_defs/cells.yml").write_text(data.path.read_text())
    return tmp_path


def test_a_definition_is_checked_deeply_by_the_same_words_as_by_the_detector(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["datasets", "cells.yml", "--deep"]) == 0
    told = capsys.readouterr().out
    assert yogo(["check", f"{lab}/dataset_defs/cells.yml", "--deep"]) == 0
    of_health = capsys.readouterr().out.partition("found ")[2]
    assert "line 2: This ring box covers the same object as line 1" in of_health
    assert told.endswith(of_health)

    assert main(["datasets", "cells.yml", "--deep", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["health"]["affected"]
    assert main(["datasets", "cells.yml", "--against", "a-run"]) == 2
    assert "--against needs --deep" in capsys.readouterr().err
    assert main(["datasets", "--deep"]) == 2
    assert "Say which definition: yogo-tui datasets FILE --deep" in capsys.readouterr().err


def test_images_that_a_run_knows_are_found_by_the_run_s_name_or_path(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    definition = lab / "dataset_defs/cells.yml"
    run = RunDirectory(lab / "trained_models/calm-cat")
    run.path.mkdir(parents=True)
    fractions = "{train: 0.8, val: 0.1, test: 0.1}"
    (lab / "data/d.yml").write_text(definition.read_text().replace(fractions, "{train: 1.0}"))
    training = DatasetDefinition.from_yaml(lab / "data/d.yml")
    DataRecord.build(training, split(training)).write(run.data)
    definition.write_text(definition.read_text().replace(fractions, "{test: 1.0}"))
    for named in ("calm-cat", "trained_models/calm-cat", str(run.data)):
        assert main(["datasets", "cells.yml", "--deep", "--against", named]) == 0
        assert "0.png: This is a training image of" in capsys.readouterr().out
    assert main(["datasets", "cells.yml", "--deep", "--against", "calm-dog"]) == 1
    assert f"There is no run calm-dog, neither in {lab}/trained_models nor at this path." in capsys.readouterr().err


def test_what_is_known_of_a_definition_s_health_is_told_until_a_file_changes(lab: Path) -> None:
    definition = lab / "dataset_defs/cells.yml"
    known = KnownHealth(definition, lab)
    assert known.answer(silent) is None
    found = CheckHealth(definition, lab).answer(silent)
    assert found.findings[0].other_lines == (1,)
    assert known.answer(silent) == found
    next((lab / "data").rglob("*.txt")).write_text("0 .5 .5 .1 .1\n")
    assert known.answer(silent) is None
