"""Where copied text can be handed to, and what may truly be said of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os

_ANSWERS_WITHIN_SECONDS = 2.0
TO_TMUX = "copied into tmux: its prefix and ] paste it"
TO_TERMINAL = "sent to the terminal's clipboard, if it takes it"


async def into_tmux(text: str) -> bool:
    """Whether tmux, if the console runs in it, has taken `text` into its buffer, and sent it on where it may.

    What an application writes to the terminal stays in tmux and comes to no buffer, as tmux is set at first.
    """
    if not os.environ.get("TMUX"):
        return False
    # An old tmux knows no -w, which hands the text to the terminal around it as well.
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
