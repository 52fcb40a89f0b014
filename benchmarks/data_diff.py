"""`yogo data diff` on many images: what it costs beside a look at each file.

    python benchmarks/data_diff.py [--images 100000]

The images are empty files: they are the same files in both, and those are not read. B has a copy of A's labels, 15
boxes each, of which one in a hundred has another class in one row. Each comparison is a process of its own; `mib` is
the most memory that it takes, all of Python included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from comparison import answer_of, rounded, verdict

ROWS = "".join(f"0 .{x} .{y} .05 .05\n" for x in range(10, 60, 10) for y in range(10, 40, 10))
IN_A_FOLDER = 1_000

COMPARE = """
import json, resource, sys, time
from pathlib import Path
from yogo.definition.data_difference import MOST_NAMED, data_difference
one, other, memory = map(Path, sys.argv[1:])
began = time.perf_counter()
found = data_difference(one, other, memory=memory, most=MOST_NAMED)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "changes": found.num_changes, "mib": round(peak / 2**10)}))
"""


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
        ratio, seconds, mib = {}, {"a look at each file": plain}, {}
        for what, pair in (("the same", (one, one)), ("first", (one, other)), ("second", (one, other))):
            found = answer_of(["-c", COMPARE, *map(str, pair), str(folder / "memory")])
            seconds[what], mib[what] = found["seconds"], found["mib"]
            ratio[what] = found["seconds"] / plain
            print(f"{what}: {found['changes'] or 'no change'}")
        verdict("data_diff", ratio, at_most={"second": 10}, seconds=rounded(seconds), mib=mib)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
