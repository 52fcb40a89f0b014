"""Questions about what is wrong with a definition's images and labels though they open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yogo.health.finding import DataHealth
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True)
class CheckHealth:
    """What `yogo check --deep` finds; it is remembered. Raises RunError for a `run` that cannot be read."""

    path: Path
    workspace: Path
    run: Path | None = None
    """A run directory: its training images are looked for among those to validate and test on."""

    def answer(self, tell: Tell) -> DataHealth:
        from yogo.datasets.cache import own_folder
        from yogo.health.deep import deep_check

        return deep_check(self.path, base=self.workspace, memory=own_folder(), progress=tell, against=self.run)


@dataclass(frozen=True)
class KnownHealth:
    """What the last check found; None where there was none, or a file has changed since."""

    path: Path
    workspace: Path

    def answer(self, tell: Tell) -> DataHealth | None:
        from yogo.datasets.cache import own_folder
        from yogo.health.deep import known_health

        return known_health(self.path, base=self.workspace, memory=own_folder(), progress=tell)
