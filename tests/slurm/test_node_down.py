"""A node is declared down, its daemons are dead, and the training on it lives: there is one writer all the same."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.frozen import freeze
from tests.slurm import daemons
from tests.yogo.training.tiny import TINY, write_dataset
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.holder import Holder

pytestmark = pytest.mark.slurm

Until = Callable[..., Awaitable[Any]]

SCRIPT = """#!/bin/sh
export YOGO_SILENT_SECONDS=8 OMP_NUM_THREADS=1
exec {python} -m yogo train {definition} {flags} --name one --runs {runs} --wandb disabled --cache-folder {cache}
"""


def written(run: RunDirectory) -> list[events.Event]:
    return events.parse(run.events.read_bytes())[0] if run.events.exists() else []


def attempts(run: RunDirectory) -> list[int]:
    """In the order of the file; one that came back stands twice."""
    return [attempt for attempt, _ in itertools.groupby(event.attempt for event in written(run))]


@dataclass(frozen=True)
class Job:
    id: str
    run: RunDirectory
    log: Path


@pytest.fixture
def job(slurm: Any, tmp_path: Path) -> Iterator[Job]:
    """A training that would take for ever, in a job that Slurm may start again."""
    if not daemons.have_names_of_their_own():
        pytest.skip("only root can give each node a host name of its own, and on one host a process tells of itself")
    run, script, log = RunDirectory(tmp_path / "runs" / "one"), tmp_path / "job.sbatch", tmp_path / "log"
    script.write_text(
        SCRIPT.format(
            python=sys.executable,
            definition=write_dataset(tmp_path / "data"),
            flags=" ".join((*TINY, "--epochs", "100000", "-bs", "1")),
            runs=run.path.parent,
            cache=tmp_path / "cache",
        )
    )
    submit = ("sbatch", "--parsable", "--requeue", "--open-mode=append", f"--output={log}", f"--chdir={tmp_path}")
    number = slurm.run(*submit, str(script)).strip()
    yield Job(number, run, log)
    slurm.run("scancel", number)


async def test_a_training_on_a_node_that_is_called_down_stays_the_only_one(slurm: Any, job: Job, until: Until) -> None:
    run = job.run

    async def goes_on(who: str) -> None:
        num_events = len(written(run))
        await until(lambda: len(written(run)) > num_events + 5, what=f"{who} trains on")

    await until(run.last.exists, seconds=120, what="something is saved")
    first = Holder.read(run.holder)
    with slurm.node_lost(first.host):
        await until(lambda: begins_again(slurm, job), seconds=120, what="the second start waits", every_seconds=1)
        await goes_on("the first start")
        assert (attempts(run), Holder.read(run.holder)) == ([0], first)
        freeze(first.pid, run.events)  # as a node does that loses its network, and its file system with it
        await until(lambda: attempts(run) == [0, 1], seconds=120, what="the second start has taken over")
        os.kill(first.pid, signal.SIGCONT)
        await until(lambda: "was taken over by" in job.log.read_text(), seconds=60, what="the first start ends")
        await until(lambda: not Path(f"/proc/{first.pid}").exists(), what="the first start has ended")
        await goes_on("the second start")
        assert attempts(run) == [0, 1]
        second = Holder.read(run.holder)
        assert (second.job_id, second.host != first.host) == (job.id, True)
        assert not run.result.exists()


def begins_again(slurm: Any, job: Job) -> bool:
    """Slurm would let a job wait for two minutes that it starts again."""
    if slurm.run("squeue", "-h", "-j", job.id, "-o", "%T").strip() == "PENDING":
        slurm.run("sh", "-c", f"scontrol update jobid={job.id} starttime=now || true")
    return "this process waits until that one has ended" in job.log.read_text()
