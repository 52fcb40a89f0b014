"""What the actions of `yogo-tui recipes` share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yogo.presets import Preset

NAME_HELP = "The recipe: its name or its file."


def add_json_below(parser: argparse.ArgumentParser) -> None:
    """`--json` of an action, which may stand before it too."""
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="Print JSON, for programs.")


def recipe_json(preset: Preset, runs: Sequence[str] | None = None) -> dict[str, object]:
    """A recipe for programs, with the runs that used it where these are known."""
    from yogo_tui.launch.script import command_of

    return {
        "name": preset.slug,
        "title": preset.title,
        "note": preset.note,
        "path": preset.path,
        "problem": preset.problem,
        "recipe": preset.recipe.model_dump(),
        "command": command_of(preset.recipe),
        **({"runs": list(runs)} if runs is not None else {}),
    }
