"""The embedded cluster: real processes, real signals, real files."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from yogo.run.record import now
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.cluster.local.directives import Directives
from yogo_tui.cluster.local.records import Spec, State
from yogo_tui.errors import ClusterError, ClusterUnknown

WITHIN_SECONDS = 30.0


class Bench:
    """A cluster in a folder of its own, and scripts for it."""

    def __init__(self, folder: Path, slots: int = 2) -> None:
        self.folder = folder
        self.state_folder = folder / "state"
        self.submitted: list[JobId] = []
        self.cluster = LocalCluster(self.state_folder, slots=slots, kill_after_seconds=2.0)

    def script(self, body: str, *options: str, name: str = "job") -> PurePosixPath:
        lines = ["#!/bin/bash", f"#SBATCH --job-name={name}", f"#SBATCH --output={self.folder}/%x-%j.log"]
        path = self.folder / f"{name}-{time.monotonic_ns()}.sbatch"
        path.write_text("\n".join([*lines, *(f"#SBATCH {option}" for option in options), body]) + "\n")
        return PurePosixPath(path)

    async def submit(self, body: str, *options: str, name: str = "job", after: JobId | None = None) -> JobId:
        job_id = await self.cluster.submit(self.script(body, *options, name=name), after=after)
        self.submitted.append(job_id)
        return job_id

    async def look(self, job_id: JobId) -> Job:
        return next(job for job in await self.cluster.jobs([job_id]) if job.id == job_id)

    async def until(self, job_id: JobId, holds: Callable[[Job], bool]) -> Job:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not holds(job := await self.look(job_id)):
                await asyncio.sleep(0.05)
        return job

    async def over(self, job_id: JobId) -> Job:
        return await self.until(job_id, lambda job: job.state.is_over)

    async def running(self, job_id: JobId) -> Job:
        return await self.until(job_id, lambda job: job.state is JobState.RUNNING)

    async def says(self, job_id: JobId, text: str) -> str:
        """The job's log, once it holds `text`."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while text not in (log := await self.log(job_id)):
                await asyncio.sleep(0.05)
        return log

    async def log(self, job_id: JobId) -> str:
        path = (await self.look(job_id)).log
        assert path is not None
        return Path(path).read_text() if Path(path).exists() else ""

    def supervisor(self, job_id: JobId) -> int:
        return State.read(self.state_folder / "jobs" / job_id / "state.json").supervisor_pid


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.cluster.cancel(bench.submitted)
    for job_id in bench.submitted:
        await bench.over(job_id)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


async def gone(pid: int) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not is_gone(pid):
            await asyncio.sleep(0.05)


async def test_a_script_runs_and_its_output_is_in_the_log_that_it_names(bench: Bench) -> None:
    job = await bench.over(await bench.submit("echo hello from $SLURM_JOB_NAME", name="chaos-cat-0727"))
    assert (job.state, job.word, job.exit_status) == (JobState.DONE, "COMPLETED", 0)
    assert job.log == PurePosixPath(bench.folder / f"chaos-cat-0727-{job.id}.log")
    assert await bench.log(job.id) == "hello from chaos-cat-0727\n"
    assert job.submitted_at
    assert job.started_at
    assert job.ended_at
    assert job.submitted_at <= job.started_at <= job.ended_at


async def test_a_script_that_fails_is_failed_with_its_exit_status(bench: Bench) -> None:
    job = await bench.over(await bench.submit("exit 3"))
    assert (job.state, job.exit_status) == (JobState.FAILED, 3)
    assert "exit status 3" in job.reason


async def test_a_job_reads_its_own_slurm_variables_and_none_of_the_users(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_TIMELIMIT", "1")
    monkeypatch.setenv("SLURM_PROCID", "7")
    monkeypatch.setenv("MINE", "kept")
    job_id = await bench.submit(
        "env", "--gpus-per-node=a100:4", "--cpus-per-task=4096", "--comment='yogo:t0ken of mine'"
    )
    job = await bench.over(job_id)
    log = await bench.log(job_id)
    variables = dict(line.split("=", 1) for line in log.splitlines() if "=" in line)
    assert variables["SLURM_JOB_ID"] == job_id
    assert variables["SLURM_CLUSTER_NAME"] == "local"
    assert variables["SLURM_RESTART_COUNT"] == "0"
    assert variables["SLURM_GPUS_ON_NODE"] == "2"
    assert int(variables["SLURM_CPUS_PER_TASK"]) <= (os.cpu_count() or 1)
    assert variables["MINE"] == "kept"
    assert "SBATCH_TIMELIMIT" not in variables
    assert "SLURM_PROCID" not in variables
    assert job.token == "t0ken"


async def test_a_script_for_more_gpus_than_there_are_slots_runs_and_the_log_says_so(bench: Bench) -> None:
    job = await bench.over(await bench.submit("echo ran", "--gres=gpu:a100:4"))
    assert job.state is JobState.DONE
    assert "asks for 4 GPUs" in await bench.log(job.id)


async def test_a_child_waits_until_its_parent_has_ended_well(bench: Bench) -> None:
    flag = bench.folder / "go"
    parent = await bench.submit(f"until [ -e {flag} ]; do sleep 0.05; done; echo parent > {bench.folder}/order")
    child = await bench.submit(f"echo child >> {bench.folder}/order", after=parent)
    await bench.running(parent)
    waiting = await bench.until(child, lambda job: job.reason == "Dependency")
    assert (waiting.state, waiting.after, waiting.is_stuck) == (JobState.PENDING, (parent,), False)
    flag.touch()
    assert (await bench.over(child)).state is JobState.DONE
    assert (bench.folder / "order").read_text() == "parent\nchild\n"


async def test_a_child_whose_parent_failed_is_stuck_until_it_is_cancelled(bench: Bench) -> None:
    parent = await bench.submit("exit 1")
    child = await bench.submit("echo never", after=parent)
    stuck = await bench.until(child, lambda job: job.is_stuck)
    assert (stuck.state, stuck.reason) == (JobState.PENDING, "DependencyNeverSatisfied")
    await bench.cluster.cancel([child])
    assert (await bench.over(child)).state is JobState.CANCELLED
    assert await bench.log(child) == ""


async def test_cancelling_ends_the_whole_process_tree_with_term(bench: Bench) -> None:
    body = """
    sleep 1000 & echo $! > child
    setsid sleep 1001 & echo $! > daughter
    trap 'echo got TERM; exit 0' TERM
    echo ready; wait"""
    job_id = await bench.submit(body, f"--chdir={bench.folder}")
    await bench.says(job_id, "ready")
    await bench.cluster.cancel([job_id])
    job = await bench.over(job_id)
    assert (job.state, job.word) == (JobState.CANCELLED, "CANCELLED")
    log = await bench.log(job_id)
    assert log.count("got TERM") == 1
    assert f"JOB {job_id} CANCELLED" in log
    for name in ("child", "daughter"):
        assert is_gone(int((bench.folder / name).read_text()))


async def test_a_script_that_ignores_term_is_killed_after_the_grace_time(bench: Bench) -> None:
    job_id = await bench.submit("trap '' TERM; echo ready; while true; do sleep 0.1; done")
    await bench.says(job_id, "ready")
    await bench.cluster.cancel([job_id])
    job = await bench.over(job_id)
    assert (job.state, job.exit_status) == (JobState.CANCELLED, 128 + signal.SIGKILL)


async def test_the_warning_comes_to_the_batch_shell_alone_and_then_the_time_limit(bench: Bench) -> None:
    body = """
    bash -c 'trap "echo child warned" USR2; while true; do sleep 0.1; done' &
    trap 'echo shell warned' USR2
    while true; do sleep 0.1; done"""
    job = await bench.over(await bench.submit(body, "--time=0:03", "--signal=B:USR2@2"))
    log = await bench.log(job.id)
    assert (job.state, job.word) == (JobState.FAILED, "TIMEOUT")
    assert log.count("shell warned") == 1
    assert "child warned" not in log
    assert "TIME LIMIT" in log
    assert job.time_limit_seconds == 3


async def test_exit_status_75_puts_a_job_back_into_the_queue_under_the_same_id(bench: Bench) -> None:
    body = "echo start $SLURM_RESTART_COUNT; [ $SLURM_RESTART_COUNT = 2 ] || exit 75"
    job = await bench.over(await bench.submit(body, "--requeue", "--open-mode=append"))
    assert job.state is JobState.DONE
    assert await bench.log(job.id) == "start 0\nstart 1\nstart 2\n"


async def test_exit_status_75_without_requeue_is_a_failure(bench: Bench) -> None:
    job = await bench.over(await bench.submit("exit 75"))
    assert (job.state, job.exit_status) == (JobState.FAILED, 75)


async def test_a_job_is_not_started_again_for_ever(bench: Bench) -> None:
    job = await bench.over(await bench.submit("echo start; exit 75", "--requeue", "--open-mode=append"))
    assert job.state is JobState.FAILED
    assert (await bench.log(job.id)).count("start") == 6


async def test_a_small_job_does_not_pass_a_big_one_that_came_first(bench: Bench) -> None:
    flag = bench.folder / "go"
    order = bench.folder / "order"
    first = await bench.submit(f"until [ -e {flag} ]; do sleep 0.05; done", "--gpus=1")
    await bench.running(first)
    big = await bench.submit(f"echo big >> {order}", "--gpus=2")
    await bench.until(big, lambda job: job.reason == "Resources")
    small = await bench.submit(f"echo small >> {order}", "--gpus=1")
    await bench.until(small, lambda job: job.reason == "Priority")
    resources = await bench.cluster.resources("")
    assert (resources.free_gpus, resources.total_gpus) == (1, 2)
    estimate = await bench.cluster.estimate(bench.script("true"))
    assert estimate.no_later_than is None
    assert "2 jobs wait already" in estimate.detail
    flag.touch()
    assert (await bench.over(small)).state is JobState.DONE
    assert order.read_text() == "big\nsmall\n"
    assert (await bench.cluster.estimate(bench.script("true"))).no_later_than is not None


async def test_a_cancelled_job_in_the_queue_never_starts(bench: Bench) -> None:
    blocker = await bench.submit("sleep 1000", "--gpus=2")
    await bench.running(blocker)
    waiting = await bench.submit("echo never")
    await bench.cluster.cancel([waiting])
    assert (await bench.over(waiting)).state is JobState.CANCELLED
    assert await bench.log(waiting) == ""


async def test_what_a_script_leaves_behind_ends_with_it(bench: Bench) -> None:
    job_id = await bench.submit(f"sleep 1000 & echo $! > {bench.folder}/left")
    assert (await bench.over(job_id)).state is JobState.DONE
    assert is_gone(int((bench.folder / "left").read_text()))


_SUBMIT = """
import asyncio, sys
from pathlib import Path, PurePosixPath
from yogo_tui.cluster.local import LocalCluster
print(asyncio.run(LocalCluster(Path(sys.argv[1]), slots=2).submit(PurePosixPath(sys.argv[2]))))
"""


def submitter(bench: Bench, script: PurePosixPath) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", _SUBMIT, str(bench.state_folder), str(script)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)


async def test_a_job_survives_the_console_that_submitted_it(bench: Bench) -> None:
    flag = bench.folder / "go"
    console = submitter(bench, bench.script(f"until [ -e {flag} ]; do sleep 0.05; done; echo survived"))
    job_id = JobId(console.communicate(timeout=WITHIN_SECONDS)[0].strip())
    await bench.running(job_id)
    os.kill(bench.supervisor(job_id), signal.SIGHUP)
    flag.touch()
    assert (await bench.over(job_id)).state is JobState.DONE
    assert await bench.log(job_id) == "survived\n"


async def test_consoles_that_submit_at_once_get_different_ids(bench: Bench) -> None:
    consoles = [submitter(bench, bench.script("true", name=f"job{number}")) for number in range(3)]
    ids = {console.communicate(timeout=WITHIN_SECONDS)[0].strip() for console in consoles}
    assert ids == {"1", "2", "3"}
    names = {(await bench.over(JobId(job_id))).name for job_id in ids}
    assert names == {"job0", "job1", "job2"}


async def test_a_job_whose_supervisor_was_killed_is_not_called_running_and_can_be_ended(bench: Bench) -> None:
    job_id = await bench.submit(f"echo $$ > {bench.folder}/pid; echo ready; sleep 1000")
    await bench.says(job_id, "ready")
    os.kill(bench.supervisor(job_id), signal.SIGKILL)
    job = await bench.until(job_id, lambda job: job.state is not JobState.RUNNING)
    assert job.state is JobState.UNKNOWN
    assert "supervisor was killed" in job.reason
    assert (await bench.cluster.resources("")).free_gpus == 2
    await bench.cluster.cancel([job_id])
    assert (await bench.look(job_id)).state is JobState.CANCELLED
    assert is_gone(int((bench.folder / "pid").read_text()))


async def test_a_job_that_ended_unwatched_has_failed_and_says_why(bench: Bench) -> None:
    flag = bench.folder / "go"
    job_id = await bench.submit(f"echo ready; until [ -e {flag} ]; do sleep 0.05; done")
    child = await bench.submit("echo never", after=job_id)
    await bench.says(job_id, "ready")
    os.kill(bench.supervisor(job_id), signal.SIGKILL)
    flag.touch()
    job = await bench.over(job_id)
    assert job.state is JobState.FAILED
    assert "how the script ended is not known" in job.reason
    await bench.until(child, lambda job: job.is_stuck)


async def test_a_waiting_job_whose_supervisor_was_killed_lets_the_others_pass(bench: Bench) -> None:
    blocker = await bench.submit("sleep 1000", "--gpus=2")
    await bench.running(blocker)
    waiting = await bench.submit("echo never")
    behind = await bench.submit("echo ran")
    await bench.until(waiting, lambda job: job.reason == "Resources")
    os.kill(bench.supervisor(waiting), signal.SIGKILL)
    assert "before it started" in (await bench.over(waiting)).reason
    await bench.cluster.cancel([blocker])
    assert (await bench.over(behind)).state is JobState.DONE


async def test_after_a_restart_of_the_machine_a_running_job_reads_as_failed(bench: Bench) -> None:
    job_id = await bench.submit("exec sleep 1000")
    await bench.running(job_id)
    path = bench.state_folder / "jobs" / job_id / "state.json"
    script_pid = (await until_read(path, lambda state: state.script_pid)).script_pid
    os.kill(bench.supervisor(job_id), signal.SIGKILL)
    assert script_pid is not None
    os.kill(script_pid, signal.SIGKILL)
    State.read(path).model_copy(update={"boot_id": "an earlier one"}).write(path)
    job = await bench.over(job_id)
    assert (job.state, job.word) == (JobState.FAILED, "NODE_FAIL")
    assert "restarted" in job.reason


async def until_read(path: Path, holds: Callable[[State], object]) -> State:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not holds(state := State.read(path)):
            await asyncio.sleep(0.05)
    return state


async def test_a_supervisor_that_is_told_to_end_takes_its_script_along(bench: Bench) -> None:
    job_id = await bench.submit(f"echo $$ > {bench.folder}/pid; echo ready; sleep 1000")
    await bench.says(job_id, "ready")
    os.kill(bench.supervisor(job_id), signal.SIGTERM)
    assert (await bench.over(job_id)).state is JobState.CANCELLED
    assert is_gone(int((bench.folder / "pid").read_text()))


async def test_a_log_that_cannot_be_written_fails_the_job_with_a_sentence(bench: Bench) -> None:
    job = await bench.over(await bench.submit("true", f"--output={bench.folder}/nowhere/%j.log"))
    assert job.state is JobState.FAILED
    assert "nowhere" in job.reason


async def test_a_job_is_found_by_its_name_long_after_it_ended(bench: Bench) -> None:
    fill(bench, 1000)
    job_id = await bench.submit("true", name="past-0007")
    assert [job.id for job in await bench.cluster.find("past-0007")] == ["7", job_id]


async def test_a_thousand_past_jobs_do_not_slow_a_look(bench: Bench) -> None:
    fill(bench, 1000)
    began = time.monotonic()
    jobs = await bench.cluster.jobs([JobId("3"), JobId("5000"), JobId("12_7")])
    assert time.monotonic() - began < 1.0
    assert [job.id for job in jobs] == ["3"]


async def test_a_submission_that_was_ended_in_the_middle_reads_as_never_started(bench: Bench) -> None:
    fill(bench, 1)
    (bench.state_folder / "jobs" / "1" / "state.json").unlink()
    (job,) = await bench.cluster.find("past-0001")
    assert job.state is JobState.FAILED
    assert "never started" in job.reason


async def test_a_job_of_another_machine_that_shares_the_home_is_left_to_it(bench: Bench) -> None:
    fill(bench, 1, host="elsewhere")
    state = bench.state_folder / "jobs" / "1" / "state.json"
    state.write_text(State(state=JobState.RUNNING, word="RUNNING").model_dump_json())
    (job,) = await bench.cluster.jobs()
    assert job.state is JobState.UNKNOWN
    assert "elsewhere" in job.reason
    assert State.read(state).state is JobState.RUNNING


async def test_a_damaged_state_is_told_and_hides_no_other_job(bench: Bench) -> None:
    fill(bench, 1)
    (bench.state_folder / "jobs" / "1" / "state.json").write_text("{")
    job_id = await bench.submit("true")
    assert (await bench.over(job_id)).state is JobState.DONE
    job = await bench.look(JobId("1"))
    assert job.state is JobState.UNKNOWN
    assert "state.json is damaged" in job.reason


async def test_a_state_that_cannot_be_written_for_a_while_is_written_later(bench: Bench) -> None:
    """As on a disk that is full; here a folder stands in the file's way."""
    flag = bench.folder / "go"
    job_id = await bench.submit(f"echo ready; until [ -e {flag} ]; do sleep 0.05; done; echo end")
    await bench.says(job_id, "ready")
    state = bench.state_folder / "jobs" / job_id / "state.json"
    log = Path((await bench.look(job_id)).log or "")
    state.unlink()
    state.mkdir()
    flag.touch()
    async with asyncio.timeout(WITHIN_SECONDS):
        while "cannot be written" not in (state.parent / "supervisor.log").read_text():
            await asyncio.sleep(0.05)
    assert (await bench.look(job_id)).state is JobState.UNKNOWN
    state.rmdir()
    assert (await bench.over(job_id)).state is JobState.DONE
    assert log.read_text() == "ready\nend\n"


async def test_a_state_folder_that_cannot_be_used_is_told(bench: Bench) -> None:
    (bench.folder / "file").touch()
    cluster = LocalCluster(bench.folder / "file")
    with pytest.raises(ClusterError, match="cannot be written down"):
        await cluster.submit(bench.script("true"))
    with pytest.raises(ClusterUnknown, match="cannot be read"):
        await cluster.jobs()


def fill(bench: Bench, num_jobs: int, *, host: str = "") -> None:
    """Jobs that ended yesterday."""
    yesterday = now() - timedelta(days=1)
    for number in range(1, num_jobs + 1):
        folder = bench.state_folder / "jobs" / str(number)
        folder.mkdir(parents=True)
        spec = Spec(
            id=number,
            name=f"past-{number:04}",
            directives=Directives(),
            folder="/",
            log="/log",
            slots=1,
            needs=1,
            host=host or socket.gethostname(),
            submitted_at=yesterday,
        )
        state = State(state=JobState.DONE, word="COMPLETED", ended_at=yesterday, exit_status=0)
        (folder / "spec.json").write_text(spec.model_dump_json())
        (folder / "state.json").write_text(state.model_dump_json())


async def test_what_cannot_be_done_is_refused_with_a_sentence(bench: Bench) -> None:
    with pytest.raises(ClusterError, match="no job 99"):
        await bench.submit("true", after=JobId("99"))
    with pytest.raises(ClusterError, match="no job 98"):
        await bench.cluster.cancel([JobId("98")])
    with pytest.raises(ClusterError, match="cannot be read"):
        await bench.cluster.submit(PurePosixPath(bench.folder / "missing.sbatch"))
    (bench.folder / "bare").write_text("echo hello\n")
    with pytest.raises(ClusterError, match="does not begin with #!"):
        await bench.cluster.submit(PurePosixPath(bench.folder / "bare"))
    assert await bench.cluster.jobs() == ()
