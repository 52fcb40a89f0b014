"""A job that the kernel kills because the memory is full: its record says so, and what is advised helps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cgroups import little_memory
from tests.yogo_tui.test_cli import FIRST, lab
from yogo_tui.cli import main

__all__ = ["lab"]  # a fixture

TAKES = f"setup=exec {sys.executable} -c 'bytearray(2000 << 20)'"
KILLS_ITSELF = "setup=kill -9 $$"


def launched(words: tuple[str, ...], processes: Path) -> None:
    join = f'echo $$ > {processes}; exec "$@"'
    command = ["sh", "-c", join, "sh", sys.executable, "-m", "yogo_tui", *words]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(("setup", "word"), [(TAKES, "OUT_OF_MEMORY"), (KILLS_ITSELF, "FAILED")])
def test_a_job_that_the_kernel_killed_is_told_from_one_that_was_killed_by_somebody(
    lab: Path, capsys: pytest.CaptureFixture[str], setup: str, word: str
) -> None:
    with little_memory(700) as processes:
        launched((*FIRST[:-2], setup, *FIRST[-2:], "--wait"), processes)
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert f"ended as {word}" in run["why"]
    main(["why", "first"])
    said = capsys.readouterr().out
    assert "yogo-tui again first --bigger" in said
    assert ("may have been full" in said) == (word == "FAILED")
