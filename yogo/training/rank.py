"""One of several processes that train together, as `yogo.training.launch` starts it; the request comes in by stdin."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from yogo.output import must_arrive, steady
from yogo.training import signals

PR_SET_PDEATHSIG = 1


def main() -> int:
    _end_with_launcher()

    from yogo.training.choosing import handed
    from yogo.training.place import Place
    from yogo.training.request import Request

    request = Request.model_validate_json(sys.stdin.buffer.read())
    signals.INBOX.is_resumable = request.test is None
    place = Place.from_environment()
    assert place is not None
    if request.only_prints:
        must_arrive()
    lease = handed(request) if place.rank == 0 else None

    from yogo.training.attempt import run

    try:
        return run(request, place, lease)
    finally:
        if lease is not None:
            lease.close()


def _end_with_launcher() -> None:
    """Should the launcher be killed outright, the kernel sends SIGTERM: the run is saved, and ends."""
    launcher = int(os.environ.get("YOGO_LAUNCHER", os.getppid()))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != launcher:
        raise signals.Stop(signal.SIGTERM)


if __name__ == "__main__":
    steady()
    with signals.heard():
        signals.INBOX.is_quiet = os.environ.get("RANK") != "0"

        from yogo.cli import guarded

        sys.exit(guarded(main))
