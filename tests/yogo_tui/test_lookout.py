"""The look at all runs: what is there is shown while what does not answer is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

from tests.made_runs import finished_run
from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.test_runs_folder import CountingHost
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.record import now
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.errors import ClusterUnknown, HostError
from yogo_tui.hosts.base import Entry
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.model import RunState
from yogo_tui.runs.watcher import RunWatcher


@dataclass
class SlowCluster(FakeCluster):
    """Its queue answers once it is let; who asks for a job by name waits for ever."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def introduce(self) -> None:
        self.name = "lab"

    async def jobs(self, ids: Sequence[JobId] = ()) -> tuple[Job, ...]:
        await self.may_answer.wait()
        return await super().jobs(ids)

    async def find(self, name: str) -> tuple[Job, ...]:
        await asyncio.Event().wait()
        raise ClusterUnknown("never")


def lookout(cluster: SlowCluster, folder: Path, host: HereHost | None = None) -> RunWatcher:
    host = host or HereHost()
    return RunWatcher(host, cluster, Scanner(host, [PurePosixPath(folder)]), poll_seconds=0.1)


def launched(path: Path, **changes: object) -> Launch:
    submission = Submission(cluster="lab", outcome=Outcome.SUBMITTED, job_id="7", at=now() - timedelta(hours=1))
    launch = Launch(
        name=path.name,
        kind=Kind.TRAIN,
        token=f"token-{path.name}",
        definition="/d",
        recipe=Recipe(),
        size=Size(gpus=1, cpus=1, hours=1),
        submissions=(submission.model_copy(update=changes),),
    )
    path.mkdir(parents=True, exist_ok=True)
    launch.write(RunDirectory(path).launch)
    return launch


async def test_the_folders_are_shown_before_the_queue_has_answered(tmp_path: Path) -> None:
    finished_run(tmp_path / "well")
    launched(tmp_path / "live")
    cluster, host = SlowCluster(), CountingHost()
    async with asyncio.timeout(60), aclosing(lookout(cluster, tmp_path, host).watch()) as looks:
        states = {run.name: run.state for run in (await anext(looks)).runs}
        assert states == {"well": RunState.FINISHED, "live": RunState.UNKNOWN}
        assert host.lists == len(["the folder", "well", "live"]), "they are read once for that"
        cluster.known = (Job(JobId("7"), "live", JobState.RUNNING, token="token-live"),)
        cluster.may_answer.set()
        async for seen in looks:
            if seen.queue.seen_at:
                break
    assert {run.name: run.state for run in seen.runs}["live"] is RunState.RUNNING


async def test_a_job_that_another_command_submits_is_in_an_idle_consoles_queue_before_its_usual_pause_is_over(
    tmp_path: Path,
) -> None:
    """The usual pause is four times `poll_seconds`."""
    host, cluster = HereHost(), FakeCluster(name="lab")
    watcher = RunWatcher(host, cluster, Scanner(host, [PurePosixPath(tmp_path)]), poll_seconds=2.0)
    async with asyncio.timeout(60), aclosing(watcher.watch()) as looks:
        async for seen in looks:
            if seen.queue.seen_at and not seen.runs:
                launched(tmp_path / "live")
                cluster.known = (Job(JobId("7"), "live", JobState.PENDING, token="token-live"),)
            elif any(run.state is RunState.WAITING for run in seen.runs):
                break
    (first, _), (second, ids) = cluster.asked
    assert list(ids) == [JobId("7")]
    assert 2.0 <= second - first < 8.0


async def test_the_first_look_asks_for_the_jobs_of_the_clusters_own_name(tmp_path: Path) -> None:
    launched(tmp_path / "live")
    cluster = SlowCluster()
    cluster.may_answer.set()
    await lookout(cluster, tmp_path).look()
    assert [ids for _, ids in cluster.asked] == [("7",)]


async def test_a_launch_without_an_answer_that_is_looked_up_for_ever_holds_up_no_look(tmp_path: Path) -> None:
    launched(tmp_path / "lost", outcome=Outcome.UNKNOWN, job_id=None)
    cluster = SlowCluster()
    cluster.may_answer.set()
    async with asyncio.timeout(60), aclosing(lookout(cluster, tmp_path).watch()) as looks:
        for _ in range(3):
            (run,) = (await anext(looks)).runs
    assert run.state is RunState.UNKNOWN


async def test_a_run_of_another_workspace_is_read_in_its_own_directory(tmp_path: Path) -> None:
    there = tmp_path / "there" / "trained_models" / "first"
    launched(there)
    run = finished_run(tmp_path / "made")
    for file in (run.manifest, run.result, run.best):
        file.rename(there / file.name)
    cluster = SlowCluster()
    cluster.may_answer.set()
    log = PurePosixPath(there / "first-7.log")
    job = Job(JobId("7"), "first", JobState.DONE, token="token-first", log=log)
    cluster.known = (job, replace(job, id=JobId("8"), name="other", token="token-other", log=None))
    runs = {run.name: run for run in (await lookout(cluster, tmp_path / "here").look()).runs}
    assert (runs["first"].state, runs["first"].path) == (RunState.FINISHED, PurePosixPath(there))
    assert runs["first"].why.startswith("from another workspace")
    assert (runs["other"].state, runs["other"].path) == (RunState.DONE, None)


class CutHost(HereHost):
    """Is not reached while it is away."""

    is_away = True

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        if self.is_away:
            raise HostError("lab cannot be reached.")
        return await super().list(path)


async def test_the_queue_is_looked_at_again_as_soon_as_the_folders_can_be_read_again(tmp_path: Path) -> None:
    host, cluster = CutHost(), FakeCluster(down="lab cannot be reached.")
    watcher = RunWatcher(host, cluster, Scanner(host, [PurePosixPath(tmp_path)]), poll_seconds=1000.0)
    async with asyncio.timeout(60), aclosing(watcher.watch()) as seen:
        assert (await anext(seen)).away == "lab cannot be reached."
        while not cluster.asked:
            await anext(seen)
        host.is_away, cluster.down = False, ""
        while (runs := await anext(seen)).queue.stale:
            pass
        assert runs.away == ""


class FrozenHost(HereHost):
    """Lists nothing more once it is frozen, and says nothing of that, as behind a line that was cut."""

    is_frozen = False

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        if self.is_frozen:
            await asyncio.Event().wait()
        return await super().list(path)


async def test_what_was_seen_last_is_marked_stale_while_nothing_answers(tmp_path: Path) -> None:
    finished_run(tmp_path / "first")
    host, cluster = FrozenHost(), SlowCluster()
    scanner = Scanner(host, [PurePosixPath(tmp_path)])
    watcher = RunWatcher(host, cluster, scanner, poll_seconds=0.1, silent_seconds=0.1)
    async with aclosing(watcher.watch()) as seen:
        before = await anext(seen)
        assert before.queue.stale == ""
        host.is_frozen = True
        while not (runs := await anext(seen)).queue.stale:
            pass
        assert [run.name for run in runs.runs] == ["first"]
