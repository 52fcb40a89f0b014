"""A definition of 200 folders and 200,000 labels counted the second time: python benchmarks/second_count.py

The second time no file is read, but each is looked at. Told as shares: the counts to the second that is wished for, on
two quiet cores; everything the second time, with the images, to the first time; and, what a busy machine changes less,
the counts to a plain loop of os.stat over the same labels. `opened` counts the labels and images that are opened the
second time, and `first_told_seconds` says after how long the first time shows what it has counted so far.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from comparison import rounded, verdict

NUM_FOLDERS = 200
NUM_EACH = 1_000
MOST = {"counts to a second": 1.0, "counts to plain": 2.0, "second to first": 0.1, "opened": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", type=int, default=NUM_FOLDERS)
    parser.add_argument("--each", type=int, default=NUM_EACH)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder), args.folders, args.each)
        memory = path.parent / "memory"
        first = _survey(path, memory)
        opened = _Opened(path.parent / "data")
        again = [_survey(path, memory) for _ in range(args.repeat)]
        num_opened = len(opened.names)
        plain = statistics.median(_plain(path.parent / "data") for _ in range(args.repeat))
    took = {
        "first": first[1],
        "first told": first[0],
        "counts": statistics.median(counts for counts, _ in again),
        "second": statistics.median(whole for _, whole in again),
        "plain": plain,
    }
    ratios = {
        "counts to a second": took["counts"],
        "counts to plain": took["counts"] / plain,
        "second to first": took["second"] / took["first"],
        "opened": float(num_opened),
    }
    num = args.folders * args.each
    verdict("second_count", ratios, at_most=MOST, seconds=rounded(took, 3), folders=args.folders, labels=num)


def make(folder: Path, num_folders: int, num_each: int) -> Path:
    """A definition of so many folder pairs, with so many images and labels in each."""
    import numpy as np

    from yogo.synth.png import png

    images = [png((np.arange(768, dtype=np.uint32) * step % 251).astype(np.uint8).reshape(24, 32)) for step in (7, 11)]
    rows = [f"{number % 4} .{number}5 .5 .08 .12\n" for number in range(10)]
    lines = ["class_names: [healthy, ring, trophozoite, schizont]", "dataset_paths:"]
    for number in range(num_folders):
        pair = folder / f"data/run_{number:04}"
        for kind in ("images", "labels"):
            (pair / kind).mkdir(parents=True)
        for index in range(num_each):
            (pair / f"images/{index:05}.png").write_bytes(images[index % 2])
            (pair / f"labels/{index:05}.txt").write_text("".join(rows[: index % 10 + 1]))
        lines.append(f"  run_{number}: {{image_path: {pair}/images, label_path: {pair}/labels}}")
    lines.append("dataset_split_fractions: {train: 0.8, val: 0.1, test: 0.1}\n")
    path = folder / "big.yml"
    path.write_text("\n".join(lines))
    return path


def _survey(path: Path, memory: Path) -> tuple[float, float]:
    """Seconds until the counts are first told, and until all is."""
    from yogo.images.checking import full_survey

    told: list[float] = []
    began = time.perf_counter()
    full_survey(path, memory=memory, partial=lambda _: told.append(time.perf_counter() - began))
    return told[0], time.perf_counter() - began


class _Opened:
    """The labels and images that are opened from now on."""

    def __init__(self, folder: Path) -> None:
        self.names: list[str] = []
        self._folder = str(folder)
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if (
            event == "open"
            and str(arguments[0]).startswith(self._folder)
            and str(arguments[0])[-4:] in (".png", ".txt")
        ):
            self.names.append(str(arguments[0]))


def _plain(data: Path) -> float:
    """Seconds of a loop of os.stat over all labels."""
    began = time.perf_counter()
    for pair in os.listdir(data):
        folder = os.open(data / pair / "labels", os.O_RDONLY)
        for name in os.listdir(folder):
            os.stat(name, dir_fd=folder)
        os.close(folder)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
