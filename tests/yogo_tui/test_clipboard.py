"""Copying in a real tmux, set as it is at first: what is said to be copied is in its buffer."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Until
from tests.yogo_tui.terminal import CONSOLE, environment
from yogo_tui.clipboard import into_tmux

if shutil.which("tmux") is None:
    pytest.skip("needs tmux: run tests/slurm/install.sh", allow_module_level=True)


class Tmux:
    """A tmux server of its own, without anybody's settings."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"
        self._environment = environment(folder)

    def run(self, *words: str) -> str:
        """What one of its commands prints; empty where it fails."""
        command = ["tmux", "-f", "/dev/null", "-S", str(self.socket), *words]
        return subprocess.run(command, env=self._environment, check=False, capture_output=True, text=True).stdout


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path)
    try:
        yield server
    finally:
        server.run("kill-server")


async def test_what_was_copied_in_the_console_is_in_the_buffer_of_tmux(
    tmp_path: Path, tmux: Tmux, until: Until
) -> None:
    (tmp_path / "dataset_defs").mkdir()
    definition = tmp_path / "dataset_defs/cells.yml"
    definition.write_text("class_names: [a]\ndataset_split_fractions: {train: 1}\ndataset_paths: []\n")
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(tmp_path), "--settings", str(tmp_path / "settings.yaml"))
    tmux.run("new-session", "-d", "-x", "80", "-y", "24", shlex.join(command))
    await until(lambda: "4 Runs" in tmux.run("capture-pane", "-p"), what="the console stands")
    tmux.run("send-keys", "1")
    await until(lambda: "cells.yml" in tmux.run("capture-pane", "-p"), what="the definition is seen")
    tmux.run("send-keys", "y")
    await until(lambda: "copied into tmux" in tmux.run("capture-pane", "-p"), what="it is said to be copied")

    assert tmux.run("show-buffer") == str(definition)


async def test_nothing_is_said_to_be_in_tmux_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    assert not await into_tmux("words")
    monkeypatch.setenv("TMUX", f"{tmp_path / 'gone'},1,0")
    assert not await into_tmux("words")
    monkeypatch.setenv("PATH", os.devnull)
    assert not await into_tmux("words")
