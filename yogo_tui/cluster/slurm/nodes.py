"""Reads from sinfo and scontrol how many GPUs a partition has, how many are free, and its time limit."""

from __future__ import annotations

import re
from collections import Counter

from yogo.text.wording import counted
from yogo_tui.cluster.slurm.fields import gpus_in_gres, seconds
from yogo_tui.cluster.slurm.queue import FIELD, RECORD

_NAMES = ("NodeList", "StateLong", "Gres", "GresUsed")
_FORMAT = ",".join(f"{name}:{FIELD}" for name in _NAMES[:-1]) + f",{_NAMES[-1]}:{RECORD}"
SINFO = ("sinfo", "--Node", "--noheader", f"--Format={_FORMAT}")

_USABLE = frozenset({"idle", "mixed", "allocated", "completing", "planned"})
_MAX_TIME = re.compile(r"\bMaxTime=(\S+)")
_MAX_NODES = re.compile(r"\bMaxNodes=(\d+)")


def count_gpus(table: str) -> tuple[int, tuple[int, ...], str]:
    """The free GPUs, those of each node that accepts jobs, and a phrase on the others ("1 node is drained")."""
    records = [record.lstrip("\n").split(FIELD) for record in table.split(RECORD)]
    nodes = {record[0]: record for record in records if len(record) == len(_NAMES)}
    free, of_nodes = 0, []
    away: Counter[str] = Counter()
    for _, state, gres, used in nodes.values():
        if not is_usable(state):
            away[state] += 1
            continue
        here = gpus_in_gres(gres)
        of_nodes.append(here)
        free += max(0, here - gpus_in_gres(used))
    detail = ", ".join(f"{counted(count, 'node', 'is')} {state}" for state, count in away.items())
    return free, tuple(of_nodes), detail


def is_usable(state: str) -> bool:
    """Whether a node in this state accepts jobs, now or later."""
    # Signs follow the word: * means that the node does not answer, the others that its state is changing.
    return state.rstrip("~#!%$@^+-") in _USABLE


def max_hours(partition: str) -> float | None:
    """The time limit in hours, from the output of `scontrol show partition`; None if there is no limit."""
    found = _MAX_TIME.search(partition)
    limit = seconds(found[1]) if found else None
    return limit / 3600 if limit is not None else None


def max_nodes(partition: str) -> int | None:
    """How many nodes a job may have, from the same output; None if there is no limit."""
    found = _MAX_NODES.search(partition)
    return int(found[1]) if found else None
