"""The health of a data set as the console asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.yogo.planted import Planted, cut, frame
from yogo.cli import main as yogo
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question
from yogo_tui.questions.health import CheckHealth


def of_health(folder: Path) -> list[Question[Any]]:
    return [CheckHealth(folder / "cells.yml", folder)]


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
    assert main(["datasets", "--deep"]) == 2
    assert "Say which definition: yogo-tui datasets FILE --deep" in capsys.readouterr().err
