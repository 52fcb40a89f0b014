"""The embedded cluster: real processes, real signals, real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.local.local_bench import WITHIN_SECONDS, Bench, is_gone
from yogo_tui.cluster.base import JobId, JobState
from yogo_tui.cluster.local import slots
from yogo_tui.cluster.local.store import Store
from yogo_tui.errors import ClusterError


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
    assert variables["ENVIRONMENT"] == "BATCH", "what it prints is in the job's log already"
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
    waiting = await bench.until(child, lambda job: job.reason == "waiting for its parent")
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
    job = await bench.over(await bench.submit(body, "--time=0:06", "--signal=B:USR2@2"))
    log = await bench.log(job.id)
    assert (job.state, job.word) == (JobState.FAILED, "TIMEOUT")
    assert log.count("shell warned") == 1
    assert "child warned" not in log
    assert "TIME LIMIT" in log
    assert job.time_limit_seconds == 6


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
    await bench.until(big, lambda job: job.reason == "waiting for the job before it")
    small = await bench.submit(f"echo small >> {order}", "--gpus=1")
    await bench.until(small, lambda job: job.reason == "waiting for the job before it")
    resources = await bench.cluster.resources("")
    assert (resources.free_gpus, resources.total_gpus) == (1, 2)
    estimate = await bench.cluster.estimate(bench.script("true"))
    assert estimate.no_later_than is None
    assert "2 jobs wait already" in estimate.detail
    flag.touch()
    assert (await bench.over(small)).state is JobState.DONE
    assert order.read_text() == "big\nsmall\n"
    assert (await bench.cluster.estimate(bench.script("true"))).no_later_than is not None


def test_who_waits_for_more_slots_than_are_free_keeps_none_of_them_from_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    taken = slots.try_take(store, needs=1, total=2)
    assert taken is not None
    is_seen = threading.Event()

    def waits() -> None:
        while not is_seen.is_set():
            assert slots.try_take(store, needs=2, total=2) is None

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waits)
        seen = {slots.num_free(store, 2) for _ in range(3000)}
        is_seen.set()
        waiting.result()
    assert seen == {1}
    slots.release(taken)


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


async def test_a_log_that_cannot_be_written_fails_the_job_with_a_sentence(bench: Bench) -> None:
    job = await bench.over(await bench.submit("true", f"--output={bench.folder}/nowhere/%j.log"))
    assert job.state is JobState.FAILED
    assert "nowhere" in job.reason


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
