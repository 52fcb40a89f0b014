"""Renders, checks and submits plans, and asks the cluster when they would start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run.directory import propose_name
from yogo_tui.cluster.base import Cluster, Estimate, Resources
from yogo_tui.hosts.base import Host
from yogo_tui.launch import submit
from yogo_tui.launch.checking import check_chain, check_plan
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.launch.questions import ProofreadScript, RenderShipped, rendered
from yogo_tui.launch.reading import difference
from yogo_tui.launch.script import PREVIEW_TOKEN
from yogo_tui.settings import PinnedSettings, Settings, SizePreset


class Launcher:
    def __init__(self, host: Host, cluster: Cluster, settings: Settings, acted: Callable[[], None]) -> None:
        """`acted` is called after a change of the queue."""
        self._host = host
        self._cluster = cluster
        self._settings = settings
        self._acted = acted
        self._is_told = False

    def propose_name(self) -> str:
        """A random name. One that a run has already is refused by `check_plan`."""
        return propose_name()

    async def render(self, plan: LaunchPlan) -> str:
        """The job script as it would be submitted, but for its token. Raises TemplateError, HostError."""
        return await rendered(self._host, self._settings, plan, PREVIEW_TOKEN)

    async def difference(self, plan: LaunchPlan, script: str) -> str | None:
        """What the plan's script has otherwise than the shipped template makes it, as a diff; None if no shipped
        template has its name. Raises TemplateError, HostError."""
        shipped = await self._host.ask(RenderShipped(PinnedSettings.of(self._settings), plan, PREVIEW_TOKEN))
        return None if shipped is None else difference(script, shipped)

    async def proofread(self, script: str) -> tuple[str, ...]:
        """A sentence on each name that the script uses and that nothing sets. Raises HostError."""
        return await self._host.ask(ProofreadScript(script))

    async def check_plan(self, plan: LaunchPlan) -> None:
        """Raises what `launch` raises before it asks the cluster: LaunchError, TemplateError, HostError."""
        await check_plan(self._host, self._cluster, self._settings, plan)

    async def check_chain(self, plans: Sequence[LaunchPlan]) -> tuple[str, ...]:
        """Raises what launching these one behind the other raises before the cluster is asked. Returns the errors of
        definitions that are overridden, a sentence each."""
        return await check_chain(self._host, self._cluster, self._settings, plans)

    async def launch(self, plan: LaunchPlan) -> Launched:
        """Create the run directory with script and launch.json, and submit once.

        Raises LaunchError, TemplateError, ClusterError, HostError.
        """
        try:
            launched = await submit.launch(self._host, self._cluster, self._settings, plan)
        finally:
            self._acted()
        return launched if launched.notice else replace(launched, notice=await self._notice_once())

    async def estimate(self, plan: LaunchPlan) -> Estimate:
        """When the plan would start, by this machine's clock. The cluster reads its script from a file beside the runs.

        Raises TemplateError, ClusterError, HostError.
        """
        folder = PurePosixPath(self._settings.own_runs_folder / ".estimates")
        path = folder / f"{plan.size.nodes}-{plan.size.gpus}-{plan.size.template}"
        await self._host.write(path, (await self.render(plan)).encode())
        told, ahead = await asyncio.gather(self._cluster.estimate(path), self._host.clock_ahead())
        return replace(told, no_later_than=told.no_later_than - ahead) if told.no_later_than else told

    def partition(self, size: SizePreset) -> str:
        """The partition that a job of this size asks for; empty if it asks for none."""
        return self._settings.filled(size).partition or ""

    async def resources(self, size: SizePreset) -> Resources:
        """Those of the size's partition. Raises ClusterError, HostError."""
        return await self._cluster.resources(self.partition(size))

    async def _notice_once(self) -> str:
        """The cluster's notice for people who submit, the first time that it is asked for; empty later."""
        if self._is_told:
            return ""
        self._is_told = True
        return await self._cluster.notice()
