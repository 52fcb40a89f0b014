"""How long a key on the Run screen takes until it is painted: python benchmarks/key_to_paint.py [--steps N]

Another process adds 20,000 lines a second to the run's log and ten steps a second to its events, of which there are a
million. Keys go, in turn, to the plots' crosshair and to the log. Told is the longest of the quickest 99 in 100, as a
share of the wish, 50 ms, and of the same on a run with a small log and few steps, in the same minute.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from comparison import verdict

LONGEST_MS = 50.0
LINES_A_SECOND = 20_000
FEW = 1000
SIZES = ((80, 24), (160, 45))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=200)
    args = parser.parse_args()
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        quiet, loud = Path(folder) / "quiet", Path(folder) / "loud"
        make_run(quiet, FEW)
        make_run(loud, args.steps)
        writer = multiprocessing.get_context("spawn").Process(target=_write, args=(loud, args.steps), daemon=True)
        writer.start()
        try:
            for size in SIZES:
                for name, place, steps in (("quiet", quiet, FEW), ("loud", loud, args.steps)):
                    took[f"{name} {size[0]}x{size[1]}"] = asyncio.run(_keys(place, size, args.keys, steps))
        finally:
            writer.kill()
    late = {name: 1000 * sorted(some)[int(0.99 * len(some)) - 1] for name, some in took.items()}
    middle = {name: 1000 * sorted(some)[len(some) // 2] for name, some in took.items()}
    sizes = [f"{width}x{height}" for width, height in SIZES]
    ratio = {f"of the wish, {size}": late[f"loud {size}"] / LONGEST_MS for size in sizes}
    more = {f"of a quiet run, {size}": late[f"loud {size}"] / late[f"quiet {size}"] for size in sizes}
    verdict(
        "key_to_paint",
        ratio | more,
        at_most=dict.fromkeys(ratio, 1.0),
        milliseconds={name: [round(middle[name], 1), round(late[name], 1)] for name in took},
    )
    return 0


def make_run(workspace: Path, steps: int) -> None:
    """A run that seems to train: a manifest, its events, and the beginning of a log."""
    from yogo.recipe import Recipe
    from yogo.run.directory import RunDirectory
    from yogo.run.events import Started
    from yogo.run.manifest import Manifest

    run = RunDirectory(workspace / "trained_models" / "owl")
    run.path.mkdir(parents=True)
    Manifest(name="owl", definition="/lab/cells.yml", classes=("a",), recipe=Recipe(), precision="fp32").write(
        run.manifest
    )
    began = datetime.now(UTC) - timedelta(days=5)
    with run.events.open("wb") as file:
        started = Started(epochs=1200, steps_per_epoch=1000, num_train=1, num_val=1, at=began)
        file.write(started.model_dump_json().encode() + b"\n")
        for first in range(1, steps + 1, 1000):
            file.writelines(step_line(step, began) for step in range(first, min(first + 1000, steps + 1)))
    (run.path / "owl-1.log").write_text("the first line\n" * 100)


def step_line(step: int, began: datetime) -> bytes:
    noise = random.random()
    at = (began + timedelta(seconds=step / 4)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    parts = ",".join(f'"{name}_loss":{share * 60 / step + noise}' for name, share in _SHARES)
    return (
        f'{{"v":1,"at":"{at}","attempt":0,"reason":"","event":"step","step":{step},"epoch":{(step - 1) // 1000},'
        f'"losses":{{"loss":{60 / step + noise},{parts}}},"lr":0.001,"frames_per_s":{900 + 100 * noise},'
        f'"data_wait":{noise / 50},"gpu_memory":3221225472}}\n'
    ).encode()


_SHARES = (("iou", 0.3), ("objectness", 0.5), ("classification", 0.2))


def _write(workspace: Path, steps: int) -> None:
    """Until it is killed."""
    run, began, number = workspace / "trained_models" / "owl", datetime.now(UTC) - timedelta(days=5), 0
    start = time.monotonic()
    with (run / "owl-1.log").open("ab") as log, (run / "events.jsonl").open("ab") as events:
        while True:
            time.sleep(max(0.0, start + number / 10 - time.monotonic()))
            number += 1
            words = b"".join(b"step %d of a great many, loss 0.1234\n" % at for at in range(LINES_A_SECOND // 10))
            os.write(log.fileno(), words)
            os.write(events.fileno(), step_line(steps + number, began))


_KEYS = {True: ("up", "down"), False: ("left", "right")}
"""Of the log and of the plots: each changes what is shown."""


async def _keys(workspace: Path, size: tuple[int, int], num_keys: int, steps: int) -> list[float]:
    from textual.events import Key

    from yogo_tui.app import Console
    from yogo_tui.cluster.local import LocalCluster
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.screens.run import RunScreen
    from yogo_tui.session import Session
    from yogo_tui.settings import Settings

    session = Session(
        Settings(workspace=workspace, cluster="local"), HereHost(), LocalCluster(workspace / "state", slots=1)
    )
    app, took = Console(session), list[float]()
    async with app.run_test(size=size):
        await _until(lambda: bool(app.runs.runs))
        screen = RunScreen(app.runs.runs[0])
        await app.push_screen(screen)
        await _until(lambda: bool(screen.plot.charts) and bool(screen.log_view.lines))
        await _until(lambda: len(screen.plot.charts["loss"].lines[0].series) >= steps)
        painted = asyncio.Event()
        _tell_painted(screen, painted)
        screen.plot.action_crosshair()
        for number in range(num_keys):
            is_log = bool(number % 2)
            (screen.log_view if is_log else screen.plot).focus()
            await asyncio.sleep(0.03 + 0.05 * random.random())
            painted.clear()
            began = time.perf_counter()
            app.post_message(Key(_KEYS[is_log][number // 2 % 2], None))
            async with asyncio.timeout(30):
                await painted.wait()
            took.append(time.perf_counter() - began)
    return took


def _tell_painted(screen: Any, painted: asyncio.Event) -> None:
    def seen() -> None:
        screen.call_after_refresh(painted.set)

    for widget, value in ((screen.plot, "view"), (screen.log_view, "lines")):
        screen.watch(widget, value, seen, init=False)


async def _until(holds: Any) -> None:
    while not holds():
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
