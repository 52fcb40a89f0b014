"""The console's themes: one colour for focus and four for states in each, beside the signs and words for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
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
    variables={
        "block-cursor-foreground": "#121212",
        "footer-key-foreground": "#5fafff",
        "text-disabled": "#9e9e9e",
        "input-selection-background": "#264f78",
    },
)
LIGHT = Theme(
    name="yogo-light",
    primary="#005faf",
    secondary="#3a5f5f",
    accent="#00646e",
    success="#005f00",
    warning="#7a4a00",
    error="#af0000",
    foreground="#1c1c1c",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#e4e4e4",
    dark=False,
    variables={
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#005faf",
        "foreground-muted": "#5a5a5a",
        "text-disabled": "#5f5f5f",
        "input-selection-background": "#b0d0f0",
    },
)
COLOUR_BLIND = replace(
    DARK,
    name="yogo-colour-blind",
    primary="#ffffff",
    secondary="#b0b0b0",
    accent="#dd9cc3",
    success="#56b4e9",
    warning="#f0e442",
    error="#f07f2e",
    variables=DARK.variables | {"footer-key-foreground": "#ffffff", "block-cursor-blurred-background": "#444444"},
)
"""Blue, yellow and orange, which are told apart with every kind of colour blindness (after Okabe and Ito)."""

_OWN = {
    # The paper of notices is the terminal's own too: its own text on black may be black on black.
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "border-blurred": "ansi_bright_black",
}
SIXTEEN = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="yogo-16",
    accent="ansi_cyan",
    variables=BUILTIN_THEMES["ansi-dark"].variables | _OWN,
)
SIXTEEN_LIGHT = replace(
    BUILTIN_THEMES["ansi-light"],
    name="yogo-16-light",
    warning="ansi_magenta",
    accent="ansi_blue",
    success="ansi_blue",
    variables=BUILTIN_THEMES["ansi-light"].variables | _OWN,
)
NO_COLOUR = replace(
    SIXTEEN,
    name="yogo-no-colour",
    variables=SIXTEEN.variables
    | {
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-text-style": "underline",
        "input-cursor-text-style": "reverse",
    },
)
"""For NO_COLOR, which takes the colours away: what they tell is told by lines under the text, bold and words."""

THEMES: Mapping[str, Theme] = {
    "dark": DARK,
    "light": LIGHT,
    "colour-blind": COLOUR_BLIND,
    "16": SIXTEEN,
    "16-light": SIXTEEN_LIGHT,
}
"""By the value of the setting `theme`."""


def theme_for(wanted: str, color_system: str | None, env: Mapping[str, str]) -> Theme:
    """The theme that the setting means in this terminal, which may have fewer colours, or be asked for none."""
    if "NO_COLOR" in env:
        return NO_COLOUR
    has_few = color_system not in ("256", "truecolor")
    is_light = _is_light(env)
    if wanted == "auto":
        wanted = ("16" if has_few else "dark") if not is_light else ("16-light" if has_few else "light")
    theme = THEMES[wanted]
    return theme if theme.ansi or not has_few else SIXTEEN if theme.dark else SIXTEEN_LIGHT


def _is_light(env: Mapping[str, str]) -> bool:
    """Whether the terminal says that its background is light: some set COLORFGBG, to such as "0;15"."""
    return env.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
