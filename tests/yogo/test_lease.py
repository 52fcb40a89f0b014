"""One trainer a run, always: whatever is killed, frozen, renamed or declared gone in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.litter import remove
from tests.waiting import until
from tests.yogo.holding import hold
from tests.yogo.hosts import on_host
from yogo.errors import RunError
from yogo.files.atomic import replacing
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.history import History
from yogo.run.holder import Heartbeat, Holder, Silence
from yogo.run.job import has_ended
from yogo.run.lease import RunLost, Terms, claim

HOLDING = Path(__file__).with_name("holding.py")
SILENT = "2"
JOB = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "tiny"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    monkeypatch.setenv("YOGO_SILENT_SECONDS", SILENT)
    directory = RunDirectory(tmp_path / "chaos-cat-0727")
    directory.path.mkdir()
    return directory


class Trainer:
    """A process that holds the run, on a host of its own, or waits for it."""

    def __init__(self, run: RunDirectory, host: str, *flags: str, **environment: str) -> None:
        command = on_host(host, [sys.executable, str(HOLDING), str(run.path), *flags])
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | JOB | {"YOGO_SILENT_SECONDS": SILENT} | environment,
        )

    def says(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def writes(self) -> str:
        """What came of an event that it was to write."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.says()


Start = Callable[..., Trainer]


@pytest.fixture
def start(run: RunDirectory) -> Iterator[Start]:
    started: list[Trainer] = []

    def begin(host: str, *flags: str, **environment: str) -> Trainer:
        started.append(Trainer(run, host, *flags, **environment))
        return started[-1]

    yield begin
    for trainer in started:
        trainer.process.kill()
        trainer.process.communicate()


def written(run: RunDirectory) -> list[tuple[int, int]]:
    found = events.parse(run.events.read_bytes())[0]
    return [(event.attempt, event.step) for event in found if isinstance(event, events.Step)]


def test_a_run_is_held_by_one_process_at_a_time_and_let_go_at_the_end(run: RunDirectory) -> None:
    with hold(run) as lease:
        assert lease.notice == ""
        with pytest.raises(RunError, match=f"process {os.getpid()}"), hold(run):
            pass
        assert run.holder.exists()
    assert not run.holder.exists()
    with hold(run):
        pass


def test_the_holder_shows_that_it_lives(run: RunDirectory) -> None:
    with hold(run):
        until(run.heartbeat.exists)
        first = Heartbeat.read(run.heartbeat).count
        until(lambda: Heartbeat.read(run.heartbeat).count >= first + 2)
    with hold(run):
        until(lambda: Heartbeat.read(run.heartbeat).count >= first + 3)


def test_a_run_whose_holder_was_killed_is_taken_over_at_once_on_its_host(run: RunDirectory, start: Start) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    first.process.kill()
    first.process.wait()
    second = start("gpu1", SLURM_JOB_ID="8")
    assert second.says().startswith("holds: took over from job 7, process")


def test_of_many_who_find_a_dead_holder_at_once_one_writes(run: RunDirectory, start: Start) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    first.process.kill()
    first.process.wait()
    many = [start("gpu1", SLURM_JOB_ID=str(number)) for number in range(20, 26)]
    hopeful = [trainer for trainer in many if trainer.says().startswith("holds:")]
    assert [said for trainer in hopeful if (said := trainer.writes()) == "wrote 1"] == ["wrote 1"]
    assert written(run) == [(0, 1)]


def test_a_job_that_was_started_again_on_its_host_waits_until_its_first_start_has_ended(
    run: RunDirectory, start: Start
) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    beside = start("gpu1")
    assert "is being trained by job 7" in beside.says()
    second = start("gpu1", ATTEMPT="1", SLURM_RESTART_COUNT="1")
    assert second.says().endswith("this process waits until that one has ended")
    assert first.writes() == "wrote 1"
    first.process.kill()
    first.process.wait()
    assert "took over from job 7" in second.says()
    assert second.writes() == "wrote 1"


def test_a_job_that_was_started_again_elsewhere_waits_for_as_long_as_the_first_start_lives(
    run: RunDirectory, start: Start
) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    second = start("gpu2", ATTEMPT="1")
    assert "until that one has ended, or has shown no sign of life for 2 seconds" in second.says()
    began = Heartbeat.read(run.heartbeat).count if run.heartbeat.exists() else 0
    until(lambda: Heartbeat.read(run.heartbeat).count > began + 16)  # twice the time of silence
    assert first.writes() == "wrote 1"
    assert second.process.poll() is None
    first.process.kill()
    assert "took over from job 7" in second.says()
    assert second.writes() == "wrote 1"
    assert written(run) == [(0, 1), (1, 1)]


def test_a_job_that_was_started_again_elsewhere_goes_on_at_once_when_the_first_start_lets_go(
    run: RunDirectory, start: Start
) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    second = start("gpu2", YOGO_SILENT_SECONDS="100000")
    assert second.says().startswith("waits:")
    first.process.communicate()
    assert second.says() == "holds:"


def test_a_trainer_that_was_frozen_and_taken_for_gone_writes_nothing_when_it_wakes_up(
    run: RunDirectory, start: Start
) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    assert first.writes() == "wrote 1"
    first.process.send_signal(signal.SIGSTOP)
    second = start("gpu2", ATTEMPT="1")
    assert second.says().startswith("waits:")
    assert second.says().startswith("holds: took over")
    assert second.writes() == "wrote 1"
    first.process.send_signal(signal.SIGCONT)
    said = first.writes()
    assert said.startswith("lost:")
    assert "was taken over by job 7, process" in said
    assert first.process.wait() == 3
    assert second.writes() == "wrote 2"
    assert written(run) == [(0, 1), (1, 1), (1, 2)]


def test_another_job_is_refused_when_the_holder_shows_a_sign_of_life(run: RunDirectory, start: Start) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    second = start("login", "--take-over", SLURM_JOB_ID="8")
    assert second.says().startswith("waits:")
    assert "is being trained by job 7" in second.says()
    assert first.writes() == "wrote 1"


def test_a_silent_holder_of_whom_nobody_knows_is_left_alone_unless_that_is_asked_for(
    run: RunDirectory, start: Start
) -> None:
    first = start("gpu1")
    assert first.says() == "holds:"
    first.process.kill()
    second = start("login", SLURM_JOB_ID="8")
    assert second.says().startswith("waits:")
    said = second.says()
    assert said.startswith("refused:")
    assert "no sign of life for 2 seconds" in said
    assert "--take-over" in said
    third = start("login", "--take-over", SLURM_JOB_ID="8")
    assert third.says().startswith("waits:")
    assert "took over from job 7" in third.says()


def test_a_person_is_asked_with_the_facts_before_a_silent_holder_loses_the_run(run: RunDirectory) -> None:
    held_elsewhere(run, "7")
    asked: list[str] = []

    def answer(reply: bool) -> Callable[[str], bool]:
        def ask(facts: str) -> bool:
            asked.append(facts)
            return reply

        return ask

    with pytest.raises(RunError, match="--take-over"), hold(run, Terms(ask=answer(False))):
        pass
    assert Holder.read(run.holder).job_id == "7"
    with hold(run, Terms(ask=answer(True))) as lease:
        assert "job 7" in lease.notice
    assert all("job 7, process 1 on elsewhere" in facts for facts in asked)
    assert len(asked) == 2


def test_a_holder_that_lost_its_run_leaves_the_files_as_they_are(run: RunDirectory) -> None:
    run.result.write_text("old")
    with hold(run) as lease:
        with replacing(run.last, fence=lease.check) as file:
            file.write(b"mine")
        held_elsewhere(run, "8")
        with pytest.raises(RunLost, match="taken over by job 8"), replacing(run.last, fence=lease.check) as file:
            file.write(b"too late")
        with pytest.raises(RunLost):
            lease.heed()
    assert run.last.read_bytes() == b"mine"
    assert Holder.read(run.holder).job_id == "8", "only its own holder lets a run go"
    assert not [path for path in run.path.iterdir() if path.suffix == ".part"]


def test_a_holder_that_was_stopped_after_its_last_look_can_put_nothing_in_place(run: RunDirectory) -> None:
    run.last.write_bytes(b"good")
    with pytest.raises(FileNotFoundError), replacing(run.last) as file:  # noqa: PT012 in between, it is taken over
        file.write(b"too late")
        file.flush()
        with hold(run):
            pass
    assert run.last.read_bytes() == b"good"


def test_a_late_line_of_an_earlier_attempt_changes_nothing(run: RunDirectory) -> None:
    history = History()
    history.extend(
        [
            events.Started(epochs=2, steps_per_epoch=4, num_train=4, num_val=1),
            events.Resumed(attempt=1, epoch=0, step=2),
            events.Step(attempt=1, step=3, epoch=0, lr=0.1, losses=events.Losses(loss=1.0)),
            events.Step(attempt=0, step=7, epoch=1, lr=0.1, losses=events.Losses(loss=9.0)),
            events.Failed(attempt=0, reason="late"),
        ]
    )
    assert [(event.attempt, event.step) for event in history.steps] == [(1, 3)]
    assert history.ended is None


@pytest.mark.parametrize("what", ["path", "lease", "holder"])
def test_a_run_that_was_removed_is_held_no_more_and_not_made_again(what: str, run: RunDirectory) -> None:
    gone = getattr(run, what)
    with hold(run) as lease:
        until(run.heartbeat.exists)
        remove(gone) if gone.is_dir() else gone.unlink()
        with pytest.raises(RunLost, match=f"{gone} was removed"):
            lease.check()
    assert not gone.exists()


def held_elsewhere(run: RunDirectory, job_id: str, **more: int) -> Holder:
    run.lease.mkdir(exist_ok=True)
    other = Holder(host="elsewhere", boot_id="b", pid=1, process_started="1", job_id=job_id, cluster="tiny", **more)
    other.write(run.holder)
    return other


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test writes what `squeue` does, in a job of the cluster tiny."""
    path = tmp_path / "bin" / "squeue"
    path.parent.mkdir()
    path.touch(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "tiny")
    monkeypatch.setenv("SLURM_JOB_ID", "3")
    return path


def test_a_silent_holder_whose_job_slurm_no_longer_has_is_taken_over(run: RunDirectory, squeue: Path) -> None:
    held_elsewhere(run, "1")
    squeue.write_text("#!/bin/sh\necho 2\n")
    with hold(run) as lease:
        assert "job 1" in lease.notice


def test_a_login_shell_takes_over_from_a_silent_holder_whose_job_is_over(
    run: RunDirectory, squeue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_elsewhere(run, "1")
    monkeypatch.delenv("SLURM_CLUSTER_NAME")
    monkeypatch.delenv("SLURM_JOB_ID")
    squeue.write_text("#!/bin/sh\necho 2\n")
    scontrol = squeue.with_name("scontrol")
    scontrol.touch(0o755)
    scontrol.write_text("#!/bin/sh\necho 'ClusterName             = another'\n")
    with pytest.raises(RunError, match="--take-over"), hold(run):
        pass
    scontrol.write_text("#!/bin/sh\necho 'ClusterName             = tiny'\n")
    with hold(run) as lease:
        assert "job 1" in lease.notice


def test_a_task_of_an_array_that_slurm_has_is_not_taken_for_gone(
    run: RunDirectory, squeue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeue.write_text("#!/bin/sh\necho 7_1 9\necho 7_2 7\n")
    assert [has_ended(job, "tiny") for job in ("7_1", "7_2", "9", "7_3")] == [False, False, False, True]


def test_a_holder_whose_job_slurm_has_is_not_waited_for(run: RunDirectory, squeue: Path) -> None:
    held_elsewhere(run, "1")
    squeue.write_text("#!/bin/sh\necho 1\n")
    told: list[str] = []
    with pytest.raises(RunError, match="is being trained by job 1"), hold(run, Terms(tell=told.append)):
        pass
    assert told == []


def test_of_two_who_find_a_dead_holder_the_later_one_leaves_the_run_to_the_other(
    run: RunDirectory, squeue: Path, tmp_path: Path
) -> None:
    held_elsewhere(run, "2")
    run.holder.rename(tmp_path / "the_other")
    held_elsewhere(run, "1")
    # While this one asks Slurm about job 1, job 2 takes the run over.
    squeue.write_text(f"#!/bin/sh\n[ -e {tmp_path}/the_other ] && mv {tmp_path}/the_other {run.holder}\necho 2\n")
    with pytest.raises(RunError, match="job 2"), hold(run):
        pass
    assert Holder.read(run.holder).job_id == "2"


def test_another_users_job_is_not_taken_for_gone(run: RunDirectory, squeue: Path) -> None:
    held_elsewhere(run, "1", user=os.getuid() + 1)
    squeue.write_text("#!/bin/sh\n")  # asked with --me, it tells of this user's jobs
    with pytest.raises(RunError, match="job 1"), hold(run):
        pass


def test_slurm_is_asked_on_this_cluster(run: RunDirectory, squeue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_elsewhere(run, "1")
    monkeypatch.setenv("SLURM_CLUSTERS", "another")
    squeue.write_text('#!/bin/sh\n[ -n "$SLURM_CLUSTERS" ] || echo 1\n')
    with pytest.raises(RunError, match="job 1"), hold(run):
        pass


def test_a_launch_is_claimed_by_one_job_and_by_that_one_again(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "tiny")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    claim(run, "abc")
    claim(run, "abc")
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    with pytest.raises(RunError, match="job 7"):
        claim(run, "abc")
    claim(run, "another")


def test_a_pipe_in_place_of_the_heartbeat_holds_nobody_up(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.lease.mkdir(parents=True)
    os.mkfifo(run.heartbeat)
    assert Silence(run).seconds() >= 0
