"""The first start and the doctor, as screens: near, and on a machine behind a real SSH server."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ssh_server import Server
from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.fake_session import shown, until
from tests.yogo_tui.served import SERVE
from tests.yogo_tui.test_discovery import BIG, definition, lab
from tests.yogo_tui.test_doctor import SITE
from yogo_tui.app import Console
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.cluster.site import Site
from yogo_tui.cluster.table import CLUSTERS, ClusterKind
from yogo_tui.doctor.declined import decline, was_declined
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.opening import Place, Reached
from yogo_tui.session import Session
from yogo_tui.settings import HostPreset, Settings, load

__all__ = ["lab"]

Offering = Callable[[FakeCluster], None]


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> Offering:
    """Has the console find this cluster."""

    async def is_there(_: Host) -> bool:
        return True

    def offer(cluster: FakeCluster) -> None:
        slurm = CLUSTERS["slurm"]
        kind = ClusterKind(slurm.about, is_there, lambda *_: cluster, slurm.header)
        monkeypatch.setitem(CLUSTERS, "slurm", kind)

    return offer


@contextlib.asynccontextmanager
async def opened(there: Reached, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


def near() -> Reached:
    return Reached(HereHost(), Place())


async def test_the_first_start_shows_what_is_here_and_one_key_writes_it(lab: Path, offering: Offering) -> None:
    definition(lab / "defs/a.yml")
    offering(FakeCluster(offers=Site("Slurm 22", (BIG,))))
    async with opened(near()) as pilot:
        await until(pilot, lambda: "big: 3 nodes of 32 CPUs, 24 GPUs (h100), at most 12 h a job" in flat(pilot))
        assert "~/.config/yogo-tui/settings.yaml would say" in shown(pilot)
        assert "gpu_type: h100" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "4 Runs" in shown(pilot))
        assert load().partition == "big"
        assert pilot.app.session.settings.partition == "big"  # type: ignore[attr-defined]
    async with opened(near()) as pilot:
        await until(pilot, lambda: "4 Runs" in shown(pilot))
        await pilot.pause()
        assert "first start" not in shown(pilot)


async def test_not_now_writes_nothing(lab: Path, offering: Offering) -> None:
    offering(FakeCluster(offers=Site("Slurm 22", (BIG,))))
    async with opened(near()) as pilot:
        await until(pilot, lambda: "gpu_type: h100" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "4 Runs" in shown(pilot))
        await until(pilot, lambda: "f4 shows it again" in shown(pilot))
    assert not (lab.parent / ".config").exists()


async def test_a_first_start_that_was_left_comes_again_when_it_is_asked_for(lab: Path, offering: Offering) -> None:
    offering(FakeCluster(offers=Site("Slurm 22", (BIG,))))
    async with opened(near()) as pilot:
        await until(pilot, lambda: "gpu_type: h100" in shown(pilot))
        await pilot.press("question_mark")
        await until(pilot, lambda: "keys that work here" in shown(pilot))
        await pilot.press("end")
        await until(pilot, lambda: "It is written by a" in shown(pilot))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "no settings written" in shown(pilot))
    async with opened(near()) as pilot:
        await until(pilot, lambda: "Runs appear here" in shown(pilot))
        await until(pilot, lambda: all(one.is_finished for one in pilot.app.workers if one.group == "first start"))
        assert "first start" not in shown(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: "gpu_type: h100" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "settings written" in shown(pilot))
        await pilot.press("f4")
        await until(pilot, lambda: "there are settings already" in shown(pilot))


@pytest.mark.parametrize(("host", "file"), [("lab", "/home/me/.config/settings.yaml"), ("here", "/other.yaml")])
def test_a_first_start_is_left_for_one_machine_and_one_file(host: str, file: str) -> None:
    decline("here", Path("/home/me/.config/settings.yaml"))
    assert was_declined("here", Path("/home/me/.config/settings.yaml"))
    assert not was_declined(host, Path(file))


async def test_where_slurm_does_not_answer_a_key_works_on_this_machine_alone(lab: Path, offering: Offering) -> None:
    offering(FakeCluster(down="Slurm does not answer: it is away."))
    async with opened(near()) as pilot:
        await until(pilot, lambda: "l works on this machine alone" in shown(pilot))
        assert "✖ Slurm" in shown(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "4 Runs" in shown(pilot) and "local" in shown(pilot).splitlines()[0])
    assert load().cluster == "local"


async def test_a_machine_that_ssh_reaches_is_looked_at_there(lab: Path, offering: Offering, ssh_server: Server) -> None:
    offering(FakeCluster(offers=Site("Slurm 22", (BIG,))))
    preset = HostPreset(name="far", login="login", workspace=str(lab), settings=str(lab / "there/settings.yaml"))
    host = SshHost("login", config=ssh_server.config, serve=SERVE)
    there = Reached(host, Place(host="far"), preset, host)
    (lab / "there").mkdir()
    (lab / "there/settings.yaml").write_text("# nothing yet\n")
    session = await there.open()
    (lab / "there/settings.yaml").unlink()
    app = Console(session)
    app.there = there
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "gpu_type: h100" in shown(pilot), seconds=60)
        assert "works on this machine alone" not in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "4 Runs" in shown(pilot))
    await host.close()
    assert load(lab / "there/settings.yaml").partition == "big"


def flat(pilot: Pilot[None]) -> str:
    return " ".join(shown(pilot).split())


async def session_of(folder: Path, cluster: FakeCluster, yogo: str = f"{sys.executable} -m yogo") -> Session:
    settings = Settings(workspace=folder, yogo_command=yogo, cluster="slurm", poll_seconds=0.2)
    return Session(settings, HereHost(), cluster)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_doctor_shows_its_lines_and_the_number_of_problems(lab: Path, size: tuple[int, int]) -> None:
    app = Console(await session_of(lab, FakeCluster(offers=SITE)))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "all well" in shown(pilot), seconds=60)
        assert "✔ sizes       1, 2, 4 and 2nodes fit the partition gpu" in shown(pilot)
        await until(pilot, lambda: "r check again" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "4 Runs" in shown(pilot))


async def test_a_job_from_the_doctor_is_asked_for_and_stopped_by_a_key(lab: Path) -> None:
    waiting = Job(JobId("1"), "yogo-doctor", JobState.PENDING, reason="Priority")
    cluster = FakeCluster(offers=SITE, known=(waiting,))
    app = Console(await session_of(lab, cluster))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "all well" in shown(pilot), seconds=60)
        await pilot.press("J")
        await until(pilot, lambda: "Submit a job of 1 GPU" in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "job 1: pending (Priority)" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: cluster.cancelled == ["1"])
        await until(pilot, lambda: "stopped" in shown(pilot))


async def test_the_scripts_of_the_guide_are_written_from_the_doctor_and_none_that_is_there(lab: Path) -> None:
    app = Console(await session_of(lab, FakeCluster(offers=SITE)))
    (lab / "scripts").mkdir()
    (lab / "scripts/submit_cmd.sh").write_text("mine\n")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "all well" in shown(pilot))
        await pilot.press("w")
        await until(pilot, lambda: "submit_cmd.sh there differs and stays." in flat(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "scripts written" in shown(pilot))
        assert "--gpus-per-node=a100:4" in (lab / "scripts/submit_cmd_multi_gpu.sh").read_text()
        assert (lab / "scripts/submit_cmd.sh").read_text() == "mine\n"
        await pilot.press("w")
        await until(pilot, lambda: "it was there already" in flat(pilot))


async def test_the_doctor_tells_of_keys_that_cannot_be_given(lab: Path) -> None:
    session = await session_of(lab, FakeCluster(offers=SITE))
    app = Console(session)
    session.settings = session.settings.model_copy(update={"keymap": {"runs.cancel": "w"}})
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "runs.cancel: w is the key of `runs.why`" in flat(pilot))
        await until(pilot, lambda: "1 problem" in shown(pilot), seconds=60)


async def test_leaving_the_doctor_ends_its_checks(lab: Path) -> None:
    program, pid = lab / "yogo", lab / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 1000\n")
    program.chmod(0o755)
    app = Console(await session_of(lab, FakeCluster(offers=SITE), str(program)))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "checking yogo" in shown(pilot) and pid.exists() and pid.read_text())
        await pilot.press("escape")
        await until(pilot, lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())
