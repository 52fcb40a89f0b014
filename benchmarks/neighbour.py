"""Training steps on a shared machine: beside a program that keeps a core busy, and alone.

    python benchmarks/neighbour.py [--repeats 3] [--seconds 4]

Trains base_model on 240x320 frames in three ways, in turn, each in a process of its own: with one thread, with one for
each core as torch chooses, and as `yogo train` does, which looks what others do. First alone, then with a process that
spins. Prints one JSON object: how fast the last is as a share of each other way. Needs two cores or more; on a machine
that others use, "alone" is not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from comparison import frames_per_s, rounded, verdict

BATCH = 8
WAYS = {"one": {"OMP_NUM_THREADS": "1"}, "all": {"OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))}, "ours": {}}
TARGETS = {"alone/all": 0.95, "beside/one": 0.9, "beside/all": 1.2}
SPINNING = "while True: pass"


def measure(way: str, seconds: float) -> float:
    """Frames a second, after the number of threads has had time to settle."""
    from yogo.device.threads import THREADS

    os.environ.update(WAYS[way])  # before torch is imported
    if way == "ours":
        THREADS.share_cores()
    import torch

    from yogo.device.memory import keep_freed_memory
    from yogo.model import YOGO

    keep_freed_memory()
    torch.manual_seed(0)
    model = YOGO((240, 320), 0.05, 0.05, 7).to(memory_format=torch.channels_last)
    images = torch.rand(BATCH, 1, 240, 320).to(memory_format=torch.channels_last)
    ends = [time.perf_counter()]
    while ends[-1] < ends[0] + 2 + seconds or sum(end >= ends[0] + 2 for end in ends) < 2:
        THREADS.adapt()
        model.zero_grad()
        model(images).square().mean().backward()
        ends.append(time.perf_counter())
    counted = [end for end in ends if end >= ends[0] + 2]
    return BATCH * (len(counted) - 1) / (counted[-1] - counted[0])


@contextlib.contextmanager
def neighbour() -> Iterator[None]:
    """A process that keeps a core busy."""
    spinning = subprocess.Popen([sys.executable, "-c", SPINNING])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def compare(repeats: int, seconds: float) -> dict[str, float]:
    """Frames a second of each way."""
    free = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT")}
    calls = {name: (__file__, "--measure", name, "--seconds", str(seconds)) for name in WAYS}
    return frames_per_s(calls, repeats, free)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--measure", metavar="WAY", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps({"frames_per_s": measure(args.measure, args.seconds)}))
        return
    alone = compare(args.repeats, args.seconds)
    with neighbour():
        beside = compare(args.repeats, args.seconds)
    ratios = {
        f"{where}/{name}": rates["ours"] / rates[name]
        for where, rates in (("alone", alone), ("beside", beside))
        for name in ("one", "all")
    }
    verdict("neighbour", ratios, at_least=TARGETS, alone=rounded(alone), beside=rounded(beside))


if __name__ == "__main__":
    main()
