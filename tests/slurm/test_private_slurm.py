"""The private Slurm leaves nothing behind, however its user ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm import private as private_slurm
from tests.waiting import until

pytestmark = pytest.mark.slurm


@pytest.fixture
def folder(slurm: object, tmp_path: Path) -> Iterator[Path]:
    """Of a second private Slurm; the first one, of the other tests, must not mind."""
    folder = Path(f"/tmp/yogo-slurm-{os.getpid()}-{tmp_path.name[-1]}")
    yield folder
    private_slurm.down(folder)


def up(folder: Path, owner: int) -> str:
    command = [sys.executable, private_slurm.__file__, "up", "--folder", str(folder), "--owner", str(owner)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def processes_of(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append(f"{process.name} {(process / 'comm').read_text().strip()}")
        except OSError:
            continue
    return found


def submit_endless_job(folder: Path) -> None:
    environment = os.environ | private_slurm.environment(folder)
    command = ["sbatch", "--output=/dev/null", "--wrap", f"touch {folder}/began; while true; do sleep 1; done"]
    subprocess.run(command, env=environment, check=True, capture_output=True, cwd="/")
    until((folder / "began").exists)


def test_when_its_owner_is_killed_daemons_jobs_and_folder_are_gone(folder: Path) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    up(folder, owner.pid)
    submit_endless_job(folder)
    owner.kill()
    owner.wait()
    until(lambda: not folder.exists(), instead=lambda: processes_of(folder))
    assert processes_of(folder) == []


def test_when_even_its_supervisor_is_killed_the_next_start_cleans_up_and_works(folder: Path) -> None:
    up(folder, os.getpid())
    submit_endless_job(folder)
    os.kill(int((folder / "supervisor.pid").read_text().split()[0]), signal.SIGKILL)
    until(lambda: not private_slurm.is_up(folder))
    assert up(folder, os.getpid()) == f"Slurm is up in {folder}.\n"
    environment = os.environ | private_slurm.environment(folder)
    queue = subprocess.run(["squeue", "-h"], env=environment, check=True, capture_output=True, text=True)
    assert queue.stdout == ""
    assert private_slurm.down(folder)
    until(lambda: processes_of(folder) == [], instead=lambda: processes_of(folder))
    assert not folder.exists()
