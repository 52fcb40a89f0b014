"""Copies text into tmux or the terminal's clipboard, and says how far that is known.

What may not have arrived is kept in a file, and what cannot arrive is shown."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.files.atomic import replacing
from yogo.files.places import NoHome, folder_of, told
from yogo.text.terminal import printable
from yogo_tui.screens.ask import Dialog
from yogo_tui.widgets.scrolled_text import ScrolledText

_ANSWERS_WITHIN_SECONDS = 2.0
TO_TMUX = "copied into tmux: its prefix and ] paste it"
TO_TERMINAL = "sent to the terminal's clipboard, if it takes it"
_WITHOUT_CLIPBOARD = ("linux", "dumb", "vt", "cons")
"""How the names of terminals begin that have no clipboard for programs."""

_MOST_BYTES = 74_994
"""As much as terminals take: xterm and others have room for a sequence of 100,000 signs."""


async def into_tmux(text: str) -> bool:
    """Copy `text` into tmux's buffer, and through tmux to the terminal. Returns whether tmux took it.

    With tmux's default settings, text that an application sends to the terminal's clipboard reaches no buffer.
    """
    if not os.environ.get("TMUX"):
        return False
    # An old tmux has no option -w, which sends the text to the outer terminal too.
    return await _load(["-w", "-"], text) or await _load(["-"], text)


async def _load(words: list[str], text: str) -> bool:
    with contextlib.suppress(OSError):
        tmux = await asyncio.create_subprocess_exec(
            "tmux",
            "load-buffer",
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_SECONDS):
                await tmux.communicate(text.encode(errors="replace"))
        except TimeoutError:
            return False
        finally:
            if tmux.returncode is None:
                tmux.kill()
        return tmux.returncode == 0
    return False


def why_never(text: str, env: Mapping[str, str] = os.environ) -> str:
    """Why the terminal's clipboard certainly does not get `text`; empty if it may."""
    if env.get("TMUX"):
        return "tmux did not take it"
    if env.get("STY"):
        return "screen passes nothing on to the terminal's clipboard"
    if env.get("TERM", "").startswith(_WITHOUT_CLIPBOARD):
        return f"this terminal ({env['TERM']}) has no clipboard"
    if len(text.encode(errors="replace")) > _MOST_BYTES:
        return "it is longer than a terminal's clipboard takes"
    return ""


def keep(text: str) -> str:
    """Save `text` in a file on this machine, instead of what was copied before. Returns where it is, or why not."""
    try:
        file = folder_of("XDG_STATE_HOME", ".local/state") / "yogo-tui" / "copied.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file, 0o600, durable=False) as kept:
            kept.write(text.encode(errors="replace"))
        return f"saved in {_short(file)}"
    except (OSError, NoHome) as error:
        return f"not saved in a file: {told(error)}"


def _short(file: Path) -> str:
    home = os.environ.get("HOME")
    return f"~/{file.relative_to(home)}" if home and file.is_relative_to(home) else str(file)


class CopiedText(Dialog[None]):
    """What was to be copied, where it cannot be: to be marked by the mouse, or read from the file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "close", id="copied.close"),
        Binding("M", "app.mouse", "give the mouse to the terminal, or take it back", id="copied.mouse"),
    ]

    def __init__(self, why: str, text: str, kept: str) -> None:
        super().__init__()
        self._why, self._text, self._kept = why, text, kept

    def compose(self) -> ComposeResult:
        with ScrolledText(classes="paper"):
            yield Static(f"✖ not copied: {printable(self._why)}", classes="title", markup=False)
            yield Static("\n".join(map(printable, self._text.splitlines())), id="sentence", markup=False)
            yield Static(printable(self._kept), classes="keys", markup=False)
            yield Static("esc close   M the mouse to the terminal, which marks it", classes="keys", markup=False)
