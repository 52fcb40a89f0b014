"""The console's colours, one for focus and four for states, and the theme for terminals with sixteen colours."""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

FULL = Theme(
    name="yogo",
    primary="#5fafff",
    secondary="#87afaf",
    accent="#5fd7d7",
    success="#87d787",
    warning="#ffd75f",
    error="#ff8787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={"block-cursor-foreground": "#121212", "footer-key-foreground": "#5fafff"},
)
SIXTEEN = replace(BUILTIN_THEMES["ansi-dark"], name="yogo-16", accent="ansi_cyan")
