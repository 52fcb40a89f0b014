"""A laptop that sleeps between what it records and what it does: whoever looks meanwhile may decide otherwise."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.lab import plan
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_cut import failed
from tests.yogo_tui.test_slurm_answers import queue_row
from yogo.run.launch import Launch
from yogo.run.record import now
from yogo_tui.cluster.base import JobId
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.errors import ClusterError
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.plan import Launched
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session

SIX_MINUTES = timedelta(minutes=6)


class Laptop(HereHost):
    """It sleeps: its clock goes on, and nothing else of it does."""

    slept = timedelta()

    async def clock_ahead(self) -> timedelta:
        return self.slept


class Asleep(SlurmCluster):
    """The laptop falls asleep before it runs sbatch."""

    def __init__(self, host: Laptop) -> None:
        super().__init__(host)
        self.sleeps, self.wakes = asyncio.Event(), asyncio.Event()

    async def submit(self, script: PurePosixPath, *, after: JobId | None = None) -> JobId:
        self.sleeps.set()
        await self.wakes.wait()
        return await super().submit(script, after=after)


SBATCH = "for script; do :; done; [ -e $script ] || { echo sbatch: error: Unable to open file $script >&2; exit 1; }"


@pytest.fixture
def asleep(tmp_path: Path) -> tuple[StandIn, Session, Session]:
    """Slurm, the session of a login node, and that of a laptop that sleeps before it runs sbatch."""
    slurm = StandIn(tmp_path / "bin")
    sbatch = (slurm.folder / "sbatch").read_text().partition("\n")[2]
    slurm.program("sbatch", f"{SBATCH}\n{sbatch}")
    awake, host = slurm.session(tmp_path / "lab"), Laptop({"PATH": f"{slurm.folder}:{os.environ['PATH']}"})
    return slurm, awake, Session(awake.settings, host, Asleep(host))


async def sleeps(laptop: Session, file: Path) -> None:
    """For six minutes, once it has written launch.json."""
    assert isinstance(laptop.cluster, Asleep)
    await laptop.cluster.sleeps.wait()
    os.utime(file, ((now() - SIX_MINUTES).timestamp(),) * 2)


async def wakes(laptop: Session, doing: asyncio.Task[Launched]) -> Launched | BaseException:
    assert isinstance(laptop.cluster, Asleep)
    assert isinstance(laptop.host, Laptop)
    laptop.host.slept = SIX_MINUTES
    laptop.cluster.wakes.set()
    return (await asyncio.gather(doing, return_exceptions=True))[0]


@pytest.mark.parametrize("is_launched_anew", [False, True])
async def test_a_laptop_that_slept_before_sbatch_submits_nothing_that_was_given_up(
    asleep: tuple[StandIn, Session, Session], is_launched_anew: bool
) -> None:
    slurm, awake, laptop = asleep
    file = awake.runs.folder / "first" / "launch.json"
    launching = asyncio.create_task(laptop.launcher.launch(plan(awake)))
    await sleeps(laptop, file)
    assert "was not accepted" in (await awake.runs.find("first")).why
    if is_launched_anew:
        assert (await awake.launcher.launch(plan(awake))).job_id == "43"
    before, ended = Launch.read(file), await wakes(laptop, launching)
    run = await Session(awake.settings, awake.host, SlurmCluster(awake.host)).runs.find("first")
    if is_launched_anew:  # its job may be there twice, of which one has nothing to do
        assert Launch.read(file) == before
        assert run.state is RunState.WAITING
    else:
        assert isinstance(ended, ClusterError)
        assert str(ended).startswith("first was not submitted: that took more than 5 minutes")
        assert slurm.submitted == []
        assert run.state is RunState.FAILED


@pytest.mark.parametrize("is_resumed_anew", [False, True])
async def test_a_laptop_that_slept_before_it_resumed_a_run_leaves_it_as_it_finds_it(
    asleep: tuple[StandIn, Session, Session], is_resumed_anew: bool
) -> None:
    slurm, awake, laptop = asleep
    folder = failed(awake)
    os.utime(folder / "result.json", ((now() - 2 * SIX_MINUTES).timestamp(),) * 2)
    resuming = asyncio.create_task(laptop.jobs.resume(await laptop.runs.find("first")))
    await sleeps(laptop, folder / "launch.json")
    await awake.runs.look()
    run = await awake.runs.find("first")
    assert run.state is RunState.FAILED
    if is_resumed_anew:
        assert (await awake.jobs.resume(run)).job_id == "43"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    ended = await wakes(laptop, resuming)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    if not is_resumed_anew:
        assert isinstance(ended, ClusterError)
        assert slurm.submitted == []


async def test_a_job_that_came_just_before_its_launch_was_given_up_is_found(tmp_path: Path) -> None:
    slurm = StandIn(tmp_path / "bin")
    session = slurm.session(tmp_path / "lab")
    slurm.say("exit 1", queues=False)
    folder = Path((await session.launcher.launch(plan(session))).directory)
    token = Launch.read(folder / "launch.json").token
    (slurm.folder / "row").write_text(queue_row("43", "PENDING", "Priority", name="first", comment=f"yogo:{token}"))
    slurm.program("mv", f'/bin/mv "$@"; cat {slurm.folder}/row >> {slurm.folder}/queue')
    os.utime(folder / "launch.json", ((now() - SIX_MINUTES).timestamp(),) * 2)
    await session.runs.look()
    again = Session(session.settings, session.host, session.cluster)
    assert (await again.runs.find("first")).state is RunState.WAITING
    assert Launch.read(folder / "launch.json").submissions[-1].job_id == "43"
