"""Reads times, durations, GPU counts and file names as Slurm writes them. Times are UTC: TZ is set for its commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

_GPU_TOTAL = re.compile(r"(?:^|,)gres/gpu=(\d+)")
_GPU_TYPED = re.compile(r"(?:^|,)gres/gpu:[^=,]+=(\d+)")
_GPU_GRES = re.compile(r"\bgpu(?::([^:(),=]+))?[:=](\d+)")
_DURATION = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")
_PLACEHOLDER = re.compile(r"%(\d*)([A-Za-z%])")
_NO_TASK = "4294967294"
"""What Slurm writes for %a of a job that is not an array."""


def text(field: str) -> str:
    """The field; empty if it is one of Slurm's words for no value."""
    return "" if field in ("N/A", "(null)", "None", "Unknown", "None assigned") else field


def moment(field: str) -> datetime | None:
    """The time in a field such as "2026-11-24T12:26:08"; None for N/A, Unknown and anything else."""
    try:
        return datetime.fromisoformat(field).replace(tzinfo=UTC)
    except ValueError:
        return None


def seconds(field: str) -> int | None:
    """Seconds of a field such as "1-02:03:04", "2:03:04" or "03:04"; None for UNLIMITED and anything else."""
    found = _DURATION.fullmatch(field)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def gpus_in_tres(tres: str) -> int:
    """The number of GPUs in a field such as "cpu=64,node=1,gres/gpu=2"; the sum of all types if there is no total."""
    if found := _GPU_TOTAL.search(tres):
        return int(found[1])
    return sum(int(count) for count in _GPU_TYPED.findall(tres))


def gpus_in_gres(gres: str) -> int:
    """The number of GPUs in a field such as "gpu:a100:4(S:0-1),tmp:1"."""
    return sum(gpus_by_type(gres).values())


def gpus_by_type(gres: str) -> dict[str, int]:
    """The number of GPUs of each type in such a field; a type that is not named is ""."""
    found: dict[str, int] = {}
    for kind, count in _GPU_GRES.findall(gres):
        found[kind] = found.get(kind, 0) + int(count)
    return found


def log_names(*, job_id: str, leader: str, array: str, task: str, name: str, user: str, host: str) -> dict[str, str]:
    """The values of the placeholders in a log's name, as Slurm fills them in; those not known yet are missing.

    `job_id` is the job's own id, which for a task of an array differs from the array's. `leader` is the id of the first
    part of a heterogeneous job, empty for other jobs. `task` is empty outside of an array.
    """
    own = leader or job_id
    known = {"j": own, "J": own, "A": array or own, "x": name, "u": user, "n": "0", "s": "batch", "t": "0", "%": "%"}
    if not task:
        known["a"] = _NO_TASK
    elif task.isdecimal():
        known["a"] = task
    if not own or (task and not task.isdecimal()):
        del known["j"], known["J"]  # waiting tasks have no id of their own yet
    if host:
        known["N"] = host
    return known


def log_path(pattern: str, folder: str, names: Mapping[str, str]) -> tuple[PurePosixPath | None, str]:
    """The path of a job's log, or None and a sentence that says why there is none.

    `pattern` is what squeue prints: newer versions of Slurm fill in the placeholders, older ones do not.
    """
    path = text(pattern)
    if not path:
        return None, "Slurm does not say where its log is."
    array, task, own = names["A"], names.get("a", _NO_TASK), names.get("j", "")
    if task != _NO_TASK and path.endswith(f"/slurm-{own}.out"):  # how squeue prints an array's default name
        path = f"{path.removesuffix(f'{own}.out')}{array}_{task}.out"
    if "\\" in path:
        filled = path.replace("\\", "")  # after a backslash Slurm replaces no placeholder
    elif unknown := [found for found in _PLACEHOLDER.finditer(path) if found[2] not in names]:
        return None, _not_known(path, unknown[0][0], is_array="j" not in names)
    else:
        filled = _PLACEHOLDER.sub(lambda found: names[found[2]].rjust(int(found[1] or 0), "0"), path)
    if filled == "/dev/null":
        return None, "It keeps no log: its output goes to /dev/null."
    return PurePosixPath(folder) / filled, ""


def _not_known(path: str, placeholder: str, *, is_array: bool) -> str:
    if is_array:
        return f"Each task of this array has its own log once it runs, {path}: name the task."
    if placeholder.endswith("N"):
        return f"Its log is named after the node on which it runs, which is not known yet: {path}"
    return f"The name of its log holds {placeholder}, whose value only the job itself knows: {path}"
