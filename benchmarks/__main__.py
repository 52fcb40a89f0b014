"""Every benchmark in turn, each a ratio measured in one run: `make bench`, or python -m benchmarks [NAME ...]

Speed is compared within a run only: on a busy machine the figures move, and both sides of a ratio with them.
Real blood cells (bccd.py) train for minutes a seed, and are run by hand.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BY_HAND = ("bccd", "reference", "__main__")


def main() -> int:
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in BY_HAND)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)}")
    wanted = parser.parse_args().names or names
    if unknown := set(wanted) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    failed = []
    for name in wanted:
        print(f"── {name}", flush=True)
        if subprocess.run([sys.executable, str(HERE / f"{name}.py")], cwd=HERE.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
