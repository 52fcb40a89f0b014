"""Starts the training processes, unless torchrun or srun has started them.

A single process trains in this process. With several, each is started as `python -m
yogo.launcher.rank` and reads the request from its standard input; they find each other through a file, so that no
port has to be chosen. This process then only waits and relays signals, and never imports torch.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from yogo import signals
from yogo.device.cores import visible_cores
from yogo.distributed.rank_info import RankInfo
from yogo.errors import TrainingError
from yogo.run import killed
from yogo.run.lease import Lease
from yogo.text.terminal import printable
from yogo.text.wording import agreed
from yogo.training.planning.run_lease import HELD_FOR_RANKS, FinishedMeanwhile, held_early
from yogo.training.request import TrainingRequest

GRACE_SECONDS = 20.0
"""How long the other processes may take to end after one has died."""

_ENDED = "ended"


def start(request: TrainingRequest) -> int:
    """Train in as many processes as requested. Returns the exit status."""
    from yogo.training.planning.recorded_request import as_recorded

    place = RankInfo.from_environment()
    signals.STOP_REQUESTS.is_quiet = place is not None and place.rank > 0
    request = as_recorded(request)
    if place is not None:
        if request.processes not in (None, place.world_size):
            raise TrainingError(
                f"--processes {request.processes} was asked for, but {place.world_size} "
                f"{agreed(place.world_size, 'was')} started: leave --processes out, or start as many"
            )
        if place.rank:
            return _train(request, place)
    try:
        with held_early(request) as lease:
            request = as_recorded(request)  # the process that held it until now may have begun it
            if place is not None:
                return _train(request, place, lease)
            count = request.processes or _recorded_processes(request) or _visible_gpus(request)
            return _train(request, RankInfo(), lease) if count == 1 else _start_ranks(request, count, lease)
    except FinishedMeanwhile as finished:
        print(printable(str(finished)))
        return 0


def _train(request: TrainingRequest, place: RankInfo, lease: Lease | None = None) -> int:
    if place.world_size > 1:
        # torch warns at each attempt to reach a process that is not there yet; our own sentence replaces that.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from yogo.launcher.run import run

    return run(request, place, lease)


def _recorded_processes(request: TrainingRequest) -> int | None:
    """A resumed run uses as many processes as before, since its batches would differ otherwise."""
    from yogo.run.directory import RunDirectory
    from yogo.run.manifest import Manifest

    if request.resume is None or not RunDirectory(request.resume).manifest.is_file():
        return None
    return Manifest.read(RunDirectory(request.resume).manifest).world_size


def _visible_gpus(request: TrainingRequest) -> int:
    if request.device not in (None, "cuda"):
        return 1
    import torch

    return max(1, torch.cuda.device_count())


def _start_ranks(request: TrainingRequest, count: int, lease: Lease | None) -> int:
    folder = Path(tempfile.mkdtemp(prefix="yogo-"))
    try:
        with _held_back():
            ranks = [_start_rank(request, index, count, folder, lease) for index in range(count)]
            signals.STOP_REQUESTS.relay = functools.partial(_relay, ranks)
        return _wait(ranks, folder / _ENDED)
    finally:
        signals.STOP_REQUESTS.relay = None
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Signals wait while processes start; a new process inherits that, until it can receive them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.HANDLED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.HANDLED)


def _start_rank(
    request: TrainingRequest, rank: int, count: int, folder: Path, lease: Lease | None
) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(count),
        "YOGO_MEETING": f"file://{folder / 'meeting'}",
        "YOGO_LAUNCHER": str(os.getpid()),
        killed.FILE: str(folder / _ENDED),
    }
    if lease is not None:
        environment[HELD_FOR_RANKS] = lease.mine.model_dump_json()
    environment.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    environment.setdefault("OMP_NUM_THREADS", str(max(1, visible_cores() // count)))
    if Path("/sys/class/net/lo").exists():
        # All are on this machine: the loopback interface works even if the host's name does not resolve.
        environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    argv = [sys.executable, "-m", "yogo.launcher.rank", request.name or "", f"rank={rank}"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, env=environment)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(request.model_dump_json().encode())
    return process


def _relay(ranks: Sequence[subprocess.Popen[bytes]], signum: int) -> None:
    """Pass a signal on to the ranks."""
    for process in ranks:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signum)


def _wait(ranks: Sequence[subprocess.Popen[bytes]], ended: Path) -> int:
    """The run's exit status. Once a process has failed, the others are told how, in a file, and ended soon after."""
    deadline: float | None = None
    kills = killed.MemoryKills()
    # All are polled each time: the first to fail may not be the first in the list.
    while None in [process.poll() for process in ranks]:
        kills.look()
        if deadline is None and (status := next((one.returncode for one in ranks if one.returncode), 0)):
            deadline = time.monotonic() + GRACE_SECONDS
            killed.tell(ended, killed.ending_words(status, is_for_memory=kills.is_recent))
        if deadline is not None and time.monotonic() > deadline:
            _end(ranks, kills)
        time.sleep(0.05)
    return _status(ranks, kills)


def _end(ranks: Sequence[subprocess.Popen[bytes]], kills: killed.MemoryKills) -> NoReturn:
    """One process has failed, and the others wait for it. Ends them, and raises TrainingError on their behalf."""
    left = [process for process in ranks if process.returncode is None]
    for process in left:
        process.kill()
        process.wait()
    _status([process for process in ranks if process not in left], kills)
    raise TrainingError(f"{len(ranks) - len(left)} of {len(ranks)} processes failed, and the others were ended")


class KilledError(TrainingError):
    """A process of the run was killed; the exit status is that of a killed process, as if there were only one."""

    exit_status = killed.STATUS


def _status(ranks: Sequence[subprocess.Popen[bytes]], kills: killed.MemoryKills) -> int:
    """The run's exit status, once these have ended by themselves."""
    statuses = [process.returncode for process in ranks]
    if by_signal := next((status for status in statuses if status < 0), 0):
        words = killed.ending_words(by_signal, is_for_memory=kills.is_recent)
        raise (KilledError if by_signal == -signal.SIGKILL else TrainingError)(
            f"{words}, and the others ended with it. A smaller --batch-size needs less memory; --resume goes on with "
            "the run as it is"
        )
    asked = {signals.RESUMABLE, *(128 + signum for signum in signals.HANDLED)}
    if any(status not in {0, *asked} for status in statuses):
        return 1
    # A process that was stopped before it had read its request does not know that the run can be resumed.
    most = max(statuses)
    return signals.STOP_REQUESTS.status(most - 128) if most > 128 else most
