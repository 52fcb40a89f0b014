"""Copying in a real tmux, set as it is at first: what is said to be copied is in its buffer."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.conftest import Until
from tests.yogo_tui.conftest import Tmux
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo_tui.screens.clipboard import into_tmux, why_never


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


def copying(folder: Path, **variables: str) -> Terminal:
    """The console on a terminal, on a definition whose path it is asked to copy."""
    (folder / "dataset_defs").mkdir()
    definition = folder / "dataset_defs/cells.yml"
    definition.write_text("class_names: [a]\ndataset_split_fractions: {train: 1}\ndataset_paths: []\n")
    (folder / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(folder), "--settings", str(folder / "settings.yaml"))
    terminal = Terminal(command, environment(folder, **variables), folder)
    terminal.see("4 Runs")
    terminal.press("1")
    terminal.see("cells.yml")
    terminal.press("y")
    return terminal


def test_what_a_terminal_may_not_have_taken_is_in_a_file_too(tmp_path: Path) -> None:
    with copying(tmp_path, TERM="xterm") as terminal:
        terminal.see("sent to the terminal's clipboard, if it takes it")
        terminal.see("saved in")
        assert b"\x1b]52;c;" in terminal.sent
        assert (tmp_path / "state/yogo-tui/copied.txt").read_text() == str(tmp_path / "dataset_defs/cells.yml")
        terminal.leave()


def test_where_no_clipboard_is_the_text_is_shown_and_saved(tmp_path: Path) -> None:
    with copying(tmp_path, TERM="linux") as terminal:
        terminal.see("not copied: this terminal (linux) has no clipboard")
        terminal.see("saved in")
        assert (tmp_path / "state/yogo-tui/copied.txt").read_text() == str(tmp_path / "dataset_defs/cells.yml")
        terminal.press("\x1b")
        terminal.leave()


def test_a_tmux_that_does_not_answer_is_not_said_to_have_it(tmp_path: Path) -> None:
    with copying(tmp_path, TERM="xterm", TMUX=f"{tmp_path / 'gone'},1,0") as terminal:
        terminal.see("not copied: tmux did not take it")
        terminal.press("\x1b")
        terminal.leave()


def test_what_is_longer_than_a_terminal_takes_is_known_not_to_be_copied() -> None:
    assert not why_never("x" * 70_000, {"TERM": "xterm"})
    assert why_never("x" * 80_000, {"TERM": "xterm"})
    assert why_never("x", {"TERM": "xterm", "STY": "1.pts"})
