"""A node is declared down, its daemons are dead, and the training on it lives: there is one writer all the same."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import daemons
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "yogo" / "training"))

from tiny import TINY, write_dataset

from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.lease import Holder

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


async def test_a_training_on_a_node_that_is_called_down_stays_the_only_one(
    slurm: Any, until: Until, tmp_path: Path
) -> None:
    if not daemons.have_names_of_their_own():
        pytest.skip("only root can give each node a host name of its own, and on one host a process tells of itself")
    run, script, log = RunDirectory(tmp_path / "runs" / "one"), tmp_path / "job.sbatch", tmp_path / "log"
    flags = " ".join((*TINY, "--epochs", "100000", "-bs", "1"))
    script.write_text(
        SCRIPT.format(
            python=sys.executable,
            definition=write_dataset(tmp_path / "data"),
            flags=flags,
            runs=run.path.parent,
            cache=tmp_path / "cache",
        )
    )
    submit = ("sbatch", "--parsable", "--requeue", "--open-mode=append", f"--output={log}", f"--chdir={tmp_path}")
    job = slurm.run(*submit, str(script)).strip()
    try:
        await until(run.last.exists, seconds=120, what="something is saved")
        first = Holder.read(run.holder)
        with slurm.node_lost(first.host):
            await until(
                lambda: begins_again(slurm, job, log), seconds=120, what="the second start waits", every_seconds=1
            )
            num_events = len(written(run))
            await until(lambda: len(written(run)) > num_events + 5, what="the first start trains on")
            assert (attempts(run), Holder.read(run.holder)) == ([0], first)

            os.kill(first.pid, signal.SIGSTOP)  # as a node does that loses its network, and its file system with it
            await until(lambda: attempts(run) == [0, 1], seconds=120, what="the second start has taken over")
            os.kill(first.pid, signal.SIGCONT)
            await until(lambda: "was taken over by" in log.read_text(), seconds=60, what="the first start ends")
            await until(lambda: not Path(f"/proc/{first.pid}").exists(), what="the first start has ended")
            num_events = len(written(run))
            await until(lambda: len(written(run)) > num_events + 5, what="the second start trains on")
            assert attempts(run) == [0, 1]
            second = Holder.read(run.holder)
            assert (second.job_id, second.host != first.host) == (job, True)
            assert not run.result.exists()
    finally:
        slurm.run("scancel", job)


def begins_again(slurm: Any, job: str, log: Path) -> bool:
    """Slurm would let a job wait for two minutes that it starts again."""
    if slurm.run("squeue", "-h", "-j", job, "-o", "%T").strip() == "PENDING":
        slurm.run("sh", "-c", f"scontrol update jobid={job} starttime=now || true")
    return "this process waits until that one has ended" in log.read_text()
