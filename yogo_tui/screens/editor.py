"""The user's own editor, in the console's place while it is open."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from textual.app import SuspendNotSupported

from yogo.terminal import printable
from yogo_tui.asking import ASKING
from yogo_tui.errors import ConsoleError
from yogo_tui.screens.base import BaseConsole

_CHOOSE = "Choose your editor with, for example: export EDITOR=nano"
_VI = """{path} opens in vi, as $EDITOR is not set.
In vi: i begins to type, esc ends that; then :wq and enter saves and leaves, :q! and enter leaves it as it was.
{choose}
enter opens it, ctrl+d goes back: """


@dataclass(frozen=True, slots=True)
class Editor:
    """The words of its command, and what they come from."""

    words: tuple[str, ...]
    source: str = ""
    """Such as "$EDITOR"; empty where nobody has chosen it."""


def edit(app: BaseConsole, path: Path) -> None:
    """Open `path` in the user's editor, and wait for it to be closed. Raises ConsoleError."""
    editor = chosen_editor()
    try:
        with app.suspend():
            status = _open(editor, path)
    except OSError as error:
        raise ConsoleError(f"{_named(editor)} cannot be started: {_why(error)}. {_CHOOSE}") from error
    except SuspendNotSupported as error:
        raise ConsoleError(f"This terminal cannot be handed to an editor: open {path} elsewhere.") from error
    app.refresh(layout=True)
    if status:
        ended = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        raise ConsoleError(f"{_named(editor)} {ended}. {path} is as it was left. {_CHOOSE}")
    if not editor.source:
        app.notify(f"opened in {editor.words[0]}. {_CHOOSE}", markup=False)


def chosen_editor() -> Editor:
    """$VISUAL, $EDITOR, or git's core.editor; else nano, which shows its keys; else vi. Raises ConsoleError."""
    for name in ("VISUAL", "EDITOR"):
        if value := os.environ.get(name, "").strip():
            return Editor(_split(value, f"${name}"), f"${name}")
    if value := _of_git():
        return Editor(_split(value, "git's core.editor"), "git's core.editor")
    for name in ("nano", "vi", "vim"):
        if shutil.which(name):
            return Editor((name,))
    raise ConsoleError(f"There is no editor here: neither nano nor vi is installed. {_CHOOSE}")


def _split(value: str, source: str) -> tuple[str, ...]:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ConsoleError(f"{source} cannot be read, as a quote is not closed in it: {value}") from error
    if not words or not words[0].strip():
        raise ConsoleError(f"{source} names no editor: {value}. {_CHOOSE}")
    return (os.path.expanduser(words[0]), *words[1:])


def _of_git() -> str:
    """git's core.editor; empty where there is none, or no git that answers."""
    try:
        asked = subprocess.run(
            ["git", "config", "--get", "core.editor"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=2,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _open(editor: Editor, path: Path) -> int:
    """Run the editor to its end; its status, 0 where the user went back before it. Raises OSError."""
    with _signals() as children:
        if not editor.source and editor.words[0] != "nano":
            print(_VI.format(path=printable(str(path)), choose=_CHOOSE), end="", flush=True)
            if not sys.stdin.readline():
                return 0
        with subprocess.Popen([*editor.words, str(path)]) as child:
            children.append(child)
            return child.wait()


@contextlib.contextmanager
def _signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Meanwhile the keys' signals are the editor's alone, and one that ends the console ends the editor first."""
    children: list[subprocess.Popen[bytes]] = []
    kept: list[int] = []

    def heed(number: int, _frame: FrameType | None) -> None:
        # ctrl+c and ctrl+\ reach the editor by themselves, as they reach all that is on the terminal.
        if number in (signal.SIGINT, signal.SIGQUIT):
            return
        kept.append(number)
        for child in children:
            child.send_signal(number)
        if not children:
            raise OSError(f"asked to end by {signal.Signals(number).name}")

    before = {number: signal.getsignal(number) for number in ASKING}
    heeded = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, heed)
    try:
        yield children
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)
        if kept:
            signal.raise_signal(kept[0])


def _named(editor: Editor) -> str:
    return f"{editor.words[0]} ({editor.source})" if editor.source else editor.words[0]


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such program"
    return error.strerror or str(error)
