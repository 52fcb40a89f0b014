"""Copying in a real tmux, set as it is at first: what is said to be copied is in its buffer."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.conftest import Until
from tests.yogo_tui.conftest import Tmux
from tests.yogo_tui.terminal import CONSOLE
from yogo_tui.screens.clipboard import into_tmux


async def test_what_was_copied_in_the_console_is_in_the_buffer_of_tmux(
    tmp_path: Path, tmux: Tmux, until: Until
) -> None:
    (tmp_path / "dataset_defs").mkdir()
    definition = tmp_path / "dataset_defs/cells.yml"
    definition.write_text("class_names: [a]\ndataset_split_fractions: {train: 1}\ndataset_paths: []\n")
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(tmp_path), "--settings", str(tmp_path / "settings.yaml"))
    tmux.run("new-session", "-d", "-x", "80", "-y", "24", shlex.join(command))
    await until(lambda: "4 Runs" in tmux.screen, what="the console stands")
    tmux.run("send-keys", "1")
    await until(lambda: "cells.yml" in tmux.screen, what="the definition is seen")
    tmux.run("send-keys", "y")
    await until(lambda: "copied into tmux" in tmux.screen, what="it is said to be copied")

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
