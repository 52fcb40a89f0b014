"""On a terminal, `yogo train --resume` asks before it takes a run from a holder that fell silent elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from yogo.run.directory import RunDirectory
from yogo.run.holder import Holder


def on_a_terminal(run: RunDirectory, reply: str) -> tuple[int, str]:
    """Its exit status and all that the terminal showed."""
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "yogo", "train", "--resume", str(run.path)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=os.environ | {"YOGO_SILENT_SECONDS": "1"},
    )
    os.close(terminal)
    shown, has_replied = "", False
    while True:
        try:
            shown += os.read(main, 4096).decode()
        except OSError:  # the other end is closed
            break
        if "[y/N]" in shown and not has_replied:
            os.write(main, f"{reply}\n".encode())
            has_replied = True
    os.close(main)
    return process.wait(timeout=60), " ".join(shown.split())


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Held by a process of a host that is not heard of again."""
    directory = RunDirectory(tmp_path / "runs" / "silent")
    directory.lease.mkdir(parents=True)
    Holder(host="elsewhere", boot_id="b", pid=1, process_started="1", job_id="7", cluster="tiny").write(
        directory.holder
    )
    return directory


@pytest.mark.parametrize("reply", ["n", "", "what?"])
def test_whoever_does_not_say_yes_leaves_the_run_to_its_holder(reply: str, run: RunDirectory) -> None:
    status, shown = on_a_terminal(run, reply)
    assert status == 1
    assert "is held by job 7, process 1 on elsewhere" in shown
    assert "no sign of life for 1 second" in shown
    assert "Take it over? [y/N]" in shown
    assert "add --take-over" in shown
    assert Holder.read(run.holder).job_id == "7"


def test_whoever_says_yes_has_the_run(run: RunDirectory) -> None:
    status, shown = on_a_terminal(run, "y")
    assert status == 1
    assert "never began to train: name its dataset definition" in shown, "it was held, and read"
    assert not run.holder.exists()
