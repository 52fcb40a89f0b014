"""A list of 2,000 runs and a queue of 20,000 jobs, against what is wished for: python benchmarks/many_runs.py

Each figure is told as a share of the wish, on two quiet cores: `yogo-tui runs` over all in a second, a refresh of
which 20 runs have changed in 50 ms, and all runs with a queue of 20,000 jobs in a second. What a busy machine changes
less stands beside them: the command's processors' time to that of a Python that imports asyncio and the records and
reads the same files in a plain loop, and the refresh to a plain look at the folder and its 20 runs.
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
from first_frame import look_plainly, make_runs
from help import children_seconds as _children

NUM_RUNS = 2000
NUM_CHANGED = 20
NUM_JOBS = 20_000
MOST = {"command to plain": 2.5, "refresh to plain": 4.0}
WISHES = {"command": 1.0, "refresh": 0.05, "queue": 1.0}
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        make_runs(workspace / "trained_models", NUM_RUNS)
        command = [_timed(_command(workspace)) for _ in range(repeat + 1)]
        plain = [_timed(_plain(workspace)) for _ in range(repeat + 1)]
        took = {"command": statistics.median(wall for wall, _ in command)}
        took |= asyncio.run(_in_one_process(workspace / "trained_models", repeat))
    ratios = {name: took[name] / wish for name, wish in WISHES.items()}
    ratios["command to plain"] = min(cpu for _, cpu in command) / min(cpu for _, cpu in plain)
    ratios["refresh to plain"] = took["refresh, processors"] / took["plain look, processors"]
    most = dict.fromkeys(WISHES, 1.0) | MOST
    verdict("many_runs", ratios, at_most=most, seconds=rounded(took, 3))


def _command(workspace: Path) -> list[str]:
    return ["-m", "yogo_tui", "--cluster", "local", "--workspace", str(workspace), "runs"]


def _plain(workspace: Path) -> list[str]:
    code = "import asyncio, pathlib, sys, first_frame; first_frame.read_plainly(pathlib.Path(sys.argv[1]))"
    return ["-c", code, str(workspace / "trained_models")]


def _timed(words: list[str]) -> tuple[float, float]:
    """Seconds that a Python takes, and seconds of processors' time."""
    began, before = time.perf_counter(), _children()
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    environment |= {"XDG_STATE_HOME": tempfile.gettempdir(), "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began, _children() - before


async def _in_one_process(runs: Path, repeat: int) -> dict[str, float]:
    from yogo_tui.cluster.base import Job, JobId, JobState, Queue
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.runs.folder import Scanner
    from yogo_tui.runs.join import KnownJoins, join

    known: KnownJoins = {}
    scanner, now = Scanner(HereHost(), [PurePosixPath(runs)]), datetime.now(UTC)
    names = [f"calm-owl-{number:04d}" for number in range(NUM_JOBS)]
    jobs = tuple(Job(JobId(str(number)), name, JobState.PENDING, submitted_at=now) for number, name in enumerate(names))
    join(await scanner.scan(), Queue(), cluster="local", now=now, known=known)
    refreshes, processors, queues, plain = [], [], [], []
    for _ in range(repeat):
        for name in names[: NUM_CHANGED * 50 : 50]:
            result = runs / name / "result.json"
            copy = result.with_suffix(".new")
            copy.write_bytes(result.read_bytes())
            copy.replace(result)
        began, used = time.perf_counter(), time.process_time()
        folders = await scanner.scan()
        join(folders, Queue(), cluster="local", now=now, known=known)
        refreshes.append(time.perf_counter() - began)
        processors.append(time.process_time() - used)
        began = time.perf_counter()
        join(folders, Queue(jobs, now), cluster="local", now=now)
        queues.append(time.perf_counter() - began)
        used = time.process_time()
        look_plainly(runs, names[: NUM_CHANGED * 50 : 50])
        plain.append(time.process_time() - used)
    best = {"refresh, processors": min(processors), "plain look, processors": min(plain)}
    return {"refresh": statistics.median(refreshes), "queue": statistics.median(queues)} | best


if __name__ == "__main__":
    main()
