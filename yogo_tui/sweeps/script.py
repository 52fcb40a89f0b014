"""The script of an array: each of its tasks runs the script of its own trial, which is a run like any other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo_tui.cluster.header import Header
from yogo_tui.errors import LaunchError
from yogo_tui.launch.quoting import shell
from yogo_tui.launch.script import COMMENT
from yogo_tui.sweeps.record import WIDTH

_REPLACED = re.compile(r"\S+\s+(--job-name|--comment|--array|-J|-a)\b")


def render_array(
    header: Header,
    name: str,
    token: str,
    throttle: int,
    scripts: Mapping[int, PurePosixPath],
    *,
    first: str,
    first_run: PurePosixPath,
) -> str:
    """The script of the array `name`: what `first`, the script of the trial in `first_run`, asks the cluster for, and
    for each index the script that its task runs. Raises LaunchError for a cluster that knows no arrays."""
    if not header.task:
        raise LaunchError("A sweep is submitted as an array of jobs, which this cluster's scripts cannot ask for.")
    lines = first.splitlines()
    command = next(place for place, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    head = list(_head(header, name, lines[:command], first_run))
    last = max(place for place, line in enumerate(head) if line.startswith(header.directive) or line.startswith("#!"))
    asked = [
        f"{header.directive} --job-name={header.quote(name)}",
        f"{header.directive} --comment={header.quote(COMMENT + token)}",
        f"{header.directive} --array={_spans(sorted(scripts))}%{min(throttle, len(scripts))}",
    ]
    return "\n".join([*head[: last + 1], *asked, "", *_body(header, name, scripts)]) + "\n"


def _head(header: Header, name: str, lines: Sequence[str], run: PurePosixPath) -> Iterator[str]:
    """What it asks for, with the log of each task in the folder of its trial."""
    runs = PurePosixPath(header.file_name(run.parent))
    own = str(HostRunDirectory(runs / run.name).log(header.job_id))
    each = str(HostRunDirectory(runs / f"{name}-%{WIDTH}a").log("%A_%a"))
    for line in lines:
        if line.startswith(header.directive) and not _REPLACED.match(line):
            yield line.replace(own, each)
        elif line.startswith("#!"):
            yield line
            yield f"# The trials of the sweep {name}."


def _body(header: Header, name: str, scripts: Mapping[int, PurePosixPath]) -> Iterator[str]:
    yield "# Each task runs the script of its own trial."
    yield f'case "${header.task}" in'
    for index, script in sorted(scripts.items()):
        yield f"    {index}) exec bash {shell(str(script))} ;;"
    yield "esac"
    yield f'echo "The sweep {name} has no trial ${header.task}." >&2'
    yield "exit 1"


def _spans(indexes: Iterable[int]) -> str:
    """Such as 0-3,7."""
    spans = list[list[int]]()
    for index in indexes:
        if spans and spans[-1][-1] == index - 1:
            spans[-1].append(index)
        else:
            spans.append([index])
    return ",".join(str(one[0]) if len(one) == 1 else f"{one[0]}-{one[-1]}" for one in spans)
