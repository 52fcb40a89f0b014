"""The choices that a run was launched with, to launch it again under another name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.run.directory import propose_name
from yogo_tui.errors import LaunchError, SettingsError
from yogo_tui.hosts.base import Host
from yogo_tui.questions.definitions import CheckDefinition
from yogo_tui.questions.recipes import ListRecipes
from yogo_tui.runs import parent as parents
from yogo_tui.runs.model import Run
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.runs.resumption import parent_of, size_for
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import Settings, SizePreset


@dataclass(frozen=True, slots=True)
class Again:
    wanted: Wanted
    notes: tuple[str, ...] = ()
    """Sentences on what is not as it was."""

    reason: str = ""
    """Why it asks for more than the run did; empty if it asks for as much."""

    changes: tuple[str, ...] = ()
    """What it then has otherwise, such as "time limit 1 d, and not 12 h"."""


async def again(host: Host, settings: Settings, run: Run) -> Again:
    """The run's own recipe, data, size and parent, with a new name. Raises LaunchError, HostError."""
    source = run.launch or run.manifest
    if source is None or not run.definition:
        raise LaunchError(f"What {run.name} was launched with is not known: launch it from its definition instead.")
    (parent, changed), data, preset = await asyncio.gather(
        _parent(host, settings, run), _data_note(host, settings, run), _preset(host, settings, run, source.recipe)
    )
    size, other = _size(settings, run)
    wanted = Wanted(
        name=propose_name(),
        size=size,
        preset=preset,
        own_recipe=source.recipe,
        definition=Path(run.definition),
        parent=parent,
        reset_head=source.reset_head,
    )
    edited = run.launch is not None and run.launch.script_edited
    script = f"The script of {run.name} had been edited for its launch: this one is the template's." if edited else ""
    return Again(wanted, tuple(filter(None, (data, changed, other, script))))


async def _preset(host: Host, settings: Settings, run: Run, recipe: Recipe) -> Preset:
    """The recipe that it was launched with, as it is now; where there is none of its title, the run's own."""
    title = run.launch.preset if run.launch else ""
    known = await host.ask(ListRecipes(settings.preset_folders)) if title else ()
    own = Preset(title or run.name, f"As {run.name} had it.", recipe, path=None, slug=run.kind.value)
    return next((one for one in reversed(known) if one.title == title and not one.problem), own)


def _size(settings: Settings, run: Run) -> tuple[SizePreset, str]:
    """The size that it had, and why it is another."""
    try:
        return size_for(settings, run), ""
    except (LaunchError, SettingsError):
        size = settings.sizes[0]
        return size, f"The settings have no size like that of {run.name} any more: this is {size.title}."


async def _data_note(host: Host, settings: Settings, run: Run) -> str:
    """What is not as it was with its definition, or wrong with it."""
    digest = run.launch.definition_sha256 if run.launch else None
    try:
        now = await host.ask(CheckDefinition(Path(run.definition), settings.workspace_folder))
    except LaunchError as error:
        return str(error)
    return (
        f"{Path(run.definition).name} has changed since {run.name} was launched." if digest not in (None, now) else ""
    )


async def _parent(host: Host, settings: Settings, run: Run) -> tuple[ParentInfo | None, str]:
    """The weights that it started from, and whether they have changed since. Raises LaunchError, HostError."""
    had = parent_of(run)
    if had is None:
        return None, ""
    found = await parents.of_file(host, settings.yogo_words, PurePosixPath(had.checkpoint))
    is_other = had.sha256 not in (None, found.parent.sha256)
    note = f"{had.checkpoint} has changed since {run.name} started from it." if is_other else ""
    return replace(found, parent=found.parent.model_copy(update={"run": had.run})), note
