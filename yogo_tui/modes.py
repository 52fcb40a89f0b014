"""All modes of the console, in their order. A new one is added here only.

The app's keys, its modes and the mode bar come from this table; help and the palette come from the keys.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mode:
    name: str
    """Its name in the code."""

    key: str
    title: str
    screen: str
    """Its first screen, as MODULE:CLASS. The class has its own CSS."""

    def open(self) -> Any:
        """Its first screen. It is imported here, so that the first frame waits for one mode only."""
        return self.load()()

    def load(self) -> Any:
        """The class of its first screen, imported."""
        module, _, name = self.screen.partition(":")
        return getattr(importlib.import_module(module), name)


MODES = (
    Mode("datasets", "1", "Datasets", "yogo_tui.screens.datasets:DatasetsScreen"),
    Mode("recipes", "2", "Recipes", "yogo_tui.screens.recipes:RecipesScreen"),
    Mode("launch", "3", "Launch", "yogo_tui.screens.launch:LaunchScreen"),
    Mode("runs", "4", "Runs", "yogo_tui.screens.runs:RunsScreen"),
    Mode("compare", "5", "Compare", "yogo_tui.screens.compare:CompareScreen"),
)
