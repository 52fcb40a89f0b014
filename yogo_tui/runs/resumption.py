"""Whether and how a run that stopped can be gone on with."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from yogo.errors import RunError
from yogo.run.directory import RunDirectory
from yogo.run.launch import Outcome, Parent
from yogo.run.lease import Holder
from yogo_tui.cluster.base import JobState
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import Plan
from yogo_tui.launch.resume import Resumption
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.model import Run, RunState
from yogo_tui.settings import Settings, SizePreset


async def plan_resume(
    host: Host, settings: Settings, run: Run, *, size: str | int | None = None, hours: float | None = None
) -> Resumption:
    """How this run would go on, with the size it had unless another is named. Raises LaunchError, HostError."""
    if run.path is None:
        raise LaunchError(f"{run.name} is a job that the console did not start: there is no run to go on with.")
    await _check_state(host, run, run.path)
    for notice in run.notices:
        if run.manifest is None or (run.state is RunState.UNKNOWN and run.why == notice):
            raise LaunchError(f"{run.name} cannot go on as long as it cannot be read: {notice}")
    if run.manifest is None or not await _has_saved(host, run.path):
        raise LaunchError(f"{run.name} has saved nothing to go on from (no last.pth): launch it anew, by another name.")
    manifest = run.manifest
    asked = _size(settings, run, size)
    plan = Plan(
        name=run.launch.name if run.launch else run.path.name,
        kind=run.kind,
        definition=PurePosixPath(run.launch.definition if run.launch else manifest.definition),
        recipe=manifest.recipe,
        size=asked if hours is None else asked.model_copy(update={"hours": hours}),
        preset=run.launch.preset if run.launch else "",
        parent=run.launch.parent if run.launch else _parent(run),
        reset_head=manifest.reset_head,
    )
    return Resumption(run.path, manifest, run.launch, plan, await _epoch(host, run.path))


async def _check_state(host: Host, run: Run, path: PurePosixPath) -> None:
    if run.launch is not None and run.launch.is_newer:
        raise LaunchError(f"{path / 'launch.json'} was written by a newer yogo-tui: resume the run with that one.")
    submission = run.launch.submission if run.launch else None
    match run.state:
        case RunState.FINISHED:
            raise LaunchError(f"{run.name} has finished. To train from its weights: yogo-tui chain {run.name}.")
        case RunState.RUNNING | RunState.WAITING | RunState.SUSPENDED:
            who = (
                str(run.holder or "")
                or await _holder(host, path)
                or (f"job {run.job.id}" if run.job else "another process")
            )
            raise LaunchError(f"{run.name} is {run.state}: {who} has it. Cancel that first: yogo-tui cancel {run.name}")
        case RunState.UNKNOWN if submission and submission.outcome in (Outcome.INTENDED, Outcome.UNKNOWN):
            raise LaunchError(f"What became of {run.name} is not known: {run.why}.")
    if run.job and run.job.state is JobState.PENDING:  # it can never start, or its end is not understood
        raise LaunchError(f"Job {run.job.id} of {run.name} is still in the queue: yogo-tui cancel {run.name}")


async def _holder(host: Host, path: PurePosixPath) -> str:
    """Who trains the run, as its lease says; empty where it does not."""
    try:
        piece = await host.read(path / "lease" / "holder.json")
        return str(Holder.parse(piece.data, "holder.json"))
    except (FileNotFoundError, HostError, RunError):
        return ""


async def _has_saved(host: Host, path: PurePosixPath) -> bool:
    kept = RunDirectory(Path(path))
    names = {entry.name for entry in await host.list(path)}
    return bool(names & {kept.last.name, kept.previous.name, kept.best.name})


def _size(settings: Settings, run: Run, title: str | int | None) -> SizePreset:
    """The named size; else the one that the run had, by the template that the settings give such a size."""
    ranks = run.manifest.world_size if run.manifest else 1
    had = run.launch.size if run.launch else None
    if title is not None:
        size = settings.size(title)
    elif had is not None:
        alike = [one for one in settings.sizes if one.gpus == had.gpus] or [settings.size(had.gpus)]
        size = next((one for one in alike if one.cpus == had.cpus), alike[0])
        size = size.model_copy(update=had.model_dump(include={"cpus", "hours", "processes"}))
    else:
        size = next((one for one in settings.sizes if _ranks(one) == ranks), settings.sizes[0])
    if _ranks(size) != ranks:
        raise LaunchError(
            f"{run.name} trains on {ranks} processes, and its batches would be others on {_ranks(size)}: "
            "choose a size of as many (--size)."
        )
    return size


def _ranks(size: SizePreset) -> int:
    return size.processes or max(size.gpus, 1)


def _parent(run: Run) -> Parent | None:
    """Where the weights of a run begun in a shell came from."""
    manifest = run.manifest
    if manifest is None or manifest.pretrained is None:
        return None
    return Parent(checkpoint=manifest.pretrained, sha256=manifest.pretrained_sha256)


async def _epoch(host: Host, path: PurePosixPath) -> float | None:
    reader = EventsReader(host, path / "events.jsonl")
    await reader.read()
    history = reader.history
    saved = [event.step for event in history.checkpoints if event.file == "last.pth"]
    if not saved or history.started is None or not history.started.steps_per_epoch:
        return None
    return saved[-1] / history.started.steps_per_epoch
