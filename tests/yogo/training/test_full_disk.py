"""A disk that is full, or fails, ends no training: what it refuses is written later."""

from __future__ import annotations

import errno
import os
import resource
import signal
import threading
from collections import deque
from pathlib import Path

import pytest

from tests.full_disk import room_for
from tests.ports import free_port
from tests.waiting import until
from tests.yogo.training.tiny import TINY, Yogo
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.disk import Disk
from yogo.run.lease import RunLost
from yogo.run.result import verify
from yogo.training.listeners import jsonl
from yogo.training.listeners.jsonl import JsonLines

FULL_SAYS = "the training goes on, and this is tried again"
FREE_SAYS = "everything that could not be written before is written now"


class Watched:
    """A training, and what it has said so far. To it alone the disk can be made full: no file may be written."""

    def __init__(self, yogo: Yogo, *arguments: object, **environment: str) -> None:
        self.process = yogo.start(*arguments, "--wandb", "disabled", **environment)
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)

    def says(self, words: str, times: int = 1) -> bool:
        return sum(words in line for line in self.said) >= times or self.process.poll() is not None

    def fill(self) -> None:
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def free(self) -> None:
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def end(self) -> tuple[int, str]:
        """Its exit status and what it complained of."""
        assert self.process.stderr is not None
        status = self.process.wait(timeout=120)
        self._reader.join()
        return status, self.process.stderr.read()


def test_a_training_goes_on_while_its_disk_is_full_and_writes_all_of_it_later(yogo: Yogo, definition: Path) -> None:
    training = Watched(yogo, definition, *TINY, "--name", "fills", "--epochs", "100000", "-bs", "2")
    run = yogo.run("fills")
    until(lambda: run.last.exists() or training.process.poll() is not None)
    training.fill()
    until(lambda: training.says(FULL_SAYS))
    before = load_checkpoint(run.last).step, len(yogo.events("fills"))
    epochs = sum("validation loss" in line for line in training.said)
    until(lambda: training.says("validation loss", times=epochs + 5))
    assert training.process.poll() is None, training.end()
    assert (load_checkpoint(run.last).step, len(yogo.events("fills"))) == before, "the last good one stands"
    assert sum(FULL_SAYS in line for line in training.said) == 1, "it is said once"
    training.free()
    until(lambda: training.says(FREE_SAYS))
    validated = [event.epoch for event in yogo.events("fills") if isinstance(event, events.Validated)]
    assert validated == list(range(len(validated)))
    assert len(validated) >= epochs + 5
    assert load_checkpoint(run.last).step > before[0]
    training.process.terminate()
    assert training.end() == (signals.RESUMABLE, "")
    assert not [path for path in run.path.rglob("*.part")]


def test_a_run_that_is_stopped_while_its_disk_is_full_says_what_it_could_not_save(yogo: Yogo, definition: Path) -> None:
    training = Watched(yogo, definition, *TINY, "--name", "fills", "--epochs", "100000", "-bs", "2")
    until(lambda: yogo.run("fills").last.exists() or training.process.poll() is not None)
    training.fill()
    until(lambda: training.says(FULL_SAYS))
    training.process.send_signal(signal.SIGUSR2)
    assert training.end() == (signals.RESUMABLE, "")
    assert any("Stopped; " in line and "last.pth" in line and "cannot be written" in line for line in training.said)
    assert load_checkpoint(yogo.run("fills").last).step > 0


def test_a_training_that_ends_on_a_full_disk_waits_for_room_and_finishes(yogo: Yogo, definition: Path) -> None:
    training = Watched(yogo, definition, *TINY, "--name", "waits", "--epochs", "12", "-bs", "2")
    run = yogo.run("waits")
    until(lambda: run.last.exists() or training.process.poll() is not None)
    training.fill()
    until(lambda: training.says("this is tried for 600 seconds more"))
    assert training.process.poll() is None, training.end()
    training.free()
    assert training.end() == (0, "")
    assert verify(run).epochs == 12
    assert [event.epoch for event in yogo.events("waits") if isinstance(event, events.Validated)] == list(range(12))
    assert any(isinstance(event, events.Finished) for event in yogo.events("waits"))


def test_a_training_that_ends_on_a_disk_that_stays_full_fails_and_can_go_on_later(yogo: Yogo, definition: Path) -> None:
    training = Watched(yogo, definition, *TINY, "--name", "lost", "--epochs", "12", "-bs", "2", YOGO_DISK_PATIENCE="11")
    run = yogo.run("lost")
    until(lambda: run.last.exists() or training.process.poll() is not None)
    training.fill()
    status, told = training.end()
    assert status == 1
    assert told.count("\n") == 1, told
    assert "last.pth" in told
    assert f"in {run.path} cannot be written: File too large" in told
    assert "make room, and resume with --resume" in told
    assert load_checkpoint(run.last).epoch < 12
    assert not run.result.exists()
    resumed = yogo.train("--resume", run.path, "--wandb", "disabled")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert verify(run).epochs == 12


def test_no_process_ends_well_before_the_first_has_written_the_last_files(yogo: Yogo, definition: Path) -> None:
    shared = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "MASTER_PORT": str(free_port())}
    flags = (definition, *TINY, "--name", "both", "--epochs", "12", "-bs", "2")
    environment = {**shared, "GLOO_SOCKET_IFNAME": "lo", "YOGO_DISK_PATIENCE": "1"}
    first, second = (Watched(yogo, *flags, **environment, SLURM_PROCID=str(rank)) for rank in range(2))
    until(lambda: yogo.run("both").last.exists() or first.process.poll() is not None)
    yogo.run("both").result.mkdir()  # the last file of all is the one that cannot be written
    assert first.end()[0] == 1
    assert second.end() == (1, ""), "the first process speaks for all"


@pytest.mark.parametrize(
    "fault", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "ESTALE", "EACCES", "ETIMEDOUT", "ENOTCONN", "ENOENT", "ENODEV"]
)
def test_whatever_a_disk_refuses_with_is_owed_and_said_once(fault: str, tmp_path: Path) -> None:
    said: list[str] = []
    disk, path, faults = Disk(say=said.append), tmp_path / "last.pth", deque([fault] * 3)

    def action() -> None:
        if faults:
            number = getattr(errno, faults.popleft())
            raise OSError(number, os.strerror(number), str(path))
        path.write_text("kept")

    assert not disk.write(path, action)
    for _ in range(3):
        disk.retry(at_once=True)
    assert path.read_text() == "kept"
    assert said == [f"{path} cannot be written: {os.strerror(getattr(errno, fault))}; {FULL_SAYS}", FREE_SAYS]
    assert disk.settle(0.0) == ""


def test_a_run_that_is_anothers_by_now_is_owed_nothing(tmp_path: Path) -> None:
    def fence() -> None:
        raise RunLost("it was taken over")

    def action() -> None:
        raise FileNotFoundError(errno.ENOENT, "its .part file was removed")

    with pytest.raises(RunLost):
        Disk(fence).write(tmp_path / "last.pth", action)


def test_the_last_weights_do_not_stand_without_the_best_that_they_speak_of(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    disk = Disk(say=lambda sentence: None)
    is_full = True

    def best() -> None:
        if is_full:
            raise OSError(errno.ENOSPC, "full")
        run.best.write_text("best")

    disk.write(run.best, best)
    assert not disk.write(run.last, run.last.touch, after=run.best)
    assert not run.last.exists()
    is_full = False
    assert disk.settle(0.0) == ""
    assert run.last.exists()


def test_of_very_many_events_that_wait_only_steps_are_let_go(tmp_path: Path) -> None:
    run, blocker = RunDirectory(tmp_path / "run"), tmp_path / "run"
    blocker.touch()  # a file where the folder was: nothing can be written in it
    lines = JsonLines(run.events, Disk(say=lambda sentence: None))
    lines.hear(events.Started(epochs=1, steps_per_epoch=1, num_train=1, num_val=0))
    for step in range(1, jsonl.MOST_WAITING + 10):
        lines.hear(events.Step(step=step, epoch=0, lr=0.1, losses=events.Losses()))
    blocker.unlink()
    run.path.mkdir()
    assert lines.disk.settle(0.0) == ""
    kept = events.parse(run.events.read_bytes())[0]
    assert isinstance(kept[0], events.Started)
    steps = [event.step for event in kept if isinstance(event, events.Step)]
    assert steps == sorted(steps)
    assert jsonl.MOST_WAITING // 3 < len(steps) <= jsonl.MOST_WAITING
    assert steps[-1] == jsonl.MOST_WAITING + 9


def test_a_job_that_comes_back_to_a_full_disk_waits_for_room_and_a_person_is_told_at_once(
    yogo: Yogo, definition: Path
) -> None:
    run = yogo.run("back")
    assert yogo.train(definition, *TINY, "--name", "back", "--epochs", "1", "-bs", "4").returncode == 0
    run.result.unlink()
    with room_for(1):
        by_hand = yogo.start("--resume", run.path)
        in_a_job = Watched(yogo, "--resume", run.path, SLURM_JOB_ID="7", SLURM_CLUSTER_NAME="tiny")
    _, told = by_hand.communicate(timeout=60)
    assert (by_hand.returncode, "cannot be used: File too large" in told) == (1, True)
    until(lambda: in_a_job.says("cannot be written: File too large; this is tried again"))
    assert in_a_job.process.poll() is None, in_a_job.end()
    in_a_job.free()
    assert in_a_job.end() == (0, "")
