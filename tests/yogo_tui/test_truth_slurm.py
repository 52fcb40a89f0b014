"""What the lists and commands of a process that has just begun say of runs on a real Slurm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.record import now
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.hosts.here import HereHost
from yogo_tui.session import Session
from yogo_tui.settings import load

pytestmark = pytest.mark.slurm

PRETEND = Path(__file__).with_name("pretend_yogo.py")
Until = Callable[..., Awaitable[Any]]


@dataclass
class Lab:
    """A workspace on the private Slurm, and its commands as a user calls them: each in a process of its own."""

    folder: Path
    environment: dict[str, str]

    @property
    def runs(self) -> Path:
        return self.folder / "trained_models"

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "yogo_tui", *words],
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def launch(self, name: str, *words: str, **environment: str) -> str:
        """The id of the job."""
        done = self.command("launch", "cells.yml", "--name", name, "--json", *words, **environment)
        assert done.returncode == 0, done.stderr
        (told,) = json.loads(done.stdout)
        return str(told["job"])

    def list(self) -> dict[str, dict[str, Any]]:
        done = self.command("runs", "--json")
        assert done.returncode == 0, done.stderr
        # Jobs of other tests' workspaces are in the same queue.
        here = (run for run in json.loads(done.stdout) if str(run["path"]).startswith(str(self.runs)))
        return {run["name"]: run for run in here}


@pytest.fixture
async def lab(slurm: Any, tmp_path: Path) -> AsyncIterator[Lab]:
    data = tmp_path / "lab" / "dataset_defs"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images" / "one.png").write_bytes(b"")
    (data / "cells.yml").write_text(
        "class_names: [a, b]\ndataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    )
    settings = tmp_path / "lab" / "settings.yaml"
    settings.write_text(f"cluster: slurm\npoll_seconds: 0.5\nyogo_command: {sys.executable} {PRETEND}\n")
    environment = os.environ | slurm.environment | {"YOGO_TUI_SETTINGS": str(settings)}
    yield Lab(tmp_path / "lab", environment)
    cluster = SlurmCluster(HereHost(slurm.environment))
    await cluster.cancel([job.id for job in await cluster.jobs() if not job.state.is_over])


def state_of(slurm: Any, job: str) -> str:
    return str(slurm.run("sacct", "-X", "-n", "-P", "-o", "State", "-j", job)).strip()


async def test_a_new_process_knows_how_a_job_ended_that_slurm_has_forgotten(
    lab: Lab, slurm: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = lab.launch("cancelled", PRETEND_END="signal")
    killed = lab.launch("killed", PRETEND_END="killed")
    await until((lab.runs / "cancelled" / "run.json").exists, seconds=60)
    slurm.run("scancel", cancelled)
    await until(lambda: state_of(slurm, cancelled).startswith("CANCELLED"), seconds=60)
    await until(lambda: state_of(slurm, killed) == "FAILED", seconds=60)
    slurm.forget_after(2)
    try:
        await until(lambda: not slurm.run("squeue", "-h", "-t", "all"), seconds=60, what="Slurm has forgotten")
    finally:
        slurm.forget_after(300)
    told = lab.list()
    assert told["cancelled"]["state"] == "cancelled"
    assert told["killed"]["state"] == "failed"
    assert f"job {killed} ended as FAILED" in told["killed"]["why"]
    refused = lab.command("cancel", "cancelled", "--yes")
    assert "cancelled is cancelled" in refused.stderr
    refused = lab.command("chain", "killed", "cells.yml", "--dry-run")
    assert "ended as FAILED" in refused.stderr
    assert "ended as FAILED" in lab.command("plot", "killed").stderr
    assert "asked to stop by TERM" in lab.command("logs", "cancelled").stdout
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    session = await Session.open(load(None))
    assert {run.name: run.state.value for run in (await session.runs.look()).runs} == {
        "cancelled": "cancelled",
        "killed": "failed",
    }
    reopened = await Session.open(load(None))
    async for seen in reopened.runs.watch():
        if seen.queue.seen_at:
            break
    assert {run.name: run.state.value for run in seen.runs} == {"cancelled": "cancelled", "killed": "failed"}


HOLD = """
import contextlib, os, sys, time
from pathlib import Path
from yogo.run.directory import RunDirectory
from yogo.run.lease import take
with contextlib.closing(take(RunDirectory(Path(sys.argv[1])))):
    print("goes on by hand", flush=True)
    while not Path(sys.argv[2]).exists() and os.getppid() != 1:
        time.sleep(0.1)
"""


async def test_a_cancelled_run_that_somebody_goes_on_with_is_running_with_that_job(
    lab: Lab, slurm: Any, until: Until
) -> None:
    lab.launch("first", PRETEND_END="signal")
    await until((lab.runs / "first" / "run.json").exists, seconds=60)
    assert lab.command("cancel", "first", "--yes").returncode == 0
    await until(lambda: lab.list()["first"]["state"] == "cancelled", seconds=60)  # it runs while Slurm ends it
    (lab.folder / "hold.py").write_text(HOLD)
    words = f"exec {sys.executable} {lab.folder}/hold.py {lab.runs}/first {lab.folder}/enough"
    log = lab.folder / "by-hand-%j.out"
    by_hand = slurm.run("sbatch", "--parsable", "-J", "wrapper", f"--output={log}", "--wrap", words).strip()
    await until((lab.runs / "first" / "lease" / "holder.json").exists, seconds=60)
    (told,) = lab.list().values()
    assert (told["name"], told["state"], told["job"]["id"]) == ("first", "running", by_hand)
    assert told["holder"]["job"] == by_hand
    await until(lambda: "goes on by hand" in lab.command("logs", "first").stdout, seconds=60)
    assert lab.command("cancel", "first", "--yes").returncode == 0
    await until(lambda: state_of(slurm, by_hand).startswith("CANCELLED"), seconds=60)


async def test_a_run_that_goes_on_in_a_shell_is_running_and_cancel_says_how(lab: Lab, until: Until) -> None:
    lab.launch("first")
    await until((lab.runs / "first" / "result.json").exists, seconds=60)
    (lab.runs / "first" / "result.json").unlink()
    (lab.folder / "hold.py").write_text(HOLD)
    with subprocess.Popen(
        [sys.executable, lab.folder / "hold.py", lab.runs / "first", lab.folder / "enough"],
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in lab.environment.items() if not name.startswith("SLURM_JOB")},
    ) as shell:
        try:
            await until((lab.runs / "first" / "lease" / "holder.json").exists, seconds=60)
            told = lab.list()["first"]
            assert told["state"] == "running"
            assert f"process {shell.pid}" in told["why"]
            refused = lab.command("cancel", "first", "--yes")
            assert refused.returncode == 1
            assert f"kill {shell.pid}" in refused.stderr
            assert "outside the queue" in lab.command("logs", "first").stderr
        finally:
            (lab.folder / "enough").touch()


async def test_a_suspended_job_and_a_chain_that_waits_in_vain_are_told(lab: Lab, slurm: Any, until: Until) -> None:
    first = lab.launch("first", PRETEND_END="signal")
    for parent, name in (("first", "second"), ("second", "third"), ("third", "fourth")):
        done = lab.command("chain", parent, "cells.yml", "--name", name)
        assert done.returncode == 0, done.stderr
    await until((lab.runs / "first" / "run.json").exists, seconds=60)
    slurm.run("scontrol", "suspend", first)
    assert lab.list()["first"]["state"] == "suspended"
    slurm.run("scontrol", "resume", first)
    assert {name: run["state"] for name, run in lab.list().items() if name != "first"} == dict.fromkeys(
        ("second", "third", "fourth"), "waiting"
    )
    slurm.run("scancel", first)
    await until(lambda: lab.list()["first"]["state"] == "cancelled", seconds=60)  # it runs while Slurm ends it
    told = lab.list()
    for name in ("second", "third", "fourth"):
        assert told[name]["state"] == "failed"
        assert "can never start" in told[name]["why"]


async def test_each_task_of_an_array_has_its_own_log(lab: Lab, slurm: Any, until: Until) -> None:
    words = ("--array=0-2", "-J", "sweep", "--wrap", "echo task $SLURM_ARRAY_TASK_ID")
    numbered = slurm.run("sbatch", "--parsable", f"--output={lab.folder}/%x-%j.log", *words).strip()
    named = slurm.run("sbatch", "--parsable", f"--chdir={lab.folder}", *words).strip()
    silent = slurm.run("sbatch", "--parsable", "--output=/dev/null", "-J", "silent", "--wrap", "true").strip()
    for task in ("0", "1", "2"):
        for job in (numbered, named):
            await until(lambda job=job, task=task: state_of(slurm, f"{job}_{task}") == "COMPLETED", seconds=60)
            assert lab.command("logs", f"{job}_{task}").stdout == f"task {task}\n"
    await until(lambda: "✔ done" in lab.command("runs", "silent").stdout, seconds=60)
    refused = lab.command("logs", silent)
    assert refused.returncode == 1
    assert "its output goes to /dev/null" in refused.stderr


async def test_a_squeue_that_prints_nothing_makes_no_run_fail(lab: Lab, slurm: Any, until: Until) -> None:
    lab.launch("first", PRETEND_END="signal")
    await until((lab.runs / "first" / "run.json").exists, seconds=60)
    broken = lab.folder / "bin"
    broken.mkdir()
    for name in ("squeue", "sacct"):
        (broken / name).write_text("#!/bin/sh\nexit 0\n")
        (broken / name).chmod(0o755)
    done = lab.command("runs", PATH=f"{broken}:{lab.environment['PATH']}")
    assert "? unknown" in done.stdout
    assert "does not answer" in done.stderr
    assert lab.list()["first"]["state"] == "running"


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


async def test_another_users_runs_are_what_they_are(lab: Lab, slurm: Any, until: Until) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, to be another user")
    for name, script in (("runs", "sleep 100"), ("waits", "sleep 100"), ("ended", "exit 3"), ("hidden", "")):
        token, job = f"token-{name}", "999999"
        if script:
            words = ("--parsable", "-J", name, f"--comment=yogo:{token}", "--output=/dev/null", "--chdir=/", "--hold")
            job = slurm.run(*NOBODY, "sbatch", *words, "--wrap", script).strip()
        if script and name != "waits":
            slurm.run("scontrol", "release", job)
        submission = Submission(
            cluster="yogotest", outcome=Outcome.SUBMITTED, job_id=job, at=now() - timedelta(hours=1)
        )
        run = RunDirectory(lab.runs / name)
        run.path.mkdir(parents=True)
        size, recipe = Size(gpus=1, cpus=1, hours=1), Recipe()
        launch = Launch(
            name=name,
            kind=Kind.TRAIN,
            token=token,
            definition="/d",
            recipe=recipe,
            size=size,
            submissions=(submission,),
        )
        launch.write(run.launch)
        shutil.chown(run.launch, 65534, 65534)

    def states() -> dict[str, str]:
        return {name: run["state"] for name, run in lab.list().items()}

    expected = {"runs": "running", "waits": "held", "ended": "failed", "hidden": "unknown"}
    try:
        await until(lambda: states() == expected, seconds=60, what=f"{expected}")
        assert "another user" in lab.list()["hidden"]["why"]
    finally:
        slurm.run(*NOBODY, "scancel", "--user=nobody")
