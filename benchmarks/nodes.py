"""Training in several processes and on several machines, against one process, with one core each.

    python benchmarks/nodes.py [--batch 4] [--repeats 3] [--gbit 10 1]

Measures the product's training loop in fp32 on small frames: one process, two on this machine, and, for root on
Linux, two that reach each other only through a simulated network: each in a network namespace of its own, joined by a
pair of virtual interfaces that tc limits to so many Gbit/s. Prints one JSON object: of each way the frames a second
over all processes as a part of those of as many single processes, and the milliseconds that it takes to average the
gradients once while nothing else is done.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from comparison import rounded, verdict
from step import measure

if TYPE_CHECKING:
    from torch import Tensor

    from yogo.distributed.world import World

IMAGE_HW = (193, 258)
"""A quarter of the sides of full-size frames: a step is short, so that the network counts for more than it would."""

WARM = 3
AVERAGINGS = 10


def rank(batch_size: int) -> dict[str, float]:
    """Frames a second of all processes together, and the milliseconds of an averaging of gradients."""
    import torch

    from yogo.device.memory import keep_freed_memory
    from yogo.distributed.rank_info import RankInfo
    from yogo.distributed.world import joined
    from yogo.model import YOGO
    from yogo.recipe import Recipe

    keep_freed_memory()
    place = RankInfo.from_environment() or RankInfo()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[place.rank % len(cores)]})
    recipe = Recipe()
    size = YOGO(IMAGE_HW, recipe.anchor_width, recipe.anchor_height, 7).num_parameters
    with joined(place, torch.device("cpu")) as world:
        took = list(_averagings(world, torch.ones(size)))
        rate = measure("fp32", 1, batch_size, world=world, image_hw=IMAGE_HW)
        rates = world.all_gather(rate)
    return {"frames_per_s": sum(rates), "ms": 1000 * median(took), "parameters": size}


def _averagings(world: World, gradients: Tensor) -> Iterator[float]:
    for number in range(WARM + AVERAGINGS):
        began = time.perf_counter()
        world.all_reduce_sum(gradients)
        if number >= WARM:
            yield time.perf_counter() - began


def together(num_ranks: int, batch_size: int, namespaces: Sequence[str] = ()) -> dict[str, float]:
    """What rank 0 of so many processes measures, each in its namespace if there are any."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    address, interface = ("10.77.0.1", "v0") if namespaces else ("127.0.0.1", "lo")
    processes = []
    for number in range(num_ranks):
        place = {"RANK": str(number), "WORLD_SIZE": str(num_ranks), "MASTER_ADDR": address, "MASTER_PORT": port}
        environment = {**os.environ, **place, "GLOO_SOCKET_IFNAME": interface, "TORCH_CPP_LOG_LEVEL": "ERROR"}
        inside = ["ip", "netns", "exec", namespaces[number]] if namespaces else []
        command = [*inside, sys.executable, __file__, "--rank", "--batch", str(batch_size)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a process of the benchmark failed")
    found_rates: dict[str, float] = json.loads(said[0].splitlines()[-1])
    return found_rates


@contextlib.contextmanager
def network(gbit: float) -> Iterator[tuple[str, str]]:
    """The names of two network namespaces, joined by a link of so many Gbit/s each way. Raises CalledProcessError."""
    first, second = (f"yogo-{os.getpid()}-{side}" for side in "ab")

    def ip(*words: str, program: str = "ip") -> None:
        subprocess.run([program, *words], check=True, stderr=subprocess.PIPE)

    try:
        for name in (first, second):
            ip("netns", "add", name)
        ip("link", "add", "v0", "netns", first, "type", "veth", "peer", "name", "v0", "netns", second)
        for number, name in enumerate((first, second), 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "v0")
            ip("-n", name, "link", "set", "v0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            limit = ("rate", f"{gbit}gbit", "burst", f"{max(128, round(125 * gbit))}k", "latency", "50ms")
            ip("-n", name, "qdisc", "add", "dev", "v0", "root", "tbf", *limit, program="tc")
        yield first, second
    finally:
        for name in (first, second):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def compare(batch_size: int, repeats: int, gbits: Sequence[float]) -> tuple[dict[str, list[dict[str, float]]], str]:
    """What each way measured in each turn, and why some are missing."""
    found: dict[str, list[dict[str, float]]] = {}
    missing = ""
    for _ in range(repeats):
        found.setdefault("1 process", []).append(together(1, batch_size))
        found.setdefault("2 processes, one machine", []).append(together(2, batch_size))
        for gbit in gbits:
            try:
                with network(gbit) as namespaces:
                    found.setdefault(f"2 machines, {gbit:g} Gbit/s", []).append(together(2, batch_size, namespaces))
            except (OSError, subprocess.CalledProcessError) as error:
                missing = f"networks are not simulated here: {getattr(error, 'stderr', None) or error}"
    return found, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--gbit", type=float, nargs="*", default=[10, 1])
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rank:
        print(json.dumps(rank(args.batch)))
        return
    found, missing = compare(args.batch, args.repeats, args.gbit)
    rates = {way: median(one["frames_per_s"] for one in some) for way, some in found.items()}
    ms = {way: median(one["ms"] for one in some) for way, some in found.items()}
    ratio = {way: rate / rates["1 process"] / int(way[0]) for way, rate in rates.items()}
    parameters = int(found["1 process"][0]["parameters"])
    verdict(
        "nodes", ratio, frames_per_s=rounded(rates), averaging_ms=rounded(ms), parameters=parameters, missing=missing
    )


if __name__ == "__main__":
    main()
