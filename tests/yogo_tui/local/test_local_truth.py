"""What the embedded cluster says of jobs whose supervisor, machine or disk went away, and of a thousand past ones."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.litter import remove
from tests.opened import Opened
from tests.yogo_tui.local.local_bench import WITHIN_SECONDS, Bench, is_gone
from yogo.run.record import now
from yogo_tui.cluster.base import JobId, JobState
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.cluster.local.directives import Directives
from yogo_tui.cluster.local.records import Spec, State
from yogo_tui.errors import ClusterError, ClusterUnknown


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
    assert "it is not known how the script ended" in job.reason
    await bench.until(child, lambda job: job.is_stuck)


async def test_a_waiting_job_whose_supervisor_was_killed_lets_the_others_pass(bench: Bench) -> None:
    blocker = await bench.submit("sleep 1000", "--gpus=2")
    await bench.running(blocker)
    waiting = await bench.submit("echo never")
    behind = await bench.submit("echo ran")
    await bench.until(waiting, lambda job: job.reason == "waiting for the job before it")
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


async def until_gone(*pids: int) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not all(map(is_gone, pids)):
            await asyncio.sleep(0.05)


async def test_a_job_whose_folder_is_removed_ends_with_its_supervisor(bench: Bench) -> None:
    running = await bench.submit(f"setsid sleep 1001 & echo $! > {bench.folder}/daughter; echo ready; sleep 1000")
    await bench.submit("sleep 1000", "--gpus=2")
    child = await bench.submit("echo never", after=running)
    await bench.says(running, "ready")
    watching = [bench.supervisor(job_id) for job_id in bench.submitted]
    state = bench.state_folder / "jobs" / running / "state.json"
    script = (await until_read(state, lambda written: written.script_pid)).script_pid
    daughter = int((bench.folder / "daughter").read_text())
    assert child == "3"
    assert script is not None
    remove(bench.state_folder)
    bench.submitted.clear()
    await until_gone(*watching, script, daughter)


async def test_a_supervisor_that_can_write_nothing_down_ends_when_it_is_told_to(bench: Bench) -> None:
    job_id = await bench.submit("echo ready; sleep 1000")
    await bench.says(job_id, "ready")
    watching, path = bench.supervisor(job_id), bench.state_folder / "jobs" / job_id / "state.json"
    await until_read(path, lambda state: state.script_pid)
    path.unlink()
    path.mkdir()  # what is written cannot take its place
    os.kill(watching, signal.SIGTERM)
    await until_gone(watching)
    bench.submitted.clear()


async def test_a_new_job_in_a_removed_folder_is_not_ended_with_the_old_one(bench: Bench) -> None:
    old = await bench.submit("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    await bench.says(old, "ready")
    watching, flag = bench.supervisor(old), bench.folder / "go"
    await until_read(bench.state_folder / "jobs" / old / "state.json", lambda state: state.script_pid)
    os.kill(watching, signal.SIGSTOP)  # on a busy machine it may look again only when the new one runs
    remove(bench.state_folder)
    new = await bench.submit(f"echo begun; until [ -e {flag} ]; do sleep 0.05; done; echo whole")
    assert new == old
    await bench.says(new, "begun")
    os.kill(watching, signal.SIGCONT)
    await until_gone(watching)
    flag.touch()
    assert (await bench.over(new)).state is JobState.DONE


async def test_why_a_job_waits_or_ended_is_said_in_words(bench: Bench) -> None:
    first = await bench.submit("sleep 1000", "--gpus=2")
    await bench.running(first)
    second = await bench.submit("true", "--gpus=2")
    child = await bench.submit("true", after=first)
    await bench.until(second, lambda job: job.reason == "waiting for the job before it")
    await bench.until(child, lambda job: job.reason == "waiting for its parent")
    await bench.cluster.cancel([first])
    assert (await bench.over(first)).reason == "cancelled by you"


async def test_a_job_is_found_by_its_name_long_after_it_ended(bench: Bench) -> None:
    fill(bench, 20)
    job_id = await bench.submit("true", name="past-0007")
    assert [job.id for job in await bench.cluster.find("past-0007")] == ["7", job_id]


async def test_of_a_thousand_past_jobs_a_look_opens_the_latest_and_the_asked_and_each_once(bench: Bench) -> None:
    fill(bench, 1000)
    opened = Opened(bench.state_folder / "jobs")
    jobs = await bench.cluster.jobs([JobId("3"), JobId("5000"), JobId("12_7")])
    assert [job.id for job in jobs] == ["3"]
    looked_at = {Path(name).parent.name for name in opened.take()}
    assert {"3", "1000"} <= looked_at
    assert "500" not in looked_at
    assert await bench.cluster.jobs([JobId("3")]) == jobs
    assert opened.take() == []


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
    await until_read(state, lambda written: written.script_pid)  # the last thing it writes before the job's end
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
    with pytest.raises(ClusterError, match="cannot be recorded"):
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
