"""Previews, describes and submits what the Launch form holds. Without widgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yogo.errors import YogoError
from yogo.presets import Preset
from yogo.recipe import Recipe, differences
from yogo.text.wording import agreed, counted
from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.errors import ChainBroken, ConsoleError, HostError, OtherClasses
from yogo_tui.launch.chain import launch_chain
from yogo_tui.launch.machine import preset_words
from yogo_tui.launch.plan import FieldChange, LaunchPlan
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.runs.model import Run
from yogo_tui.runs.pace import KnownPaces, MeasuredPace
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.screens.choose import Choice
from yogo_tui.session import Session
from yogo_tui.session.library import difference_words
from yogo_tui.session.timing import Timing, takes
from yogo_tui.session.wanted import Wanted
from yogo_tui.widgets.launch_summary import Check


@dataclass(frozen=True, slots=True)
class Preview:
    """The script that would be submitted, and the results of its checks."""

    script: str = ""
    """The job script; empty if it is not known yet."""

    difference: str | None = ""
    """What it has otherwise than the shipped template, as a diff; None if there is no such template."""

    problem: str = ""
    """Why it cannot be launched; empty if it can."""

    other_classes: str = ""
    """Both lists of classes, if the definition's differ from the weights' and the user must agree; else empty."""

    is_away: bool = False
    """Whether the machine could not be asked for it."""

    checks: tuple[Check, ...] = ()


async def preview_of(
    session: Session, wanted: Wanted, files: Sequence[DefinitionFile], resources: Resources | None
) -> Preview:
    """The preview of `wanted`. Nothing is submitted."""
    if wanted.missing:
        return _refused(wanted.missing)
    script = ""
    try:
        plans = await session.planner.plans(wanted)
        script = await session.launcher.render(plans[0])
        launcher = session.launcher
        difference, doubts, _ = await asyncio.gather(
            launcher.difference(plans[0], script), launcher.proofread(script), launcher.check_chain(plans)
        )
    except OtherClasses as error:
        return replace(_refused(f"the classes differ (enter asks): {error.lists}", script), other_classes=error.lists)
    except (ConsoleError, YogoError) as error:
        refused = _refused(_shortened(str(error), wanted.definition, files), script)
        return replace(refused, is_away=isinstance(error, HostError))
    notices = [*(plan.notice for plan in plans if plan.notice), session.settings.wandb_words]
    fits = _fits(plans[0], resources, is_here=session.machine is not None)
    doubted = (Check(doubt, True, is_doubt=True) for doubt in doubts)
    checks = (Check("bash -n", True), *doubted, *fits, *(Check(notice, True) for notice in notices))
    return Preview(script, difference, checks=checks)


def timings_of(
    session: Session,
    wanted: Wanted,
    runs: Sequence[Run],
    estimates: Mapping[int, Estimate],
    measured: Sequence[MeasuredPace] = (),
) -> dict[int, Timing]:
    """When each size would start, as far as that was asked, and how long it takes, as far as runs like it, or
    measurements, tell."""
    recipe = wanted.parent.pass_forward(wanted.recipe) if wanted.parent else wanted.recipe
    paces, timings = KnownPaces(runs, session.cluster.name, measured), dict[int, Timing]()
    for index, size in enumerate(session.settings.sizes):
        own = wanted.job_size if size == wanted.size else size
        timings[index] = Timing(estimates.get(index), takes(paces.of(str(wanted.definition), recipe, own), recipe))
    return timings


def _refused(problem: str, script: str = "") -> Preview:
    return Preview(script, None, problem, checks=(Check(problem, False),))


def _shortened(problem: str, definition: Path | None, files: Sequence[DefinitionFile]) -> str:
    """`problem` with the definition's long path replaced by the short one in the form."""
    return problem.replace(str(definition), shorten(definition, files)) if definition else problem


def _fits(plan: LaunchPlan, known: Resources | None, *, is_here: bool) -> list[Check]:
    """Whether the job fits the cluster; empty if the cluster was not asked yet."""
    if known is None:
        return []
    size = plan.size
    each = size.gpus // size.nodes
    if known.max_hours is not None and size.hours > known.max_hours:
        return [Check(f"the partition allows {known.max_hours:g} h at most", False)]
    if known.total_gpus and size.gpus > known.total_gpus:
        gpus = counted(known.total_gpus, "GPU")
        return [Check(f"there {agreed(known.total_gpus, 'is')} {gpus} in all", False)]
    if known.max_nodes is not None and size.nodes > known.max_nodes:
        return [Check(f"the partition allows {counted(known.max_nodes, 'node')} a job", False)]
    if known.gpus_of_nodes and size.nodes > (fitting := sum(gpus >= each for gpus in known.gpus_of_nodes)):
        fit = "no node" if not fitting else f"only {counted(fitting, 'node')}"
        return [Check(f"{fit} of the partition {agreed(max(fitting, 1), 'has')} {counted(each, 'GPU')}", False)]
    return [Check("fits this machine" if is_here else "fits the partition", True)]


async def launch_wanted(session: Session, wanted: Wanted) -> str:
    """Submit what is wanted, and return a sentence on the result. All plans are made, and checked, before the first is
    submitted.

    Raises ChainBroken if not all are submitted; LaunchError, ClusterError or HostError if none is.
    """
    plans = await session.planner.plans(wanted)
    if plans[1:]:
        await session.launcher.check_chain(plans)
    chain = await launch_chain(session.launcher.launch, plans)
    if chain.stopped:
        raise ChainBroken(chain.problem)
    if len(plans) == 1:
        return chain.launched[0].notice or f"{wanted.name} is submitted"
    return f"{plans[0].name} is submitted, and {plans[1].name} behind it"


def shorten(definition: Path, files: Sequence[DefinitionFile]) -> str:
    """A definition's path relative to the settings' folder that holds it; with that folder's name in front where
    another folder holds one of the same path."""
    for file in files:
        if file.path == definition:
            short = file.path.relative_to(file.root)
            alike = (one for one in files if one.path.name == definition.name and one.path != definition)
            is_told = all(one.path.relative_to(one.root) != short for one in alike)
            return str(short if is_told else file.root.name / short)
    return str(definition)


def parent_words(parent: ParentInfo) -> str:
    return f"{parent.from_run.name}'s best.pth" if parent.from_run else parent.parent.checkpoint


def inherited_words(parent: ParentInfo) -> tuple[str, ...]:
    """Lines on what a fine-tune takes over from its parent, whatever its recipe says."""
    weights = parent.weights
    height, width = weights.image_hw
    normalised = "normalised" if weights.normalize_images else "not normalised"
    return f"inherits {weights.model},", f"{normalised}, {'colour' if weights.rgb_images else 'grey'}, {height}×{width}"


_MOST_CHANGES = 5
"""Lines of changes that are shown; the form of the changes shows all."""


def recipe_words(form: Wanted) -> tuple[str, tuple[str, ...]]:
    """The recipe's title, and notes: what is changed for this launch alone, else how many fields it sets."""
    if lines := _change_notes(one for one in form.changes if one.is_of_recipe):
        return preset_words(form.preset.title, form.changes), lines
    count = len(differences(form.recipe))
    return form.preset.title, (counted(count, "difference"),) if count else ()


def preset_choices(presets: Iterable[Preset]) -> list[tuple[Preset, Choice]]:
    """Lines to choose a recipe from, each with what it sets."""
    return [
        (one, Choice(one.title, one.note.partition("\n")[0], one.problem, detail=_sets(one.recipe))) for one in presets
    ]


def _sets(recipe: Recipe) -> str:
    words = difference_words(recipe)
    return f"Sets {words}." if words else "Sets nothing otherwise than the defaults."


def size_changes(form: Wanted) -> tuple[str, ...]:
    """Notes on what is changed of the size for this launch alone."""
    return _change_notes(one for one in form.changes if not one.is_of_recipe)


def then_words(form: Wanted, files: Sequence[DefinitionFile]) -> tuple[str, ...]:
    """Notes on the fine-tune behind the run; none if there is none."""
    if form.then is None:
        return ()
    title = preset_words(form.then.preset.title, form.then_changes)
    return shorten(form.then.definition, files), f"with {title}", *_change_notes(form.then_changes)


def _change_notes(changes: Iterable[FieldChange]) -> tuple[str, ...]:
    lines = [f"{one.field} {one.now or 'by default'} ({one.before or 'by default'})" for one in changes]
    left = len(lines) - _MOST_CHANGES
    return (*lines[:_MOST_CHANGES], *([f"and {left} more"] if left > 0 else []))
