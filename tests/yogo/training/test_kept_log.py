"""`yogo train` keeps what it prints in its run's folder, where no job keeps it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.full_disk import room_for
from tests.waiting import until
from tests.yogo.training.tiny import TINY, Yogo
from yogo.run.lease import RunLost
from yogo.run.own_log import last_start
from yogo.training.listeners import kept_log
from yogo.training.listeners.kept_log import KeptLog

OPTIONS = (*TINY, "--wandb", "disabled", "-bs", "2", "--epochs")
JOB = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "lab"}


def said_in(yogo: Yogo, name: str, of: str = "shell") -> str:
    return yogo.run(name).log(of).read_text()


def logs_of(yogo: Yogo, name: str) -> list[str]:
    return sorted(path.name for path in yogo.run(name).path.glob("*.log"))


def test_a_run_in_a_shell_keeps_all_that_it_prints_over_resumes(yogo: Yogo, definition: Path) -> None:
    first = yogo.train(definition, *OPTIONS, "1", "--name", "kept")
    assert first.returncode == 0, first.stderr
    begins, *lines = said_in(yogo, "kept").splitlines()
    assert re.match(r"=== yogo train began on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: yogo", begins)
    assert lines == first.stdout.splitlines()
    yogo.run("kept").result.unlink()
    again = yogo.train("--resume", yogo.run("kept").path, "--wandb", "disabled")
    assert again.returncode == 0, again.stderr
    text = said_in(yogo, "kept")
    assert text.splitlines()[: len(lines) + 1] == [begins, *lines]
    assert last_start(text).splitlines()[1:] == again.stdout.splitlines()


def test_the_error_that_ends_it_is_kept_as_it_is_printed(yogo: Yogo) -> None:
    yogo.run("fails").path.mkdir(parents=True)
    failed = yogo.train(yogo.home / "gone.yml", *OPTIONS, "1", "--name", "fails")
    assert failed.returncode == 1
    assert "gone.yml" in failed.stderr
    assert said_in(yogo, "fails").splitlines()[1:] == failed.stderr.splitlines()


@pytest.mark.parametrize(
    ("environment", "logs"),
    [
        ({**JOB, "ENVIRONMENT": "BATCH"}, []),
        ({"YOGO_JOB_ID": "12.pbs"}, []),
        (JOB, ["run-7.log"]),  # salloc, or srun from a shell
        ({"ENVIRONMENT": "BATCH"}, ["run-shell.log"]),
    ],
)
def test_what_the_log_of_a_job_holds_is_not_kept_twice(
    yogo: Yogo, definition: Path, environment: dict[str, str], logs: list[str]
) -> None:
    assert yogo.train(definition, *OPTIONS, "1", "--name", "run", **environment).returncode == 0
    assert logs_of(yogo, "run") == logs


def test_output_that_a_person_sends_to_a_log_of_the_run_is_not_kept_twice(yogo: Yogo, definition: Path) -> None:
    run = yogo.run("mine")
    run.path.mkdir(parents=True)
    command = [sys.executable, "-m", "yogo", "train", "--runs", yogo.runs, definition, *OPTIONS, "1", "--name", "mine"]
    with run.log("nohup").open("wb") as log:
        subprocess.run(list(map(str, command)), stdout=log, env=yogo.environment, check=True)
    assert logs_of(yogo, "mine") == ["mine-nohup.log"]
    assert "finished after 1 epoch" in said_in(yogo, "mine", "nohup")


def test_a_terminal_draws_a_bar_and_the_log_has_lines(yogo: Yogo, definition: Path) -> None:
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "yogo", "train", "--runs", yogo.runs, definition, *OPTIONS, "2", "--name", "tty"]
    with subprocess.Popen(
        [*map(str, command), "--processes", "2"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**yogo.environment, "TERM": "xterm"} | JOB | {"ENVIRONMENT": "BATCH"},
    ) as process:
        os.close(terminal)
        drawn = b""
        while piece := _read(ours):
            drawn += piece
        assert process.wait() == 0, drawn
    os.close(ours)
    assert b"\x1b[" in drawn
    assert logs_of(yogo, "tty") == ["tty-7.log"]
    text = said_in(yogo, "tty", "7")
    assert "\x1b" not in text
    assert "\r" not in text
    assert text.count("=== yogo train began") == 1
    assert re.search(r"^epoch 1/2 100 % \| \d+/\d+ .*loss ", text, re.MULTILINE)
    assert text.count("finished after 2 epochs") == 1


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 16)
    except OSError:  # the end of a terminal
        return b""


def test_a_stop_is_kept(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(definition, *OPTIONS, "100000", "--name", "stops")
    until(lambda: yogo.run("stops").last.exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert said_in(yogo, "stops").splitlines()[1:] == out.splitlines()
    assert "Stopped; " in out


def opened(path: Path, first: str = "=== begins") -> KeptLog:
    log = KeptLog()
    log.open(path, lambda: None, first)
    return log


def test_what_is_said_before_the_run_is_known_comes_after_the_heading(tmp_path: Path) -> None:
    log = KeptLog()
    log.write("early\n")
    log.open(tmp_path / "x.log", lambda: None, "=== begins")
    log.write("\x1b[31mred\x1b[0m\ttab\nhalf")
    assert (tmp_path / "x.log").read_text() == "=== begins\nearly\n\\x1b[31mred\\x1b[0m    tab\n"


def test_a_full_disk_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    log = opened(tmp_path / "x.log")
    with room_for(20):
        log.write("one of these lines\n")
        log.write("another of them\n")
    log.write("room\n")
    assert (tmp_path / "x.log").read_text() == "=== begins\none of these lines\nanother of them\nroom\n"


def test_a_disk_that_stays_full_costs_only_so_much_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_log, "MOST_WAITING", 400)
    log = opened(tmp_path / "x.log")
    with room_for(5):
        for number in range(1000):
            log.write(f"line {number}\n")
    log.write("room\n")
    text = (tmp_path / "x.log").read_text()
    assert len(text) < 600
    assert text.startswith("=== begins\n(lines are missing here: the disk accepted none)\nline ")
    assert text.endswith("line 999\nroom\n")


def test_a_log_that_has_grown_large_is_set_aside_when_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_log, "MOST_BYTES", 30)
    path = tmp_path / "x-shell.log"
    for number in range(3):
        opened(path).write(f"start {number}, which is a long line\n")
    assert path.read_text() == "=== begins\nstart 2, which is a long line\n"
    assert (tmp_path / "x-shell.previous.log").read_text() == "=== begins\nstart 1, which is a long line\n"


def test_a_torn_last_line_does_not_swallow_the_heading(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("torn")
    opened(tmp_path / "x.log")
    assert (tmp_path / "x.log").read_text() == "torn\n=== begins\n"


def test_nothing_is_written_once_another_process_holds_the_run(tmp_path: Path) -> None:
    def lost() -> None:
        raise RunLost("taken over")

    log = KeptLog()
    log.open(tmp_path / "x.log", lost, "=== begins")
    log.write("more\n")
    assert (tmp_path / "x.log").read_text() == ""


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_ends_no_training(tmp_path: Path, make: object) -> None:
    make(tmp_path / "x.log")  # type: ignore[operator]
    opened(tmp_path / "x.log").write("line\n")
