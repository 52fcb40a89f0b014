"""Every benchmark in turn, each a ratio measured in one run: `make bench`, or python -m benchmarks [NAME ...]

Each prints one JSON object: what was measured, the ratio, the target, and whether that was met. Speed is compared
within a run only: on a busy machine the figures move, and both sides of a ratio with them. A target that was
missed is told at the end and fails nothing; a benchmark that breaks does.
Real blood cells (bccd.py) and the choice by the LoD (choice_by_lod.py) train for minutes a seed, and are run by hand.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NO_BENCHMARKS = ("bccd", "choice_by_lod", "what_next", "reference", "comparison", "same_training", "__main__")


def main() -> int:
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_BENCHMARKS)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)}")
    wanted = parser.parse_args().names or names
    if unknown := set(wanted) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    failed, missed = [], []
    for name in wanted:
        print(f"── {name}", flush=True)
        done = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py")], stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout, end="", flush=True)
        if done.returncode:
            failed.append(name)
        elif verdict(done.stdout).get("met") is False:
            missed.append(name)
    for what, some in (("targets missed", missed), ("failed", failed)):
        if some:
            print(f"{what}: {', '.join(some)}", file=sys.stderr)
    return bool(failed)


def verdict(output: str) -> dict[str, Any]:
    """The JSON object on the last line, if there is one."""
    try:
        found = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
