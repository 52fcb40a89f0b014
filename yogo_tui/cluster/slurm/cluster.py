"""A cluster run by Slurm, reached through its commands: squeue, sbatch, scancel, sacct, sinfo, scontrol."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from yogo.text.terminal import printable
from yogo.text.wording import agreed
from yogo_tui.cluster.asked import CommandLog
from yogo_tui.cluster.base import Change, Estimate, Job, JobId, Resources, Used, tasks_in, whole_of
from yogo_tui.cluster.site import Site
from yogo_tui.cluster.slurm.answers import no_answer, not_submitted, spoken
from yogo_tui.cluster.slurm.fields import moment
from yogo_tui.cluster.slurm.nodes import SINFO, count_gpus, max_hours, max_nodes
from yogo_tui.cluster.slurm.others import Others
from yogo_tui.cluster.slurm.past import SACCT, Past, asked_as, parse_accounting
from yogo_tui.cluster.slurm.queue import SQUEUE, held_in_part, parse_queue, squeue_of, squeue_tasks
from yogo_tui.cluster.slurm.site import ASSOCIATIONS, NODES, PARTITIONS, parse_associations, parse_partitions
from yogo_tui.cluster.slurm.used import SACCT_USED, parse_used
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import Completed, Host

# sbatch retries for two minutes if the queue is full. Whoever stops waiting sooner does not learn the outcome.
PATIENCE_SECONDS = 150.0
ACCOUNTING_SECONDS = 30.0

_OURS = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SINFO_", "SCANCEL_", "SCONTROL_", "YOGO_JOB_")
_KEPT = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
_READABLE = {"LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "standard", "SLURM_BITSTR_LEN": "0"}
"""The last one: the list of an array's waiting tasks is not cut."""
_SUBMITTED = re.compile(r"(\d+)(?:;[\w.-]+)?")
_ID = re.compile(r"\d+(?:_\d+)?")
_STARTS_AT = re.compile(r"\bto start at (\S+)")


class SlurmCluster:
    """A Cluster. `introduce` asks Slurm for the cluster's name; until then it is "slurm"."""

    def __init__(self, host: Host, folder: Callable[[], PurePosixPath | None] = lambda: None) -> None:
        """Jobs begin in `folder`, which is asked for at each submission; None is where the host's commands run."""
        self._host = host
        self._folder = folder
        self.commands = CommandLog()
        """What Slurm was asked."""

        self._name = ""
        self._has_accounting = True
        self._config: dict[str, str] = {}
        self._introducing = asyncio.Lock()
        self._scrubbed: dict[str, str] | None = None
        self._past = Past(self._ask_accounting)
        self._others = Others(self._ask_queue_for)

    @property
    def name(self) -> str:
        return self._name or "slurm"

    async def notice(self) -> str:
        """Names the user's SBATCH_ variables, which are ignored; empty if there are none."""
        names = sorted(name for name in await self._scrub() if name.startswith("SBATCH_"))
        if not names:
            return ""
        are = agreed(len(names), "is")
        return (
            f"{', '.join(names)} in your environment {are} not used: the account, the partition and the sizes of jobs "
            "are settings (account, partition, sizes), and anything else is a line of a script template of your own."
        )

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        """Submit the script. `after` only orders the jobs: Slurm ignores a dependency on a job that it has forgotten,
        and starts the new job at once."""
        await self.introduce()
        dependency = [f"--dependency=afterok:{_checked(after)}"] if after else []
        # The job inherits sbatch's environment, so the variables that make output readable are not set here.
        env = await self._scrub()
        try:
            done = await self._run(
                ["sbatch", "--parsable", *dependency, str(script)],
                env=env,
                folder=self._folder(),
                timeout_seconds=PATIENCE_SECONDS,
            )
        except HostError as error:
            raise ClusterUnknown(str(error)) from error
        if done.status:
            raise not_submitted(done)
        printed = _SUBMITTED.fullmatch(done.stdout.strip())
        if printed is None:  # a site's wrapper may print more, numbers too: then only the queue tells
            raise ClusterUnknown(f"sbatch printed {done.stdout!r}, which is not a job id.")
        return JobId(printed[1])

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        await self.introduce()
        queue = await self._queue()
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

    async def _queue(self) -> tuple[Job, ...]:
        queue = parse_queue(await self._ask(*SQUEUE))
        if arrays := held_in_part(queue):
            tasks = {job.id: job for job in parse_queue(await self._ask(*squeue_tasks(arrays)))}
            queue = tuple(tasks.get(job.id, job) for job in queue)
        return queue

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
        # Accounting may name waiting tasks together, for a moment without their comment: the queue has each of them.
        past = [job for job in parse_accounting(told) if not known.issuperset(tasks_in(job.id))]
        return (*queue, *(job for job in past if job.name == name))

    async def cancel(self, ids: Sequence[JobId]) -> None:
        """Cancel the jobs. One that has ended is not an error. Raises ClusterError, once all others are cancelled, with
        those that could not be."""
        known = [_checked(job_id) for job_id in ids if _ID.fullmatch(whole_of(job_id))]
        problems = [f"{job_id!r} is not a Slurm job id" for job_id in ids if not _ID.fullmatch(whole_of(job_id))]
        if known and (await self._scancel(*known)).status:
            for job_id in known:
                done = await self._scancel(job_id)
                if done.status:
                    problems.append(f"job {job_id}: {str(no_answer('scancel', done)).rstrip('.')}")
        if problems:
            raise ClusterError(f"Not cancelled: {'; '.join(problems)}.")

    async def change(self, change: Change, job_id: JobId) -> None:
        env = await self._scrub() | _READABLE
        # The hold of an operator is an administrator's, which the job's owner cannot release; uhold is the owner's.
        argv = ["scontrol", "uhold" if change is Change.HOLD else change.value, _checked(job_id)]
        # A second requeue would end the start that the first one has brought.
        is_repeatable = change is not Change.REQUEUE
        done = await self._run(argv, env=env, timeout_seconds=PATIENCE_SECONDS, is_repeatable=is_repeatable)
        if done.status:
            raise no_answer(f"scontrol {change}", done)

    async def used(self, job_id: JobId) -> Used | None:
        await self.introduce()
        if not self._has_accounting:
            return None
        return parse_used(await self._ask(*SACCT_USED, f"--jobs={_checked(job_id)}", patience=ACCOUNTING_SECONDS))

    async def estimate(self, script: PurePosixPath) -> Estimate:
        done = await self._look("sbatch", "--test-only", str(script))
        if found := _STARTS_AT.search(done.stderr):
            return Estimate(moment(found[1]))
        if isinstance(error := no_answer("sbatch", done), ClusterUnknown):
            raise error
        return Estimate(None, spoken(done))

    async def resources(self, partition: str) -> Resources:
        partition = partition or await self._default_partition()
        nodes, limits = await asyncio.gather(
            self._ask(*SINFO, f"--partition={partition}"),
            self._look("scontrol", "--oneliner", "show", "partition", partition),
        )
        if limits.status:
            raise ClusterError(
                f"The partition {partition!r} cannot be used: {spoken(limits)}. It is named by the setting `partition`."
            )
        free, of_nodes, detail = count_gpus(nodes)
        return Resources(
            free_gpus=free,
            total_gpus=sum(of_nodes),
            max_hours=max_hours(limits.stdout),
            max_nodes=max_nodes(limits.stdout),
            gpus_of_nodes=of_nodes,
            detail=detail,
        )

    async def _default_partition(self) -> str:
        """The partition of a job that asks for none. Raises ClusterError if there is no such one."""
        for line in (await self._ask("scontrol", "--oneliner", "show", "partition")).splitlines():
            words = line.split()
            if words and "Default=YES" in words:
                return words[0].partition("=")[2]
        raise ClusterError("Slurm has no default partition: name one by the setting `partition`.")

    async def site(self) -> Site:
        await self.introduce()
        shown, nodes, accounts = await asyncio.gather(
            self._ask(*PARTITIONS, patience=ACCOUNTING_SECONDS),
            self._ask(*NODES, patience=ACCOUNTING_SECONDS),
            self._ask_associations(),
        )
        problem = spoken(accounts) if self._has_accounting and accounts.status else ""
        return Site(
            version=f"Slurm {printable(self._config.get('SLURM_VERSION', ''))}".strip(),
            partitions=parse_partitions(shown, nodes),
            associations=parse_associations(accounts.stdout, self.name) if not accounts.status else (),
            needs_account="associations" in self._config.get("AccountingStorageEnforce", ""),
            has_accounting=self._has_accounting,
            no_accounting=problem,
        )

    async def _ask_associations(self) -> Completed:
        """What sacctmgr says of the user; a failure is told as its status."""
        try:
            return await self._look(*ASSOCIATIONS, patience=ACCOUNTING_SECONDS)
        except HostError as error:
            return Completed(1, "", str(error))

    async def _ask_queue_for(self, ids: Sequence[JobId]) -> tuple[Job, ...]:
        done = await self._look(*squeue_of([JobId(_checked(job_id)) for job_id in ids]), patience=ACCOUNTING_SECONDS)
        if done.status and "Invalid job id" in done.stderr:  # some versions of Slurm print this for a list too
            return ()
        return parse_queue(self._told("squeue", done))

    async def _ask_accounting(self, ids: Sequence[JobId]) -> tuple[Job, ...] | None:
        """The jobs of these ids that accounting knows; empty if there is no accounting, None if it does not answer."""
        if not self._has_accounting:
            return ()
        try:
            asked = asked_as([JobId(_checked(job_id)) for job_id in ids])
            told = await self._ask(*SACCT, f"--jobs={asked}", patience=ACCOUNTING_SECONDS)
        except (ClusterError, HostError):
            return None
        return parse_accounting(told)

    @property
    def machine(self) -> None:
        return None

    def pace(self, poll_seconds: float) -> float:
        return poll_seconds

    async def introduce(self) -> None:
        """Ask for the cluster's name, which is part of a job's identity, and whether it has accounting."""
        async with self._introducing:
            if not self._name:
                await self._introduce()

    async def _introduce(self) -> None:
        lines = (await self._ask("scontrol", "show", "config")).splitlines()
        pairs = (line.partition("=") for line in lines)
        self._config = {key.strip(): value.strip() for key, _, value in pairs}
        self._has_accounting = self._config.get("AccountingStorageType", "(null)") not in (
            "(null)",
            "accounting_storage/none",
        )
        self._name = self._config.get("ClusterName", "slurm")

    async def _ask(self, *argv: str, patience: float = PATIENCE_SECONDS) -> str:
        return self._told(argv[0], await self._look(*argv, patience=patience))

    def _told(self, argv0: str, done: Completed) -> str:
        if done.status:
            raise no_answer(argv0, done)
        return done.stdout

    async def _look(self, *argv: str, patience: float = PATIENCE_SECONDS) -> Completed:
        env = await self._scrub() | _READABLE
        return await self._run(argv, env=env, timeout_seconds=patience, only_looks=True)

    async def _run(self, argv: Sequence[str], **options: Any) -> Completed:
        return await self.commands.keep(argv, self._host.run(argv, **options))

    async def _scancel(self, *ids: str) -> Completed:
        """Twice does no more than once."""
        env = await self._scrub() | _READABLE
        return await self._run(
            ["scancel", "--quiet", *ids], env=env, timeout_seconds=PATIENCE_SECONDS, is_repeatable=True
        )

    async def _scrub(self) -> dict[str, str]:
        """Slurm's variables in the user's environment, each set to empty: they would change what its commands print;
        those named SBATCH_* override the script's #SBATCH lines."""
        if self._scrubbed is None:
            lines = (await self._host.run(["env"], only_looks=True)).stdout.splitlines()
            names = (line.partition("=")[0] for line in lines)
            self._scrubbed = {name: "" for name in names if name.startswith(_OURS) and name not in _KEPT}
        return dict(self._scrubbed)


def _checked(job_id: JobId) -> str:
    """The id as Slurm's commands read it: the whole job's, for waiting tasks of an array and for a part of a
    heterogeneous job. Raises ClusterError if it is not a job id."""
    if not _ID.fullmatch(whole_of(job_id)):
        raise ClusterError(f"{job_id!r} is not a Slurm job id.")
    return whole_of(job_id)
