"""Whether two checkouts train alike: python benchmarks/same_training.py OLD NEW

Each trains the same small runs on the CPU in fp32, from its own source. Of every pair the weights of last.pth and
best.pth, the optimizer's state and all figures in events.jsonl are compared: bit for bit, or it says where they part.
A run is also opened by the other checkout and gone on with. Exit status: 0 alike, 1 not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

COMMON = ("--epochs=3", "--batch-size=4", "--precision=fp32", "--device=cpu", "--seed=3", "--image-hw", "96", "128")
WAYS = {
    "plain": ("--model=quarter_filters",),
    "augmented": ("--model=quarter_filters", "--rotate", "--brightness=0.2", "--contrast=0.2", "--weighted-sampler"),
    "averaged": ("--model=half_filters", "--ema-decay=0.9", "--label-smoothing=0.02", "--normalize-images"),
    "two processes": ("--model=quarter_filters", "--processes=2"),
}
STOPPED = 75
"""What a training that a signal stopped and saved ends with."""

TIMES = {"at", "frames_per_s", "data_wait"}
"""What an event says of clocks."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    args = parser.parse_args()
    old, new = args.old.resolve(), args.new.resolve()
    with tempfile.TemporaryDirectory(prefix="yogo-same-") as name:
        folder = Path(name)
        yogo(new, folder, "synth", "data", "--pictures=24", "--cells=8", "--image-hw", "96", "128")
        differences = [*compared(old, new, folder)]
    print(json.dumps({"benchmark": "same_training", "ways": len(WAYS) + 1, "differences": differences}))
    return 1 if differences else 0


def compared(old: Path, new: Path, folder: Path) -> Iterator[str]:
    definition = next((folder / "data").rglob("*.yml"))
    for way, flags in WAYS.items():
        runs = [folder / side / way.replace(" ", "-") for side in ("old", "new")]
        for checkout, run in zip((old, new), runs, strict=True):
            yogo(checkout, folder, "train", str(definition), *COMMON, *flags, *placed(run))
        found = [*parted(*runs)]
        print(f"{way}: {'bit-equal' if not found else '; '.join(found)}", flush=True)
        yield from (f"{way}: {one}" for one in found)
    yield from gone_on_with(old, new, folder, str(definition))


def gone_on_with(old: Path, new: Path, folder: Path, definition: str) -> Iterator[str]:
    """A run of the old checkout that was cut short goes on in the new one as if it had never been cut."""
    run = folder / "old" / "cut"
    words = ("train", definition, *COMMON, *WAYS["plain"], "--epochs=6", *placed(run))
    with started(old, folder, *words) as process:
        while process.poll() is None and not (run / "last.pth").exists():
            time.sleep(0.01)
        process.terminate()
        if process.wait() != STOPPED:
            raise SystemExit(f"the run was to be stopped and saved, and ended with {process.returncode}")
    yogo(new, folder, "train", "--resume", str(run))
    whole = folder / "old" / "whole"
    yogo(old, folder, "train", definition, *COMMON, *WAYS["plain"], "--epochs=6", *placed(whole))
    found = [*weights_parted(whole, run)]
    print(f"a run of the old, gone on with by the new: {'bit-equal' if not found else '; '.join(found)}", flush=True)
    yield from found


def placed(run: Path) -> tuple[str, ...]:
    return ("--name", run.name, "--runs", str(run.parent), "--wandb=disabled")


def started(checkout: Path, folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "yogo", *words]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def yogo(checkout: Path, folder: Path, *words: str) -> None:
    with started(checkout, folder, *words) as process:
        told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{checkout}: yogo {' '.join(words)} ended with {process.returncode}:\n{told}")


def parted(old: Path, new: Path) -> Iterator[str]:
    yield from weights_parted(old, new)
    one, other = figures(old), figures(new)
    if one != other:
        where = next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
        yield f"events.jsonl differs from line {where + 1} on"


def weights_parted(old: Path, new: Path) -> Iterator[str]:
    for file in ("last.pth", "best.pth"):
        one, other = (torch.load(run / file, map_location="cpu", weights_only=True) for run in (old, new))
        for part in ("model_state_dict", "optimizer_state_dict"):
            if not alike(one[part], other[part]):
                yield f"{file} differs in its {part}"


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def figures(run: Path) -> list[Any]:
    """What a run's events say but for clocks; which steps are told together depends on the clock too."""
    told = [timeless(json.loads(line)) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in told if event["event"] != "step"]


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
