"""The question for what differs between the data of two definitions or runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yogo.definition.data_difference import DataDifference
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True)
class DiffData:
    """As `yogo data diff` tells it. Each is a definition, a run directory or a data.json.gz.

    Raises RunError, DefinitionError.
    """

    first: Path
    second: Path
    workspace: Path
    most: int | None = None
    """Changes of each kind that are named; None for all."""

    def answer(self, tell: Tell) -> DataDifference:
        from yogo.datasets.cache import own_folder
        from yogo.definition.data_difference import data_difference

        return data_difference(
            self.first, self.second, base=self.workspace, memory=own_folder(), progress=tell, most=self.most
        )
