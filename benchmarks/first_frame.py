"""How long the console's first filled frame takes, with 50 runs on disk: python benchmarks/first_frame.py

Beside it an empty Textual app that imports the same libraries, each in a process of its own and in turn, so that a
busy machine slows both alike. What is asked for is a ratio of 1.5 at most, and a second at most on two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

NUM_RUNS = 50
MOST = 1.5
_OURS = ("yogo", "yogo_tui", "__main__", "__mp_main__")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--child", choices=("console", "empty"), help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        asyncio.run(_console(args.workspace) if args.child == "console" else _empty(args.workspace))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        _make_runs(workspace / "trained_models")
        _seconds("console", workspace)  # compiles, fills the disk's cache, and leaves the list of libraries
        pairs = [(_seconds("console", workspace), _seconds("empty", workspace)) for _ in range(args.repeat)]
    console, empty = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"first frame with {NUM_RUNS} runs   {console:.3f} s")
    print(f"empty Textual app          {empty:.3f} s")
    print(f"ratio                      {ratio:.2f} (at most {MOST})")
    return 0 if ratio <= MOST else 1


def _seconds(child: str, workspace: Path) -> float:
    """From the start of a process until its frame is drawn."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "--child", child, "--workspace", str(workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        word = process.stdout.readline()
        took = time.perf_counter() - began
    if word.strip() != "drawn":
        raise SystemExit(f"The {child} app drew nothing.")
    return took


async def _console(workspace: Path) -> None:
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
            if tables and tables.first().row_count == NUM_RUNS:
                self._looking.stop()
                self.call_after_refresh(self._tell)

        def _tell(self) -> None:
            print("drawn", file=sys.__stdout__, flush=True)
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

    class Empty(App[None]):
        def on_ready(self) -> None:
            self.call_after_refresh(self._tell)

        def _tell(self) -> None:
            print("drawn", file=sys.__stdout__, flush=True)
            self.exit()

    await Empty().run_async(headless=True, size=(80, 24))


def _make_runs(folder: Path) -> None:
    """Runs that are over, as a lab has them: an intent, a manifest, two hundred events and a receipt each."""
    from yogo.recipe import Recipe
    from yogo.run.directory import RunDirectory
    from yogo.run.events import Losses, Started, Step, Validated, append
    from yogo.run.launch import Kind, Launch, Size
    from yogo.run.manifest import Manifest
    from yogo.run.record import now
    from yogo.run.result import Result

    for number in range(NUM_RUNS):
        run = RunDirectory(folder / f"calm-owl-{number:04d}")
        run.path.mkdir(parents=True)
        size, at = Size(gpus=1, cpus=8, hours=24), now() - timedelta(hours=number)
        recipe, data = Recipe(epochs=20), "/lab/cells.yml"
        intent = Launch(
            name=run.name, kind=Kind.TRAIN, token="t", created_at=at, definition=data, recipe=recipe, size=size
        )
        intent.write(run.launch)
        manifest = Manifest(name=run.name, definition=data, classes=("a",), recipe=recipe, precision="fp32")
        manifest.write(run.manifest)
        append(run.events, Started(epochs=20, steps_per_epoch=10, num_train=10, num_val=2))
        for step in range(1, 201):
            append(run.events, Step(step=step, epoch=(step - 1) // 10, losses=Losses(loss=9.0 / step), lr=1e-3))
        append(run.events, Validated(step=200, epoch=19, losses=Losses(loss=0.1)))
        Result(outcome="finished", epochs=20, best_epoch=19, best_loss=0.1).write(run.result)


if __name__ == "__main__":
    raise SystemExit(main())
