"""How long the console's first filled frame takes, with 50 and 2,000 runs on disk: python benchmarks/first_frame.py

Beside it an empty Textual app that imports the same libraries and has read the files of these runs in a plain loop,
each in a process of its own and in turn, so that a busy machine slows both alike. What is asked for is a ratio of 1.5
at most with 50 runs, and a second at most with 2,000 on two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from comparison import verdict

MOST = {"wall, 50 runs": 1.5, "wall, 2000 runs": 2.0}
NUM_RUNS = (50, 2000)
_OURS = ("yogo", "yogo_tui", "__main__", "__mp_main__")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--runs", type=int, metavar="N", help="only with so many runs on disk")
    parser.add_argument("--child", choices=("console", "empty"), help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        asyncio.run(_console(args.workspace, args.runs) if args.child == "console" else _empty(args.workspace))
        return 0
    ratios, seconds = dict[str, float](), dict[str, dict[str, float]]()
    for num_runs in [args.runs] if args.runs else NUM_RUNS:
        console, empty = _in_turn(num_runs, args.repeat)
        pairs = zip(console, empty, strict=True)
        ratios[f"wall, {num_runs} runs"] = statistics.median(one.wall / other.wall for one, other in pairs)
        processors = min(one.cpu for one in console) / min(one.cpu for one in empty)
        ratios[f"processors, {num_runs} runs"] = processors
        seconds |= {f"console, {num_runs} runs": _seconds(console), f"empty, {num_runs} runs": _seconds(empty)}
    verdict(
        "first_frame", ratios, at_most={name: most for name, most in MOST.items() if name in ratios}, seconds=seconds
    )
    return 0


def _in_turn(num_runs: int, repeat: int) -> tuple[list[Took], list[Took]]:
    """What the console took, and the empty app."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        make_runs(workspace / "trained_models", num_runs)
        _measure("console", workspace, num_runs)  # compiles, fills the disk's cache, and leaves the list of libraries
        took: tuple[list[Took], list[Took]] = ([], [])
        for _ in range(repeat):
            for times, child in zip(took, ("console", "empty"), strict=True):
                times.append(_measure(child, workspace, num_runs))
    return took


@dataclass(frozen=True, slots=True)
class Took:
    wall: float
    """Seconds from the start of a process until its frame is drawn."""

    cpu: float
    """Seconds of processors' time that it used until then: what a busy machine changes less."""


def _seconds(times: list[Took]) -> dict[str, float]:
    wall, cpu = [one.wall for one in times], [one.cpu for one in times]
    return {"median": round(statistics.median(wall), 3), "best": round(min(wall), 3), "processors": round(min(cpu), 3)}


def _measure(child: str, workspace: Path, num_runs: int) -> Took:
    # Bytecode is kept, as wherever the console is installed: else each start compiles our modules, and only ours.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(workspace / "bytecode")}
    command = [sys.executable, __file__, "--child", child, "--workspace", str(workspace), "--runs", str(num_runs)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        word, _, cpu = process.stdout.readline().strip().partition(" ")
        wall = time.perf_counter() - began
        process.stdout.read()  # to its end: a pipe closed earlier would be an error there
    if word != "drawn":
        raise SystemExit(f"The {child} app drew nothing.")
    return Took(wall, float(cpu))


def _tell_drawn() -> None:
    print("drawn", time.process_time(), file=sys.__stdout__, flush=True)


async def _console(workspace: Path, num_runs: int) -> None:
    from yogo_tui.cli import parser, start_quickly

    start_quickly()  # as the command does, first of all
    parser().parse_args([])
    from yogo_tui.app import Console
    from yogo_tui.cluster.local import LocalCluster
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.session import Session
    from yogo_tui.settings import Settings
    from yogo_tui.widgets.runs_table import RunsTable

    class Timed(Console):
        def on_ready(self) -> None:
            self._looking = self.set_interval(0.005, self._look)

        def _look(self) -> None:
            tables = self.screen.query(RunsTable)
            if tables and tables.first().num_runs == num_runs:
                self._looking.stop()
                self.call_after_refresh(self._tell)

        def _tell(self) -> None:
            _tell_drawn()
            libraries = [name for name in sys.modules if name.partition(".")[0] not in _OURS]
            (workspace / "libraries.json").write_text(json.dumps(libraries))
            self.exit()

    settings = Settings(workspace=workspace, cluster="local")
    session = Session(settings, HereHost(), LocalCluster(workspace / "state", slots=1))
    await Timed(session).run_async(headless=True, size=(80, 24))


async def _empty(workspace: Path) -> None:
    for name in json.loads((workspace / "libraries.json").read_text()):
        importlib.import_module(name)
    from textual.app import App

    read_plainly(workspace / "trained_models")

    class Empty(App[None]):
        def on_ready(self) -> None:
            self.call_after_refresh(self._tell)

        def _tell(self) -> None:
            _tell_drawn()
            self.exit()

    await Empty().run_async(headless=True, size=(80, 24))


def read_plainly(folder: Path) -> None:
    """Look at all files of all runs of the folder, and read their records, in a plain loop."""
    look_plainly(folder, os.listdir(folder))


def look_plainly(folder: Path, names: Iterable[str]) -> None:
    """Look at each run of the folder, and into these."""
    from yogo.run.launch import Launch
    from yogo.run.manifest import Manifest
    from yogo.run.record import Record
    from yogo.run.result import Result

    kinds: dict[str, type[Record]] = {"launch.json": Launch, "run.json": Manifest, "result.json": Result}
    with os.scandir(folder) as runs:
        found = [(run.name, run.stat()) for run in runs]
    assert found
    for run in names:
        with os.scandir(folder / run) as files:
            found = [(file.name, file.stat()) for file in files]
        assert {name for name, _ in found} > kinds.keys()
        for name, kind in kinds.items():
            kind.model_validate_json((folder / run / name).read_bytes())


def make_runs(folder: Path, num_runs: int) -> None:
    """Runs that are over, as a lab has them: an intent, a manifest, two hundred events and a receipt each."""
    first = f"calm-owl-{0:04d}"
    files = {file.name: file.read_bytes() for file in _made(folder / first).iterdir()}
    for number in range(1, num_runs):
        name = f"calm-owl-{number:04d}"
        (folder / name).mkdir()
        for file, data in files.items():
            (folder / name / file).write_bytes(data.replace(first.encode(), name.encode()))


def _made(path: Path) -> Path:
    """A run in the new folder `path`."""
    from yogo.recipe import Recipe
    from yogo.run.directory import RunDirectory
    from yogo.run.events import Losses, Started, Step, Validated, append
    from yogo.run.launch import Kind, Launch, Size
    from yogo.run.manifest import Manifest
    from yogo.run.record import now
    from yogo.run.result import Result

    run = RunDirectory(path)
    run.path.mkdir(parents=True)
    size, recipe, data = Size(gpus=1, cpus=8, hours=24), Recipe(epochs=20), "/lab/cells.yml"
    intent = Launch(
        name=run.name, kind=Kind.TRAIN, token="t", created_at=now(), definition=data, recipe=recipe, size=size
    )
    intent.write(run.launch)
    manifest = Manifest(name=run.name, definition=data, classes=("a",), recipe=recipe, precision="fp32")
    manifest.write(run.manifest)
    append(run.events, Started(epochs=20, steps_per_epoch=10, num_train=10, num_val=2))
    for step in range(1, 201):
        append(run.events, Step(step=step, epoch=(step - 1) // 10, losses=Losses(loss=9.0 / step), lr=1e-3))
    append(run.events, Validated(step=200, epoch=19, losses=Losses(loss=0.1)))
    Result(outcome="finished", epochs=20, best_epoch=19, best_loss=0.1).write(run.result)
    return run.path


if __name__ == "__main__":
    raise SystemExit(main())
