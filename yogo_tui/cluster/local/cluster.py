"""The local cluster as the console uses it: it writes requests and reads states; supervisors do the work."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import yogo_tui
from yogo.errors import RunError
from yogo.files.places import because, told
from yogo.text.wording import counted
from yogo_tui.cluster.base import Change, Estimate, Job, JobId, JobState, Machine, Resources, task_token, token_in
from yogo_tui.cluster.local import directives, environment, slots
from yogo_tui.cluster.local.logout import logout_notice
from yogo_tui.cluster.local.records import Spec, State
from yogo_tui.cluster.local.store import START_SECONDS, JobFolder, Store
from yogo_tui.cluster.site import Site
from yogo_tui.errors import ClusterError, ClusterUnknown

_RECENT = timedelta(minutes=5)
"""How long an ended job stays in the queue, like Slurm's MinJobAge. Later it is found by its id or name."""

_NUM_RECENT = 200

_WORDS = {
    "Resources": "waiting for the job before it",
    "Priority": "waiting for the job before it",
    "JobArrayTaskLimit": "the array's limit on running tasks is reached",
    "Dependency": "waiting for its parent",
    "BeginTime": "about to start again",
    "JobHeldUser": "held by you",
    "By the user": "cancelled by you",
}
"""Plain words for the reasons that supervisors record, which are Slurm's."""

_ADVICE = {
    "Resources": "It starts by itself when the jobs before it have ended. `local_slots` in the settings says how many "
    "run at a time.",
    "Priority": "It starts by itself when the jobs before it have ended. `local_slots` in the settings says how many "
    "run at a time.",
    "JobArrayTaskLimit": "It starts by itself when a task before it has ended.",
    "Dependency": "It starts once the job that it waits for has finished.",
    "DependencyNeverSatisfied": "It can never start. Cancel it, resume the run that it waits for, and chain it again.",
    "BeginTime": "It starts again by itself.",
    "JobHeldUser": "Release it when it may start.",
}
"""What one can do about them."""

_PACE_SECONDS = 1.0
"""Seconds between two looks at the jobs: reading this machine's files is cheap."""


class LocalCluster:
    """This machine as a `yogo_tui.cluster.base.Cluster`. Its state lies in `state_folder`.

    Jobs begin in `folder`, by default the working directory, as sbatch has it.
    """

    def __init__(
        self, state_folder: Path, *, folder: Path | None = None, slots: int = 0, kill_after_seconds: float = 30.0
    ) -> None:
        self._store = Store(state_folder.absolute())
        self._folder = folder
        self._slots = slots
        self._kill_after_seconds = kill_after_seconds
        self._over: dict[int, Job] = {}
        self._tasks: dict[JobId, tuple[int, ...]] = {}

    @property
    def name(self) -> str:
        return "local"

    @property
    def machine(self) -> Machine:
        return Machine(len(slots.gpus()), os.cpu_count() or 1, self.num_slots)

    def pace(self, poll_seconds: float) -> float:
        return min(_PACE_SECONDS, poll_seconds)

    async def introduce(self) -> None:
        """Does nothing: the name of this cluster is fixed."""

    @property
    def num_slots(self) -> int:
        """The number in the settings; if that is 0, the number of the machine's GPUs, at least 1."""
        return self._slots or len(slots.gpus()) or 1

    async def notice(self) -> str:
        """A sentence that warns if logging out would end the jobs; empty if it would not, or if that is not known."""
        return await asyncio.to_thread(logout_notice)

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        return await asyncio.to_thread(self._submit, Path(script), after)

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        return await asyncio.to_thread(self._jobs, ids)

    @property
    def unanswered(self) -> frozenset[JobId]:
        """Always empty: this machine keeps its own records of all jobs."""
        return frozenset()

    async def find(self, name: str) -> tuple[Job, ...]:
        return await asyncio.to_thread(self._find, name)

    async def cancel(self, ids: Sequence[JobId]) -> None:
        await asyncio.gather(*(asyncio.to_thread(self._cancel, id_) for id_ in ids))

    async def change(self, change: Change, job_id: JobId) -> None:
        if change is Change.REQUEUE:
            raise ClusterError(
                f"Job {job_id} cannot be requeued, as this machine requeues none: cancel it, then resume its run."
            )
        await asyncio.to_thread(self._hold, job_id, change is Change.HOLD)

    async def used(self, job_id: JobId) -> None:
        """This machine keeps no accounts."""

    async def estimate(self, script: PurePosixPath) -> Estimate:
        return await asyncio.to_thread(self._estimate, Path(script))

    async def resources(self, partition: str) -> Resources:
        return await asyncio.to_thread(self._resources)

    async def site(self) -> Site:
        return Site()

    def _submit(self, script: Path, after: JobId | None) -> JobId:
        text = _read(script)
        asks = directives.parse(text.decode(errors="replace"))
        try:
            self._store.prepare()
            specs = self._specs(script, asks, after)
            for spec in specs:
                folder = self._store.job(spec.id)
                folder.script.write_bytes(text)
                self._store.active(spec.id).touch()
                spec.write(folder.spec)
            if asks.throttle:
                self._store.line_up([spec.id for spec in specs])
        except OSError as error:
            raise ClusterError(f"The job cannot be recorded in {self._store.root}: {because(error)}") from error
        if problem := _start_supervisors([self._store.job(spec.id) for spec in specs]):
            for spec in specs:
                self._store.cancel(spec.id)
                self._store.refuse(spec, problem)
            raise ClusterError(problem)
        return JobId(str(specs[0].id))

    def _specs(self, script: Path, asks: directives.Directives, after: JobId | None) -> list[Spec]:
        """That of the job, or one for each task of an array. Raises ClusterError, OSError."""
        parent = self._number(after) if after is not None else None
        if after is not None and parent is None:
            raise ClusterError(f"There is no job {after} on this machine to wait for")
        name, folder = asks.job_name or script.name, (self._folder or Path.cwd()) / asks.chdir
        tasks: tuple[int | None, ...] = asks.tasks or (None,)
        ids = tuple(self._store.claim_id() for _ in tasks)

        def file(pattern: str, job_id: int, task: int | None) -> str:
            whole = directives.expand(pattern, job_id=job_id, name=name, array_id=ids[0], task=task)
            return str(folder / whole) if pattern else ""

        return [
            Spec(
                id=job_id,
                name=name,
                directives=asks,
                folder=str(folder),
                log=file(asks.output, job_id, task),
                error_log=file(asks.error, job_id, task),
                after=parent,
                after_id=after or "",
                array=ids if asks.tasks else (),
                task=task,
                slots=self.num_slots,
                needs=self._needs(asks),
                kill_after_seconds=self._kill_after_seconds,
                host=socket.gethostname(),
            )
            for job_id, task in zip(ids, tasks, strict=True)
        ]

    def _needs(self, asks: directives.Directives) -> int:
        """How many slots the job takes. At least one: a job without a GPU keeps the machine busy too."""
        return min(max(asks.gpus, 1), self.num_slots)

    def _numbers(self, job_id: JobId) -> tuple[int, ...]:
        """The jobs of this id in the store: several for a whole array, none if there is no such job."""
        number, is_task, task = job_id.partition("_")
        if not number.isdecimal() or not self._store.job(int(number)).spec.exists():
            return ()
        spec = self._store.spec(int(number))
        if not is_task:
            return spec.array if spec.array[:1] == (spec.id,) else (spec.id,)
        return tuple(one for one, index in zip(spec.array, spec.directives.tasks, strict=False) if str(index) == task)

    def _number(self, job_id: JobId) -> int | None:
        """The one job of this id; None if there is none, or if it is a whole array. Raises ClusterError."""
        try:
            numbers = self._numbers(job_id)
        except RunError as error:
            raise ClusterError(f"Job {job_id} cannot be waited for: {error}") from error
        return numbers[0] if len(numbers) == 1 else None

    def _jobs(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        with self._readable():
            known = self._store.ids()
            active = self._store.active_ids()
            asked = {number for job_id in ids for number in self._asked(job_id)}
        looked_at = set(known) & {*known[-_NUM_RECENT:], *asked, *active}
        since = datetime.now(UTC) - _RECENT
        jobs = [(id_, job) for id_ in sorted(looked_at) if (job := self._job(id_))]
        return tuple(
            job
            for id_, job in jobs
            if id_ in asked or not job.state.is_over or (job.ended_at is not None and job.ended_at > since)
        )

    def _asked(self, job_id: JobId) -> tuple[int, ...]:
        """The job of this id, found without reading anything twice; its files may be damaged."""
        if job_id.isdecimal():
            return (int(job_id),)
        if job_id not in self._tasks:
            try:
                self._tasks[job_id] = self._numbers(job_id)
            except RunError:
                return ()
        return self._tasks[job_id]

    def _find(self, name: str) -> tuple[Job, ...]:
        with self._readable():
            ids = self._store.ids()
        return tuple(job for id_ in ids if (job := self._job(id_)) and job.name == name)

    def _job(self, job_id: int) -> Job | None:
        if job_id in self._over:
            return self._over[job_id]
        try:
            with self._readable():
                found = self._store.read(job_id)
        except RunError as error:
            return Job(JobId(str(job_id)), "", JobState.UNKNOWN, word="UNKNOWN", reason=str(error))
        if found is None:
            return None
        job = _job(*found)
        if job.state.is_over:
            self._over[job_id] = job
        return job

    def _cancel(self, job_id: JobId) -> None:
        try:
            is_known = any([self._store.cancel(number) for number in self._numbers(job_id)])
        except (OSError, RunError) as error:
            raise ClusterUnknown(f"Job {job_id} cannot be cancelled: {told(error)}") from error
        if not is_known:
            raise ClusterError(f"There is no job {job_id} on this machine")

    def _hold(self, job_id: JobId, is_wanted: bool) -> None:
        try:
            jobs = {number: job for number in self._numbers(job_id) if (job := self._job(number))}
        except RunError as error:
            raise ClusterUnknown(f"Job {job_id} cannot be held or released: {error}") from error
        waiting = [number for number, job in jobs.items() if job.state is JobState.PENDING]
        if not waiting:
            state = next((job.state.value for job in jobs.values()), "not known")
            raise ClusterError(
                f"Job {job_id} is {state} on this machine: only a job that waits can be held or released"
            )
        try:
            for hold in (self._store.job(number).hold for number in waiting):
                if is_wanted:
                    hold.touch()
                else:
                    hold.unlink(missing_ok=True)
        except OSError as error:
            raise ClusterUnknown(f"Job {job_id} cannot be held or released: {told(error)}") from error

    def _estimate(self, script: Path) -> Estimate:
        asks = directives.parse(_read(script).decode(errors="replace"))
        needs, free = self._needs(asks), self._num_free()
        with self._readable():
            waiting = slots.num_waiting(self._store)
        if needs <= free and not waiting:
            return Estimate(datetime.now(UTC))
        queue = f", and {counted(waiting, 'job', 'waits')} already" if waiting else ""
        return Estimate(None, f"It needs {needs} of {self.num_slots} slots, {free} are free{queue}")

    def _resources(self) -> Resources:
        return Resources(free_gpus=self._num_free(), total_gpus=self.num_slots, detail="slots of this machine")

    def _num_free(self) -> int:
        with self._readable():
            return slots.num_free(self._store, self.num_slots)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ClusterUnknown(f"The jobs in {self._store.root} cannot be read: {because(error)}") from error


def _read(script: Path) -> bytes:
    try:
        return script.read_bytes()
    except OSError as error:
        raise ClusterError(f"The script {script} cannot be read: {because(error)}") from error


def _start_supervisors(folders: Sequence[JobFolder]) -> str:
    """Start a supervisor for each job in the background, in a session of its own, and wait until all hold their jobs.

    Returns why they could not be started; empty if they were. Raises ClusterUnknown if that takes too long.
    """
    argv = [sys.executable, "-m", "yogo_tui.cluster.local.supervisor", *(str(folder.path) for folder in folders)]
    folder = folders[0]
    with folder.supervisor_log.open("wb") as log:
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(yogo_tui.__file__).parent.parent,
                env=environment.scrubbed(os.environ),
                start_new_session=True,
                timeout=START_SECONDS,
                check=False,
            )
        except OSError as error:
            return f"The job's supervisor cannot be started: {told(error)}"
        except subprocess.TimeoutExpired as error:
            raise ClusterUnknown(f"The job's supervisor had not started after {START_SECONDS:g} s") from error
    if done.returncode == 0:
        return ""
    words = folder.supervisor_log.read_text(errors="replace").strip().splitlines()
    return f"The job's supervisor ended at once: {words[-1] if words else 'it printed nothing'}"


def _job(spec: Spec, state: State) -> Job:
    return Job(
        id=JobId(spec.shown_id),
        name=spec.name,
        state=state.state,
        word=state.word,
        reason=_WORDS.get(state.reason, state.reason),
        advice=_ADVICE.get(state.reason, ""),
        token=task_token(token_in(spec.directives.comment), JobId(spec.shown_id)),
        partition="local",
        num_gpus=spec.directives.gpus,
        nodes=spec.host if state.started_at else "",
        submitted_at=spec.submitted_at,
        started_at=state.started_at,
        ended_at=state.ended_at,
        time_limit_seconds=spec.directives.time_limit_seconds,
        exit_status=state.exit_status,
        log=PurePosixPath(spec.log),
        after=(JobId(spec.after_id or str(spec.after)),) if spec.after is not None else (),
        is_stuck=state.reason == "DependencyNeverSatisfied",
        is_held=state.reason == "JobHeldUser",
    )
