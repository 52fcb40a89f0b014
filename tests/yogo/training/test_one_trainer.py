"""A run has one trainer, always: real trainings on two hosts, one of which is taken for gone."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frozen import freeze
from tests.waiting import until
from tests.yogo.hosts import on_host
from tests.yogo.training.tiny import TINY, Yogo
from yogo.run import events
from yogo.run.holder import Holder

JOB = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "tiny", "YOGO_SILENT_SECONDS": "4"}
AGAIN = {**JOB, "SLURM_RESTART_COUNT": "1"}


def begin(yogo: Yogo, host: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """`yogo train` on a host of that name."""
    command = on_host(host, [sys.executable, "-m", "yogo", "train", "--runs", str(yogo.runs), *map(str, arguments)])
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**yogo.environment, **environment},
    )
    yogo.started.append(process)
    return process


def endless(definition: Path, name: str, *more: object) -> tuple[object, ...]:
    return (definition, *TINY, "--name", name, "--epochs", "100000", "-bs", "1", "--wandb", "disabled", *more)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_trainer_that_was_frozen_while_its_job_began_elsewhere_ends_when_it_wakes_up(
    processes: int, yogo: Yogo, definition: Path
) -> None:
    first = begin(yogo, "gpu1", *endless(definition, "one", "--processes", processes), **JOB)
    run = yogo.run("one")
    until(lambda: run.last.exists() or first.poll() is not None)
    leading = Holder.read(run.holder).pid
    frozen = (leading,) if leading == first.pid else (first.pid, leading)
    for pid in frozen:
        freeze(pid, run.events)
    second = begin(yogo, "gpu2", "--resume", run.path, **AGAIN)
    until(lambda: any(event.attempt == 1 for event in yogo.events("one")) or second.poll() is not None)
    assert second.poll() is None, second.communicate()
    for pid in frozen:
        subprocess.run(["kill", "-CONT", str(pid)], check=True)
    _, told = first.communicate(timeout=120)
    assert first.returncode == 1
    assert f"{run.path} was taken over by job 7" in told
    assert told.count("yogo: ") == 1, told
    assert not run.result.exists()
    steps = max(event.step for event in yogo.events("one") if isinstance(event, events.Step))
    until(lambda: any(isinstance(event, events.Step) and event.step > steps for event in yogo.events("one")))
    assert second.poll() is None
    attempts = [attempt for attempt, _ in itertools.groupby(event.attempt for event in yogo.events("one"))]
    assert attempts == [0, 1], "one after the other, and never back"


def test_a_job_that_was_started_again_ends_well_when_its_first_start_finishes(yogo: Yogo, definition: Path) -> None:
    arguments = (definition, *TINY, "--name", "one", "--epochs", "30", "-bs", "1", "--wandb", "disabled")
    first, run = begin(yogo, "gpu1", *arguments, **JOB), yogo.run("one")
    until(lambda: run.last.exists() or first.poll() is not None)
    first.send_signal(signal.SIGSTOP)  # it would have finished on a quick machine
    second = begin(yogo, "gpu2", "--resume", run.path, **{**AGAIN, "YOGO_SILENT_SECONDS": "100"})
    assert second.stdout is not None
    assert "this process waits until that one has ended" in second.stdout.readline()
    first.send_signal(signal.SIGCONT)
    out, told = second.communicate(timeout=120)
    assert (second.returncode, told) == (0, "")
    assert f"{run.path} has finished in the meantime: there is nothing left to do" in out
    assert first.wait() == 0
    assert {event.attempt for event in yogo.events("one")} == {0}


def test_a_job_that_waited_before_anything_was_saved_goes_on_from_what_was_saved_meanwhile(
    yogo: Yogo, definition: Path
) -> None:
    run = yogo.run("one")
    run.path.mkdir(parents=True)  # as a launch does: the run is held from the beginning
    first = begin(yogo, "gpu1", *endless(definition, "one"), **JOB)
    until(lambda: run.holder.exists() or first.poll() is not None)
    first.send_signal(signal.SIGSTOP)
    second = begin(yogo, "gpu2", *endless(definition, "one"), **{**AGAIN, "YOGO_SILENT_SECONDS": "20"})
    assert second.stdout is not None
    assert "this process waits until that one has ended" in second.stdout.readline()
    assert not run.manifest.exists()
    first.send_signal(signal.SIGCONT)
    until(lambda: run.last.exists() or first.poll() is not None)
    first.kill()
    until(lambda: any(event.attempt == 1 for event in yogo.events("one")) or second.poll() is not None)
    assert second.poll() is None, second.communicate()
    assert any(isinstance(event, events.Resumed) for event in yogo.events("one"))


@pytest.mark.parametrize("wandb", ["disabled", "offline"])
def test_a_trainer_whose_run_was_removed_ends_and_makes_it_not_anew(wandb: str, yogo: Yogo, definition: Path) -> None:
    process = yogo.start(*endless(definition, "gone", "--wandb", wandb), YOGO_SILENT_SECONDS="4")
    until(lambda: yogo.run("gone").last.exists() or process.poll() is not None)
    shutil.move(yogo.run("gone").path, yogo.home / "elsewhere")
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told.count("\n")) == (1, 1), told
    assert f"{yogo.run('gone').path} was removed while the run was trained" in told
    assert not yogo.run("gone").path.exists()


def test_who_resumes_a_run_that_is_trained_already_is_refused_before_torch_is_imported(
    yogo: Yogo, definition: Path
) -> None:
    first = yogo.start(*endless(definition, "thrice"))
    run = yogo.run("thrice")
    until(lambda: run.last.exists() or first.poll() is not None)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    # Whoever would import torch from here fails in other words.
    blocked = yogo.home / "blocked"
    blocked.mkdir()
    (blocked / "torch.py").write_text("raise ImportError('torch was imported')\n")
    with_torch = yogo.start("--resume", run.path)

    def holds() -> bool:
        with contextlib.suppress(FileNotFoundError):  # the lease changes hands
            return Holder.read(run.holder).pid == with_torch.pid
        return False

    until(holds)
    for _ in range(2):
        refused = yogo.finish("--resume", run.path, PYTHONPATH=str(blocked))
        assert refused.returncode == 1
        assert f"is being trained by process {with_torch.pid}" in refused.stderr
        assert "torch" not in refused.stderr


def test_a_trainer_whose_lease_changed_hands_ends_and_leaves_all_to_the_other(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(*endless(definition, "taken"), YOGO_SILENT_SECONDS="4")
    run = yogo.run("taken")
    until(lambda: run.last.exists() or process.poll() is not None)
    other = Holder(host="elsewhere", boot_id="b", pid=1, process_started="1", job_id="9", cluster="tiny")
    other.write(run.holder)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told.count("\n")) == (1, 1), told
    assert "was taken over by job 9, process 1 on elsewhere" in told
    assert Holder.read(run.holder) == other
    assert not run.result.exists()
