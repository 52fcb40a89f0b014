"""Everything the console can do, in one place: each screen's action and each command is one call here.

Composition only: the work is in `launch`, `runs`, `cluster` and `hosts`. Nothing here knows of textual.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.run.history import History
from yogo.run.launch import Kind, Parent
from yogo_tui.cluster.base import Cluster, Estimate, Queue, Resources
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.runs.model import Run
from yogo_tui.settings import Settings, SizePreset


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A dataset-definition file that lies under one of the settings' folders."""

    path: Path
    root: Path
    """The folder of the settings that it was found under."""


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs as last seen; `queue.stale` and `queue.seen_at` say how old that truth is."""

    runs: tuple[Run, ...] = ()
    queue: Queue = Queue()


@dataclass(frozen=True, slots=True)
class ParentInfo:
    """A .pth that a fine-tune can start from, and what passes forward from it."""

    parent: Parent
    model: str
    normalize_images: bool
    rgb_images: bool
    image_hw: tuple[int, int]
    classes: tuple[str, ...]
    from_run: Run | None = None


class Session:
    """Open with `await Session.open(settings)`; close when done."""

    settings: Settings
    host: Host
    cluster: Cluster

    @classmethod
    async def open(cls, settings: Settings) -> Session:
        """Choose host and cluster. Raises ConsoleError (a Slurm that does not answer is not a reason to go local)."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    @property
    def runs_folder(self) -> Path:
        """<workspace>/trained_models, absolute."""
        raise NotImplementedError

    # datasets and recipes: what a file is worth is asked of yogo.definition and yogo.presets directly

    def definitions(self) -> tuple[DefinitionFile, ...]:
        raise NotImplementedError

    def presets(self) -> tuple[Preset, ...]:
        """Built-in ones first, then the user's; an unreadable one comes with `problem` set."""
        raise NotImplementedError

    @property
    def presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        raise NotImplementedError

    # launch

    def propose_name(self) -> str:
        raise NotImplementedError

    def render(self, plan: Plan) -> str:
        """The job script, exactly as it would be submitted. Pure. Raises TemplateError."""
        raise NotImplementedError

    async def check_script(self, script: str) -> str:
        """What `bash -n` says of it; empty when it is well."""
        raise NotImplementedError

    async def launch(self, plan: Plan) -> Launched:
        """Make the run directory, write intent and script, submit once. Raises LaunchError, ClusterError, HostError."""
        raise NotImplementedError

    async def inspect(self, checkpoint: PurePosixPath) -> ParentInfo:
        """What any .pth holds (asks `yogo inspect`, as the console has no torch). Raises LaunchError."""
        raise NotImplementedError

    async def parent_of(self, run: Run) -> ParentInfo:
        """What would pass forward from a run, finished or still to finish. Raises LaunchError."""
        raise NotImplementedError

    async def plan_finetune(
        self,
        parent: ParentInfo,
        *,
        definition: Path,
        recipe: Recipe,
        size: SizePreset,
        name: str | None = None,
        preset: str = "",
        kind: Kind = Kind.FINETUNE,
    ) -> Plan:
        """A plan whose recipe has taken over what passes forward, and that waits for the parent if it must."""
        raise NotImplementedError

    async def estimate(self, plan: Plan) -> Estimate:
        raise NotImplementedError

    async def resources(self) -> Resources:
        raise NotImplementedError

    async def cancel(self, runs: Sequence[Run]) -> None:
        raise NotImplementedError

    # what there is

    async def runs(self) -> Runs:
        """One look at all runs: directories and queue, joined; newest first."""
        raise NotImplementedError

    def watch_runs(self) -> AsyncIterator[Runs]:
        """The same, again and again, at the pace that the cluster bears; never raises ConsoleError."""
        raise NotImplementedError

    def look_now(self) -> None:
        """Ask the cluster sooner than planned: the user has just acted."""
        raise NotImplementedError

    def follow_history(self, run: Run) -> AsyncIterator[History]:
        """The run's curves, each time that events were added; ends when the run is over and all is read."""
        raise NotImplementedError

    async def find(self, name_or_path: str) -> Run:
        """The run of this name, or at this path. Raises LaunchError with the nearest names."""
        raise NotImplementedError


def age(seen_at: datetime | None) -> str:
    """How long ago, in the largest two units, such as "2 h 14 m"; empty for never."""
    raise NotImplementedError
