"""What a job script asks for: its #SBATCH lines, read as sbatch reads them."""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import socket
from collections.abc import Iterator
from typing import NoReturn

from yogo.places import user_name
from yogo.run.record import Part
from yogo_tui.errors import ClusterError

_UNLIMITED = {"0", "-1", "infinite", "unlimited"}
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<fields>\d+(?::\d+){0,2})\Z")
_SIGNAL = re.compile(r"(?:R?(?P<batch>B)?R?:)?(?P<signal>[A-Za-z0-9]+)(?:@(?P<seconds>\d+))?\Z")
_REFUSED = ("array", "begin", "dependency")
_PATTERN = re.compile(r"%(%|(\d*)([A-Za-z]))")


class Directives(Part):
    """The options that mean something on one machine. Partition, memory and their like do not."""

    job_name: str = ""
    output: str = "slurm-%j.out"
    error: str = ""
    append: bool = False
    """Go on writing the log of an earlier start, where Slurm would truncate it."""

    chdir: str = ""
    time_limit_seconds: int | None = None
    warning_signal: int | None = None
    """Sent to the batch shell alone, `warning_seconds` ahead of the time limit."""

    warning_seconds: int = 60
    requeue: bool = False
    gpus: int = 0
    cpus: int | None = None
    comment: str = ""


def parse(script: str) -> Directives:
    """The options of a script. Raises ClusterError, as sbatch refuses, with the line's number."""
    if not script.startswith("#!"):
        raise ClusterError("The script does not begin with #!, so nothing says what runs it (#!/bin/bash, say)")
    if "\r\n" in script:
        raise ClusterError("The script has the line ends of Windows, which no shell reads; dos2unix mends it")
    words: list[str] = []
    for number, line in _option_lines(script):
        try:
            words += shlex.split(line, comments=True)
        except ValueError as error:
            raise ClusterError(f"Line {number} of the script is not understood: {error}: #SBATCH {line}") from error
    options = _parser().parse_known_args(words)[0]
    for name in _REFUSED:
        if getattr(options, name):
            # Left out of account, the job would do something else than it was asked to.
            raise ClusterError(
                f"The script asks for --{name}, which this machine alone does not do; take that line out"
            )
    return _interpret(options)


def expand(pattern: str, *, job_id: int, name: str) -> str:
    """sbatch's file name pattern, filled in: %j, %x, %u, %N, %% and their like; a number pads with zeros."""
    values = {
        "j": str(job_id),
        "J": str(job_id),
        "A": str(job_id),
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
    """sbatch stops looking at the first line that is neither blank nor a comment."""
    for number, line in enumerate(script.splitlines(), start=1):
        if line.startswith("#SBATCH"):
            yield number, line.removeprefix("#SBATCH")
        elif line.strip() and not line.lstrip().startswith("#"):
            return


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ClusterError(f"The script's #SBATCH lines are not understood: {message}")


def _parser() -> _Parser:
    parser = _Parser(prog="sbatch", add_help=False)
    for flags in (
        "-J --job-name",
        "-o --output",
        "-e --error",
        "--open-mode",
        "-D --chdir",
        "-t --time",
        "--signal",
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
    return Directives(
        job_name=options.job_name,
        output=options.output or "slurm-%j.out",
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
    )


def _seconds(time: str) -> int | None:
    """Slurm's spellings: minutes, minutes:seconds, hours:minutes:seconds, and with days in front."""
    if not time or time.lower() in _UNLIMITED:
        return None
    match = _TIME.match(time)
    if not match:
        raise ClusterError(
            f"The script's --time={time} is no time; write it as hours:minutes:seconds, such as 24:00:00"
        )
    fields = [int(field) for field in match["fields"].split(":")]
    if match["days"]:
        hours, minutes, seconds = (*fields, 0, 0)[:3]
        return int(match["days"]) * 86_400 + hours * 3600 + minutes * 60 + seconds
    if len(fields) < 3:
        fields.insert(0, 0)
    hours, minutes, seconds = (*fields, 0)[:3]
    return hours * 3600 + minutes * 60 + seconds


def _signal(text: str) -> tuple[int | None, int]:
    """The number of the warning signal and its lead. Without `B:` it is for job steps only: there are none here."""
    if not text:
        return None, 60
    match = _SIGNAL.match(text)
    if not match:
        raise ClusterError(f"The script's --signal={text} is not understood; write it as B:USR2@180")
    name = match["signal"].upper().removeprefix("SIG")
    known = {member.name.removeprefix("SIG"): member.value for member in signal.Signals}
    number = int(name) if name.isdigit() else known.get(name)
    if number not in known.values():
        raise ClusterError(f"The script's --signal={text} names no signal; write it as B:USR2@180")
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
    """How many, in `[type:]number[,…]`; a type alone is one."""
    counts = [part.rpartition(":")[2] for part in text.split(",") if part]
    return sum(_count(option, count) if count[:1].isdigit() else 1 for count in counts)


def _count(option: str, text: str) -> int:
    if not text.isdecimal():
        raise ClusterError(f"The script's {option}={text} is no whole number")
    return int(text)
