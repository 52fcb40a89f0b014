"""`yogo data diff` on many images: what it costs beside a look at each file.

    python benchmarks/data_diff.py [--images 100000]

The images are empty files: they are the same files in both, and those are not read. B has a copy of A's labels, of
which one in a hundred has another class in one row.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from comparison import verdict

from yogo.definition.data_difference import MOST_NAMED, data_difference

ROWS = "".join(f"0 .{x} .{y} .05 .05\n" for x in range(10, 70, 10) for y in range(10, 70, 10))
IN_A_FOLDER = 1_000


def made(folder: Path, num: int) -> tuple[Path, Path]:
    """Two definitions."""
    entries: dict[str, list[str]] = {"a": [], "b": []}
    for start in range(0, num, IN_A_FOLDER):
        pair = f"{start // IN_A_FOLDER:04}"
        for kind in ("images", "a", "b"):
            (folder / kind / pair).mkdir(parents=True)
        for number in range(start, min(num, start + IN_A_FOLDER)):
            (folder / f"images/{pair}/{number}.png").touch()
            (folder / f"a/{pair}/{number}.txt").write_text(ROWS)
            changed = ROWS.replace("0", "1", 1) if number % 100 == 0 else ROWS
            (folder / f"b/{pair}/{number}.txt").write_text(changed)
        for name, lines in entries.items():
            lines.append(f"  p{pair}: {{image_path: images/{pair}, label_path: {name}/{pair}}}\n")
    for name, lines in entries.items():
        text = f"class_names: [x, y]\ndataset_paths:\n{''.join(lines)}dataset_split_fractions: {{train: .8, val: .2}}\n"
        (folder / f"{name}.yml").write_text(text)
    return folder / "a.yml", folder / "b.yml"


def looked_at(folder: Path) -> float:
    """Seconds to ask the system for each file once."""
    began = time.perf_counter()
    for path, _, names in os.walk(folder):
        for name in names:
            os.stat(f"{path}/{name}")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        one, other = made(folder, args.images)
        plain = looked_at(folder)
        print(f"a look at each of {3 * args.images:,} files: {plain:.2f} s")
        ratio = {}
        for what, pair in (("the same", (one, one)), ("first", (one, other)), ("second", (one, other))):
            began = time.perf_counter()
            found = data_difference(*pair, memory=folder / "memory", most=MOST_NAMED)
            seconds = time.perf_counter() - began
            ratio[what] = seconds / plain
            print(f"{what}: {seconds:.2f} s; {found.num_changes or 'no change'}")
        verdict("seconds of yogo data diff, to those of a look at each file", ratio, at_most={"second": 10})
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
