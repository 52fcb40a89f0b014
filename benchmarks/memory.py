"""Whether a trainer's memory stays flat: python benchmarks/memory.py [--epochs 50] [--pictures 16]

Runs `yogo train` on synthetic frames of a small size, with validation, checkpoints and the decoded cache, and reads
the process's resident memory at the end of the epochs, from /proc (Linux). Prints MiB after the fifth epoch, after
the last, and the most after the fifth. The ratio is of that most to the fifth's: at most 1.05 is aimed at, since an
allocator's mood moves it by a few hundredths.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from comparison import rounded, verdict

EARLY = 5
MOST = 1.05
IMAGE_HW = (96, 128)


def make(root: Path, num_pictures: int) -> Path:
    from yogo.synth.dataset import make_dataset
    from yogo.synth.plan import SynthPlan

    make_dataset(root, SynthPlan(pictures=num_pictures, image_hw=IMAGE_HW, cells=12))
    return root / "dataset_defs" / "pre-training" / "synthetic.yml"


def train(definition: Path, root: Path, epochs: int) -> list[float]:
    """MiB at the end of each epoch of a run."""
    recipe = ("--epochs", epochs, "--image-hw", *IMAGE_HW, "--batch-size", 4, "--model", "quarter_filters")
    options = (*recipe, "--runs", root / "runs", "--name", "memory", "--wandb", "disabled")
    command = [sys.executable, "-m", "yogo", "train", str(definition), *map(str, options)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(root / "cache")}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            found = watch(process, root / "runs" / "memory" / "events.jsonl")
        finally:
            process.kill()
            process.wait()
    if process.returncode or len(found) <= EARLY:
        raise SystemExit(f"the run did not end well:\n{(root / 'log').read_text()}")
    return found


def watch(process: subprocess.Popen[bytes], events: Path) -> list[float]:
    """Its memory each time that another epoch was validated, until it ends."""
    found: list[float] = []
    while process.poll() is None:
        validated = events.read_text().count('"validated"') if events.exists() else 0
        while len(found) < validated:
            found.append(resident_mib(process.pid) or found[-1])  # one that has just ended has none
        time.sleep(0.01)
    return found


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=16)
    args = parser.parse_args()
    if args.epochs <= EARLY:
        parser.error(f"--epochs is more than {EARLY}")
    if not Path("/proc/self/statm").exists():
        print("The memory of a process is read from /proc, and there is none here: nothing was measured.")
        return
    with tempfile.TemporaryDirectory(prefix="yogo-memory-") as folder:
        root = Path(folder)
        found = train(make(root / "data", args.pictures), root, args.epochs)
    early, most = found[EARLY - 1], max(found[EARLY:])
    mib = rounded({f"epoch {EARLY}": early, f"epoch {args.epochs}": found[-1], "most": most}, 1)
    verdict("memory", {"growth": most / early}, at_most={"growth": MOST}, mib=mib)


if __name__ == "__main__":
    main()
