"""Everything the console can do, in one place: each screen's action and each command is one call here.

Composition only: the work is in `launch`, `runs`, `cluster` and `hosts`. Nothing here knows of textual.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo.places import folder_of
from yogo.recipe import Recipe
from yogo.run.directory import propose_name
from yogo.run.history import History
from yogo.run.holder import Holder
from yogo.run.launch import Kind
from yogo.wording import counted, meant
from yogo_tui.cluster.base import Cluster, Estimate, Job, JobId, Resources
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import ClusterError, HostError, LaunchError, OtherClasses
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch import making, resume, script, submit, use
from yogo_tui.launch.checking import check_plan
from yogo_tui.launch.machine import fitted, machine_of
from yogo_tui.launch.plan import Launched, Plan
from yogo_tui.launch.resume import Resumption
from yogo_tui.launch.use import Purpose, Results, Use, Used
from yogo_tui.runs import cancelling, chains, resumption
from yogo_tui.runs import parent as parents
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.follow import follow_history
from yogo_tui.runs.lookout import Lookout, Runs
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.parent import ParentInfo
from yogo_tui.settings import Settings, SizePreset, definition_files

if TYPE_CHECKING:
    from yogo.presets import Preset

_LOCAL_SECONDS = 1.0
"""This machine bears to be asked this often."""

__all__ = ["DefinitionFile", "ParentInfo", "Resumption", "Runs", "Session"]


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A dataset-definition file that lies under one of the settings' folders."""

    path: Path
    root: Path
    """The folder of the settings that it was found under."""


class Session:
    """Open with `await Session.open(settings)`; close when done."""

    def __init__(self, settings: Settings, host: Host, cluster: Cluster) -> None:
        self.settings = settings
        self.host = host
        self.cluster = cluster
        self.machine = machine_of(cluster)
        """This machine, where it runs the jobs itself; None where a scheduler has the machines."""

        self._is_told = False
        scanner = Scanner(host, [PurePosixPath(folder) for folder in settings.run_folders])
        is_local = isinstance(cluster, LocalCluster)
        pace = min(_LOCAL_SECONDS, settings.poll_seconds) if is_local else settings.poll_seconds
        self._lookout = Lookout(host, cluster, scanner, poll_seconds=pace)

    @classmethod
    async def open(cls, settings: Settings) -> Session:
        """Choose host and cluster; a Slurm that does not answer yet is no reason to stay closed, nor to go local."""
        host = HereHost()
        if settings.cluster != "local":
            from yogo_tui.cluster.slurm import SlurmCluster, has_slurm

            if settings.cluster == "slurm" or await has_slurm(host):
                return cls(settings, host, SlurmCluster(host))
        cluster = LocalCluster(local_state_folder(), slots=settings.local_slots)
        machine = machine_of(cluster)
        return cls(fitted(settings, machine) if machine else settings, host, cluster)

    async def close(self) -> None:
        """Nothing is held open on this machine."""

    @property
    def runs_folder(self) -> Path:
        """<workspace>/trained_models, absolute."""
        return self.settings.runs_folder

    # datasets and recipes: what a file is worth is asked of yogo.definition and yogo.presets directly

    def definitions(self) -> tuple[DefinitionFile, ...]:
        """Every YAML file under the settings' folders, by folder and name."""
        return tuple(DefinitionFile(path, root) for path, root in definition_files(self.settings))

    def presets(self) -> tuple[Preset, ...]:
        """Built-in ones first, then the user's; an unreadable one comes with `problem` set."""
        from yogo import presets

        return (*presets.builtin(), *presets.load_all(self.settings.preset_folders))

    @property
    def presets_folder(self) -> Path:
        """Where the user's own presets are saved."""
        return self.settings.own_presets_folder

    # launch

    def propose_name(self) -> str:
        """A name that no run has yet."""
        return propose_name(self.runs_folder)

    def render(self, plan: Plan) -> str:
        """The job script, exactly as it would be submitted. Pure. Raises TemplateError."""
        return script.render(self.settings, plan, script.PREVIEW_TOKEN)

    async def check_script(self, script: str) -> str:
        """What `bash -n` says of it; empty when it is well."""
        done = await self.host.run(["bash", "-n"], stdin=script)
        return "" if done.status == 0 else done.stderr.strip() or f"bash -n ended with status {done.status}"

    async def check_plan(self, plan: Plan) -> None:
        """Raises what `launch` would refuse before it asks the cluster: LaunchError, TemplateError, HostError."""
        await check_plan(self.host, self.settings, plan)

    async def forget(self, run: Run, *, sure: bool = False) -> None:
        """Free the name of a launch that came to nothing; `sure` also of one of which that is not known.

        Raises LaunchError for one that has trained, or has a job; HostError.
        """
        if run.path is None or (run.job and not run.job.state.is_over):
            raise LaunchError(f"{run.name} is a job, which is {run.state}: yogo-tui cancel {run.name}")
        await making.forget(self.host, run.path, sure=sure)
        self.look_now()

    async def launch(self, plan: Plan) -> Launched:
        """Make the run directory, write intent and script, submit once. Raises LaunchError, ClusterError, HostError."""
        try:
            launched = await submit.launch(self.host, self.cluster, self.settings, plan)
        finally:
            self.look_now()
        return launched if launched.notice else replace(launched, notice=await self._notice_once())

    async def plan_resume(self, run: Run, *, size: str | int | None = None, hours: float | None = None) -> Resumption:
        """How this run would go on, and from where: `str()` of it says so. Raises LaunchError for one that runs, has
        finished, or has saved nothing; SettingsError, HostError."""
        return await resumption.plan_resume(self.host, self.settings, run, size=size, hours=hours)

    async def resume(self, run: Run, *, size: str | int | None = None, hours: float | None = None) -> Launched:
        """Submit one more job that goes on with a run that stopped, was cancelled or failed, in its own directory.

        Raises what `plan_resume` and `launch` raise; a refusal leaves the run as it was.
        """
        try:
            found = await self.plan_resume(run, size=size, hours=hours)
            return await resume.resume(self.host, self.cluster, self.settings, found)
        finally:
            self.look_now()

    async def use(
        self,
        run: Run,
        purpose: Purpose,
        *,
        source: PurePosixPath | None = None,
        size: SizePreset | None = None,
        options: Sequence[str] = (),
    ) -> Used:
        """Submit a job that tests, looks with or exports the run's best.pth; a test is on what it trained on, if no
        `source` is given. Raises LaunchError, TemplateError, ClusterError, HostError."""
        if run.path is None:
            raise LaunchError(f"{run.name} is a job without a run directory: there is nothing to {purpose}.")
        if source is None and purpose is Purpose.TEST:
            source = PurePosixPath(run.definition) if run.definition else None
        size = size or self.settings.sizes[0]
        try:
            wanted = Use(purpose, run.name, run.path, size, source, tuple(options))
            return await use.use(self.host, self.cluster, self.settings, wanted)
        finally:
            self.look_now()

    async def uses(self, run: Run) -> tuple[Results, ...]:
        """What tests, looks and exports of the run have left, the latest first. Raises HostError."""
        return await use.results(self.host, run.path) if run.path else ()

    async def _notice_once(self) -> str:
        """What a person who submits here should know, the first time."""
        if self._is_told:
            return ""
        self._is_told = True
        return await self.cluster.notice()

    async def inspect(self, checkpoint: PurePosixPath) -> ParentInfo:
        """What any .pth holds (asks `yogo inspect`, as the console has no torch). Raises LaunchError."""
        return await parents.of_file(self.host, self.settings.yogo_words, checkpoint)

    async def parent_of(self, run: Run) -> ParentInfo:
        """What would pass forward from a run, finished or still to finish. Raises LaunchError."""
        parent = await parents.of_run(self.host, self.settings.yogo_words, run)
        submission = run.launch.submission if run.launch else None
        if parent.after is None or submission is None:
            return parent
        await self.cluster.introduce()
        if not submission.is_on(self.cluster.name):
            raise LaunchError(
                f"{run.name} was submitted to the cluster {submission.cluster}, and no job of {self.cluster.name} "
                "can be queued behind it: wait until it has finished."
            )
        return parent

    async def parent_of_plan(self, plan: Plan) -> ParentInfo:
        """What would pass forward from a run that is about to be launched: submit the fine-tune `after` its job."""
        return await asyncio.to_thread(parents.of_plan, plan, PurePosixPath(self.runs_folder))

    async def plan_finetune(
        self,
        parent: ParentInfo,
        *,
        definition: Path,
        recipe: Recipe,
        size: SizePreset,
        name: str | None = None,
        preset: str = "",
        kind: Kind = Kind.FINETUNE,
        reset_head: bool = False,
    ) -> Plan:
        """A plan whose recipe has taken over what passes forward, and that waits for the parent if it must.

        Raises OtherClasses where the definition has others, unless it is to `reset_head`; LaunchError.
        """
        lists = await asyncio.to_thread(parents.other_classes, parent, definition)
        if lists and not reset_head:
            raise OtherClasses(lists)
        return Plan(
            name=name or self.propose_name(),
            kind=kind,
            definition=PurePosixPath(os.path.abspath(definition)),
            recipe=parent.pass_forward(recipe),
            size=size,
            preset=preset,
            parent=parent.parent,
            after=parent.after,
            reset_head=reset_head,
            notice=f"new class outputs: {lists}" if lists else "",
        )

    async def estimate(self, plan: Plan) -> Estimate:
        """When it would start. The script is put beside the runs, as the cluster reads it from a file."""
        path = PurePosixPath(self.runs_folder / ".estimates" / f"{plan.size.gpus}-{plan.size.template}")
        await self.host.write(path, self.render(plan).encode())
        return await self.cluster.estimate(path)

    async def resources(self) -> Resources:
        return await self.cluster.resources(self.settings.partition)

    async def cancel(self, runs: Sequence[Run]) -> None:
        """Cancel their jobs: all that can be. Raises LaunchError for one that has none, before anything is done;
        ClusterError naming those that were not cancelled; HostError."""
        await self.cluster.introduce()
        jobs = [(run, self._job_to_cancel(run)) for run in runs]
        problems = await cancelling.cancel_all(self.cluster, [job_id for _, job_id in jobs])
        for run, job_id in jobs:
            if run.path and run.launch and job_id not in problems:
                # It is cancelled all the same; the scheduler says so too, for as long as it remembers.
                with contextlib.suppress(HostError):
                    await submit.mark_cancelled(self.host, run.path, run.launch)
        self.look_now()
        if problems:
            done = [run.name for run, job_id in jobs if job_id not in problems]
            told = [f"Cancelled: {', '.join(done)}."] if done else []
            raise ClusterError(" ".join([*dict.fromkeys(problems.values()), *told]))

    async def to_cancel(self, text: str) -> Run:
        """The run or job that is meant by a name, a path or an id. Raises LaunchError where there is none, or where
        it is the name of several live jobs, with their ids."""
        seen = (await self.runs()).runs
        path = PurePosixPath(os.path.abspath(text))
        return cancelling.meant_by(text, path, seen) or await self.find(text)

    def _job_to_cancel(self, run: Run) -> JobId:
        if run.job and not run.job.state.is_over:
            return run.job.id
        if run.holder:
            return self._job_that_holds(run.name, run.holder)
        submission = run.launch.submission if run.launch else None
        if run.state.is_over or submission is None or not submission.job_id:
            why = f" ({run.why})" if run.why else ""
            free = f" To free its name: yogo-tui forget {run.name}" if run.state is RunState.UNKNOWN else ""
            raise LaunchError(f"{run.name} is {run.state}{why}: it has no job to cancel.{free}")
        if not submission.is_on(self.cluster.name):
            raise LaunchError(f"{run.name} was submitted to {submission.cluster}: it cannot be cancelled from here.")
        return JobId(submission.job_id)

    def _job_that_holds(self, name: str, holder: Holder) -> JobId:
        if not holder.job_id:
            raise LaunchError(
                f"{name} is trained in a shell, by process {holder.pid} on {holder.host}: press Ctrl-C there, or run "
                f"`kill {holder.pid}` on {holder.host}."
            )
        if not holder.is_on(self.cluster.name):
            raise LaunchError(
                f"{name} is trained by job {holder.job_id} of {holder.cluster}: it cannot be cancelled from here."
            )
        return JobId(holder.job_id)

    def behind(self, run: Run, runs: Sequence[Run]) -> tuple[Run, ...]:
        """All of `runs` that would never start without this one, to the last link of its chains."""
        return chains.behind(run, runs)

    # what there is

    @property
    def awaited(self) -> str:
        """What a look at the runs is waiting for just now, in words; empty for nothing."""
        return self._lookout.awaited

    async def runs(self) -> Runs:
        """One look at all runs: directories and queue, joined; newest first. Raises HostError."""
        return await self._lookout.once()

    async def jobs(self) -> tuple[Job, ...]:
        """The user's jobs in the queue, and those that have just left it. Raises ClusterError, HostError."""
        return await self._lookout.jobs()

    def watch_runs(self) -> AsyncIterator[Runs]:
        """The same, again and again, at the pace that the cluster bears; never raises ConsoleError."""
        return self._lookout.watch()

    def look_now(self) -> None:
        """Ask the cluster sooner than planned: the user has just acted."""
        self._lookout.look_now()

    def follow_history(self, run: Run) -> AsyncIterator[History]:
        """The run's curves, each time that events were added; ends when the run is over and all is read."""

        async def is_over() -> bool:
            seen = await self._lookout.at(path) if path else None
            return seen is None or seen.state.is_over

        path = run.path
        return follow_history(self.host, path, is_over) if path else _nothing()

    async def find(self, name_or_path: str) -> Run:
        """The run of this name, or at this path. Raises LaunchError with the nearest names."""
        seen = (await self.runs()).runs
        wanted = PurePosixPath(os.path.abspath(name_or_path))
        found = [run for run in seen if name_or_path in (run.name, run.job and run.job.id) or run.path == wanted]
        # A job that is no run may have the name of one: the run is meant, and that of this workspace first.
        if runs := sorted((run for run in found if run.path), key=self._is_elsewhere):
            return runs[0]
        if elsewhere := await self._lookout.at(wanted):
            return elsewhere
        if len(found) == 1:
            return found[0]
        parts = [run for run in seen if run.job and run.job.id.startswith((f"{name_or_path}_", f"{name_or_path}+"))]
        if several := found or parts:
            ids = ", ".join(run.job.id for run in several if run.job)
            raise LaunchError(f"{name_or_path} is {counted(len(several), 'job')}: {ids}. Say which one by its id.")
        near = meant(name_or_path, [run.name for run in seen])
        if not near.startswith("Did"):
            here = sum(not run.is_elsewhere for run in seen)
            near = f"There {'is' if here == 1 else 'are'} {counted(here, 'run')} in {self.runs_folder}."
        raise LaunchError(f"There is no run {name_or_path}. {near}")

    def _is_elsewhere(self, run: Run) -> bool:
        return run.path is None or run.path.parent not in map(PurePosixPath, self.settings.run_folders)


async def _nothing() -> AsyncIterator[History]:
    return
    yield


def local_state_folder() -> Path:
    """Where this machine's jobs are kept: one place a user, as they share the machine's slots. Raises NoHome."""
    return folder_of("XDG_STATE_HOME", ".local/state") / "yogo-tui" / "local"
