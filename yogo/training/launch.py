"""How many processes train, and who starts them: this module, torchrun or srun.

With one process the training runs in this one. With several, each is started as `python -m
yogo.training.rank` and gets the request on its standard input; they meet through a file, so that no port
has to be guessed. This process then only waits and relays signals: it never imports torch for that.
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

from yogo.errors import TrainingError
from yogo.run.lease import Lease
from yogo.terminal import printable
from yogo.training import signals
from yogo.training.choosing import HELD_FOR_RANKS, FinishedMeanwhile, held_early
from yogo.training.place import Place
from yogo.training.request import Request

GRACE_SECONDS = 20.0
"""How long the other processes may take to end by themselves once one has died."""


def start(request: Request) -> int:
    """Train, in as many processes as it takes. Returns the exit status."""
    from yogo.training.recorded import as_recorded

    place = Place.from_environment()
    signals.INBOX.is_quiet = place is not None and place.rank > 0
    request = as_recorded(request)
    if place is not None:
        if request.processes not in (None, place.world_size):
            raise TrainingError(
                f"--processes {request.processes} was asked for, but {place.world_size} processes were started"
            )
        if place.rank:
            return _train(request, place)
    try:
        with held_early(request) as lease:
            request = as_recorded(request)  # whoever was waited for may have begun it
            if place is not None:
                return _train(request, place, lease)
            count = request.processes or _recorded_processes(request) or _visible_gpus(request)
            return _train(request, Place(), lease) if count == 1 else _start_ranks(request, count, lease)
    except FinishedMeanwhile as finished:
        print(printable(str(finished)))
        return 0


def _train(request: Request, place: Place, lease: Lease | None = None) -> int:
    if place.world_size > 1:
        # torch warns of each try to reach a process that has not come yet: we say it in a sentence.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from yogo.training.attempt import run

    return run(request, place, lease)


def _recorded_processes(request: Request) -> int | None:
    """A resumed run trains on as many processes as before, or its batches would be others."""
    from yogo.run.directory import RunDirectory
    from yogo.run.manifest import Manifest

    if request.resume is None or not RunDirectory(request.resume).manifest.is_file():
        return None
    return Manifest.read(RunDirectory(request.resume).manifest).world_size


def _visible_gpus(request: Request) -> int:
    if request.device not in (None, "cuda"):
        return 1
    import torch

    return max(1, torch.cuda.device_count())


def _start_ranks(request: Request, count: int, lease: Lease | None) -> int:
    folder = Path(tempfile.mkdtemp(prefix="yogo-"))
    try:
        with _held_back():
            ranks = [_start_rank(request, index, count, folder, lease) for index in range(count)]
            signals.INBOX.relay = functools.partial(_relay, ranks)
        return _wait(ranks)
    finally:
        signals.INBOX.relay = None
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Signals wait while processes start; a new process inherits that, until it can receive them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.HANDLED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.HANDLED)


def _start_rank(request: Request, rank: int, count: int, folder: Path, lease: Lease | None) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(count),
        "YOGO_MEETING": f"file://{folder / 'meeting'}",
        "YOGO_LAUNCHER": str(os.getpid()),
    }
    if lease is not None:
        environment[HELD_FOR_RANKS] = lease.mine.model_dump_json()
    environment.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    environment.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // count)))
    if Path("/sys/class/net/lo").exists():
        # All are on this machine: the loopback is there even where the host's name leads nowhere.
        environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    argv = [sys.executable, "-m", "yogo.training.rank", request.name or "", f"rank={rank}"]
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


def _wait(ranks: Sequence[subprocess.Popen[bytes]]) -> int:
    """The run's exit status. Once a process has failed, none of the others outlives it for long."""
    deadline: float | None = None
    # Each is asked each time: the first to have failed may not be the first of them.
    while None in [process.poll() for process in ranks]:
        if deadline is None and any(process.returncode for process in ranks):
            deadline = time.monotonic() + GRACE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            _end(ranks)
        time.sleep(0.05)
    return _status(ranks)


def _end(ranks: Sequence[subprocess.Popen[bytes]]) -> NoReturn:
    """One has failed, and others wait for it in vain. Raises TrainingError, as they cannot speak any more."""
    left = [process for process in ranks if process.returncode is None]
    for process in left:
        process.kill()
        process.wait()
    _status([process for process in ranks if process not in left])
    raise TrainingError(f"{len(ranks) - len(left)} of {len(ranks)} processes failed, and the others were ended")


def _status(ranks: Sequence[subprocess.Popen[bytes]]) -> int:
    """Of the run, once these have ended by themselves."""
    statuses = [process.returncode for process in ranks]
    killed = next((status for status in statuses if status < 0), 0)
    if killed:
        raise TrainingError(
            f"one of the run's processes was killed by {signals.name(-killed)}, and the others ended with it. If the "
            "memory was full, a smaller --batch-size helps; the run can go on with --resume"
        )
    asked = {signals.RESUMABLE, *(128 + signum for signum in signals.HANDLED)}
    return 1 if any(status not in {0, *asked} for status in statuses) else max(statuses)
