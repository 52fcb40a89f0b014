"""Resumes, uses, cancels and forgets runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from yogo.run.directory import RUNS, HostRunDirectory
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Change, Cluster, JobId
from yogo_tui.errors import ClusterError, ConsoleError, HostError, LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch import making, resume, submit, use
from yogo_tui.launch.plan import Launched
from yogo_tui.launch.purpose import OF_A_DEFINITION, Purpose
from yogo_tui.launch.resume import Resumption
from yogo_tui.launch.use import OutputFiles, SubmittedUse, Use
from yogo_tui.runs import cancelling, holding, resumption
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.why import Why
from yogo_tui.session.why import why
from yogo_tui.settings import Settings, SizePreset


class Jobs:
    def __init__(self, host: Host, cluster: Cluster, settings: Settings, acted: Callable[[], None]) -> None:
        """`acted` is called after a change of the queue."""
        self._host = host
        self._cluster = cluster
        self._settings = settings
        self._acted = acted

    async def plan_resume(self, run: Run, *, size: str | int | None = None, hours: float | None = None) -> Resumption:
        """The plan to resume this run; `str()` of it says from where. Raises LaunchError if the run is active, has
        finished or has saved nothing; SettingsError, HostError."""
        return await resumption.plan_resume(self._host, self._settings, run, size=size, hours=hours)

    async def resume(self, run: Run, *, size: str | int | None = None, hours: float | None = None) -> Launched:
        """Submit one more job that resumes a run that stopped, failed or was cancelled, in its own directory.

        Raises what `plan_resume` and `Launcher.launch` raise. If the job is refused, the run stays as it was.
        """
        try:
            found = await self.plan_resume(run, size=size, hours=hours)
            return await resume.resume(self._host, self._cluster, self._settings, found)
        finally:
            self._acted()

    async def use(
        self,
        run: Run,
        purpose: Purpose,
        *,
        source: PurePosixPath | None = None,
        size: SizePreset | None = None,
        options: Sequence[str] = (),
        out: PurePosixPath | None = None,
    ) -> SubmittedUse:
        """Submit a job that uses the run's best.pth. Without `source`, a test or a review is of the definition that the
        run was trained on. Raises LaunchError, TemplateError, ClusterError, HostError."""
        if run.path is None:
            raise LaunchError(f"{run.name} is a job without a run directory: there is nothing to {purpose.words}.")
        if source is None and purpose in OF_A_DEFINITION:
            source = PurePosixPath(run.definition) if run.definition else None
        size = size or self._settings.sizes[0]
        try:
            workspace = self._workspace_of(run, run.path, source)
            wanted = Use(purpose, run.name, run.path, size, workspace, source, tuple(options), out)
            return await use.use(self._host, self._cluster, self._settings, wanted)
        finally:
            self._acted()

    async def export(
        self, runs: Sequence[Run], *, size: SizePreset | None = None, options: Sequence[str] = ()
    ) -> tuple[list[SubmittedUse], list[str]]:
        """Submit a job for each of these runs that exports its best.pth. A run that is refused keeps no other back:
        returns what was submitted, and a sentence for each that was not."""
        submitted, refused = list[SubmittedUse](), list[str]()
        for run in runs:
            try:
                submitted.append(await self.use(run, Purpose.EXPORT, size=size, options=options))
            except ConsoleError as error:
                refused.append(str(error))
        return submitted, refused

    def _workspace_of(self, run: Run, path: PurePosixPath, source: PurePosixPath | None) -> PurePosixPath:
        """Where a use's job works. What a run of another workspace was trained on names its folders from there."""
        is_own = run.launch is not None and path.parent.name == RUNS.name and str(source) == run.definition
        return HostRunDirectory(path).workspace if is_own else PurePosixPath(self._settings.workspace_folder)

    async def uses(self, run: Run) -> tuple[OutputFiles, ...]:
        """The results of the run's uses, the latest first; of a job that uses a run, its own. Raises HostError."""
        if run.path:
            return await use.results(self._host, run.path)
        return (await use.made_in(self._host, run.use_folder),) if run.use_folder else ()

    async def end_of_use(self, job: Run) -> str:
        """A sentence on what a job that uses a run has made, once it is over. Raises HostError."""
        if (folder := job.use_folder) is None:
            return ""
        is_done = job.state is RunState.DONE
        return await use.end_of_use(self._host, job.name, folder, is_done=is_done, state=job.state_word)

    async def why(self, run: Run) -> Why:
        """Why the run is as it is: of one that is over, its log's end, its events and accounting are read for it."""
        return await why(self._host, self._cluster, run)

    async def cancel(self, runs: Sequence[Run]) -> None:
        """Cancel the jobs of these runs. Raises LaunchError, before any job is cancelled, if a run has no job;
        ClusterError that names those that could not be cancelled; HostError."""
        await self._cluster.introduce()
        jobs = [(run, cancelling.job_to_cancel(run, self._cluster.name)) for run in runs]
        problems = await cancelling.cancel_all(self._cluster, [job_id for _, job_id in jobs])
        for run, job_id in jobs:
            if run.path and run.launch and job_id not in problems:
                # If it cannot be recorded, the scheduler still shows for a while that it was cancelled.
                with contextlib.suppress(HostError):
                    await submit.mark_cancelled(self._host, run.path, run.launch)
        self._acted()
        if problems:
            done = [run.name for run, job_id in jobs if job_id not in problems]
            told = [f"Cancelled: {', '.join(done)}."] if done else []
            raise ClusterError(" ".join([*dict.fromkeys(problems.values()), *told]))

    async def check_change(self, change: Change, runs: Sequence[Run]) -> list[JobId]:
        """The ids of their jobs. Raises LaunchError, with what to do instead, if one of them cannot be changed so."""
        await self._cluster.introduce()
        return [holding.job_to_change(run, change, self._cluster.name) for run in runs]

    async def sorted_out(self, change: Change, runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
        """Those of the runs whose jobs can be changed so, and a sentence on each of the others. Raises HostError."""
        fit, refused = list[Run](), list[str]()
        for run in runs:
            try:
                await self.check_change(change, [run])
                fit.append(run)
            except LaunchError as error:
                refused.append(str(error))
        return fit, refused

    async def change(self, change: Change, runs: Sequence[Run]) -> None:
        """Hold, release or requeue the jobs of these runs. Raises what `check_change` raises, before any is changed;
        ClusterError that names those that could not be; HostError."""
        ids = await self.check_change(change, runs)
        problems, done = [], []
        try:
            for run, job_id in zip(runs, ids, strict=True):
                try:
                    await self._cluster.change(change, job_id)
                    done.append(run.name)
                except ClusterError as error:
                    problems.append(str(error))
        finally:
            self._acted()
        if problems:
            told = [f"{holding.done_words(change).capitalize()}: {', '.join(done)}."] if done else []
            raise ClusterError(" ".join([*dict.fromkeys(problems), *told]))

    async def check_forgettable(self, run: Run) -> PurePosixPath:
        """The run's folder. Raises LaunchError if the run has trained, or has or had a job; HostError."""
        if run.path is None or (run.job and not run.job.state.is_over):
            raise LaunchError(f"{run.name} is a job, which is {run.state}: {tui()} cancel {run.name}")
        await making.check_forgettable(self._host, run.path, sure=True)
        return run.path

    async def forget(self, run: Run, *, sure: bool = False) -> str:
        """Free the name of a failed launch, and return a sentence that says so. `sure` accepts one that may have a job.

        Raises what `check_forgettable` raises.
        """
        aside = await making.forget(self._host, await self.check_forgettable(run), sure=sure)
        self._acted()
        return f"{run.name} is forgotten; its files are in {aside}"
