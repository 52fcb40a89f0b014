"""What may be said to the commands that use a model, for their form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from yogo_tui.hosts.base import Host
from yogo_tui.launch.use import Purpose
from yogo_tui.questions.uses import CheckedOptions, CheckOptions, ListOptions, Option, SeenBefore
from yogo_tui.runs.model import Run
from yogo_tui.settings import Settings


class Uses:
    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def options(self, purpose: Purpose) -> tuple[Option, ...]:
        """The options of its command, as yogo declares them. Raises HostError."""
        return await self._host.ask(ListOptions(str(purpose)))

    async def check(self, purpose: Purpose, given: Mapping[str, str]) -> CheckedOptions:
        """The options as words of its command, and a sentence for each that is wrong. Raises HostError."""
        return await self._host.ask(CheckOptions(str(purpose), dict(given), self._settings.workspace_folder))

    async def seen_before(self, run: Run, definition: PurePosixPath) -> tuple[str, ...]:
        """Sentences on test images that the run, or one that it comes from, was trained on. Raises DefinitionError,
        HostError."""
        if run.path is None:
            return ()
        return await self._host.ask(SeenBefore(Path(run.path), Path(definition), self._settings.workspace_folder))
