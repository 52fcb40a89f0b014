"""Slurm, spoken through any host by its own commands: squeue, sbatch, scancel, sacct, sinfo, scontrol."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from yogo_tui.cluster.base import Estimate, Job, JobId, Resources, whole_of
from yogo_tui.cluster.slurm.answers import no_answer, not_submitted, spoken
from yogo_tui.cluster.slurm.fields import moment
from yogo_tui.cluster.slurm.nodes import SINFO, count_gpus, max_hours
from yogo_tui.cluster.slurm.others import Others
from yogo_tui.cluster.slurm.past import SACCT, Past, parse_accounting
from yogo_tui.cluster.slurm.queue import SQUEUE, parse_queue, squeue_of
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Completed, Host

# sbatch itself retries a full queue for two minutes; who gives up sooner knows less than it does.
PATIENCE_SECONDS = 150.0
ACCOUNTING_SECONDS = 30.0

_OURS = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SINFO_", "SCANCEL_", "SCONTROL_")
_KEPT = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
_READABLE = {"LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "standard"}
_SUBMITTED = re.compile(r"(\d+)(?:;[\w.-]+)?")
_ID = re.compile(r"\d+(?:_\d+)?")
_STARTS_AT = re.compile(r"\bto start at (\S+)")


async def has_slurm(host: Host) -> bool:
    """Whether there is an sbatch on the host. Raises HostError."""
    return (await host.run(["sh", "-c", "command -v sbatch"])).status == 0


class SlurmCluster:
    """A Cluster. Its first call asks Slurm for its name; until then it is called "slurm"."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._name = ""
        self._has_accounting = True
        self._scrubbed: dict[str, str] | None = None
        self._past = Past(self._ask_accounting)
        self._others = Others(self._ask_queue_for)

    @classmethod
    async def open(cls, host: Host) -> SlurmCluster:
        """One that has answered. Raises ClusterUnknown, HostError."""
        cluster = cls(host)
        await cluster.introduce()
        return cluster

    @property
    def name(self) -> str:
        return self._name or "slurm"

    async def notice(self) -> str:
        """The variables by which the user would change what is submitted: they are not used."""
        names = sorted(name for name in await self._scrub() if name.startswith("SBATCH_"))
        if not names:
            return ""
        are = "is" if len(names) == 1 else "are"
        return (
            f"{', '.join(names)} in your environment {are} not used: the account, the partition and the sizes of jobs "
            "are settings (account, partition, sizes), and anything else is a line of a script template of your own."
        )

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        """The dependency only orders: Slurm drops one on a job that it has forgotten, and starts the child."""
        await self.introduce()
        dependency = [f"--dependency=afterok:{_checked(after)}"] if after else []
        # The job inherits the environment of sbatch: the settings that make answers readable are not for it.
        env = await self._scrub()
        try:
            done = await self._host.run(
                ["sbatch", "--parsable", *dependency, str(script)], env=env, timeout_seconds=PATIENCE_SECONDS
            )
        except HostError as error:
            raise ClusterUnknown(f"It is not known whether Slurm took the job: {error}") from error
        if done.status:
            raise not_submitted(done)
        printed = _SUBMITTED.fullmatch(done.stdout.strip())
        if printed is None:  # a site's wrapper may print more around it, numbers too: only the queue knows then
            raise ClusterUnknown(f"It is not known whether Slurm took the job: sbatch printed {done.stdout!r}.")
        return JobId(printed[1])

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        await self.introduce()
        queue = parse_queue(await self._ask(*SQUEUE))
        self._past.remember(queue)
        known = {job.id for job in queue}
        left = [job_id for job_id in dict.fromkeys(ids) if job_id not in known]
        others = await self._others.jobs([job_id for job_id in left if not self._past.knows_end_of(job_id)])
        seen = {job.id for job in others}
        past = await self._past.jobs([job_id for job_id in left if job_id not in seen])
        return (*queue, *others, *past)

    @property
    def unanswered(self) -> frozenset[JobId]:
        return self._past.unanswered | self._others.unanswered

    async def find(self, name: str) -> tuple[Job, ...]:
        await self.introduce()
        queue = tuple(job for job in parse_queue(await self._ask(*SQUEUE)) if job.name == name)
        if not self._has_accounting:
            return queue
        try:
            told = await self._ask(*SACCT, f"--name={name}", "--starttime=now-30days", patience=ACCOUNTING_SECONDS)
        except (ClusterError, HostError):
            if not queue:
                raise
            return queue
        known = {job.id for job in queue}
        return (*queue, *(job for job in parse_accounting(told) if job.id not in known and job.name == name))

    async def cancel(self, ids: Sequence[JobId]) -> None:
        """One that has ended already is no error, and one that cannot be cancelled keeps no other from it."""
        known = [_checked(job_id) for job_id in ids if _ID.fullmatch(whole_of(job_id))]
        problems = [f"{job_id!r} is no job id of Slurm's" for job_id in ids if not _ID.fullmatch(whole_of(job_id))]
        if known and (await self._run("scancel", "--quiet", *known)).status:
            for job_id in known:
                done = await self._run("scancel", "--quiet", job_id)
                if done.status:
                    problems.append(f"job {job_id}: {str(no_answer('scancel', done)).rstrip('.')}")
        if problems:
            raise ClusterError(f"Not cancelled: {'; '.join(problems)}.")

    async def requeue(self, ids: Sequence[JobId]) -> None:
        """Put running or finished jobs back into the queue, under their ids."""
        if ids:
            await self._ask("scontrol", "requeue", ",".join(map(_checked, ids)))

    async def estimate(self, script: PurePosixPath) -> Estimate:
        done = await self._run("sbatch", "--test-only", str(script))
        if found := _STARTS_AT.search(done.stderr):
            return Estimate(moment(found[1]))
        if isinstance(error := no_answer("sbatch", done), ClusterUnknown):
            raise error
        return Estimate(None, spoken(done))

    async def resources(self, partition: str) -> Resources:
        nodes, limits = await asyncio.gather(
            self._ask(*SINFO, f"--partition={partition}"),
            self._run("scontrol", "--oneliner", "show", "partition", partition),
        )
        if limits.status:
            raise ClusterError(f"The partition {partition!r} cannot be used: {spoken(limits)}.")
        free, total, detail = count_gpus(nodes)
        return Resources(free_gpus=free, total_gpus=total, max_hours=max_hours(limits.stdout), detail=detail)

    async def _ask_queue_for(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        done = await self._run(*squeue_of([JobId(_checked(job_id)) for job_id in ids]), patience=ACCOUNTING_SECONDS)
        if done.status and "Invalid job id" in done.stderr:  # some Slurms say so of a list, too
            return ()
        return parse_queue(self._told("squeue", done))

    async def _ask_accounting(self, ids: Sequence[JobId]) -> tuple[Job, ...] | None:
        """What it knows of these jobs, nothing where there is none; None when it does not answer."""
        if not self._has_accounting:
            return ()
        try:
            told = await self._ask(*SACCT, f"--jobs={','.join(map(_checked, ids))}", patience=ACCOUNTING_SECONDS)
        except (ClusterError, HostError):
            return None
        return parse_accounting(told)

    async def introduce(self) -> None:
        """Learn the cluster's name, which is part of a job's identity, and whether it keeps accounts."""
        if self._name:
            return
        lines = (await self._ask("scontrol", "show", "config")).splitlines()
        pairs = (line.partition("=") for line in lines)
        config = {key.strip(): value.strip() for key, _, value in pairs}
        self._has_accounting = config.get("AccountingStorageType", "(null)") not in (
            "(null)",
            "accounting_storage/none",
        )
        self._name = config.get("ClusterName", "slurm")

    async def _ask(self, *argv: str, patience: float = PATIENCE_SECONDS) -> str:
        return self._told(argv[0], await self._run(*argv, patience=patience))

    def _told(self, argv0: str, done: Completed) -> str:
        if done.status:
            raise no_answer(argv0, done)
        return done.stdout

    async def _run(self, *argv: str, patience: float = PATIENCE_SECONDS) -> Completed:
        env = await self._scrub() | _READABLE
        return await self._host.run(argv, env=env, timeout_seconds=patience)

    async def _scrub(self) -> dict[str, str]:
        """Slurm's own variables, emptied: the user's would change what its commands print, and those named
        SBATCH_* win over the script's own #SBATCH lines."""
        if self._scrubbed is None:
            lines = (await self._host.run(["env"])).stdout.splitlines()
            names = (line.partition("=")[0] for line in lines)
            self._scrubbed = {name: "" for name in names if name.startswith(_OURS) and name not in _KEPT}
        return dict(self._scrubbed)


def _checked(job_id: JobId) -> str:
    """As Slurm's commands read it: an array's waiting rest, and a part of a heterogeneous job, by the whole's id."""
    if not _ID.fullmatch(whole_of(job_id)):
        raise ClusterError(f"{job_id!r} is no job id of Slurm's.")
    return whole_of(job_id)
