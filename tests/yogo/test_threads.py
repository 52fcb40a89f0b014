"""Threads on a shared machine: one for each core, fewer beside a busy neighbour, and as a person says."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from yogo.cli import main
from yogo.device.threads import free_threads

pytestmark = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells what its cores are busy with")

CORES = len(os.sched_getaffinity(0))

ADAPTING = """
import os, sys
for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT"):
    os.environ.pop(name, None)
os.environ.update(given.split("=") for given in sys.argv[1:])
from yogo.device import threads
threads.THREADS.share_cores()
import torch
threads.EVERY_SECONDS, threads.TRY_AFTER = 0.05, 1_000_000
image, network = torch.rand(1, 16, 32, 32), torch.nn.Conv2d(16, 16, 3)
at_most = torch.get_num_threads()
for _ in range(int(os.environ.get("ROUNDS", 1_000_000))):
    threads.THREADS.adapt()
    network(image)
    if torch.get_num_threads() != at_most:
        break
print(at_most, torch.get_num_threads())
"""


@contextlib.contextmanager
def neighbours(number: int) -> Iterator[None]:
    """Processes that keep as many cores busy."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def threads_of_program(*environment: str) -> list[int]:
    """How many a program had at first, and later, as soon as it had another number."""
    command = [sys.executable, "-c", ADAPTING, *environment]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


@pytest.mark.skipif(CORES == 1, reason="one thread is the least")
def test_beside_busy_neighbours_fewer_threads_compute() -> None:
    with neighbours(CORES):
        first, later = threads_of_program()
    assert first // 2 <= later < first == CORES


def test_the_number_that_a_person_gave_stays() -> None:
    with neighbours(CORES):
        assert threads_of_program(f"OMP_NUM_THREADS={CORES}", "ROUNDS=1000") == [CORES, CORES]


@pytest.mark.parametrize(("most", "busy", "threads"), [(1, 5.0, 1), (3, 1000.0, 1), (16, 1000.0, 8)])
def test_at_least_one_thread_and_half_of_them_compute(most: int, busy: float, threads: int) -> None:
    assert free_threads(most, busy) == threads


def test_a_core_that_is_busy_now_and_then_is_used() -> None:
    assert free_threads(CORES, 0.3) == CORES
    assert free_threads(CORES, 0.9) == max(1, CORES - 1)


def _told(**environment: str) -> str:
    unset = {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    free = {name: value for name, value in os.environ.items() if name not in unset}
    command = [sys.executable, "-m", "yogo", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=free | environment)
    return done.stdout + done.stderr


def test_the_doctor_says_how_many_threads_compute_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 thread to compute with on the CPU: OMP_NUM_THREADS is 1\n" in _told(OMP_NUM_THREADS="1")
    said = _told(SLURM_CPUS_ON_NODE="1")
    assert "1 CPU for this process: its job has no more\n" in said
    assert "1 thread to compute with on the CPU: one for each CPU\n" in said
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threads"] >= 1


def test_waiting_threads_soon_sleep_unless_a_person_says_how_they_wait() -> None:
    assert "GOMP_SPINCOUNT = '30000'" in _told(OMP_DISPLAY_ENV="verbose")
    assert "GOMP_SPINCOUNT = '7'" in _told(OMP_DISPLAY_ENV="verbose", GOMP_SPINCOUNT="7")
    assert "GOMP_SPINCOUNT = '30000'" not in _told(OMP_DISPLAY_ENV="verbose", OMP_WAIT_POLICY="ACTIVE")
