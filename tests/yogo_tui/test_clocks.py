"""Two machines whose clocks differ: what is recorded, told and decided goes by the clock where the runs are."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ssh_server import Server
from tests.yogo_tui.fake_session import see
from tests.yogo_tui.lab import plan, workspace
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_runs_folder import make_run
from tests.yogo_tui.test_slurm_answers import queue_row
from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.holder import Heartbeat, Holder
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.manifest import Manifest
from yogo.run.record import now
from yogo.run.result import Result
from yogo_tui.app import FarConsole
from yogo_tui.cluster.base import Queue
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.errors import HostError
from yogo_tui.hosts.asker import ComingAsker
from yogo_tui.hosts.clock import FarClock
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.opening import Place
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.session.runs import KnownRuns

ROOT = Path(__file__).parent.parent.parent
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Lab:
    """A login node whose clock, and that of its Slurm and its disk, is `ahead` of this machine's."""

    ahead: timedelta
    slurm: StandIn
    session: Session

    @property
    def now(self) -> datetime:
        return now() + self.ahead

    def run(self, name: str = "first") -> RunDirectory:
        return RunDirectory(self.session.runs.folder / name)

    def row(self, job_id: str, state: str, since: datetime, name: str = "first", comment: str = "") -> str:
        """A line of the queue, of a job that was submitted and began then; where it is over, it ended just now."""
        row = queue_row(job_id, state, name=name, comment=comment)
        for when in ("2026-11-23T07:49:14", "2026-11-23T07:49:15"):
            row = row.replace(when, f"{since:%Y-%m-%dT%H:%M:%S}")
        return row.replace("N/A", f"{self.now:%Y-%m-%dT%H:%M:%S}", 1) if state in ("COMPLETED", "FAILED") else row

    def launched(self, name: str = "first", *, since: timedelta = HOUR, **changes: object) -> Launch:
        """Records the launch of job 43, so long ago."""
        at = self.now - since
        submission = Submission(cluster="lab", outcome=Outcome.SUBMITTED, job_id="43", at=at)
        launch = Launch(
            name=name,
            kind=Kind.TRAIN,
            token=f"token-{name}",
            created_at=at,
            definition=str(self.session.settings.workspace_folder / "dataset_defs/cells.yml"),
            recipe=Recipe(epochs=2),
            size=Size(gpus=1, cpus=1, hours=1),
            submissions=(submission.model_copy(update=changes),),
        )
        self.run(name).path.mkdir(parents=True, exist_ok=True)
        launch.write(self.run(name).launch)
        return launch

    def trained(self, name: str = "first", *, since: timedelta, last_sign: timedelta, job_id: str = "") -> None:
        """A process of another machine that began so long ago, and last wrote so long ago."""
        run, began, sign = make_run(self.session.runs.folder, name, over=False), self.now - since, self.now - last_sign
        manifest = Manifest.read(run.manifest)
        manifest.model_copy(update={"started_at": began, "job_id": job_id}).write(run.manifest)
        (run.path / "last.pth").touch()
        run.lease.mkdir()
        cluster = "lab" if job_id else ""
        holder = Holder(host="gpu1", boot_id="b", pid=42, process_started="1", job_id=job_id, cluster=cluster)
        holder.model_copy(update={"since": began}).write(run.holder)
        Heartbeat().write(run.heartbeat)
        for path in (run.holder, run.heartbeat, run.events):
            os.utime(path, (sign.timestamp(),) * 2)

    def fails(self, name: str = "first", *, since: timedelta) -> None:
        """Its trainer leaves a receipt."""
        Result(outcome="failed", reason="the disk is full", epochs=1, ended_at=self.now - since).write(
            self.run(name).result
        )

    async def told(self, name: str = "first") -> Run:
        """What a console that begins now says of it."""
        return await Session(self.session.settings, self.session.host, self.session.cluster).runs.find(name)


def far_lab(server: Server, tmp_path: Path, ahead: timedelta) -> Lab:
    slurm = StandIn(tmp_path / "bin")
    slurm.program("date", f'exec /bin/date -d "{ahead.total_seconds():+.0f} seconds" "$@"')
    server.kill()
    server.set_environment({"PATH": f"{slurm.folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)})
    server.start()
    host = SshHost("login", config=server.config, serve=(sys.executable, "-m", "yogo_tui", "serve"))
    settings = workspace(tmp_path / "lab").model_copy(update={"cluster": "slurm", "poll_seconds": 30.0})
    return Lab(ahead, slurm, Session(settings, host, SlurmCluster(host)))


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
async def lab(ssh_server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    lab = far_lab(ssh_server, tmp_path, request.param)
    yield lab
    await lab.session.host.close()


def wait(lab: Lab, passed: timedelta) -> None:
    """As if launch.json had been written so long ago, by the clock of its disk."""
    os.utime(lab.run().launch, ((now() - passed).timestamp(),) * 2)


@pytest.mark.far
async def test_a_launch_without_an_answer_finds_its_job_that_has_no_comment(lab: Lab) -> None:
    lab.slurm.add(lab.row("41", "COMPLETED", lab.now - 10 * MINUTE))  # an earlier job of this name
    (lab.slurm.folder / "row").write_text(lab.row("43", "PENDING", lab.now, "NAME"))
    lab.slurm.say("exit 1", queues=True)
    assert (await lab.session.launcher.launch(plan(lab.session))).job_id == "43"
    wait(lab, 6 * MINUTE)
    assert (await lab.told()).state is RunState.WAITING
    assert len(lab.slurm.submitted) == 1


@pytest.mark.far
async def test_a_launch_without_an_answer_and_a_job_is_refused_after_five_minutes_and_not_before(lab: Lab) -> None:
    lab.slurm.add(lab.row("41", "COMPLETED", lab.now - 10 * MINUTE))
    lab.slurm.say("exit 1", queues=False)
    assert (await lab.session.launcher.launch(plan(lab.session))).job_id is None
    recorded = Launch.read(lab.run().launch)
    assert recorded.submission
    for moment in (recorded.created_at, recorded.submission.at):
        assert abs(moment - lab.now) < 5 * MINUTE
    wait(lab, 4 * MINUTE)
    assert (await lab.told()).state is RunState.UNKNOWN
    wait(lab, 6 * MINUTE)
    assert "was not accepted" in (await lab.told()).why


@pytest.mark.far
@pytest.mark.parametrize(("last_sign", "state"), [(MINUTE, RunState.RUNNING), (HOUR, RunState.FAILED)])
async def test_a_run_is_alive_by_the_clock_that_its_signs_of_life_are_by(
    lab: Lab, last_sign: timedelta, state: RunState
) -> None:
    lab.trained(since=2 * HOUR, last_sign=last_sign)
    assert (await lab.told()).state is state


@pytest.mark.far
async def test_a_run_is_cancelled_unless_it_was_started_again(lab: Lab) -> None:
    for name in ("first", "second"):
        lab.trained(name, since=5 * MINUTE, last_sign=3 * MINUTE, job_id="43")
        lab.launched(name, since=10 * MINUTE)
        lab.slurm.add(lab.row("43", "RUNNING", lab.now - 10 * MINUTE, name, f"yogo:token-{name}"))
        await lab.session.jobs.cancel([await lab.told(name)])
        (lab.slurm.folder / "queue").write_text(lab.row("1", "RUNNING", lab.now, "other"))
    holder = Holder.read(lab.run("second").holder)
    holder.model_copy(update={"since": lab.now + MINUTE}).write(lab.run("second").holder)
    sign = (lab.now - 3 * MINUTE).timestamp()
    os.utime(lab.run("second").holder, (sign, sign))
    assert (await lab.told("first")).state is RunState.CANCELLED
    assert (await lab.told("second")).state is RunState.FAILED


@pytest.mark.far
async def test_a_resumed_run_waits_for_its_new_job(lab: Lab) -> None:
    lab.trained(since=20 * MINUTE, last_sign=10 * MINUTE, job_id="40")
    lab.launched(since=30 * MINUTE, job_id="40")
    lab.slurm.add(lab.row("40", "FAILED", lab.now - 25 * MINUTE, comment="yogo:token-first"))
    (lab.slurm.folder / "row").write_text(lab.row("43", "PENDING", lab.now, "NAME", "yogo:TOKEN"))
    assert (await lab.session.jobs.resume(await lab.told())).job_id == "43"
    run = await lab.told()
    assert (run.state, run.job and run.job.id) == (RunState.WAITING, "43")


@pytest.mark.far
async def test_a_run_that_began_after_the_queue_was_seen_is_not_called_a_leftover(lab: Lab) -> None:
    lab.trained(since=5 * MINUTE, last_sign=timedelta(), job_id="43")
    lab.launched(since=10 * MINUTE)
    lab.slurm.add(lab.row("43", "PENDING", lab.now - 10 * MINUTE, comment="yogo:token-first"))
    run = await lab.told()
    assert (run.state, "is still alive" in run.why) == (RunState.WAITING, True)
    holder = Holder.read(lab.run().holder)
    holder.model_copy(update={"since": lab.now + MINUTE}).write(lab.run().holder)
    assert (await lab.told()).state is RunState.RUNNING


@pytest.fixture
async def configured(ssh_server: Server, tmp_path: Path) -> AsyncIterator[Path]:
    """A lab an hour ahead, and the settings here that name it, where a run was launched four hours ago and began three
    hours ago."""
    lab = far_lab(ssh_server, tmp_path, HOUR)
    lab.launched(since=4 * HOUR)
    lab.slurm.add(lab.row("43", "RUNNING", lab.now - 3 * HOUR, comment="yogo:token-first"))
    folder = lab.session.settings.workspace_folder
    (folder / "settings.yaml").write_text(f"cluster: slurm\nworkspace: {folder}\n")
    own = tmp_path / "own.yaml"
    own.write_text(
        f"hosts:\n- {{name: lab, login: login, settings: {folder}/settings.yaml, ssh_config: {ssh_server.config}, "
        f"yogo_tui: '{sys.executable} -m yogo_tui'}}\n"
    )
    yield own
    await lab.session.host.close()


@pytest.mark.far
async def test_commands_tell_ages_by_the_clock_that_the_times_are_by(configured: Path) -> None:
    environment = os.environ | {"YOGO_TUI_SETTINGS": str(configured)}
    for command, age in (("runs", "4 h"), ("jobs", "3 h")):
        words = [sys.executable, "-m", "yogo_tui", "--host", "lab", command]
        done = await asyncio.to_thread(subprocess.run, words, env=environment, capture_output=True, text=True)
        assert age in done.stdout, done.stderr


@pytest.mark.far
async def test_when_a_job_would_start_is_told_by_the_clock_of_who_reads_it(lab: Lab) -> None:
    lab.slurm.program("sbatch", f"echo sbatch: Job 1 to start at {lab.now + 3 * HOUR:%Y-%m-%dT%H:%M:%S} >&2")
    estimate = await lab.session.launcher.estimate(plan(lab.session))
    assert estimate.no_later_than
    assert abs(estimate.no_later_than - now() - 3 * HOUR) < 5 * MINUTE


@pytest.mark.far
async def test_the_screens_tell_ages_by_the_clock_that_the_times_are_by(configured: Path) -> None:
    there, asker = Place("lab", configured).reach(), ComingAsker()
    app = FarConsole(there, asker, asyncio.create_task(there.open(for_console=True)))
    async with app.run_test(size=(120, 24)) as pilot:
        await see(pilot, "first", "▶ running", "4 h")
        await pilot.press("enter")
        await see(pilot, "▶ running 3 h")
    await there.host.close()


@dataclass
class Clocks:
    """Two clocks, and one that nobody sets; the answer takes a while."""

    here: datetime = datetime(2026, 11, 27, 9, tzinfo=UTC)
    ahead: timedelta = HOUR
    ticks: float = 1000.0
    takes: float = 0.1
    asked: int = 0
    is_away: bool = False

    def pass_by(self, seconds: float) -> None:
        self.here += timedelta(seconds=seconds)
        self.ticks += seconds

    async def ask(self) -> str:
        self.asked += 1
        self.pass_by(self.takes / 2)
        if self.is_away:
            raise HostError("away")
        said = f"{(self.here + self.ahead).timestamp():.0f}\n"
        self.pass_by(self.takes / 2)
        return said

    @property
    def clock(self) -> FarClock:
        return FarClock(self.ask, lambda: self.here, lambda: self.ticks)


def is_about(told: timedelta, ahead: timedelta) -> bool:
    return abs(told - ahead) <= timedelta(seconds=1)


async def test_a_clock_is_asked_once_a_minute_and_sooner_where_this_one_was_set() -> None:
    clocks = Clocks()
    clock = clocks.clock
    both = await asyncio.gather(clock.ahead(), clock.ahead())
    assert is_about(both[0], HOUR)
    assert (both[0], clocks.asked) == (both[1], 1)
    clocks.ahead = 2 * HOUR  # theirs is set
    clocks.pass_by(50)
    assert is_about(await clock.ahead(), HOUR)
    clocks.pass_by(15)
    assert is_about(await clock.ahead(), 2 * HOUR)
    assert clocks.asked == 2
    clocks.here -= HOUR  # ours is set back
    clocks.ahead += HOUR
    assert is_about(await clock.ahead(), 3 * HOUR)
    clocks.here += HOUR  # it slept, which `ticks` does not count
    assert is_about(await clock.ahead(), 3 * HOUR)
    assert clocks.asked == 4


async def test_what_is_known_of_a_clock_stays_where_an_answer_took_long_and_does_not_disprove_it() -> None:
    clocks = Clocks(ahead=timedelta(seconds=0.4))
    clock = clocks.clock
    assert await clock.ahead() == timedelta()
    clocks.takes = 40
    clocks.pass_by(100)
    assert await clock.ahead() == timedelta()
    clocks.ahead = -HOUR
    clocks.pass_by(100)
    assert abs(await clock.ahead() + HOUR) < timedelta(seconds=21)
    clocks.is_away = True
    clocks.pass_by(100)
    with pytest.raises(HostError, match="away"):
        await clock.ahead()


@pytest.mark.parametrize("said", ["", "yesterday", "1e9", "9" * 40])
async def test_a_machine_that_does_not_tell_the_time_is_named_with_what_it_says(said: str) -> None:
    async def ask() -> str:
        return said

    with pytest.raises(HostError, match="does not tell the time"):
        await FarClock(ask).ahead()


async def test_on_this_machine_no_process_is_asked_for_the_time(tmp_path: Path) -> None:
    slurm = StandIn(tmp_path / "bin")
    slurm.program("date", f"touch {tmp_path}/asked; exec /bin/date")
    session = slurm.session(tmp_path / "lab")
    await session.launcher.launch(plan(session))
    await session.jobs.cancel([await session.runs.find("first")])
    assert not (tmp_path / "asked").exists()


class SetBack(KnownRuns):
    """Its machine's clock was set back by an hour after each look at the queue."""

    @property
    def queue(self) -> Queue:
        seen = super().queue
        return replace(seen, seen_at=seen.seen_at + HOUR) if seen.seen_at else seen


async def test_a_queue_that_was_seen_before_this_machines_clock_was_set_back_is_asked_again(tmp_path: Path) -> None:
    slurm = StandIn(tmp_path / "bin")
    session = slurm.session(tmp_path / "lab")
    folder = (await session.launcher.launch(plan(session))).directory
    runs = SetBack(session.host, session.cluster, session.settings)
    seen = await runs.at(folder)
    assert seen
    assert seen.state is RunState.WAITING
    (slurm.folder / "queue").write_text((slurm.folder / "queue").read_text().replace("PENDING", "RUNNING"))
    seen = await runs.at(folder)
    assert seen
    assert seen.state is RunState.RUNNING
