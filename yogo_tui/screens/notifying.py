"""Tells the terminal that a run has ended, in the ways that the settings name."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from yogo.text.terminal import printable
from yogo_tui.questions.announcing import RunEnd


def tell_terminal(ways: Sequence[str], end: RunEnd, env: Mapping[str, str] = os.environ) -> None:
    """Ring, or send the sequences that terminals show as notices of the desktop."""
    print("".join(sequence(way, end, env) for way in ways), end="", file=sys.__stderr__, flush=True)


def sequence(way: str, end: RunEnd, env: Mapping[str, str]) -> str:
    """What the terminal is sent. tmux passes it on where its option allow-passthrough is on."""
    if way == "bell":
        return "\a"
    words = printable(end.sentence).replace(";", ",")
    inner = f"\x1b]9;{words}\a" if way == "osc9" else f"\x1b]777;notify;yogo;{words}\a"
    return f"\x1bPtmux;{inner.replace(chr(27), chr(27) * 2)}\x1b\\" if env.get("TMUX") else inner
