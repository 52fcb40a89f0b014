"""Copies text into tmux or the terminal's clipboard, with the sentences that tell the user where it is."""

from __future__ import annotations

import asyncio
import contextlib
import os

_ANSWERS_WITHIN_SECONDS = 2.0
TO_TMUX = "copied into tmux: its prefix and ] paste it"
TO_TERMINAL = "sent to the terminal's clipboard, if it takes it"


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
