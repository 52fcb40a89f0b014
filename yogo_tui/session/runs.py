"""Finds, watches and follows runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo.text.wording import agreed, counted, meant
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Cluster
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.paths import FindPath
from yogo_tui.runs import cancelling
from yogo_tui.runs.ahead import Ahead
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.model import Run
from yogo_tui.runs.watcher import RunWatcher
from yogo_tui.settings import Settings

if TYPE_CHECKING:
    from yogo.run.history import History


class KnownRuns(RunWatcher):
    """Watches the runs, and finds one of them by its name, job id or path."""

    def __init__(self, host: Host, cluster: Cluster, settings: Settings, ahead: Ahead | None = None) -> None:
        folders = [PurePosixPath(folder) for folder in settings.all_runs_folders]
        scanner = Scanner(host, folders, ahead.runs if ahead else None)
        super().__init__(host, cluster, scanner, poll_seconds=cluster.pace(settings.poll_seconds))
        self._settings = settings
        self._sizes: dict[PurePosixPath, int] = {}

    async def measure(self, runs: Iterable[Run]) -> None:
        """Find out how much room the directories of these runs take, which may need a while. From the next look on the
        runs have their size. Raises HostError."""
        # most never ask for it
        from yogo_tui.questions.trash import SizesOf

        paths = [run.path for run in runs if run.path]
        sizes = await self._host.ask(SizesOf(tuple(map(Path, paths))))
        self._sizes |= dict(zip(paths, sizes, strict=True))

    def with_sizes(self, runs: tuple[Run, ...]) -> tuple[Run, ...]:
        """The runs with the sizes that were measured."""
        if not self._sizes:
            return runs
        return tuple(replace(run, num_bytes=self._sizes.get(run.path)) if run.path else run for run in runs)

    @property
    def folder(self) -> Path:
        """Absolute path of the workspace's trained_models, where new runs are written."""
        return self._settings.own_runs_folder

    def follow(self, run: Run) -> AsyncIterator[History]:
        """Yields the history of a run, which is not only a job, each time that events were added, until the run is
        over and all is read."""
        # a list of runs follows none
        from yogo_tui.runs.follow import follow_history

        path = run.path
        assert path is not None

        async def is_over() -> bool:
            seen = await self.at(path)
            return seen is None or seen.state.is_over

        return follow_history(self._host, path, is_over)

    async def find(self, name_or_path: str) -> Run:
        """The run of this name, job id or path. Raises LaunchError with the nearest names; HostError."""
        (found,) = await self.find_all([name_or_path])
        return found

    async def find_all(self, names: Sequence[str]) -> tuple[Run, ...]:
        """The runs of these names, job ids or paths, by one look. Raises as `find`."""
        seen, paths = await asyncio.gather(self.look(), asyncio.gather(*map(self._path, names)))
        return tuple([await self._find(name, path, seen.runs) for name, path in zip(names, paths, strict=True)])

    async def find_job(self, text: str, seen: Sequence[Run] | None = None) -> Run:
        """The run or job of this name, path or id, to be cancelled, among those `seen` if they are given.

        Raises LaunchError if there is none, or if several live jobs have this name; HostError.
        """
        seen = (await self.look()).runs if seen is None else seen
        path = await self._path(text)
        return cancelling.meant_by(text, path, seen) or await self._find(text, path, seen)

    async def _path(self, text: str) -> PurePosixPath:
        return PurePosixPath((await self._host.ask(FindPath(text, self._settings.start))).path)

    async def _find(self, name_or_path: str, wanted: PurePosixPath, seen: Sequence[Run]) -> Run:
        found = [run for run in seen if name_or_path in (run.name, run.job and run.job.id) or run.path == wanted]
        # A run is preferred to a job of the same name, and a run of this workspace to one of another.
        if runs := sorted((run for run in found if run.path), key=self._is_elsewhere):
            return runs[0]
        if elsewhere := await self.at(wanted):
            return elsewhere
        if len(found) == 1:
            return found[0]
        parts = [run for run in seen if run.job and run.job.id.startswith((f"{name_or_path}_", f"{name_or_path}+"))]
        if several := found or parts:
            ids = ", ".join(run.job.id for run in several if run.job)
            raise LaunchError(f"{name_or_path} is {counted(len(several), 'job')}: {ids}. Say which one by its id.")
        if said := await self._in_trash(name_or_path, wanted):
            raise LaunchError(said)
        near = meant(name_or_path, [run.name for run in seen])
        if not near.startswith("Did"):
            here = sum(not run.is_elsewhere for run in seen)
            near = f"There {agreed(here, 'is')} {counted(here, 'run')} in {self.folder}."
        raise LaunchError(f"There is no run {name_or_path}. {near}")

    async def _in_trash(self, name_or_path: str, wanted: PurePosixPath) -> str:
        """A sentence that says so, and how to bring it back, if a run of this name or path was moved to the trash."""
        from yogo_tui.questions.trash import ListTrash

        batches = await self._host.ask(ListTrash(self._settings.all_runs_folders, with_sizes=False))
        for batch in batches:
            if name_or_path in batch.names or (wanted.name in batch.names and batch.folder == Path(wanted.parent)):
                name = wanted.name if wanted.name in batch.names else name_or_path
                back = f"{tui()} trash --undo" if batch is batches[0] else f"move {batch.path / name} to {batch.folder}"
                return f"{name} is in the trash. To bring it back: {back}"
        return ""

    def _is_elsewhere(self, run: Run) -> bool:
        return run.path is None or run.path.parent not in map(PurePosixPath, self._settings.all_runs_folders)
