"""Whether the trainer that the jobs run has Optuna, as far as that can be asked where the console works."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from yogo.run.study import NEEDS
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.settings import Settings, SizePreset


class OptunaCheck:
    """Asks once."""

    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings
        self._asked: asyncio.Task[tuple[str, bool]] | None = None

    async def notes(self, size: SizePreset) -> tuple[str, ...]:
        """Sentences on what was not checked. Raises LaunchError if it is missing."""
        if self._settings.filled(size).setup:
            return ("It was not checked whether the jobs have Optuna: their set-up lines say what is installed there.",)
        self._asked = self._asked or asyncio.create_task(self._ask())
        said, has = await asyncio.shield(self._asked)  # whoever types on asks again
        if said and not has:
            raise LaunchError(said)
        return () if has else ("It was not checked whether the jobs have Optuna: yogo there does not say.",)

    async def _ask(self) -> tuple[str, bool]:
        """A sentence where it is missing, and whether it is there."""
        words: Sequence[str] = (*self._settings.yogo_words, "ask", "--check")
        try:
            answer = await self._host.run(words, timeout_seconds=60, only_looks=True)
        except HostError:
            return "", False
        lines = [line.partition(": ")[2] for line in answer.stderr.splitlines() if NEEDS in line]
        return (lines[-1] if lines else ""), answer.status == 0
