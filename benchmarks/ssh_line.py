"""How long the console's questions take over a line of 300 ms a round trip: python benchmarks/ssh_line.py

The line is a proxy that delays, to a real sshd of its own on this machine. Each figure is given in seconds and, less
what the same takes without the delay, in round trips, which a busy machine does not change much. What is asked for is
3 s from nothing to the first answer, 1 s for a look at 50 runs, 3 s for a launch, and 1.5 s until a line of a log is
seen. The console itself is started on a terminal of its own: until its frame is drawn, until the
list of runs is on the screen, and from the key that launches until the run is in the list.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).parents[1]))

from comparison import verdict

from tests.made_runs import finished_run
from tests.ports import free_port
from tests.ssh_server import Server
from tests.yogo_tui.far import far_away
from tests.yogo_tui.lab import workspace
from tests.yogo_tui.terminal import CONSOLE, Terminal
from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.cluster.slurm.queue import FIELD, RECORD
from yogo_tui.errors import ClusterError
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.launch.making import make
from yogo_tui.launch.submit import submit
from yogo_tui.runs.folder import Scanner
from yogo_tui.runs.logfollow import follow

NUM_RUNS = 50
LIMITS = {
    "open": 3.0,
    "look again": 1.0,
    "launch": 3.0,
    "log line": 1.5,
    "frame": 1.0,
    "list": 3.0,
    "launch by key": 3.0,
}
"""Seconds."""

_TOP = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--round-trip-ms", type=float, default=300.0)
    round_trip = parser.parse_args().round_trip_ms / 1000
    asyncio.run(_measured(0.0))  # compiles, and fills the disk's cache
    near, far = asyncio.run(_measured(0.0)), asyncio.run(_measured(round_trip))
    verdict(
        "ssh_line",
        far,
        at_most=LIMITS,
        round_trips={what: round((far[what] - near[what]) / round_trip, 1) for what in far},
        without_delay={what: round(seconds, 2) for what, seconds in near.items()},
    )
    return 0


@contextlib.asynccontextmanager
async def _far(folder: Path, round_trip: float) -> AsyncIterator[tuple[SshHost, Path]]:
    """The host, and the SSH configuration that names it "slow"."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if sshd is None:
        raise SystemExit("needs sshd: run tests/slurm/install.sh as root, or with sudo")
    (folder / "ssh").mkdir()
    server = Server(sshd, folder / "ssh", free_port())
    server.prepare()
    server.set_environment({"PATH": f"{_programs(folder / 'bin')}:{os.environ['PATH']}", "PYTHONPATH": str(_TOP)})
    server.start()
    try:
        async with far_away(server, round_trip / 2, float("inf")) as host:
            yield host, server.config
    finally:
        server.kill()


async def _measured(round_trip: float) -> dict[str, float]:
    took: dict[str, float] = {}

    async def timed(what: str, asked: Awaitable[object]) -> None:
        start = time.perf_counter()
        await asked
        took[what] = time.perf_counter() - start

    with tempfile.TemporaryDirectory(prefix="yogo-line-", dir="/tmp") as name:
        folder = Path(name)
        for number in range(NUM_RUNS):
            finished_run(folder / "runs" / f"run{number:02}")
            if number % 2:
                (folder / "runs" / f"run{number:02}" / "result.json").unlink()
        async with _far(folder, round_trip) as (host, config):
            await timed("open", host.run(["true"]))
            await timed("command", host.run(["true"]))
            scanner = Scanner(host, [PurePosixPath(folder / "runs")])
            await timed("first look", scanner.scan())
            await timed("look again", scanner.scan())
            cluster = SlurmCluster(host)
            with contextlib.suppress(ClusterError):  # as a console has long done; the programs here say nothing
                await cluster.jobs()
            await host.clock_ahead()
            await timed("launch", _launch(host, cluster, folder / "runs"))
            await timed("log line", _see_line(host, folder / "log", round_trip))
            took |= await asyncio.to_thread(_console, folder, config)
    return took


def _console(folder: Path, config: Path) -> dict[str, float]:
    """The console on a terminal of its own, as a person sees it."""
    shutil.rmtree(folder / "runs" / "new")
    workspace(folder / "lab")
    (folder / "lab" / "dataset_defs" / "others.yml").unlink()  # one that can be chosen is chosen
    (folder / "runs").rename(folder / "lab" / "trained_models")
    (folder / "lab" / "settings.yaml").write_text("cluster: slurm\n")
    home = folder / "home"
    (home / ".config" / "yogo-tui").mkdir(parents=True)
    (home / ".config" / "yogo-tui" / "settings.yaml").write_text(
        f"host: lab\nhosts:\n- {{name: lab, login: slow, ssh_config: {config}, workspace: {folder}/lab,\n"
        f"   settings: {folder}/lab/settings.yaml, yogo_tui: {sys.executable} -m yogo_tui}}\n"
    )
    took = {}
    start = time.perf_counter()
    environment = os.environ | {"HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(_TOP)}
    environment.pop("YOGO_TUI_SETTINGS", None)
    with Terminal(CONSOLE, environment, home) as terminal:
        terminal.see("4 Runs")
        took["frame"] = time.perf_counter() - start
        terminal.see(f"{NUM_RUNS} runs")
        took["list"] = time.perf_counter() - start
        terminal.press("3")
        terminal.see("#SBATCH")
        terminal.see("bash -n")
        before = len(terminal.sent)
        terminal.press("\r")
        before = terminal.see("Submit", after=before)
        start = time.perf_counter()
        terminal.press("\r")
        terminal.see(f"{NUM_RUNS + 1} runs", after=before)
        took["launch by key"] = time.perf_counter() - start
    return took


async def _launch(host: SshHost, cluster: SlurmCluster, runs: Path) -> None:
    record = Launch(
        name="new",
        kind=Kind.TRAIN,
        token="0123456789abcdef",
        definition="d.yaml",
        recipe=Recipe(),
        size=Size(gpus=1, cpus=1, hours=1),
        submissions=(Submission(cluster=cluster.name, outcome=Outcome.INTENDED),),
    )
    directory = PurePosixPath(runs / "new")
    await make(host, directory, record, "#!/bin/bash\n")
    await submit(host, cluster, directory, record, directory / "job.sbatch")


async def _see_line(host: SshHost, log: Path, round_trip: float) -> None:
    """From the moment at which a line is written there."""
    log.write_text("before\n")
    lines = follow(host, PurePosixPath(log))
    await anext(lines)
    later = asyncio.ensure_future(anext(lines))
    while not later.done():
        with log.open("a") as file:
            file.write("later\n")
        await asyncio.wait({later}, timeout=10 + round_trip)
    await lines.aclose()  # type: ignore[attr-defined]


def _programs(folder: Path) -> Path:
    """Slurm's, which answer at once."""
    folder.mkdir()
    (folder / "heading").write_text(FIELD.join(["STATE"] * 24) + RECORD)
    for name, body in {
        "sbatch": "echo 43",
        "squeue": f"cat {folder}/heading",
        "sacct": "",
        "scontrol": "echo ClusterName=lab",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main())
