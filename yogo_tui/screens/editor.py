"""Opens a file in the user's editor, which takes the console's place while it is open."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import FrameType

from textual.app import SuspendNotSupported

from yogo.files.places import because, told
from yogo.text.terminal import printable
from yogo_tui.asking import handled
from yogo_tui.editors import CHOOSE, Editor, chosen_editor, why_not_started
from yogo_tui.errors import ConsoleError, HostUnknown
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.screens.base import BaseConsole

_LARGEST = 1 << 24
_PLUS = frozenset("vi vim nvim view gvim nano pico emacs emacsclient micro joe jed ne mg kak mcedit".split())
_GOTO = frozenset(("code", "code-insiders", "codium", "cursor"))
_COLON = frozenset(("hx", "helix", "subl", "zed"))
"""Programs that open a file at a line by `+LINE FILE`, `--goto FILE:LINE` and `FILE:LINE`."""

_VI = """{path} opens in vi, because $EDITOR is not set.
In vi: i starts typing and esc ends it. Then :wq and enter saves and closes; :q! and enter closes without saving.
{choose}
enter opens it, ctrl+d goes back: """


async def edit(app: BaseConsole, path: Path, line: int | None = None) -> None:
    """Open `path` in the user's editor, at a line of it, and wait until it is closed. A far file is edited in a copy on
    this machine.

    Raises ConsoleError.
    """
    host = app.session.host
    if isinstance(host, HereHost):
        _edit(app, path, line)
        return
    before = await _whole(host, path)
    folder = Path(tempfile.mkdtemp(prefix="yogo-edit-"))
    copy = folder / path.name
    copy.write_bytes(before)
    try:
        _edit(app, copy, line)
        if (after := copy.read_bytes()) != before:
            if await _whole(host, path) != before:
                raise ConsoleError(f"{path} was changed on {host.name} in the meantime.")
            await host.write(PurePosixPath(path), after)
    except (ConsoleError, OSError) as error:
        if copy.exists() and copy.read_bytes() != before:
            kind = HostUnknown if isinstance(error, HostUnknown) else ConsoleError
            raise kind(f"{told(error)} Your text is kept in {copy}.") from error
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


async def edit_text(app: BaseConsole, name: str, text: str) -> str:
    """Open `text` in the user's editor, in a file of this name on this machine, and return it as it was left.

    Raises ConsoleError.
    """
    folder = Path(tempfile.mkdtemp(prefix="yogo-edit-"))
    try:
        copy = folder / name
        copy.write_text(text, encoding="utf-8")
        _edit(app, copy, None)
        return copy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConsoleError(f"The text cannot be edited: {because(error)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _whole(host: Host, path: Path) -> bytes:
    try:
        piece = await host.read(PurePosixPath(path), limit=_LARGEST)
    except FileNotFoundError:
        raise ConsoleError(f"There is no file {path} on {host.name}.") from None
    if piece.size > _LARGEST:
        raise ConsoleError(f"{path} is too large to be edited from here: edit it on {host.name}.")
    return piece.data


def _edit(app: BaseConsole, path: Path, line: int | None) -> None:
    editor = chosen_editor()
    try:
        with app.suspend():
            status = _open(editor, path, line)
    except OSError as error:
        raise ConsoleError(f"{editor.named} cannot be started: {why_not_started(error)}. {CHOOSE}") from error
    except SuspendNotSupported as error:
        raise ConsoleError(f"This terminal cannot be handed to an editor: open {path} elsewhere.") from error
    app.refresh(layout=True)
    if status:
        ended = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        raise ConsoleError(f"{editor.named} {ended}. {path} is as the editor left it. {CHOOSE}")
    if not editor.source and status is not None:
        app.notify(f"opened in {editor.words[0]}. {CHOOSE}", markup=False)


def _open(editor: Editor, path: Path, line: int | None) -> int | None:
    """Run the editor to its end. Returns its exit status; None if the user did not open it. Raises OSError."""
    with _signals() as children:
        if not editor.source and editor.words[0] != "nano":
            print(_VI.format(path=printable(str(path)), choose=CHOOSE), end="", flush=True)
            if not sys.stdin.readline():
                return None
        with subprocess.Popen([*editor.words, *_at(editor, path, line)]) as child:
            children.append(child)
            return child.wait()


def _at(editor: Editor, path: Path, line: int | None) -> list[str]:
    """The words that open a file at a line in this editor; those of an unknown one open it at its beginning."""
    program = Path(editor.words[0]).name
    if line is None or line < 1:
        return [str(path)]
    if program in _PLUS:
        return [f"+{line}", str(path)]
    if program in _GOTO:
        return ["--goto", f"{path}:{line}"]
    return [f"{path}:{line}"] if program in _COLON else [str(path)]


@contextlib.contextmanager
def _signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """While the editor runs, ignore the signals of keys, and end the editor before a signal ends the console."""
    children: list[subprocess.Popen[bytes]] = []
    kept: list[int] = []

    def heed(number: int, _frame: FrameType | None) -> None:
        # The terminal sends ctrl+c and ctrl+\ to the editor too.
        if number in (signal.SIGINT, signal.SIGQUIT):
            return
        kept.append(number)
        for child in children:
            child.send_signal(number)
        if not children:
            raise OSError(f"asked to end by {signal.Signals(number).name}")

    try:
        with handled(heed):
            yield children
    finally:
        if kept:
            signal.raise_signal(kept[0])
