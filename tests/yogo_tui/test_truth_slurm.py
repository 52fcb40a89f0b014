"""What the lists and commands of a process that has just begun say of runs on a real Slurm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
        return {run["name"]: run for run in json.loads(done.stdout)}


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
    assert {run.name: run.state.value for run in (await session.runs()).runs} == {
        "cancelled": "cancelled",
        "killed": "failed",
    }
    reopened = await Session.open(load(None))
    async for seen in reopened.watch_runs():
        if seen.queue.seen_at:
            break
    assert {run.name: run.state.value for run in seen.runs} == {"cancelled": "cancelled", "killed": "failed"}
