"""The console in a window of a real tmux, as many use it on a cluster."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.conftest import Until
from tests.yogo_tui.conftest import Tmux
from tests.yogo_tui.terminal import CONSOLE


async def test_the_console_follows_the_size_of_its_window_and_gives_the_screen_back(
    tmp_path: Path, tmux: Tmux, until: Until
) -> None:
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(tmp_path), "--settings", str(tmp_path / "settings.yaml"))
    tmux.run("new-session", "-d", "-x", "80", "-y", "24", "sh")
    tmux.run("send-keys", f"echo so far; {shlex.join(command)}", "Enter")
    await until(lambda: "4 Runs" in tmux.screen, what="the console stands")
    assert "so far" not in tmux.screen
    assert max(map(len, tmux.screen.splitlines())) <= 80

    tmux.run("resize-window", "-x", "60", "-y", "20")
    await until(lambda: "this terminal is 60×20: the console needs 80×24" in tmux.screen, what="it is too small")
    tmux.run("resize-window", "-x", "160", "-y", "45")
    await until(lambda: max(map(len, tmux.screen.splitlines())) > 150, what="the whole width is used")
    assert "needs 80×24" not in tmux.screen

    tmux.run("resize-window", "-x", "80", "-y", "24")
    await until(lambda: "4 Runs" in tmux.screen and len(tmux.screen.splitlines()) <= 24, what="it is small again")
    tmux.run("send-keys", "q")
    await until(lambda: "so far" in tmux.screen, what="the console has gone")
    assert "4 Runs" not in tmux.screen
