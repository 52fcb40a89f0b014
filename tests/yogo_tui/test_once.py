"""`yogo-tui --once SCREEN`, and the mouse that can be left to the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.yogo_tui.lab import workspace
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo_tui.cli import main
from yogo_tui.modes import MODES, Mode


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_a_screen_is_printed_in_the_size_that_is_asked_for(
    mode: Mode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, title = mode.name, mode.title
    workspace(tmp_path)
    assert main(["--once", name, "--size", "100x30", "--workspace", str(tmp_path), "--cluster", "local"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert title in lines[0]
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    assert "? help" in lines[-1]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(("name", "words"), [("doctor", "all well"), ("settings", "yogo_command")])
def test_the_doctor_and_the_settings_are_printed_whole(
    name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace(tmp_path)
    words_of_yogo = f"{sys.executable} -m yogo"
    (tmp_path / "s.yaml").write_text(f"cluster: local\nwandb: disabled\nyogo_command: {words_of_yogo}\n")
    where = ["--workspace", str(tmp_path), "--settings", str(tmp_path / "s.yaml")]
    assert main(["--once", name, "--size", "100x60", *where]) == 0
    printed = capsys.readouterr().out
    assert words in printed or "problem" in printed.splitlines()[0]
    assert "checking" not in printed
    assert "? help" in printed.splitlines()[-1] or "f1 help" in printed.splitlines()[-1]


def test_it_needs_no_terminal_and_refuses_other_names_and_sizes(tmp_path: Path) -> None:
    def said(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "yogo_tui", *words, "--workspace", str(tmp_path), "--cluster", "local"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path), check=False)
        return done.returncode, done.stdout + done.stderr

    assert said("--once", "runs")[0] == 0
    status, words = said("--once", "run")
    assert (status, "runs" in words) == (2, True)
    assert "not a size in columns and rows" in said("--once", "runs", "--size", "80")[1]


def test_a_mouse_that_the_settings_leave_to_the_terminal_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("cluster: local\nmouse: false\n")
    command = (*CONSOLE, "--workspace", str(tmp_path), "--settings", str(tmp_path / "settings.yaml"))
    with Terminal(command, environment(tmp_path), tmp_path) as terminal:
        terminal.see("4 Runs")
        for _ in terminal.turns(30, "the mouse is taken"):
            if not {1000, 1003} & terminal.modes:
                break
        terminal.press("M")
        terminal.see("back to the console")
        assert 1000 in terminal.modes
        terminal.leave()
