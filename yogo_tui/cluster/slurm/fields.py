"""How Slurm writes times, durations, GPU counts and file names. All times are UTC: its commands are run so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath

_GPU_TOTAL = re.compile(r"(?:^|,)gres/gpu=(\d+)")
_GPU_TYPED = re.compile(r"(?:^|,)gres/gpu:[^=,]+=(\d+)")
_GPU_GRES = re.compile(r"\bgpu(?::[^:(),=]+)?[:=](\d+)")
_DURATION = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")
_PLACEHOLDER = re.compile(r"%(\d*)([A-Za-z%])")


def text(field: str) -> str:
    """A field without Slurm's words for nothing."""
    return "" if field in ("N/A", "(null)", "None", "Unknown", "None assigned") else field


def moment(field: str) -> datetime | None:
    """ "2026-11-24T12:26:08"; None for N/A, Unknown and what cannot be read."""
    try:
        return datetime.fromisoformat(field).replace(tzinfo=UTC)
    except ValueError:
        return None


def seconds(field: str) -> int | None:
    """ "1-02:03:04", "2:03:04" or "03:04"; None for UNLIMITED and what cannot be read."""
    found = _DURATION.fullmatch(field)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def gpus_in_tres(tres: str) -> int:
    """ "cpu=64,node=1,gres/gpu=2": 2. With types only, their sum."""
    if found := _GPU_TOTAL.search(tres):
        return int(found[1])
    return sum(int(count) for count in _GPU_TYPED.findall(tres))


def gpus_in_gres(gres: str) -> int:
    """ "gpu:a100:4(S:0-1),tmp:1": 4."""
    return sum(int(count) for count in _GPU_GRES.findall(gres))


def log_path(pattern: str, *, folder: str, job_id: str, name: str, user: str) -> PurePosixPath | None:
    """Where a job writes, with the placeholders that newer Slurms fill and older ones leave. None when one of
    them cannot be known (a node, a step), or the job writes nowhere."""
    array, _, index = job_id.partition("_")
    known = {"j": array, "A": array, "a": index or "4294967294", "x": name, "u": user, "%": "%"}
    path = text(pattern)
    if not path or any(letter not in known for _, letter in _PLACEHOLDER.findall(path)):
        return None
    filled = _PLACEHOLDER.sub(lambda found: known[found[2]].rjust(int(found[1] or 0), "0"), path)
    return PurePosixPath(folder) / filled if filled != "/dev/null" else None
