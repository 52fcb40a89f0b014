"""Decides whether a run that stopped can be resumed, and how."""

from __future__ import annotations

from pathlib import PurePosixPath

from yogo.errors import RunError
from yogo.run.directory import HostRunDirectory
from yogo.run.holder import Holder
from yogo.run.launch import Launch, Parent
from yogo.text.wording import counted
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.resume import Resumption
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.model import Run
from yogo_tui.runs.refusals import ACTIVE, no_resume
from yogo_tui.settings import Settings, SizePreset


async def plan_resume(
    host: Host, settings: Settings, run: Run, *, size: str | int | None = None, hours: float | None = None
) -> Resumption:
    """How this run would be resumed: with its own size, or with the one that `size` names.

    Raises LaunchError if it cannot be resumed, SettingsError, HostError.
    """
    holder = str(run.holder or "")
    if run.path and not holder and run.state in ACTIVE:
        holder = await _holder(host, run.path)
    if why := no_resume(run, holder):
        raise LaunchError(why)
    if run.path is None or run.manifest is None or not await _has_saved(host, run.path):
        raise LaunchError(
            f"{run.name} has saved nothing to resume from (no last.pth): launch it again under another name."
        )
    manifest = run.manifest
    asked = size_for(settings, run, size)
    plan = LaunchPlan(
        name=run.launch.name if run.launch else run.path.name,
        kind=run.kind,
        definition=PurePosixPath(run.launch.definition if run.launch else manifest.definition),
        recipe=manifest.recipe,
        size=asked if hours is None else asked.model_copy(update={"hours": hours}),
        preset=run.launch.preset if run.launch else "",
        parent=parent_of(run),
        reset_head=manifest.reset_head,
    )
    return Resumption(run.path, manifest, run.launch, plan, await _epoch(host, run.path))


async def _holder(host: Host, path: PurePosixPath) -> str:
    """The process that holds the run's lease, in words; empty if it cannot be read."""
    file = HostRunDirectory(path).holder
    try:
        return str(Holder.parse((await host.read(file)).data, file.name))
    except (FileNotFoundError, HostError, RunError):
        return ""


async def _has_saved(host: Host, path: PurePosixPath) -> bool:
    kept = HostRunDirectory(path)
    names = {entry.name for entry in await host.list(path)}
    return bool(names & {kept.last.name, kept.previous.name, kept.best.name})


def size_for(settings: Settings, run: Run, title: str | int | None = None) -> SizePreset:
    """The size called `title`; else the run's own size, with its own template or, if that is not known, the one of such
    a size in the settings.

    Raises LaunchError if the number of processes would change, SettingsError.
    """
    ranks = run.manifest.world_size if run.manifest else 1
    if title is not None:
        size = settings.size(title)
    elif run.launch is not None:
        size = _own_size(settings, run.launch)
    else:
        size = next((one for one in settings.sizes if one.num_processes == ranks), settings.sizes[0])
    if size.num_processes != ranks:
        raise LaunchError(
            f"{run.name} trains on {counted(ranks, 'process')}, and its batches would differ on {size.num_processes}: "
            "choose a size with the same number (--size)."
        )
    return size


def _own_size(settings: Settings, launch: Launch) -> SizePreset:
    had, template = launch.size, launch.template
    alike = [one for one in settings.sizes if one.gpus == had.gpus] or [settings.size(had.gpus)]
    like = {"nodes": had.nodes, "cpus": had.cpus, "template": template, "hours": had.hours}
    size = max(alike, key=lambda one: [getattr(one, field) == value for field, value in like.items()])
    if size.nodes != had.nodes:
        return size
    said = {name: getattr(had, name) for name in type(had).model_fields}
    own = {name: value for name, value in said.items() if value is not None or name == "processes"}
    return size.model_copy(update=own | ({"template": template} if template else {}))


def parent_of(run: Run) -> Parent | None:
    """The checkpoint that the run started from; None if it started from none."""
    if run.launch:
        return run.launch.parent
    manifest = run.manifest
    if manifest is None or manifest.pretrained is None:
        return None
    return Parent(checkpoint=manifest.pretrained, sha256=manifest.pretrained_sha256)


async def _epoch(host: Host, path: PurePosixPath) -> float | None:
    reader = EventsReader(host, HostRunDirectory(path).events)
    await reader.read()
    history = reader.history
    saved = [event.step for event in history.checkpoints if event.file == "last.pth"]
    if not saved or history.started is None or not history.started.steps_per_epoch:
        return None
    return saved[-1] / history.started.steps_per_epoch
