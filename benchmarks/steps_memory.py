"""How much memory the console takes for a run of 1,000,000 steps: python benchmarks/steps_memory.py [--steps N]

The run's events are followed as the Run screen does, up to its curves, in a process of its own. Told is how much more
memory the process has had by the end, in bytes a step and as a share of what is wished for, 150 MB; and how much of
that a run of a tenth of the steps takes, so that what each further step costs is seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path, PurePosixPath

from comparison import answer_of, rounded, verdict
from key_to_paint import make_run
from large_log import most_megabytes

MEGABYTES = 150.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps({"megabytes": asyncio.run(_followed(args.child, args.steps))}))
        return 0
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        for steps in (args.steps // 10, args.steps):
            workspace = Path(folder) / str(steps)
            make_run(workspace, steps)
            said = answer_of([__file__, "--child", str(workspace), "--steps", str(steps)])
            took[steps] = float(said["megabytes"])
    few, all_steps = took
    ratio = {"of the wish": took[all_steps] / MEGABYTES, "ten times the steps": took[all_steps] / took[few]}
    bytes_a_step = round(1e6 * (took[all_steps] - took[few]) / (all_steps - few))
    megabytes = rounded({f"{steps} steps": some for steps, some in took.items()}, 1)
    verdict("steps_memory", ratio, at_most={"of the wish": 1.0}, megabytes=megabytes, bytes_a_further_step=bytes_a_step)
    return 0


async def _followed(workspace: Path, steps: int) -> float:
    from yogo_tui.curves.record import RunCurves
    from yogo_tui.hosts.here import HereHost
    from yogo_tui.runs.follow import follow_history

    async def is_over() -> bool:
        return True

    before, curves = most_megabytes(), RunCurves()
    path = PurePosixPath(workspace / "trained_models" / "owl")
    async for history in follow_history(HereHost(), path, is_over):
        while curves.follow(history, 10_000):
            await asyncio.sleep(0)
    assert len(history.steps) == steps
    return most_megabytes() - before


if __name__ == "__main__":
    sys.exit(main())
