"""How long `yogo-tui --help` takes, beside Python importing pydantic: python benchmarks/help.py

Each runs in a process of its own and in turn; what counts is the processors' time of the quickest of each, which a
busy machine changes least. What is asked for is a ratio of 2 at most.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

from comparison import verdict

MOST = 2.0
COMMANDS = {
    "help": [sys.executable, "-m", "yogo_tui", "--help"],
    "pydantic": [sys.executable, "-c", "import pydantic"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    best = {name: min(took(command) for _ in range(repeat)) for name, command in COMMANDS.items()}
    verdict("help", {"help": best["help"] / best["pydantic"]}, at_most={"help": MOST}, seconds=best)


def took(command: list[str]) -> float:
    """Seconds of processors' time of one process."""
    before = children_seconds()
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
    return children_seconds() - before


def children_seconds() -> float:
    """Processors' time of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
