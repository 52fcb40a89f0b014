"""What only Slurm does: forgetting, refusing, not answering, requeueing. Against the real one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.lab import answering_slurm
from yogo_tui.cluster.base import Job, JobId, JobState, Queue
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.cluster.table import CLUSTERS
from yogo_tui.cluster.watch import Watcher
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost

pytestmark = pytest.mark.slurm


@dataclass
class Site:
    cluster: SlurmCluster
    host: HereHost
    folder: Path
    submitted: list[JobId] = field(default_factory=list)

    def script(self, body: str, *directives: str, name: str = "probe") -> PurePosixPath:
        head = (f"--job-name={name}", f"--output={self.folder}/%x-%j.log", "--open-mode=append", "--time=00:10:00")
        path = self.folder / f"{len(list(self.folder.iterdir()))}.sbatch"
        path.write_text("\n".join(["#!/bin/bash", *(f"#SBATCH {one}" for one in (*head, *directives)), body, ""]))
        return PurePosixPath(path)

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        self.submitted.append(await self.cluster.submit(script, after=after))
        return self.submitted[-1]

    async def job(self, job_id: JobId) -> Job:
        return next(job for job in await self.cluster.jobs([job_id]) if job.id == job_id)

    async def has(self, job_id: JobId, state: JobState) -> Job | None:
        job = await self.job(job_id)
        return job if job.state is state else None

    async def is_stuck(self, job_id: JobId) -> Job | None:
        job = await self.job(job_id)
        return job if job.is_stuck else None

    async def is_forgotten(self, job_id: JobId) -> bool:
        return job_id not in {job.id for job in await self.cluster.jobs()}


@pytest.fixture
async def site(slurm: Any, tmp_path: Path) -> AsyncIterator[Site]:
    host = HereHost(slurm.environment)
    site = Site(await answering_slurm(host), host, tmp_path)
    yield site
    await site.cluster.cancel(site.submitted)


def waits_for(file: Path) -> str:
    return f"until [ -e {file} ]; do sleep 0.1; done"


def test_a_second_start_finds_the_first(slurm: Any) -> None:
    assert slurm.start_again() == f"Slurm was up already in {slurm.folder}.\n"


async def test_the_cluster_says_its_own_name(site: Site) -> None:
    assert site.cluster.name == "yogotest"
    assert await CLUSTERS["slurm"].is_there(site.host)


async def test_a_job_that_slurm_has_forgotten_is_known_from_accounting(slurm: Any, site: Site, until: Any) -> None:
    failed = await site.submit(site.script("exit 3", "--gpus-per-node=a100:2", "--comment=yogo:t0ken"))
    await until(lambda: site.has(failed, JobState.FAILED))
    slurm.forget_after(2)
    try:
        await until(lambda: site.is_forgotten(failed), what="Slurm to forget the job")
        # Another console, which never saw the job end.
        other = await answering_slurm(site.host)
        (job,) = [job for job in await other.jobs([failed]) if job.id == failed]
        (found,) = [job for job in await other.find("probe") if job.id == failed]
    finally:
        slurm.forget_after(300)
    assert found == job
    assert (job.state, job.word, job.exit_status, job.name) == (JobState.FAILED, "FAILED", 3, "probe")
    assert (job.token, job.num_gpus, job.time_limit_seconds) == ("t0ken", 2, 600)
    assert job.ended_at is not None


async def test_a_child_of_a_parent_that_slurm_has_forgotten_runs_at_once(slurm: Any, site: Site, until: Any) -> None:
    """Not what anyone wants, but what Slurm does: so the child's own script checks its parent."""
    parent = await site.submit(site.script("exit 1"))
    await until(lambda: site.has(parent, JobState.FAILED))
    slurm.forget_after(2)
    try:
        await until(lambda: site.is_forgotten(parent), what="Slurm to forget the job")
    finally:
        slurm.forget_after(300)
    script = site.script("true")

    async def taken() -> JobId | None:
        # Out of the queue's listing, a job is not yet out of slurmctld's mind: for a moment it still refuses.
        try:
            return await site.submit(script, after=parent)
        except ClusterError as error:
            if "dependency problem" not in str(error):
                raise
            return None

    child = await until(taken, what="Slurm to forget the job wholly")
    await until(lambda: site.has(child, JobState.DONE))


async def test_a_job_that_never_was_is_left_out(site: Site) -> None:
    assert JobId("999999") not in {job.id for job in await site.cluster.jobs([JobId("999999")])}


@pytest.mark.parametrize(
    ("directive", "words"),
    [
        ("--partition=nowhere", "partition"),
        ("--gpus-per-node=a100:5", "node configuration is not available"),
        ("--gpus-per-node=h100:1", "node configuration is not available"),
        ("--time=tomorrow", "Invalid --time"),
        ("--no-such-option", "no-such-option"),
    ],
)
async def test_a_refused_job_is_an_error_in_slurms_words(site: Site, directive: str, words: str) -> None:
    script = site.script("true", directive)
    with pytest.raises(ClusterError, match=words) as caught:
        await site.submit(script)
    assert not isinstance(caught.value, ClusterUnknown)
    assert words in (await site.cluster.estimate(script)).detail


async def test_a_text_that_is_no_script_is_refused(site: Site) -> None:
    (site.folder / "text").write_text("not a script\n")
    with pytest.raises(ClusterError, match="batch script") as caught:
        await site.submit(PurePosixPath(site.folder / "text"))
    assert not isinstance(caught.value, ClusterUnknown)


async def test_a_job_longer_than_its_partition_allows_is_stuck(site: Site, until: Any) -> None:
    job_id = await site.submit(site.script("true", "--time=48:00:00"))
    job = await until(lambda: site.is_stuck(job_id))
    assert (job.reason, job.time_limit_seconds) == ("PartitionTimeLimit", 48 * 3600)
    assert (await site.cluster.resources("gpu")).max_hours == 24.0
    assert (await site.cluster.resources("")).max_hours == 24.0, "the default partition's"


async def test_the_users_own_variables_change_neither_answers_nor_submissions(slurm: Any, site: Site) -> None:
    habits = {
        "SQUEUE_FORMAT": "%i",
        "SQUEUE_STATES": "RUNNING",
        "SQUEUE_PARTITION": "nowhere",
        "SLURM_TIME_FORMAT": "relative",
        "SBATCH_PARTITION": "nowhere",
        "SBATCH_TIMELIMIT": "5",
        "SLURM_CLUSTERS": "elsewhere",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C.UTF-8",
    }
    cluster = await answering_slurm(HereHost(slurm.environment | habits))
    job_id = await cluster.submit(site.script(f"echo $TZ $LC_ALL; {waits_for(site.folder / 'never')}"))
    site.submitted.append(job_id)
    job = next(job for job in await cluster.jobs() if job.id == job_id)
    assert (job.partition, job.time_limit_seconds) == ("gpu", 600)
    assert job.submitted_at is not None
    assert abs(job.submitted_at.timestamp() - time.time()) < 60


async def test_a_job_inherits_the_users_locale_not_the_one_of_the_questions(slurm: Any, site: Site, until: Any) -> None:
    cluster = await answering_slurm(HereHost(slurm.environment | {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}))
    job_id = await cluster.submit(site.script('echo "$TZ $LC_ALL"'))
    site.submitted.append(job_id)
    job = await until(lambda: site.has(job_id, JobState.DONE))
    assert job.log is not None
    assert Path(job.log).read_text() == "Asia/Tokyo C.UTF-8\n"


@pytest.mark.parametrize("name", ["two\nlines", "a\x1fb", "a\x1eb", "%j", "-n"])
async def test_an_odd_name_of_any_job_hides_no_other(slurm: Any, site: Site, until: Any, name: str) -> None:
    await site.host.run(
        ["sbatch", f"--job-name={name}", "--hold", "--output=/dev/null", "--wrap=true"], env=slurm.environment
    )
    job_id = await site.submit(site.script(waits_for(site.folder / "never"), name="after"))
    jobs = await site.cluster.jobs()
    (odd,) = [job for job in jobs if job.state is JobState.PENDING and job.reason == "JobHeldUser"]
    assert {job.id: job.name for job in jobs}[job_id] == "after"
    assert odd.name == name.partition("\x1e")[0]
    assert odd.log is None
    await site.cluster.cancel([odd.id])


async def test_gpus_are_given_to_a_job_and_counted(site: Site, until: Any) -> None:
    before = await site.cluster.resources("gpu")
    job_id = await site.submit(
        site.script(f"echo $CUDA_VISIBLE_DEVICES; {waits_for(site.folder / 'go')}", "--gpus-per-node=a100:2")
    )
    job = await until(lambda: site.has(job_id, JobState.RUNNING))
    after = await site.cluster.resources("gpu")
    assert (job.num_gpus, job.nodes[:3]) == (2, "gpu")
    assert (before.total_gpus, after.total_gpus) == (8, 8)
    assert before.free_gpus - after.free_gpus == 2
    assert job.log is not None
    await until(lambda: Path(str(job.log)).exists() and len(Path(str(job.log)).read_text().split(",")) == 2)


async def test_a_drained_node_takes_no_jobs_and_is_named(slurm: Any, site: Site) -> None:
    slurm.run("scontrol", "update", "nodename=gpu2", "state=drain", "reason=test")
    try:
        resources = await site.cluster.resources("gpu")
    finally:
        slurm.run("scontrol", "update", "nodename=gpu2", "state=resume")
    assert (resources.total_gpus, resources.detail) == (4, "1 node is drained")


async def test_an_unknown_partition_is_an_error_in_a_sentence(site: Site) -> None:
    with pytest.raises(ClusterError, match="'nowhere'"):
        await site.cluster.resources("nowhere")


async def test_a_requeued_job_comes_back_under_its_id_with_its_log(site: Site, until: Any) -> None:
    body = f"echo attempt ${{SLURM_RESTART_COUNT:-0}}; {waits_for(site.folder / 'go')}"
    job_id = await site.submit(site.script(body, "--requeue"))
    await until(lambda: site.has(job_id, JobState.RUNNING))
    assert (await site.host.run(["scontrol", "requeue", job_id])).status == 0
    assert await until(lambda: site.has(job_id, JobState.PENDING))


async def test_a_throttled_array_is_cancelled_by_what_the_queue_calls_it_and_the_others_with_it(
    site: Site, until: Any
) -> None:
    body = waits_for(site.folder / "never")
    plain = await site.submit(site.script(body))
    array = await site.submit(site.script(body, "--array=0-40:2%1", name="array"))

    async def waiting() -> list[Job]:
        return [job for job in await site.cluster.jobs() if job.id.startswith(f"{array}_[")]

    (rest,) = await until(waiting)
    assert "%1" in rest.id
    await site.cluster.cancel([plain, rest.id])

    async def all_over() -> bool:
        ours = [job for job in await site.cluster.jobs() if job.id == plain or job.name == "array"]
        return all(job.state is JobState.CANCELLED for job in ours)

    await until(all_over)


async def test_an_id_that_is_none_never_reaches_slurm(site: Site) -> None:
    for wrong in ("", "--user=root", "1 2", "probe"):
        with pytest.raises(ClusterError, match="not a Slurm job id"):
            await site.cluster.cancel([JobId(wrong)])


async def test_while_the_controller_is_gone_the_last_picture_stays_and_then_the_truth_returns(
    slurm: Any, site: Site, until: Any
) -> None:
    job_id = await site.submit(site.script(waits_for(site.folder / "never")))
    await until(lambda: site.has(job_id, JobState.RUNNING))
    watcher = Watcher(site.cluster)
    seen = await watcher.look()
    watcher.queue = seen
    script = site.script("true")
    with slurm.controller_down():
        stale, submitted, opened = await asyncio.gather(
            watcher.look(), site.cluster.submit(script), answering_slurm(site.host), return_exceptions=True
        )
    assert isinstance(stale, Queue)
    assert isinstance(submitted, ClusterUnknown)
    assert isinstance(opened, ClusterUnknown)
    fresh = await watcher.look()
    assert (stale.jobs, stale.seen_at) == (seen.jobs, seen.seen_at)
    assert stale.stale.startswith("Slurm does not answer: ")
    assert fresh.stale == ""
    assert {job.id: job.state for job in fresh.jobs}[job_id] is JobState.RUNNING


async def test_all_of_it_works_over_ssh_as_it_does_on_the_login_node(
    slurm: Any, site: Site, ssh_server: Any, until: Any
) -> None:
    ssh_server.kill()
    ssh_server.set_environment(slurm.environment)
    ssh_server.start()
    host = SshHost("login", config=ssh_server.config)
    try:
        assert await CLUSTERS["slurm"].is_there(host)
        far = await answering_slurm(host)
        script = PurePosixPath(site.folder / "far" / "job.sbatch")
        await host.write(script, Path(site.script(f"echo started; {waits_for(site.folder / 'go')}")).read_bytes())
        parent = await far.submit(script)
        child = await far.submit(script, after=parent)
        site.submitted += [parent, child]
        job = await until(lambda: site.has(parent, JobState.RUNNING))
        near = {job.id: job for job in await site.cluster.jobs()}
        assert {job.id: job for job in await far.jobs()} == near
        assert near[child].after == (parent,)
        assert (await until(lambda: _read(host, job.log), what="the log")) == b"started\n"
        await far.cancel([child, parent])
        await until(lambda: site.has(parent, JobState.CANCELLED))
    finally:
        await host.close()


async def _read(host: SshHost, path: PurePosixPath) -> bytes:
    try:
        return (await host.read(path)).data
    except FileNotFoundError:
        return b""


async def test_without_slurms_programs_the_error_names_them(tmp_path: Path) -> None:
    host = HereHost({"PATH": str(tmp_path)})
    with pytest.raises(HostError, match="cannot be run on this machine"):
        await answering_slurm(host)


async def test_many_questions_at_once_are_answered(site: Site) -> None:
    names = await asyncio.gather(*(site.cluster.find(f"name-{index}") for index in range(5)))
    assert names == [()] * 5
