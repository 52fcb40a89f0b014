"""A list of 2,000 runs and a queue of 20,000 jobs, against what is wished for: python benchmarks/many_runs.py

Each figure is told as a share of the wish, on two quiet cores: `yogo-tui runs` over all in a second, a refresh of
which 20 runs have changed in 50 ms, and all runs with a queue of 20,000 jobs in a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from comparison import rounded, verdict
from first_frame import make_runs

NUM_RUNS = 2000
NUM_CHANGED = 20
NUM_JOBS = 20_000
WISHES = {"command": 1.0, "refresh": 0.05, "queue": 1.0}
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        make_runs(workspace / "trained_models", NUM_RUNS)
        took = {"command": statistics.median(_command(workspace) for _ in range(repeat + 1))}
        took |= asyncio.run(_in_one_process(workspace / "trained_models", repeat))
    shares = {name: took[name] / wish for name, wish in WISHES.items()}
    verdict("many_runs", shares, at_most=dict.fromkeys(WISHES, 1.0), seconds=rounded(took, 3))


def _command(workspace: Path) -> float:
    began = time.perf_counter()
    words = ["--cluster", "local", "--workspace", str(workspace), "runs"]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "XDG_STATE_HOME": str(workspace / "state")}
    subprocess.run([sys.executable, "-m", "yogo_tui", *words], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


async def _in_one_process(runs: Path, repeat: int) -> dict[str, float]:
    from yogo_tui.cluster.base import Job, JobId, JobState, Queue
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.runs.folder import Scanner
    from yogo_tui.runs.join import join

    scanner, now = Scanner(HereHost(), [PurePosixPath(runs)]), datetime.now(UTC)
    names = [f"calm-owl-{number:04d}" for number in range(NUM_JOBS)]
    jobs = tuple(Job(JobId(str(number)), name, JobState.PENDING, submitted_at=now) for number, name in enumerate(names))
    await scanner.scan()
    refreshes, queues = [], []
    for _ in range(repeat):
        for name in names[: NUM_CHANGED * 50 : 50]:
            result = runs / name / "result.json"
            copy = result.with_suffix(".new")
            copy.write_bytes(result.read_bytes())
            copy.replace(result)
        began = time.perf_counter()
        folders = await scanner.scan()
        join(folders, Queue(), cluster="local", now=now)
        refreshes.append(time.perf_counter() - began)
        began = time.perf_counter()
        join(folders, Queue(jobs, now), cluster="local", now=now)
        queues.append(time.perf_counter() - began)
    return {"refresh": statistics.median(refreshes), "queue": statistics.median(queues)}


if __name__ == "__main__":
    main()
