"""Checks a plan before a run is launched, or shown as ready to launch: the same for screen and command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yogo.errors import RunError
from yogo.run.directory import check_name
from yogo_tui.cluster.base import Cluster
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.making import check_free
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.questions import rendered
from yogo_tui.launch.script import PREVIEW_TOKEN
from yogo_tui.questions.definitions import CheckDefinition
from yogo_tui.settings import Settings, SizePreset


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """What a plan that can be launched consists of."""

    definition_sha256: str | None
    """None if the definition cannot be read any more."""

    script: str
    overridden: str = ""
    """The error of its definition in spite of which it may be launched; empty if there is none."""


async def check_plan(
    host: Host, cluster: Cluster, settings: Settings, plan: LaunchPlan, token: str = PREVIEW_TOKEN
) -> CheckedPlan:
    """The plan's script, with the token, and the digest of its definition. Changes nothing, and does not ask the
    cluster. Raises LaunchError, TemplateError or HostError for a plan that cannot be launched.
    """
    check_nodes(cluster, plan.size)
    try:
        check_name(plan.name)
    except RunError as error:
        raise LaunchError(str(error)) from error
    if plan.parent and not (plan.parent.run or plan.parent.sha256):
        raise LaunchError(f"{plan.parent.checkpoint} has no digest: inspect it before you fine-tune from it.")
    if not plan.definition.is_absolute():
        raise LaunchError(f"{plan.definition} must be an absolute path: the job starts in another folder.")
    # All at once, as on a far machine each call that waits for another costs a round trip.
    (digest, overridden), script, _ = await asyncio.gather(
        _check_definition(host, settings, plan),
        rendered(host, settings, plan, token, must_parse=True),
        check_free(host, settings.run(plan.name).path),
    )
    return CheckedPlan(digest, script, overridden)


async def _check_definition(host: Host, settings: Settings, plan: LaunchPlan) -> tuple[str | None, str]:
    """The definition's digest, and the error that is overridden. Raises LaunchError, unless the plan is forced."""
    try:
        parent = Path(plan.parent.checkpoint) if plan.parent else None
        seed = plan.recipe.seed
        question = CheckDefinition(Path(plan.definition), settings.workspace_folder, parent, seed)
        return await host.ask(question), ""
    except LaunchError as error:
        if not plan.is_forced:
            raise
        return None, str(error)


async def check_chain(host: Host, cluster: Cluster, settings: Settings, plans: Sequence[LaunchPlan]) -> tuple[str, ...]:
    """Check plans that are to be submitted one behind the other. Returns what is overridden, a sentence each. Raises
    what `check_plan` raises, and LaunchError if two have one name."""
    names = [plan.name for plan in plans]
    if len(set(names)) < len(names):
        raise LaunchError(f"Two runs cannot both be named {names[-1]}: choose another name for one of them.")
    checked = await asyncio.gather(*(check_plan(host, cluster, settings, plan) for plan in plans))
    return tuple(f"{plan.name}: {one.overridden}" for plan, one in zip(plans, checked, strict=True) if one.overridden)


def check_nodes(cluster: Cluster, size: SizePreset) -> None:
    """Raises LaunchError if the cluster is one machine, and the size asks for several."""
    if cluster.machine is not None and size.nodes > 1:
        raise LaunchError(
            f"The size {size.title} trains on {size.nodes} nodes, and this machine is one: choose a size of one node, "
            "or train through Slurm."
        )
