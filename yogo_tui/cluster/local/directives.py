"""Reads what a job script asks for from its #SBATCH lines, by the rules of sbatch."""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import socket
from collections.abc import Iterator
from typing import NoReturn

from yogo.files.places import user_name
from yogo.run.record import Part
from yogo_tui.cluster.base import task_indexes
from yogo_tui.errors import ClusterError

_UNLIMITED = {"0", "-1", "infinite", "unlimited"}
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<fields>\d+(?::\d+){0,2})\Z")
_SIGNAL = re.compile(r"(?:R?(?P<batch>B)?R?:)?(?P<signal>[A-Za-z0-9]+)(?:@(?P<seconds>\d+))?\Z")
_REFUSED = ("begin", "dependency")
_NO_TASK = "4294967294"
"""What sbatch writes for %a outside of an array."""

_PATTERN = re.compile(r"%(%|(\d*)([A-Za-z]))")


class Directives(Part):
    """The options that have a meaning on one machine. Others, such as partition and memory, are ignored."""

    job_name: str = ""
    output: str = "slurm-%j.out"
    error: str = ""
    append: bool = False
    """Append to the log of an earlier start. Otherwise the log is emptied first."""

    chdir: str = ""
    time_limit_seconds: int | None = None
    warning_signal: int | None = None
    """Number of the signal that is sent to the batch shell `warning_seconds` before the time limit."""

    warning_seconds: int = 60
    requeue: bool = False
    gpus: int = 0
    cpus: int | None = None
    comment: str = ""
    tasks: tuple[int, ...] = ()
    """The indexes of an array's tasks; empty for a script that is one job."""

    throttle: int = 0
    """How many of them run at a time; 0 is all that find slots."""


def parse(script: str) -> Directives:
    """The options of a script. Raises ClusterError for what sbatch refuses too; it names the line where it can."""
    if not script.startswith("#!"):
        raise ClusterError("The script does not begin with #! and the program that runs it, such as #!/bin/bash")
    if "\r\n" in script:
        raise ClusterError("The script has the line ends of Windows, which no shell reads; dos2unix changes them")
    words: list[str] = []
    for number, line in _option_lines(script):
        try:
            words += shlex.split(line, comments=True)
        except ValueError as error:
            raise ClusterError(f"Line {number} of the script is not understood: {error}: #SBATCH {line}") from error
    options = _parser().parse_known_args(words)[0]
    for name in _REFUSED:
        if getattr(options, name):
            # Ignoring it would run another job than the one that was asked for.
            raise ClusterError(f"The script asks for --{name}, which the local cluster cannot do; remove that line")
    if re.match(r"0*[1-9]\d+|0*[2-9]", options.nodes):
        raise ClusterError(f"The script asks for --nodes={options.nodes}, and this machine is one node")
    return _interpret(options)


def expand(pattern: str, *, job_id: int, name: str, array_id: int | None = None, task: int | None = None) -> str:
    """A file name pattern of sbatch with its fields replaced, such as %j, %x, %u, %N and %%. `%4j` pads with zeros."""
    values = {
        "j": str(job_id),
        "J": str(job_id),
        "A": str(job_id if array_id is None else array_id),
        "a": _NO_TASK if task is None else str(task),
        "x": name,
        "u": user_name(),
        "N": socket.gethostname(),
        "n": "0",
        "s": "batch",
        "t": "0",
    }

    def value(match: re.Match[str]) -> str:
        whole, width, letter = match.groups()
        if whole == "%":
            return "%"
        text = values.get(letter)
        return match.group() if text is None else text.zfill(min(int(width or 0), 10)) if text.isdigit() else text

    return _PATTERN.sub(value, pattern)


def _option_lines(script: str) -> Iterator[tuple[int, str]]:
    """The number and the options of each #SBATCH line. Like sbatch, it stops at the first line of commands."""
    for number, line in enumerate(script.splitlines(), start=1):
        if line.startswith("#SBATCH"):
            yield number, line.removeprefix("#SBATCH")
        elif line.strip() and not line.lstrip().startswith("#"):
            return


class _SbatchParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ClusterError(f"The script's #SBATCH lines are not understood: {message}")


def _parser() -> _SbatchParser:
    parser = _SbatchParser(prog="sbatch", add_help=False)
    for flags in (
        "-J --job-name",
        "-o --output",
        "-e --error",
        "--open-mode",
        "-D --chdir",
        "-t --time",
        "--signal",
        "-N --nodes",
        "-G --gpus",
        "--gpus-per-node",
        "--gpus-per-task",
        "--gres",
        "-c --cpus-per-task",
        "-n --ntasks",
        "--ntasks-per-node",
        "--comment",
        "-a --array",
        "-b --begin",
        "-d --dependency",
    ):
        parser.add_argument(*flags.split(), default="")
    parser.add_argument("--requeue", action=argparse.BooleanOptionalAction, default=False)
    return parser


def _interpret(options: argparse.Namespace) -> Directives:
    number, seconds = _signal(options.signal)
    tasks, throttle = _array(options.array)
    return Directives(
        job_name=options.job_name,
        output=options.output or ("slurm-%A_%a.out" if tasks else "slurm-%j.out"),
        error=options.error,
        append=options.open_mode.startswith("a"),
        chdir=options.chdir,
        time_limit_seconds=_seconds(options.time),
        warning_signal=number,
        warning_seconds=seconds,
        requeue=options.requeue,
        gpus=_num_gpus(options),
        cpus=_count("--cpus-per-task", options.cpus_per_task) if options.cpus_per_task else None,
        comment=options.comment,
        tasks=tasks,
        throttle=throttle,
    )


def _array(text: str) -> tuple[tuple[int, ...], int]:
    """The indexes of an array's tasks, and how many run at a time: 0 for all. Raises ClusterError."""
    spans, is_limited, limit = text.partition("%")
    if not text:
        return (), 0
    try:
        if is_limited and not int(limit) > 0:
            raise ValueError(f"{limit} is not a number of 1 or more")
        return task_indexes(spans), int(limit or 0)
    except ValueError as error:
        raise ClusterError(
            f"The script's --array={text} is not understood: {error}; write it as 0-11, or 0-11%3"
        ) from error


def _seconds(time: str) -> int | None:
    """Seconds of a time as Slurm writes it; None for no limit. Raises ClusterError.

    The forms are minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes and
    days-hours:minutes:seconds.
    """
    if not time or time.lower() in _UNLIMITED:
        return None
    match = _TIME.match(time)
    if not match:
        raise ClusterError(
            f"The script's --time={time} is not a time; write it as hours:minutes:seconds, such as 24:00:00"
        )
    fields = [int(field) for field in match["fields"].split(":")]
    if not match["days"] and len(fields) < 3:
        fields.insert(0, 0)
    hours, minutes, seconds = (*fields, 0, 0)[:3]
    return int(match["days"] or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds


def _signal(text: str) -> tuple[int | None, int]:
    """The warning signal's number, and how many seconds before the time limit it is sent. Raises ClusterError.

    Without `B:` the signal is None: it would be sent to job steps, and there are none here.
    """
    if not text:
        return None, 60
    match = _SIGNAL.match(text)
    if not match:
        raise ClusterError(f"The script's --signal={text} is not understood; write it as B:USR2@180")
    name = match["signal"].upper().removeprefix("SIG")
    known = {member.name.removeprefix("SIG"): member.value for member in signal.Signals}
    number = int(name) if name.isdigit() else known.get(name)
    if number not in known.values():
        raise ClusterError(f"The script's --signal={text} is not a signal's name; write it as B:USR2@180")
    return (number if match["batch"] else None), int(match["seconds"] or 60)


def _num_gpus(options: argparse.Namespace) -> int:
    tasks = _count("--ntasks", options.ntasks_per_node or options.ntasks or "1")
    gres = [part.partition(":")[2] or "1" for part in options.gres.split(",") if part.split(":")[0] == "gpu"]
    return max(
        sum(_gpus("--gres", part) for part in gres),
        _gpus("--gpus-per-node", options.gpus_per_node),
        _gpus("--gpus", options.gpus),
        _gpus("--gpus-per-task", options.gpus_per_task) * tasks,
    )


def _gpus(option: str, text: str) -> int:
    """The number of GPUs in `[type:]number[,…]`; a type without a number is 1. Raises ClusterError."""
    counts = [part.rpartition(":")[2] for part in text.split(",") if part]
    return sum(_count(option, count) if count[:1].isdigit() else 1 for count in counts)


def _count(option: str, text: str) -> int:
    if not text.isdecimal():
        raise ClusterError(f"The script's {option}={text} is not a whole number")
    return int(text)
