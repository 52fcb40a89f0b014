"""Leaving the console, however that comes about: the terminal is as it was, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Until
from tests.yogo_tui.local.local_bench import is_gone
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo_tui.leaving import farewell

CRASHING = """
import sys
from pathlib import Path
from yogo_tui.app import Console, run_console
from yogo_tui.session import Session
from yogo_tui.settings import Settings

class Crashing(Console):
    def action_help(self):
        raise RuntimeError("something unforeseen")

sys.exit(run_console(Session.open(Settings(workspace=Path.cwd(), cluster="local")), kind=Crashing))
"""


@contextlib.contextmanager
def console(folder: Path, *argv: str, **changes: str) -> Iterator[Terminal]:
    command = argv or (*CONSOLE, "--workspace", str(folder))
    if not (folder / "settings.yaml").exists():
        (folder / "settings.yaml").write_text("cluster: local\n")
    if not argv:
        command = (*command, "--settings", str(folder / "settings.yaml"))
    with Terminal(command, environment(folder, **changes), folder) as terminal:
        yield terminal


def slurm_that_hangs(folder: Path) -> Path:
    """A folder of Slurm's commands that write down their process and never answer; where they write it."""
    programs, pids = folder / "bin", folder / "pids"
    programs.mkdir()
    pids.mkdir()
    for name in ("squeue", "scontrol", "sacct", "sinfo"):
        program = programs / name
        program.write_text(f"#!/bin/sh\ntouch {pids}/$$\nexec sleep 1000\n")
        program.chmod(0o755)
    (folder / "settings.yaml").write_text("cluster: slurm\n")
    return pids


def test_what_goes_on_and_the_way_back_are_said_as_they_can_be_typed() -> None:
    assert farewell(0, ["yogo-tui"]) == ""
    assert farewell(1, ["/nowhere/yogo-tui", "demo"]) == "1 job goes on. Come back: /nowhere/yogo-tui demo"
    here = str(Path.cwd() / ".venv/bin/my-yogo-tui")
    told = farewell(2, [here, "--workspace", "my runs"])
    assert told == "2 jobs go on. Come back: .venv/bin/my-yogo-tui --workspace 'my runs'"


def left_by_q(folder: Path) -> set[int]:
    with console(folder) as terminal:
        terminal.see("4 Runs")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.echoes
        return terminal.modes


def test_q_gives_the_terminal_back_as_it_was(tmp_path: Path) -> None:
    assert left_by_q(tmp_path) == {25, 7}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_gives_the_terminal_back_as_q_does_and_is_told_by_the_status(
    tmp_path: Path, number: signal.Signals
) -> None:
    with console(tmp_path) as terminal:
        terminal.see("Press 3 to launch")
        assert 1049 in terminal.modes
        os.kill(terminal.pid, number)
        assert terminal.end() == 128 + number
        assert terminal.modes == {25, 7}
        assert terminal.echoes
        assert "Traceback" not in terminal.text


def test_the_mouse_is_given_to_the_terminal_and_taken_back(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        seen = terminal.see("Press 3 to launch")
        assert {1000, 1003} <= terminal.modes
        terminal.press("M")
        seen = terminal.see("M takes it back", after=seen)
        assert not {1000, 1003} & terminal.modes
        terminal.press("M")
        terminal.see("given back to the console", after=seen)
        assert {1000, 1003} <= terminal.modes


def test_a_window_that_is_closed_ends_the_console(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        terminal.see("Press 3 to launch")
        terminal.close()
        assert terminal.end() == 128 + signal.SIGHUP


def test_a_console_that_is_to_outlive_its_window_is_not_ended_by_the_hang_up(tmp_path: Path) -> None:
    outliving = ("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")
    with console(tmp_path, *outliving, *CONSOLE, "--settings", str(tmp_path / "settings.yaml")) as terminal:
        seen = terminal.see("Press 3 to launch")
        os.kill(terminal.pid, signal.SIGHUP)
        terminal.press("?")
        terminal.see("keys that work here", after=seen)
        terminal.leave()


def test_a_console_whose_terminal_is_gone_ends_though_hang_ups_are_ignored(tmp_path: Path) -> None:
    """It would read the end of a file for ever, on a login node that others use too."""
    outliving = ("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")
    with console(tmp_path, *outliving, *CONSOLE, "--settings", str(tmp_path / "settings.yaml")) as terminal:
        terminal.see("Press 3 to launch")
        terminal.close()
        assert terminal.end() == 128 + signal.SIGHUP


def test_a_console_whose_errors_go_to_a_file_says_that_it_could_not_be_seen(tmp_path: Path) -> None:
    elsewhere = ("sh", "-c", 'exec "$@" 2>errors', "sh")
    with console(tmp_path, *elsewhere, *CONSOLE, "--settings", str(tmp_path / "settings.yaml")) as terminal:
        assert terminal.end() == 2
        assert terminal.modes == {25, 7}
        assert "do not redirect it (2>)" in (tmp_path / "errors").read_text()


def test_a_crash_is_told_after_the_screen_was_given_back_and_by_the_status(tmp_path: Path) -> None:
    with console(tmp_path, sys.executable, "-c", CRASHING) as terminal:
        terminal.see("Press 3 to launch")
        terminal.press("?")
        assert terminal.end() == 1
        assert terminal.modes == {25, 7}
        assert terminal.echoes
        restored = terminal.sent.rindex(b"\x1b[?1049l")
        assert b"something unforeseen" in terminal.sent[restored:]
        assert b"something unforeseen" not in terminal.sent[:restored]


@pytest.mark.parametrize("way", ["q", "TERM"])
async def test_no_question_to_the_scheduler_outlives_the_console(tmp_path: Path, until: Until, way: str) -> None:
    pids = slurm_that_hangs(tmp_path)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    with console(tmp_path, PATH=path) as terminal:
        terminal.see("4 Runs")
        await until(lambda: list(pids.iterdir()), what="a question is asked")
        if way == "q":
            terminal.press("q")
        else:
            os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end() == (0 if way == "q" else 143)
        asked = [int(path.name) for path in pids.iterdir()]
        await until(lambda: all(map(is_gone, asked)), what="no question is left")


@pytest.mark.parametrize("way", ["q", "TERM"])
def test_a_read_that_never_returns_does_not_keep_the_console_from_ending(tmp_path: Path, way: str) -> None:
    with console(tmp_path, sys.executable, "-c", HANGING) as terminal:
        seen = terminal.see("4 Runs")
        terminal.press("?")
        terminal.see("the thread hangs", after=seen)
        if way == "q":
            terminal.press("q")
        else:
            os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end(seconds=20) == (
            0 if way == "q" else 143
        )  # a thread that is waited for holds up for minutes
        assert terminal.modes == {25, 7}


HANGING = """
import asyncio, os, sys, threading
from pathlib import Path
from yogo_tui.app import Console, run_console
from yogo_tui.session import Session
from yogo_tui.settings import Settings

class Hanging(Console):
    def action_help(self):
        os.mkfifo("pipe")
        self.run_worker(asyncio.to_thread(open, "pipe"))
        self.notify("the thread hangs")

sys.exit(run_console(Session.open(Settings(workspace=Path.cwd(), cluster="local")), kind=Hanging))
"""

BUSY = """
import sys, time
from pathlib import Path
from yogo_tui.app import Console, run_console
from yogo_tui.session import Session
from yogo_tui.settings import Settings

class Busy(Console):
    def action_help(self):
        print("\\x1b]0;busy\\x07", file=sys.__stderr__, flush=True)
        time.sleep(1000)

sys.exit(run_console(Session.open(Settings(workspace=Path.cwd(), cluster="local")), kind=Busy))
"""


def test_a_console_that_hangs_itself_still_heeds_a_signal_and_gives_the_terminal_back(tmp_path: Path) -> None:
    with console(tmp_path, sys.executable, "-c", BUSY) as terminal:
        terminal.see("Press 3 to launch")
        terminal.press("?")
        for _ in terminal.turns(60, "it does not hang"):
            if b"]0;busy" in terminal.sent:
                break
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end(seconds=20) == 143
        assert terminal.modes == {25, 7}
        assert terminal.echoes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT])
async def test_a_command_that_is_asked_to_end_says_so_and_leaves_nothing_behind(
    tmp_path: Path, until: Until, number: signal.Signals
) -> None:
    pids = slurm_that_hangs(tmp_path)
    settings = ("--settings", str(tmp_path / "settings.yaml"), "--workspace", str(tmp_path))
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    with subprocess.Popen(
        [*CONSOLE, *settings, "jobs"], env=environment(tmp_path, PATH=path), stderr=subprocess.PIPE, text=True
    ) as command:
        await until(lambda: list(pids.iterdir()), what="squeue is asked")
        command.send_signal(number)
        _, told = command.communicate(timeout=60)
    assert command.returncode == 128 + number
    said = "Stopped." if number == signal.SIGINT else f"Stopped by {number.name}."
    assert told == f"yogo-tui: {said}\n"
    asked = [int(pid.name) for pid in pids.iterdir()]
    await until(lambda: all(map(is_gone, asked)), what="no question is left")
