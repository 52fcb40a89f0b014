"""A session without a cluster: what it shows is set by the test, what it was asked is kept."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from textual.pilot import Pilot

from yogo.presets import Preset, builtin, load_all
from yogo.recipe import Recipe
from yogo.run.events import Losses, Started, Step, Validated
from yogo.run.history import History
from yogo.run.launch import Kind, Launch, Outcome, Parent, Size, Submission
from yogo_tui.cluster.base import Estimate, Job, JobId, JobState, Queue, Resources
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Completed, Entry, Piece
from yogo_tui.launch.machine import Machine
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.launch.use import Purpose, Results, Use, Used
from yogo_tui.runs.model import Progress, Run, RunState
from yogo_tui.session import DefinitionFile, ParentInfo, Runs
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
class MemoryHost:
    """Files that a test writes into a dict."""

    files: dict[PurePosixPath, bytes] = field(default_factory=dict)
    name: str = "here"

    async def run(self, argv: Sequence[str], **_: object) -> Completed:
        return Completed(0)

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if path not in self.files:
            raise FileNotFoundError(path)
        return Piece(self.files[path][offset : offset + limit], len(self.files[path]), "1")

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        files = [Entry(p.name, False, len(d), 0.0) for p, d in self.files.items() if p.parent == path]
        folders = {f.relative_to(path).parts[0] for f in self.files if path in f.parents and f.parent != path}
        return (*files, *(Entry(name, True, 0, 0.0) for name in sorted(folders)))

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        self.files[path] = data


class FakeSession:
    def __init__(self, *runs: Run, folder: Path = Path("/nowhere")) -> None:
        self.settings = Settings(workspace=folder)
        self.cluster = SimpleNamespace(name="slurm")
        self.machine: Machine | None = None
        self.host = MemoryHost()
        self.presets_folder = folder / "recipes"
        self.runs_folder = folder / "trained_models"
        self.history = make_history()
        self.definition_files: tuple[DefinitionFile, ...] = ()
        self.cancelled: list[str] = []
        self.launched: list[Plan] = []
        self.resumed: list[str] = []
        self.used: list[Use] = []
        self.results: tuple[Results, ...] = ()
        self.script_problem = ""
        self.plan_problem = ""
        self.refusal = ""
        self.looks = 0
        self._names = 0
        self.all_runs = runs
        self._feed: asyncio.Queue[Runs] = asyncio.Queue()
        self.push(*runs)

    def push(self, *runs: Run, stale: str = "", seen_at: datetime | None = None) -> None:
        """What the next look at the world shows."""
        self.all_runs = runs
        self._feed.put_nowait(Runs(runs, Queue(seen_at=seen_at or datetime.now(UTC), stale=stale)))

    def push_folders(self, *runs: Run, stale: str = "") -> None:
        """What is shown before the queue was ever seen."""
        self._feed.put_nowait(Runs(runs, Queue(stale=stale)))

    async def watch_runs(self) -> AsyncIterator[Runs]:
        while True:
            yield await self._feed.get()

    async def follow_history(self, run: Run) -> AsyncIterator[History]:
        yield self.history

    def look_now(self) -> None:
        self.looks += 1

    def definitions(self) -> tuple[DefinitionFile, ...]:
        return self.definition_files

    def presets(self) -> tuple[Preset, ...]:
        return (*builtin(), *load_all([self.presets_folder]))

    def propose_name(self) -> str:
        self._names += 1
        return f"chaos-cat-{self._names:04d}"

    def render(self, plan: Plan) -> str:
        return f"#!/bin/bash\n#SBATCH --job-name={plan.name}\nyogo train {plan.definition}\n"

    async def check_script(self, script: str) -> str:
        return self.script_problem

    async def check_plan(self, plan: Plan) -> None:
        if self.plan_problem:
            raise LaunchError(self.plan_problem)

    async def use(self, run: Run, purpose: Purpose, *, source: PurePosixPath | None = None) -> Used:
        assert run.path
        use = Use(purpose, run.name, run.path, self.settings.sizes[0], source)
        self.used.append(use)
        return Used(use, run.path / "uses" / f"{purpose}-1", JobId("9"))

    async def uses(self, run: Run) -> tuple[Results, ...]:
        return self.results

    async def launch(self, plan: Plan) -> Launched:
        if self.refusal:
            raise LaunchError(self.refusal)
        self.launched.append(plan)
        run = make_run(plan.name, RunState.WAITING)
        self.all_runs = (run, *self.all_runs)
        assert run.launch
        assert run.path
        return Launched(run.launch, run.path, JobId(f"job-{plan.name}"))

    async def inspect(self, checkpoint: PurePosixPath) -> ParentInfo:
        if checkpoint.suffix != ".pth":
            raise LaunchError(f"{checkpoint} is not a checkpoint")
        return ParentInfo(Parent(checkpoint=str(checkpoint)), "half_filters", True, False, (772, 1032), ("a", "b"))

    async def parent_of(self, run: Run) -> ParentInfo:
        info = await self.inspect(PurePosixPath(f"{run.path}/best.pth"))
        return replace(info, parent=Parent(checkpoint=f"{run.path}/best.pth", run=str(run.path)), from_run=run)

    async def parent_of_plan(self, plan: Plan) -> ParentInfo:
        path = f"/lab/trained_models/{plan.name}"
        info = await self.inspect(PurePosixPath(f"{path}/best.pth"))
        return replace(info, parent=Parent(checkpoint=f"{path}/best.pth", run=path))

    async def plan_finetune(self, parent: ParentInfo, **given: Any) -> Plan:
        recipe = given.pop("recipe").model_copy(update={"model": parent.model, "normalize_images": True})
        name = given.pop("name", None) or self.propose_name()
        definition = PurePosixPath(given.pop("definition"))
        kind = given.pop("kind", Kind.FINETUNE)
        after = parent.from_run.job.id if parent.from_run and parent.from_run.job else None
        return Plan(name, kind, definition, recipe, parent=parent.parent, after=after, **given)

    async def estimate(self, plan: Plan) -> Estimate:
        return Estimate(datetime.now(UTC) + timedelta(hours=3))

    async def resources(self) -> Resources:
        return Resources(free_gpus=3, total_gpus=8, max_hours=48)

    async def find(self, name_or_path: str) -> Run:
        return next(run for run in self.all_runs if run.name == name_or_path)

    async def plan_resume(self, run: Run) -> str:
        if run.state is RunState.RUNNING:
            raise LaunchError(f"{run.name} still runs.")
        return "goes on from epoch 9.6 of 16"

    async def resume(self, run: Run) -> Launched:
        self.resumed.append(run.name)
        assert run.launch
        assert run.path
        return Launched(run.launch, run.path, JobId("8"))

    async def cancel(self, runs: Sequence[Run]) -> None:
        self.cancelled += [run.name for run in runs]


async def until(pilot: Pilot[None], holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait for what the user would see, not for how it comes about."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"not seen within {seconds:g} s; on the screen is\n{shown(pilot)}") from None


_TEXT = re.compile(r'<text class="[^"]*-r\d+" x="([\d.]+)"[^>]*clip-path="url\(#[^"]*-line-(\d+)\)">(.*?)</text>')


def shown(pilot: Pilot[None]) -> str:
    """All that is on the screen, line by line: from Textual's own picture of it, the public way to its text."""
    lines: dict[int, str] = {}
    for x, line, text in _TEXT.findall(pilot.app.export_screenshot()):
        column = round(float(x) / 12.2)
        lines[int(line)] = lines.get(int(line), "").ljust(column) + html.unescape(text).replace("\xa0", " ")
    return "\n".join(lines.get(number, "") for number in range(max(lines, default=-1) + 1))
