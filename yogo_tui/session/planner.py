"""Makes the plans of runs and fine-tunes, and finds out what a fine-tune takes over from its parent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from yogo.recipe import Recipe
from yogo.run.directory import propose_name
from yogo.run.launch import Kind
from yogo_tui.cluster.base import Cluster
from yogo_tui.errors import ClusterError, HostError, LaunchError, OtherClasses
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import FieldChange, LaunchPlan
from yogo_tui.runs import parent as parents
from yogo_tui.runs.faults import Lack
from yogo_tui.runs.model import Run
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.runs.why import Why
from yogo_tui.session.again import Again, again
from yogo_tui.session.bigger import bigger
from yogo_tui.session.changes import check_changes
from yogo_tui.session.wanted import Wanted
from yogo_tui.settings import Settings, SizePreset


class Planner:
    def __init__(self, host: Host, cluster: Cluster, settings: Settings) -> None:
        self._host = host
        self._cluster = cluster
        self._settings = settings

    async def parent_of_file(self, checkpoint: PurePosixPath) -> ParentInfo:
        """A checkpoint file as the parent of a fine-tune; `yogo inspect` is asked, as the console has no torch.

        Raises LaunchError, HostError.
        """
        return await parents.of_file(self._host, self._settings.yogo_words, checkpoint)

    async def parent_of(self, run: Run) -> ParentInfo:
        """A run, finished or not, as the parent of a fine-tune. Raises LaunchError, ClusterError, HostError."""
        parent = await parents.of_run(self._host, self._settings.yogo_words, run)
        submission = run.submission
        if parent.after is None or submission is None:
            return parent
        await self._cluster.introduce()
        if not submission.is_on(self._cluster.name):
            raise LaunchError(
                f"{run.name} was submitted to the cluster {submission.cluster}, and no job of {self._cluster.name} "
                "can be queued behind it: wait until it has finished."
            )
        return parent

    async def parent_of_plan(self, plan: LaunchPlan) -> ParentInfo:
        """A run that is about to be launched, as the parent of a fine-tune, which must be submitted `after` its job.

        Raises LaunchError, HostError.
        """
        return await parents.of_plan(self._host, plan, self._settings.run(plan.name))

    async def again(self, run: Run) -> Again:
        """What this run was launched with, under a new name. Raises LaunchError, HostError."""
        return await again(self._host, self._settings, run)

    async def bigger(self, run: Run, why: Why) -> Again:
        """What this run was launched with, with more of what it ran out of. Raises LaunchError, HostError."""
        found = await self.again(run)
        return bigger(found, why, self._cluster.machine, await self._max_hours(why, found.wanted.size))

    async def _max_hours(self, why: Why, size: SizePreset) -> float | None:
        """What the partition allows, where time is what it lacked; None if it does not say."""
        if why.fault is None or why.fault.lack is not Lack.TIME:
            return None
        with contextlib.suppress(ClusterError, HostError):
            return (await self._cluster.resources(self._settings.filled(size).partition or "")).max_hours
        return None

    async def finetune(
        self,
        parent: ParentInfo,
        *,
        definition: Path,
        recipe: Recipe,
        size: SizePreset,
        name: str | None = None,
        preset: str = "",
        changes: Sequence[FieldChange] = (),
        asked: Iterable[str] = (),
        reset_head: bool = False,
    ) -> LaunchPlan:
        """The plan of a fine-tune: its recipe takes over what the parent's weights decide, and it waits for the
        parent's job if the weights do not exist yet.

        `definition` is absolute; the `changes` are in `recipe` and `size` already, and so are those that were `asked`
        for by the names of their fields, even where they change nothing. Raises OtherClasses if the classes
        differ from the parent's and `reset_head` is off; LaunchError, also where what the weights decide is changed;
        HostError.
        """
        check_changes(parent, recipe, (*asked, *(one.field for one in changes)))
        lists = await self._other_classes(parent, definition)
        if lists and not reset_head:
            raise OtherClasses(lists)
        return LaunchPlan(
            name=name or self._new_name(),
            kind=Kind.FINETUNE,
            definition=PurePosixPath(definition),
            recipe=parent.pass_forward(recipe),
            size=size,
            preset=preset,
            changes=tuple(changes),
            parent=parent.parent,
            after=parent.after,
            reset_head=reset_head,
            notice=f"new class outputs: {lists}" if lists else "",
        )

    async def _other_classes(self, parent: ParentInfo, definition: Path) -> str:
        """A sentence with both lists of classes; empty if they are the same. Raises LaunchError, HostError."""
        workspace = PurePosixPath(self._settings.workspace_folder)
        return await parents.other_classes(self._host, parent, definition, workspace)

    def _new_name(self) -> str:
        return propose_name()

    async def plans(self, wanted: Wanted) -> tuple[LaunchPlan, ...]:
        """The plan of the run, and that of the fine-tune behind it if one is wanted. The latter's `after` is not set.

        Raises LaunchError, OtherClasses, HostError.
        """
        first = await self.first(wanted)
        if wanted.then is None:
            return (first,)
        then = wanted.then
        behind = replace(
            wanted,
            definition=then.definition,
            preset=then.preset,
            own_recipe=then.own_recipe,
            name=then.name,
            script="",
        )
        return first, await self._finetune(behind, await self.parent_of_plan(first))

    async def first(self, wanted: Wanted) -> LaunchPlan:
        """The plan of the run alone. Raises LaunchError, OtherClasses, HostError."""
        assert wanted.definition is not None
        if wanted.parent is not None:
            return await self._finetune(wanted, wanted.parent)
        return LaunchPlan(
            name=wanted.name,
            kind=wanted.kind,
            definition=PurePosixPath(wanted.definition),
            recipe=wanted.recipe,
            size=wanted.job_size,
            preset=wanted.preset.title,
            changes=wanted.changes,
            script=wanted.script,
        )

    async def _finetune(self, wanted: Wanted, parent: ParentInfo) -> LaunchPlan:
        assert wanted.definition is not None
        plan = await self.finetune(
            parent,
            definition=wanted.definition,
            recipe=wanted.recipe,
            size=wanted.job_size,
            name=wanted.name,
            preset=wanted.preset.title,
            changes=wanted.changes,
            reset_head=wanted.reset_head,
        )
        # The outputs of the same classes are worth keeping.
        return replace(plan, reset_head=bool(plan.notice) and plan.reset_head, script=wanted.script)
