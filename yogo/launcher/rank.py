"""One rank of several, as started by `yogo.launcher.launch`; it reads the request from standard input."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from yogo import signals
from yogo.text.output import must_arrive, steady

PR_SET_PDEATHSIG = 1


def main() -> int:
    _end_with_launcher()

    from yogo.distributed.rank_info import RankInfo
    from yogo.training.planning.run_lease import handed
    from yogo.training.request import TrainingRequest

    request = TrainingRequest.model_validate_json(sys.stdin.buffer.read())
    signals.STOP_REQUESTS.is_resumable = request.test is None
    place = RankInfo.from_environment()
    assert place is not None
    if request.only_prints:
        must_arrive()
    lease = handed(request) if place.rank == 0 else None

    from yogo.launcher.run import run

    try:
        return run(request, place, lease)
    finally:
        if lease is not None:
            lease.close()


def _end_with_launcher() -> None:
    """If the launcher is killed, the kernel sends SIGTERM, so the run is saved and ends."""
    launcher = int(os.environ.get("YOGO_LAUNCHER", os.getppid()))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != launcher:
        raise signals.Stop(signal.SIGTERM)


if __name__ == "__main__":
    steady()
    from yogo.exits import attended  # signals are held back so far

    sys.exit(attended(main, is_quiet=os.environ.get("RANK") != "0"))
