"""sinfo and scontrol: what a partition has, and what of it is free."""

from __future__ import annotations

import re
from collections import Counter

from yogo_tui.cluster.slurm.fields import gpus_in_gres, seconds
from yogo_tui.cluster.slurm.queue import FIELD, RECORD

_NAMES = ("NodeList", "StateLong", "Gres", "GresUsed")
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
SINFO = ("sinfo", "--Node", "--noheader", f"--Format={_FORMAT}")

_USABLE = frozenset({"idle", "mixed", "allocated", "completing", "planned"})
_MAX_TIME = re.compile(r"\bMaxTime=(\S+)")


def count_gpus(table: str) -> tuple[int, int, str]:
    """Free and all GPUs of the nodes that take jobs, and a word on those that do not ("1 node is drained")."""
    records = [record.lstrip("\n").split(FIELD) for record in table.split(RECORD)]
    nodes = {record[0]: record for record in records if len(record) == len(_NAMES)}
    free = total = 0
    away: Counter[str] = Counter()
    for _, state, gres, used in nodes.values():
        # Behind the word stand signs: * means that the node does not answer, the others that it is about to.
        if state.rstrip("~#!%$@^+-") not in _USABLE:
            away[state] += 1
            continue
        here = gpus_in_gres(gres)
        total += here
        free += max(0, here - gpus_in_gres(used))
    detail = ", ".join(f"{count} {'node is' if count == 1 else 'nodes are'} {state}" for state, count in away.items())
    return free, total, detail


def max_hours(partition: str) -> float | None:
    """From `scontrol show partition`; None where time is not limited."""
    found = _MAX_TIME.search(partition)
    limit = seconds(found[1]) if found else None
    return limit / 3600 if limit is not None else None
