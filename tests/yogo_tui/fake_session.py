"""A session without a cluster: what it shows is set by the test, what it was asked is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, cast

from textual.pilot import Pilot

from tests.yogo_tui.fake_cluster import FakeCluster
from yogo.presets import Preset, builtin, load_all
from yogo.recipe import Recipe
from yogo.run.events import Losses, Started, Step, Validated
from yogo.run.history import History
from yogo.run.launch import Kind, Launch, Outcome, Parent, Size, Submission
from yogo_tui.cluster.base import Job, JobId, JobState, Queue
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.answering import answer
from yogo_tui.hosts.base import A, Completed, Entry, Host, Piece, Question, Tell, silent
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.losses import LossCurves, ReadLosses
from yogo_tui.runs.model import Progress, Run, RunState
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.screens.printed import text_of
from yogo_tui.session import Runs, Session
from yogo_tui.session.jobs import Jobs
from yogo_tui.session.launcher import Launcher
from yogo_tui.session.library import Library
from yogo_tui.session.planner import Planner
from yogo_tui.session.runs import KnownRuns
from yogo_tui.settings import Settings


def make_run(name: str, state: RunState = RunState.RUNNING, *, hours: float = 2.25, **changes: Any) -> Run:
    made_at = datetime.now(UTC) - timedelta(hours=hours)
    launch = Launch(
        name=name,
        kind=Kind.PRETRAIN,
        token="t",
        created_at=made_at,
        definition="/lab/dataset_defs/pre-training/cells.yml",
        recipe=Recipe(epochs=16, learning_rate=5e-4, normalize_images=True),
        preset="pretrain",
        size=Size(gpus=4, cpus=64, hours=24),
        submissions=(Submission(cluster="slurm", outcome=Outcome.SUBMITTED, job_id=f"job-{name}"),),
    )
    job = Job(JobId(f"job-{name}"), name, JobState.DONE if state.is_over else JobState.RUNNING, started_at=made_at)
    run = Run(
        name,
        state,
        path=PurePosixPath("/lab/trained_models") / name,
        kind=Kind.PRETRAIN,
        launch=launch,
        job=job,
        log=PurePosixPath("/lab/trained_models") / name / f"{name}-7.log",
        progress=Progress(9.6, 16, 5_460.0, 21.4, 8),
    )
    return replace(run, **changes)


def make_history(steps: int = 400, epochs: int = 4) -> History:
    per_epoch = steps // epochs
    history = History(started=Started(epochs=epochs, steps_per_epoch=per_epoch, num_train=100, num_val=10))
    for step in range(1, steps + 1):
        history.add(Step(step=step, epoch=(step - 1) // per_epoch, losses=Losses(loss=60 / step**0.5), lr=1e-3))
        if step % per_epoch == 0:
            history.add(Validated(step=step, epoch=step // per_epoch - 1, losses=Losses(loss=70 / step**0.5)))
    return history


@dataclass
class MemoryHost(Host):
    """Files that a test writes into a dict, and what programs answer by their names: nothing, where it is not said."""

    files: dict[PurePosixPath, bytes] = field(default_factory=dict)
    answers: dict[str, Completed] = field(default_factory=dict)
    name: str = "here"
    away: str = ""
    """Why it answers no questions; empty if it does."""

    answers_now: asyncio.Event | None = None
    """Where it is set, what reads waits until it is."""

    losses: dict[PurePosixPath, LossCurves] = field(default_factory=dict)
    """What the runs in these folders have recorded."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        folder: PurePosixPath | None = None,
        timeout_seconds: float = 150.0,
        only_looks: bool = False,
        is_repeatable: bool = False,
    ) -> Completed:
        return self.answers.get(argv[0], Completed(0))

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if self.answers_now:
            await self.answers_now.wait()
        if path not in self.files:
            raise FileNotFoundError(path)
        return Piece(self.files[path][offset : offset + limit], len(self.files[path]), "1")

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        if self.answers_now:
            await self.answers_now.wait()
        files = [Entry(p.name, False, len(d), 0.0) for p, d in self.files.items() if p.parent == path]
        folders = {f.relative_to(path).parts[0] for f in self.files if path in f.parents and f.parent != path}
        return (*files, *(Entry(name, True, 0, 0.0) for name in sorted(folders)))

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        self.files[path] = data

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if self.answers_now:
            await self.answers_now.wait()
        if self.away:
            raise HostError(self.away)
        if isinstance(question, ReadLosses):
            return cast("A", self.losses.get(PurePosixPath(question.path), LossCurves()))
        return await answer(question, tell)

    async def close(self) -> None:
        pass


class FakeLibrary(Library):
    def __init__(self, session: FakeSession) -> None:
        super().__init__(session.host, session.settings)
        self._session = session

    @property
    def presets_folder(self) -> Path:
        return self._session.settings.workspace_folder / "recipes"

    async def presets(self) -> tuple[Preset, ...]:
        return (*builtin(), *load_all([self.presets_folder]))

    async def definitions(self, tell: Tell = silent) -> tuple[DefinitionFile, ...]:
        return self._session.definition_files


class FakeRuns(KnownRuns):
    def __init__(self, session: FakeSession) -> None:
        super().__init__(session.host, session.cluster, session.settings)
        self._session = session

    async def watch(self) -> AsyncGenerator[Runs, None]:
        while True:
            yield await self._session.feed.get()

    def follow(self, run: Run) -> AsyncGenerator[History, None]:
        return self._session.follow_history(run)

    def look_now(self) -> None:
        self._session.looks += 1


class FakeLauncher(Launcher):
    def __init__(self, session: FakeSession) -> None:
        super().__init__(session.host, session.cluster, session.settings, session.runs.look_now)
        self._session = session
        self._names = 0

    def propose_name(self) -> str:
        self._names += 1
        return f"chaos-cat-{self._names:04d}"

    async def render(self, plan: LaunchPlan) -> str:
        return self._session.render(plan)

    async def difference(self, plan: LaunchPlan, script: str) -> str | None:
        return self._session.difference_of(plan, script)

    async def check_plan(self, plan: LaunchPlan) -> None:
        if self._session.plan_problem:
            raise LaunchError(self._session.plan_problem)

    async def check_chain(self, plans: Sequence[LaunchPlan]) -> tuple[str, ...]:
        for plan in plans:
            await self.check_plan(plan)
        return ()

    async def launch(self, plan: LaunchPlan) -> Launched:
        if self._session.refusal:
            raise LaunchError(self._session.refusal)
        self._session.launched.append(plan)
        run = make_run(plan.name, RunState.WAITING)
        assert run.launch
        assert run.path
        return Launched(run.launch, run.path, JobId(f"job-{plan.name}"))


class FakePlanner(Planner):
    def __init__(self, session: FakeSession) -> None:
        super().__init__(session.host, session.cluster, session.settings)

    async def parent_of_file(self, checkpoint: PurePosixPath) -> ParentInfo:
        if checkpoint.suffix != ".pth":
            raise LaunchError(f"{checkpoint} is not a checkpoint")
        return ParentInfo(
            Parent(checkpoint=str(checkpoint)), Recipe(model="half_filters", normalize_images=True), ("a", "b")
        )

    async def parent_of(self, run: Run) -> ParentInfo:
        info = await self.parent_of_file(PurePosixPath(f"{run.path}/best.pth"))
        return replace(info, parent=Parent(checkpoint=f"{run.path}/best.pth", run=str(run.path)), from_run=run)

    async def parent_of_plan(self, plan: LaunchPlan) -> ParentInfo:
        path = f"/lab/trained_models/{plan.name}"
        info = await self.parent_of_file(PurePosixPath(f"{path}/best.pth"))
        return replace(info, parent=Parent(checkpoint=f"{path}/best.pth", run=path))

    async def _other_classes(self, parent: ParentInfo, definition: Path) -> str:
        return ""

    def _new_name(self) -> str:
        return "chaos-cat-9999"


class FakeSession(Session):
    """A session over files in memory and a cluster without machines. What it is to show is set, and what it does is
    the real session's but for what needs a trainer, real definitions or a template."""

    host: MemoryHost
    cluster: FakeCluster

    def __init__(self, *runs: Run, folder: Path = Path("/nowhere")) -> None:
        super().__init__(Settings.model_validate({"workspace": folder}), MemoryHost(), FakeCluster())
        self.history = make_history()
        self.definition_files: tuple[DefinitionFile, ...] = ()
        self.launched: list[LaunchPlan] = []
        self.plan_problem = ""
        self.refusal = ""
        self.looks = 0
        self.feed: asyncio.Queue[Runs] = asyncio.Queue()
        self.library = FakeLibrary(self)
        self.runs = FakeRuns(self)
        self.planner = FakePlanner(self)
        self.launcher = FakeLauncher(self)
        self.jobs = Jobs(self.host, self.cluster, self.settings, self.runs.look_now)
        self.push(*runs)

    def push(self, *runs: Run, stale: str = "", seen_at: datetime | None = None, away: str = "") -> None:
        """What the next look at the world shows; `away` is why the folders could not be read."""
        for run in runs:
            self._keep(run)
        self.feed.put_nowait(Runs(runs, Queue(seen_at=seen_at or datetime.now(UTC), stale=stale or away), away))

    def push_folders(self, *runs: Run, stale: str = "") -> None:
        """What is shown before the queue was ever seen."""
        self.feed.put_nowait(Runs(runs, Queue(stale=stale)))

    def _keep(self, run: Run) -> None:
        """In the host's memory, what the run's folder would hold."""
        if run.path is None:
            return
        if run.launch:
            self.host.files[run.path / "launch.json"] = run.launch.model_dump_json().encode()
        if run.has_best:
            self.host.files[run.path / "best.pth"] = b"weights"

    async def follow_history(self, run: Run) -> AsyncGenerator[History, None]:
        """What the screen of a run is told."""
        yield self.history

    def difference_of(self, plan: LaunchPlan, script: str) -> str | None:
        """What it has otherwise than the shipped template makes it."""
        return ""

    def render(self, plan: LaunchPlan) -> str:
        """The script that is shown."""
        return f"#!/bin/bash\n#SBATCH --job-name={plan.name}\nyogo train {plan.definition.name}\n"


async def see(pilot: Pilot[None], *words: str) -> None:
    """Wait until all of these words are on the screen."""
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def until(pilot: Pilot[None], holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what the user would see, not for how it comes about."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"not seen within {seconds:g} s; on the screen is\n{shown(pilot)}") from None


def shown(pilot: Pilot[None]) -> str:
    """All that is on the screen, line by line."""
    return text_of(pilot.app)
