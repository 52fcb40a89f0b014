"""From a command's arguments to a plan: the definition, the recipe with its changes, the size."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo.recipe import UnfitValues
from yogo.run.directory import check_name
from yogo.text.wording import ended
from yogo_tui.cli.options import Misuse
from yogo_tui.errors import SettingsError
from yogo_tui.launch.plan import LaunchPlan, kind_of
from yogo_tui.questions.definitions import FindDefinition
from yogo_tui.questions.paths import FindPath
from yogo_tui.session.changes import NoSuchChange, Setup, differences, read_changes
from yogo_tui.session.changes import changed as change
from yogo_tui.settings import Settings, SizePreset

if TYPE_CHECKING:
    from yogo_tui.runs.parent import ParentInfo
    from yogo_tui.session import Session
    from yogo_tui.session.library import Library


def check_hours(args: argparse.Namespace) -> None:
    """Raises Misuse."""
    if args.hours is not None and not args.hours > 0:
        raise Misuse(f"--hours {args.hours:g}: give the job's time limit in hours, more than 0.")


async def definition_of(library: Library, text: str, *, check: bool = True) -> Path:
    """The path of the definition `text`, a file or one in the folders of definitions. Raises LaunchError where there is
    none, or, unless `check` is off, where it has errors; HostError."""
    settings = library.settings
    folders, workspace = settings.definition_folders, settings.workspace_folder
    return await library.host.ask(FindDefinition(text, settings.start, folders, workspace, check))


def changed(base: Setup, texts: Sequence[str]) -> Setup:
    """`base` with each `field=value` applied. Raises Misuse."""
    try:
        return change(base, read_changes(texts))
    except (NoSuchChange, UnfitValues) as error:
        raise refused(error) from error


def refused(error: NoSuchChange | UnfitValues) -> Misuse:
    """What is wrong with what was given to --set."""
    faults = error.faults if isinstance(error, UnfitValues) else ()
    return Misuse(" ".join(ended(one.said("" if one.is_sentence else one.name)) for one in faults) or str(error))


def size_of(settings: Settings, title: str | int | None) -> SizePreset:
    """The size of this name or number of GPUs; with None the one with 1 GPU, else the first. Raises Misuse."""
    try:
        if title is None and all(size.title != "1" for size in settings.sizes):
            return settings.sizes[0]
        return settings.size(title or 1)
    except SettingsError as error:
        raise Misuse(str(error)) from error


async def plan_of(session: Session, args: argparse.Namespace, name: str, *, check: bool = True) -> LaunchPlan:
    """The plan of a run called `name`. Raises LaunchError, RecipeError, RunError, SettingsError, HostError, Misuse."""
    check_name(name)
    size = size_of(session.settings, args.size)
    preset = await session.library.preset(args.recipe)
    base = Setup(preset.recipe, size)
    now = changed(base, args.changes)
    return LaunchPlan(
        name=name,
        kind=kind_of(preset.slug),
        definition=PurePosixPath(await definition_of(session.library, args.definition, check=check)),
        recipe=now.recipe,
        size=now.size,
        preset=preset.title,
        changes=differences(base, now),
    )


async def finetune_of(session: Session, args: argparse.Namespace, *, check: bool = True) -> LaunchPlan:
    """The plan of a fine-tune from `args.parent`. Raises as `plan_of`; OtherClasses."""
    preset = await session.library.preset(args.recipe)
    base = Setup(preset.recipe, size_of(session.settings, args.size))
    now = changed(base, args.changes)
    return await session.planner.finetune(
        await _parent(session, args.parent),
        definition=await definition_of(session.library, args.definition, check=check),
        recipe=now.recipe,
        size=now.size,
        name=args.name,
        preset=preset.title,
        changes=differences(base, now),
        asked=read_changes(args.changes),
        reset_head=args.reset_head,
    )


async def _parent(session: Session, text: str) -> ParentInfo:
    found = await session.host.ask(FindPath(text, session.settings.start))
    if text.endswith(".pth") or found.is_file:  # a file of another name gets its own error
        return await session.planner.parent_of_file(PurePosixPath(found.path))
    return await session.planner.parent_of(await session.runs.find(text))
