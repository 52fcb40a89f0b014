"""Carries out a request in one of its processes: training, or the test of a checkpoint."""

from __future__ import annotations

from yogo import signals
from yogo.device.memory import full_memory_said, keep_freed_memory
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.rendezvous import NotMetError
from yogo.distributed.world import PeerLost, choose_device, joined
from yogo.errors import TrainingError, YogoError
from yogo.evaluation.checkpoint_test import examine
from yogo.run.lease import Lease
from yogo.training.request import TrainingRequest
from yogo.training.train import train

_SMALLER = "take a smaller --batch-size, or --precision bf16"


def run(request: TrainingRequest, place: RankInfo, lease: Lease | None = None) -> int:
    """Train or test as one of the processes; the main process may already hold the run by `lease`.

    Returns the exit status; raises signals.Stop, YogoError, OSError.
    """
    device = choose_device(request.device, place)
    if device.type == "cpu":
        keep_freed_memory()
    try:
        with joined(place, device) as world, full_memory_said(device, _SMALLER, TrainingError):
            if request.test is not None:
                examine(request, request.test, world)
            else:
                train(request, world, lease)
            return 0
    except PeerLost as lost:
        if signals.STOP_REQUESTS.pending:
            return signals.STOP_REQUESTS.status(signals.STOP_REQUESTS.pending)
        if place.rank == 0 and (lost.reason or not place.launcher_speaks):
            raise
        return 1
    except YogoError as error:
        # The main process, if it has joined, has received the error and reports it for all.
        if error.is_mine if isinstance(error, NotMetError) else place.rank == 0:
            raise
        return 1
