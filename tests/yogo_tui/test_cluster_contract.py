"""What the console may expect of any cluster. One suite, run against a real Slurm and against this machine.

It runs over the table of clusters; a new one needs an entry in SITES. `-k slurm` or `-k local` runs one of them.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.far import far_away
from tests.yogo_tui.lab import answering_slurm
from yogo_tui.cluster.base import Change, Cluster, Job, JobId, JobState, array_of
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.errors import ClusterError, ClusterUnknown
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost


@dataclass
class Site:
    """A cluster to try, the host it is reached by, and a folder for scripts and logs."""

    cluster: Cluster
    host: Host
    workdir: Path
    short_limit: str
    """The shortest --time that it tells apart."""

    submitted: list[JobId]

    def script(self, body: str, *directives: str, name: str = "probe") -> PurePosixPath:
        """A job script that logs to the folder."""
        head = (f"--job-name={name}", f"--output={self.workdir}/{name}-%j.log", "--time=00:10:00")
        lines = ["#!/bin/bash", *(f"#SBATCH {one}" for one in (*head, *directives)), body]
        path = self.workdir / f"{len(list(self.workdir.glob('*.sbatch')))}.sbatch"
        path.write_text("\n".join(lines) + "\n")
        return PurePosixPath(path)

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        job_id = await self.cluster.submit(script, after=after)
        self.submitted.append(job_id)
        return job_id

    async def submit_array(self, script: PurePosixPath, *indexes: int) -> list[JobId]:
        """The ids of its tasks."""
        array = await self.cluster.submit(script)
        tasks = [JobId(f"{array}_{index}") for index in indexes]
        self.submitted += tasks
        return tasks

    async def job(self, job_id: JobId) -> Job:
        return next(job for job in await self.cluster.jobs([job_id]) if job.id == job_id)

    async def ended(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.state.is_over else None

    async def taken_out(self, job_id: JobId) -> bool:
        """Whether it is cancelled. Slurm forgets a task that was taken out of the waiting ones of its array."""
        jobs = {job.id: job.state for job in await self.cluster.jobs([job_id])}
        return jobs.get(job_id, JobState.CANCELLED) is JobState.CANCELLED

    async def running(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.state is JobState.RUNNING else None

    async def waiting(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.state is JobState.PENDING else None

    async def held(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.is_held else None

    async def waiting_for_a_reason(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.reason else None

    async def stuck(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.is_stuck else None


async def slurm_site(request: pytest.FixtureRequest, folder: Path, _: AsyncExitStack) -> Site:
    host = HereHost(request.getfixturevalue("slurm").environment)
    return Site(await answering_slurm(host), host, folder / "jobs", "00:01:00", [])


async def far_slurm_site(request: pytest.FixtureRequest, folder: Path, stack: AsyncExitStack) -> Site:
    server = request.getfixturevalue("ssh_server")
    server.set_environment(request.getfixturevalue("slurm").environment)
    server.restart()
    host = await stack.enter_async_context(far_away(server))
    return Site(await answering_slurm(host), host, folder / "jobs", "00:01:00", [])


async def local_site(_: pytest.FixtureRequest, folder: Path, __: AsyncExitStack) -> Site:
    cluster = LocalCluster(folder / "state", slots=4, kill_after_seconds=2.0)
    return Site(cluster, HereHost(), folder / "jobs", "00:00:03", [])


SITES = {"slurm": slurm_site, "local": local_site, "slurm over SSH": far_slurm_site}
"""A cluster of each kind in the table, that jobs can be run on, and one that is reached from afar."""


@pytest.fixture(params=[*CLUSTERS, "slurm over SSH"])
async def site(request: pytest.FixtureRequest, tmp_path: Path, until: Any) -> AsyncIterator[Site]:
    (tmp_path / "jobs").mkdir()
    async with AsyncExitStack() as stack:
        site = await SITES[request.param](request, tmp_path, stack)
        yield site
        await site.cluster.cancel(site.submitted)
        for job_id in site.submitted:
            await until(lambda job_id=job_id: site.ended(job_id), what="the job to end")


def waits_for(file: Path) -> str:
    return f"until [ -e {file} ]; do sleep 0.1; done"


async def test_a_job_runs_and_its_log_can_be_read(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script("echo hello from $SLURM_JOB_ID", "--comment=yogo:t0ken"))
    job = await until(lambda: site.ended(job_id))
    assert (job.state, job.exit_status, job.name, job.token) == (JobState.DONE, 0, "probe", "t0ken")
    assert job.submitted_at <= job.started_at <= job.ended_at
    assert job.time_limit_seconds == 600
    assert job.log == PurePosixPath(f"{site.workdir}/probe-{job_id}.log")
    assert (await site.host.read(job.log)).data.decode() == f"hello from {job_id}\n"


async def test_a_job_that_fails_says_its_exit_status(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script("exit 3"))
    job = await until(lambda: site.ended(job_id))
    assert (job.state, job.exit_status) == (JobState.FAILED, 3)


async def test_a_running_job_is_in_the_queue_without_being_asked_for(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script(waits_for(site.workdir / "go")))
    job = await until(lambda: site.running(job_id))
    assert job.started_at is not None
    assert job.ended_at is None
    assert job_id in {job.id for job in await site.cluster.jobs()}
    (site.workdir / "go").touch()
    assert (await until(lambda: site.ended(job_id))).state is JobState.DONE


async def test_a_cancelled_job_gets_term_and_ends_as_cancelled(site: Site, until: Any) -> None:
    file = site.workdir / "told"
    body = f"trap 'touch {file}; exit 1' TERM\necho ready\nwhile true; do sleep 0.1; done"
    job_id = await site.submit(site.script(body))
    job = await until(lambda: site.running(job_id))
    await until(lambda: Path(job.log).exists() and "ready" in Path(job.log).read_text())
    await site.cluster.cancel([job_id])
    assert (await until(lambda: site.ended(job_id))).state is JobState.CANCELLED
    assert file.exists()


async def test_a_job_that_ignores_term_is_killed(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script("trap '' TERM\necho ready\nwhile true; do sleep 0.1; done"))
    job = await until(lambda: site.running(job_id))
    await until(lambda: Path(job.log).exists() and "ready" in Path(job.log).read_text())
    await site.cluster.cancel([job_id])
    assert (await until(lambda: site.ended(job_id))).state is JobState.CANCELLED


async def test_a_job_that_is_held_waits_until_it_is_released(site: Site, until: Any) -> None:
    first = await site.submit(site.script(waits_for(site.workdir / "go")))
    held = await site.submit(site.script("true"), after=first)
    await site.cluster.change(Change.HOLD, held)
    (site.workdir / "go").touch()
    assert (await until(lambda: site.ended(first))).state is JobState.DONE
    job = await until(lambda: site.held(held))
    assert (job.state, job.advice) == (JobState.PENDING, "Release it when it may start.")
    await site.cluster.change(Change.RELEASE, held)
    assert (await until(lambda: site.ended(held))).state is JobState.DONE


async def test_a_running_job_goes_back_into_the_queue_or_it_is_said_that_there_is_no_such_thing(
    site: Site, until: Any
) -> None:
    job_id = await site.submit(site.script(waits_for(site.workdir / "go"), "--requeue"))
    await until(lambda: site.running(job_id))
    if site.cluster.machine is not None:
        with pytest.raises(ClusterError, match="cancel it, then resume its run"):
            await site.cluster.change(Change.REQUEUE, job_id)
        return
    await site.cluster.change(Change.REQUEUE, job_id)
    assert (await until(lambda: site.waiting(job_id))).state is JobState.PENDING


async def test_a_job_that_is_not_there_cannot_be_held(site: Site) -> None:
    with pytest.raises(ClusterError, match="987654"):
        await site.cluster.change(Change.HOLD, JobId("987654"))


async def test_what_a_job_used_is_told_once_it_is_over_or_it_is_not_known(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script("true"))
    await until(lambda: site.ended(job_id))
    used = await site.cluster.used(job_id)
    assert used is None or used.cpus > 0


async def test_many_jobs_are_cancelled_in_one_call_also_when_one_has_ended(site: Site, until: Any) -> None:
    over = await site.submit(site.script("true"))
    await until(lambda: site.ended(over))
    first = await site.submit(site.script(waits_for(site.workdir / "never")))
    second = await site.submit(site.script(waits_for(site.workdir / "never")), after=first)
    await site.cluster.cancel([over, first, second])
    for job_id in (first, second):
        assert (await until(lambda job_id=job_id: site.ended(job_id))).state is JobState.CANCELLED
    assert (await site.job(over)).state is JobState.DONE


async def test_the_tasks_of_an_array_are_jobs_by_themselves_and_so_many_run_at_a_time(site: Site, until: Any) -> None:
    log = f"--output={site.workdir}/task-%3a-%A_%a.log"
    waits = f"until [ -e {site.workdir}/go-$SLURM_ARRAY_TASK_ID ]; do sleep 0.1; done"
    body = f"echo task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_JOB_ID\n{waits}"
    script = site.script(body, "--array=2,5-7%1", "--comment=yogo:t0ken-", log)
    first, *others = tasks = await site.submit_array(script, 2, 5, 6, 7)
    running = await until(lambda: site.running(first))
    assert (running.token, running.log) == ("t0ken-2", PurePosixPath(f"{site.workdir}/task-002-{first}.log"))
    for job_id, task in zip(others, ("5", "6", "7"), strict=True):
        job = await until(lambda job_id=job_id: site.waiting_for_a_reason(job_id))
        assert (job.state, job.token, job.reason_words) == (JobState.PENDING, f"t0ken-{task}", job.reason_words)
        assert "the array's limit on running tasks is reached" in job.reason_words
    await site.cluster.change(Change.HOLD, others[0])
    await site.cluster.cancel([others[1]])
    await until(lambda: site.taken_out(others[1]))
    site.submitted.remove(others[1])
    (site.workdir / "go-2").touch()
    assert (await until(lambda: site.ended(first))).state is JobState.DONE
    await until(lambda: site.running(others[2]))
    assert (await site.job(others[0])).is_held
    await site.cluster.change(Change.RELEASE, others[0])
    for task in ("5", "7"):
        (site.workdir / f"go-{task}").touch()
    for job_id in (others[0], others[2]):
        assert (await until(lambda job_id=job_id: site.ended(job_id))).state is JobState.DONE
    assert (await site.host.read(running.log)).data.decode() == f"task 2 of {first.partition('_')[0]}\n"
    assert {job.id for job in await site.cluster.jobs(tasks)} >= {first, others[0], others[2]}


async def test_an_array_is_found_by_its_name_task_by_task_and_cancelled_as_a_whole(site: Site, until: Any) -> None:
    name = f"sweep-{secrets.token_hex(4)}"
    script = site.script(waits_for(site.workdir / "go"), "--array=0-3%1", f"--comment=yogo:{name}-", name=name)
    tasks = await site.submit_array(script, 0, 1, 2, 3)
    await until(lambda: site.running(tasks[0]))
    found = await site.cluster.find(name)
    assert {job.id: job.token for job in found} == {one: f"{name}-{place}" for place, one in enumerate(tasks)}
    await site.cluster.cancel([array_of(tasks[0])])
    for job_id in tasks:
        assert (await until(lambda job_id=job_id: site.ended(job_id))).state is JobState.CANCELLED
    assert {job.id for job in await site.cluster.find(name)} == set(tasks)


async def test_a_job_waits_for_one_task_of_an_array(site: Site, until: Any) -> None:
    body = f"until [ -e {site.workdir}/go-$SLURM_ARRAY_TASK_ID ]; do sleep 0.1; done"
    first, second = await site.submit_array(site.script(body, "--array=0-1"), 0, 1)
    child = await site.submit(site.script("true"), after=second)
    await until(lambda: site.running(second))
    assert (await site.job(child)).after == (second,)
    (site.workdir / "go-1").touch()
    assert (await until(lambda: site.ended(child))).state is JobState.DONE
    assert (await site.job(first)).state is JobState.RUNNING
    (site.workdir / "go-0").touch()
    assert (await until(lambda: site.ended(first))).state is JobState.DONE


async def test_a_child_waits_for_its_parent_and_then_runs(site: Site, until: Any) -> None:
    parent = await site.submit(site.script(f"{waits_for(site.workdir / 'go')}\ntouch {site.workdir}/made"))
    child = await site.submit(site.script(f"test -e {site.workdir}/made"), after=parent)
    await until(lambda: site.running(parent))
    waiting = await site.job(child)
    assert (waiting.state, waiting.after, waiting.is_stuck) == (JobState.PENDING, (parent,), False)
    (site.workdir / "go").touch()
    assert (await until(lambda: site.ended(child))).state is JobState.DONE


async def test_the_child_of_a_failed_parent_is_stuck_and_never_runs(site: Site, until: Any) -> None:
    parent = await site.submit(site.script(f"{waits_for(site.workdir / 'go')}\nexit 1"))
    child = await site.submit(site.script(f"touch {site.workdir}/ran"), after=parent)
    (site.workdir / "go").touch()
    job = await until(lambda: site.stuck(child))
    assert (job.state, job.reason) == (JobState.PENDING, "DependencyNeverSatisfied")
    await site.cluster.cancel([child])
    assert (await until(lambda: site.ended(child))).state is JobState.CANCELLED
    assert not (site.workdir / "ran").exists()


async def test_the_child_of_a_cancelled_parent_is_stuck_and_never_runs(site: Site, until: Any) -> None:
    parent = await site.submit(site.script(waits_for(site.workdir / "never")))
    child = await site.submit(site.script(f"touch {site.workdir}/ran"), after=parent)
    await until(lambda: site.running(parent))
    await site.cluster.cancel([parent])
    assert (await until(lambda: site.stuck(child))).state is JobState.PENDING
    assert not (site.workdir / "ran").exists()


async def test_a_job_past_its_time_is_warned_then_ended_as_failed(site: Site, until: Any) -> None:
    body = "trap 'echo warned' USR2\nwhile true; do sleep 0.1; done"
    limits = (f"--time={site.short_limit}", "--signal=B:USR2@1")
    job_id = await site.submit(site.script(body, *limits))
    job = await until(lambda: site.ended(job_id), seconds=150)
    assert (job.state, job.word) == (JobState.FAILED, "TIMEOUT")
    assert "warned" in Path(job.log).read_text()


async def test_jobs_that_need_more_gpus_than_are_free_wait_their_turn(site: Site, until: Any) -> None:
    before = await site.cluster.resources("gpu")
    assert 0 < before.free_gpus <= before.total_gpus
    script = site.script(waits_for(site.workdir / "go"), "--gpus-per-node=4")
    jobs = [await site.submit(script) for _ in range(before.total_gpus // 4 + 1)]
    for job_id in jobs[:-1]:
        assert (await until(lambda job_id=job_id: site.running(job_id))).num_gpus == 4
    last = await until(lambda: site.waiting_for_a_reason(jobs[-1]))
    assert (last.state, last.is_stuck) == (JobState.PENDING, False)
    assert (await site.cluster.resources("gpu")).free_gpus == 0
    (site.workdir / "go").touch()
    assert (await until(lambda: site.ended(jobs[-1]))).state is JobState.DONE


@pytest.mark.parametrize("name", ["brave-owl-0728", "a|b;c", "Zürich"])
async def test_a_job_is_found_by_its_name_in_the_queue_and_after_it(site: Site, until: Any, name: str) -> None:
    name += secrets.token_hex(4)  # near and far, the queue is the same
    job_id = await site.submit(site.script(waits_for(site.workdir / "go"), name=name))
    assert [job.id for job in await site.cluster.find(name)] == [job_id]
    (site.workdir / "go").touch()
    await until(lambda: site.ended(job_id))
    assert [(job.id, job.state) for job in await site.cluster.find(name)] == [(job_id, JobState.DONE)]
    assert await site.cluster.find(f"{name}-other") == ()


async def test_a_script_that_is_not_there_is_refused_in_a_sentence(site: Site) -> None:
    with pytest.raises(ClusterError, match=r"nowhere\.sbatch") as caught:
        await site.cluster.submit(PurePosixPath(f"{site.workdir}/nowhere.sbatch"))
    assert not isinstance(caught.value, ClusterUnknown)


async def test_a_script_gets_an_estimate_and_is_not_run_by_it(site: Site) -> None:
    estimate = await site.cluster.estimate(site.script(f"touch {site.workdir}/ran", name="estimated"))
    assert estimate.no_later_than is not None
    assert await site.cluster.find("estimated") == ()
    assert not (site.workdir / "ran").exists()


async def test_what_it_offers_can_be_asked(site: Site) -> None:
    offers = await site.cluster.site()
    assert bool(offers.partitions) == (site.cluster.machine is None)
