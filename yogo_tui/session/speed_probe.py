"""Measures how long an epoch takes, by a job that trains a few steps and leaves no run."""

from __future__ import annotations

import contextlib
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.history import History
from yogo_tui.cluster.base import Job, JobId
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.launch.machine import size_words
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.purpose import SPEED_JOB
from yogo_tui.launch.script import flags
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.faults import fault_in
from yogo_tui.runs.pace import MeasuredPace, keep_pace
from yogo_tui.session.session import Session
from yogo_tui.session.tiny_job import TinyJob

_RUN = "speed"
_HOURS = 0.25
_SECONDS = 30.0
"""How long it trains once its first steps are recorded."""

_TAIL_BYTES = 64 << 10


class SpeedProbe:
    """A job of the plan's data, recipe and size."""

    def __init__(self, session: Session, plan: LaunchPlan) -> None:
        """Raises LaunchError for a size of several nodes."""
        if plan.size.nodes > 1:
            raise LaunchError("The speed on several nodes is not measured: a run on them tells it.")
        self._session = session
        self._plan = plan
        self._size = plan.size.model_copy(update={"hours": min(_HOURS, plan.size.hours)})

    @property
    def question(self) -> str:
        words = size_words(self._size, self._session.machine)
        return f"Submit a job of {words}, which trains for half a minute to measure its speed, and leaves no run?"

    async def measured(self, tell: Tell = silent) -> MeasuredPace:
        """The pace, which is kept beside the runs too. Raises LaunchError if the job does not tell it; TemplateError,
        ClusterError, HostError."""
        session, plan = self._session, self._plan
        settings = session.settings.model_copy(update={"wandb": "disabled"})
        settings._wandb = None
        tiny = TinyJob(session.host, session.cluster, settings, SPEED_JOB, "speed")
        run = HostRunDirectory.of(_RUN, tiny.folder)
        reader = EventsReader(session.host, run.events)

        async def enough() -> bool:
            with contextlib.suppress(HostError):
                await reader.read()
            return _lasted(reader.history) >= _SECONDS

        async with tiny.submitted(self._size, self._words(tiny.folder)) as job_id:
            job = await tiny.over(job_id, tell, enough)
            await enough()
            if not (seconds := reader.history.epoch_seconds()):
                raise LaunchError(f"The speed is not known: {await self._why(tiny, job_id, job)}")
        pace = MeasuredPace(
            definition=str(plan.definition),
            recipe=plan.recipe,
            size=plan.size,
            cluster=session.cluster.name,
            epoch_seconds=seconds,
            num_steps=reader.history.steps[-1].step,
        )
        await keep_pace(session.host, tiny.runs, pace)
        return pace

    def _words(self, folder: PurePosixPath) -> list[str]:
        """What `yogo` trains: new weights, which are as fast as those of a parent."""
        given = [word for words in flags(self._plan.recipe) for word in words]
        where = ["--name", _RUN, "--runs", str(folder), "--processes", str(self._size.num_processes)]
        return ["train", str(self._plan.definition), *given, *where]

    async def _why(self, tiny: TinyJob, job_id: JobId, job: Job) -> str:
        if job.is_stuck:
            return f"the job can never start: {job.reason_words}. {job.advice}".strip()
        try:
            size = (await self._session.host.read(tiny.log(job_id), limit=1)).size
            piece = await self._session.host.read(tiny.log(job_id), offset=max(0, size - _TAIL_BYTES))
        except FileNotFoundError:
            return f"job {job_id} left no log."
        text = piece.data.decode(errors="replace")
        if fault := fault_in(text):
            return f"the job failed: {fault.words or fault.said}."
        return f"job {job_id} ended before two steps were recorded: {' '.join(text.split())[-200:]}"


def _lasted(history: History) -> float:
    """Seconds between its first and its last recorded step; 0 for less than three."""
    steps = history.steps
    return (steps[-1].at - steps[0].at).total_seconds() if len(steps) > 2 else 0.0
