"""Advice names the command as it must be typed to work on the same: with --host and the like, where they were said."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import make_run
from yogo_tui.advice import tui, work_where
from yogo_tui.cli import COMMANDS, main
from yogo_tui.errors import OtherClasses
from yogo_tui.runs.model import RunState
from yogo_tui.runs.refusals import no_resume


def test_advice_names_the_machine_and_the_workspace_that_were_said() -> None:
    assert tui() == "yogo-tui"
    work_where(Namespace(host="me@login", workspace=Path("/my work"), settings=None, profile=None, cluster=None))
    assert tui() == "yogo-tui --host me@login --workspace '/my work'"
    run = make_run("still-elm", RunState.FINISHED, hours=60)
    assert no_resume(run).endswith("yogo-tui --host me@login --workspace '/my work' chain still-elm.")
    assert "yogo-tui --host me@login --workspace '/my work' chain RUN_OR_PTH" in str(OtherClasses("a; b"))


def test_a_command_is_told_how_to_go_on_in_the_same_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "settings.yaml"
    assert main(["--settings", str(file), "config", "init"]) == 0
    assert main(["--settings", str(file), "config", "init"]) == 1
    assert f"yogo-tui --settings {file} config show" in capsys.readouterr().err


def test_no_advice_names_a_command_without_the_place() -> None:
    """Below the command lines, whose help tells how they are typed anywhere."""
    package = Path(tui.__code__.co_filename).parent
    plain = re.compile(rf"""["'](?:[^"'#]*[ `(:])?yogo-tui (?:{"|".join(COMMANDS)})\\b""")
    for folder in ("doctor", "launch", "runs", "session", "sweeps", "questions", "screens", "widgets"):
        for file in sorted((package / folder).rglob("*.py")):
            found = [line for line in file.read_text().splitlines() if plain.search(line) and '"""' not in line]
            assert not [line for line in found if "replace(" not in line and "_BIGGER" not in line], file
