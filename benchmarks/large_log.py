"""How a log of 2 GB opens and is searched, against what is wished for: python benchmarks/large_log.py [--gigabytes G]

To open it until its last page is drawn is told as a share of the wish, 0.3 s, and the memory that this and a search
take as a share of 40 MB. To count all lines that hold a word, and all that tell of an error, is told by its speed, of
that of `grep -c` on the same file, in turn, so that a busy machine slows both. The log is made in the folder for
temporary files, and lies in memory by then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path, PurePosixPath
from statistics import median
from typing import TYPE_CHECKING

from comparison import answer_of, rounded, verdict

if TYPE_CHECKING:
    from yogo_tui.runs.logfile import LogFile
    from yogo_tui.runs.logmatch import Match

OPEN_SECONDS = 0.3
MEGABYTES = 40.0
AT_LEAST = {"search to grep -c": 0.5, "errors to grep -c": 0.2}
_WORD = "needle"
_HEIGHT = 45


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(asyncio.run(_looked_at(args.child))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "large.log"
        make_log(log, int(args.gigabytes * 1e9))
        found = [answer_of([__file__, "--child", str(log)]) for _ in range(args.repeat)]
    figures = {name: median(float(one[name]) for one in found) for name in found[0]}
    ratio = {"open": figures["open"] / OPEN_SECONDS, "memory": figures["megabytes"] / MEGABYTES}
    ratio |= {f"{what} to grep -c": figures["grep -c"] / figures[what] for what in ("search", "errors")}
    verdict("large_log", ratio, at_least=AT_LEAST, at_most={"open": 1.0, "memory": 1.0}, figures=rounded(figures, 3))
    return 0


def make_log(path: Path, size: int) -> None:
    line = "epoch {0}/1200  {1:3} % | {1}/100  count error 3.1  loss {2:.4f}  950 images/s\n"
    lines = "".join(line.format(number // 100, number % 100, 60 / (number + 1)) for number in range(20_000)).encode()
    with path.open("wb") as file:
        for _ in range(size // len(lines) + 1):
            file.write(lines)


async def _looked_at(path: Path) -> dict[str, float]:
    """Seconds that each takes, and megabytes of memory that it took in all."""
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.runs.logfile import LogFile
    from yogo_tui.runs.logmatch import Match
    from yogo_tui.runs.logpager import LogPager

    memory, took = most_megabytes(), dict[str, float]()
    log = LogFile(HereHost(), PurePosixPath(path))
    began = time.perf_counter()
    pager = LogPager(log)
    await pager.look(_HEIGHT)
    assert len(pager.lines) == _HEIGHT
    took["open"] = time.perf_counter() - began
    began = time.perf_counter()
    subprocess.run(
        ["grep", "-c", _WORD, path], stdout=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"}, check=False
    )
    took["grep -c"] = time.perf_counter() - began
    took["search"] = await _counted(log, Match(_WORD))
    took["errors"] = await _counted(log, Match(is_errors=True))
    return took | {"megabytes": most_megabytes() - memory}


async def _counted(log: LogFile, match: Match) -> float:
    from yogo_tui.runs.logsearch import LogSearch

    began = time.perf_counter()
    assert await LogSearch(log, match).count(-1) == (0, 0)
    return time.perf_counter() - began


def most_megabytes() -> float:
    """The most memory that this process has had so far."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
