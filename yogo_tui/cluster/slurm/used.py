"""What a job has used: the arguments of sacct, and the reading of its output."""

from __future__ import annotations

import re

from yogo_tui.cluster.base import Used
from yogo_tui.cluster.slurm.fields import seconds
from yogo_tui.cluster.slurm.queue import FIELD

_NAMES = ("JobID", "MaxRSS", "ReqMem", "TotalCPU", "ElapsedRaw", "AllocCPUS", "AllocNodes")
SACCT_USED = ("sacct", "--noheader", "--parsable", f"--delimiter={FIELD}", f"--format={','.join(_NAMES)}")

_SIZE = re.compile(r"([\d.]+)([KMGTP]?)([nc]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}


def parse_used(table: str) -> Used | None:
    """The first job in sacct's output, with the largest of its steps; None if there is none, or if accounting has not
    heard yet that it began."""
    rows = [line.split(FIELD) for line in table.splitlines()]
    known = [dict(zip(_NAMES, row, strict=False)) for row in rows if len(row) > len(_NAMES) - 1]
    if not known:
        return None
    job = known[0]
    cpus, nodes = _number(job["AllocCPUS"]), max(1, _number(job["AllocNodes"]))
    if not cpus:
        return None
    return Used(
        seconds=float(_number(job["ElapsedRaw"])) or None,
        cpus=cpus,
        cpu_seconds=_cpu_seconds(job["TotalCPU"]),
        memory=max(_bytes(row["MaxRSS"])[0] for row in known),
        memory_asked=_asked(job["ReqMem"], cpus, nodes),
    )


def _asked(field: str, cpus: int, nodes: int) -> int:
    """Bytes on a node. Older versions of Slurm say whether it is of a node (n) or of a CPU (c); newer ones give all."""
    size, of = _bytes(field)
    return size if of == "n" else size * cpus // nodes if of == "c" else size // nodes


def _bytes(field: str) -> tuple[int, str]:
    found = _SIZE.fullmatch(field)
    return (int(float(found[1]) * _UNITS[found[2]]), found[3]) if found else (0, "")


def _number(field: str) -> int:
    return int(field) if field.isdecimal() else 0


def _cpu_seconds(field: str) -> float | None:
    """Of a field such as "1-02:03:04" or "03:04.567"; None if nothing was counted, as where Slurm gathers nothing."""
    return float(seconds(field.partition(".")[0]) or 0) or None
