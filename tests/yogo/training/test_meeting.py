"""Processes that are to train together find one another, or say who is missing and where they were to meet."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.yogo.training.tiny import TINY, Yogo
from tests.yogo_tui.terminal import Terminal
from yogo import signals
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import PeerLost, _peers
from yogo.errors import TrainingError
from yogo.run.result import verify


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as found:
        found.bind(("", 0))
        found.listen()
        yield int(found.getsockname()[1])


SRUN = {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NUM_NODES": "1", "SLURM_JOB_ID": "7"}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RANK": "1", "WORLD_SIZE": "2"}, "MASTER_ADDR and MASTER_PORT, where they meet, are not set"),
        ({"RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "9"}, "MASTER_ADDR, where they meet, is not set"),
        ({"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "abc"}, "MASTER_PORT=abc"),
        ({"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "70000"}, "from 1 to 65535"),
        ({"RANK": "2", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "9"}, "RANK=2"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "RANK=-1"),
        ({"RANK": "0", "WORLD_SIZE": "none"}, "WORLD_SIZE=none"),
        ({"RANK": "0", "WORLD_SIZE": "0"}, "WORLD_SIZE=0"),
        ({"RANK": "3"}, "WORLD_SIZE is not"),
        ({"WORLD_SIZE": "4"}, "RANK is not"),
        ({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "x"}, "LOCAL_RANK=x"),
        ({**SRUN, "SLURM_PROCID": "x"}, "SLURM_PROCID=x"),
        ({**SRUN, "SLURM_PROCID": "2"}, "SLURM_PROCID=2"),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "two"}, "SLURM_STEP_NUM_TASKS=two"),
        ({**SRUN, "SLURM_LOCALID": ""}, "SLURM_LOCALID="),
        ({**SRUN, "MASTER_PORT": "no"}, "MASTER_PORT=no"),
    ],
)
def test_variables_that_say_nothing_sensible_are_named(environment: dict[str, str], words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        RankInfo.from_environment(environment)


@pytest.mark.parametrize(
    "environment",
    [{}, {"WORLD_SIZE": "1"}, {"RANK": "0"}, {"RANK": ""}, {"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}],
)
def test_variables_that_name_nobody_else_leave_a_process_alone(environment: dict[str, str]) -> None:
    assert RankInfo.from_environment(environment) is None


def test_a_process_whose_place_on_its_machine_nobody_says_is_counted_there() -> None:
    meeting = {"WORLD_SIZE": "4", "MASTER_ADDR": "a", "MASTER_PORT": "9"}
    place = RankInfo.from_environment({**meeting, "RANK": "3", "LOCAL_WORLD_SIZE": "2"})
    assert place is not None
    assert (place.rank, place.local_rank) == (3, 1)
    place = RankInfo.from_environment({**meeting, "RANK": "3", "SLURM_LOCALID": "0"})
    assert place is not None
    assert place.local_rank == 0


def test_srun_meets_at_the_port_that_is_asked_for() -> None:
    place = RankInfo.from_environment({**SRUN, "MASTER_PORT": "4711"})
    assert place is not None
    assert place.init_method == "tcp://127.0.0.1:4711"
    place = RankInfo.from_environment({**SRUN, "SLURM_STEP_TASKS_PER_NODE": "odd"})
    assert place is not None
    assert place.local_world_size == 2


def test_srun_meets_at_no_port_that_the_kernel_may_give_to_a_connection() -> None:
    places = [RankInfo.from_environment({**SRUN, "SLURM_JOB_ID": str(job)}) for job in range(0, 100_000, 97)]
    ports = [int(place.init_method.rpartition(":")[2]) for place in places if place is not None]
    assert min(ports) >= 20_000
    assert max(ports) < 32_768


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_first_process_says_who_does_not_come_and_can_be_stopped(
    signum: signal.Signals, port: int, yogo: Yogo, definition: Path
) -> None:
    process = yogo.start(definition, *TINY, "--name", "lonely", **SRUN, MASTER_PORT=str(port))
    said = says(process)
    assert f"waiting for process 1 of 2 (ranks are counted from 0) to join at 127.0.0.1:{port}" in said
    assert "unset SLURM_PROCID" in said
    process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (signals.INTERRUPTED if signum == signal.SIGINT else signals.RESUMABLE)
    assert err == f"yogo: Stopped by {signals.spoken(signum)}.\n"
    assert not yogo.run("lonely").path.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_another_process_says_that_the_first_does_not_come(host: str, port: int, yogo: Yogo, definition: Path) -> None:
    place = {"RANK": "1", "WORLD_SIZE": "3", "MASTER_ADDR": host, "MASTER_PORT": str(port)}
    process = yogo.start(definition, *TINY, "--name", "lonely", **place)
    assert f"waiting for process 0 of 3 (ranks are counted from 0) to join at {host}:{port}" in says(process)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (signals.RESUMABLE, ""), "the first process speaks for all"


def test_a_port_that_is_taken_is_said_in_one_sentence(taken: int, yogo: Yogo, definition: Path) -> None:
    place = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(taken)}
    done = yogo.finish(definition, *TINY, **place)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {taken} of this machine, where the processes join, is taken: set MASTER_PORT" in done.stderr


def test_processes_that_are_started_here_need_no_port(taken: int, yogo: Yogo, definition: Path) -> None:
    flags = ("--name", "own", "--epochs", "1", "-bs", "2", "--processes", "2")
    done = yogo.finish(definition, *TINY, *flags, MASTER_PORT=str(taken), MASTER_ADDR="nowhere")
    assert (done.returncode, done.stderr) == (0, "")


def test_tasks_of_srun_meet_and_train(port: int, yogo: Yogo, definition: Path) -> None:
    flags = (definition, *TINY, "--name", "tasks", "--epochs", "1", "-bs", "2")
    shared = {**SRUN, "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
    first, second = (yogo.start(*flags, **{**shared, "SLURM_PROCID": str(rank)}) for rank in range(2))
    assert [process.communicate(timeout=200)[1] for process in (first, second)] == ["", ""]
    assert (first.returncode, second.returncode) == (0, 0)
    verify(yogo.run("tasks"))


def test_a_command_typed_into_an_interactive_task_trains_alone(tmp_path: Path) -> None:
    """As in `srun --ntasks 4 --pty bash`, where only the first task has somebody who types."""
    code = "from yogo.distributed.rank_info import RankInfo; print('place:', RankInfo.from_environment())"
    # an interactive shell gives each command a process group
    shell = ("bash", "--norc", "-c", f'set -m; {sys.executable} -c "{code}"; true')
    with Terminal(shell, {**os.environ, **SRUN}, tmp_path) as terminal:
        terminal.end()
    assert terminal.text.endswith("place: None")


def test_a_process_that_does_not_answer_is_not_told_as_killed() -> None:
    with pytest.raises(PeerLost, match=r"another process did not answer for 0:30:00"), _peers():
        raise RuntimeError("[gloo/transport/tcp] Timed out waiting 1800000ms for recv operation to complete")
    with pytest.raises(PeerLost, match="was killed or lost"), _peers():
        raise RuntimeError("[gloo/transport/tcp] Connection closed by peer [127.0.0.1]:1")
