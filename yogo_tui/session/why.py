"""Asks the host and the cluster why a run is as it is."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import replace
from pathlib import PurePosixPath

from yogo.run.directory import HostRunDirectory
from yogo.run.history import History
from yogo.run.own_log import last_start
from yogo_tui.cluster.base import Cluster, JobState, Used
from yogo_tui.errors import ClusterError, HostError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.script import memory_words
from yogo_tui.runs.events import EventsReader
from yogo_tui.runs.faults import Fault, Lack, fault_in, fault_of, fault_of_end
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.usage import usage_of
from yogo_tui.runs.why import Why

TAIL_BYTES = 256 << 10
"""How much of a log's end is searched for an error."""

_NOBODY_ASKED = (RunState.FAILED, RunState.UNKNOWN)
"""What ended in these states did so by an error, and not because somebody wanted it."""


_OWN_MEMORY = re.compile(rb"^#SBATCH[ \t]+(--mem(?:-per-gpu)?[= ]\S+)", re.MULTILINE)


async def why(host: Host, cluster: Cluster, run: Run) -> Why:
    """Why this run is as it is. What cannot be read is left out; of the log it is said why."""
    if not run.state.is_over:
        return Why(run)
    (fault, log, no_log), history, used = await asyncio.gather(
        _fault(host, run), _history(host, run), _used(cluster, run)
    )
    own_memory = await _own_memory(host, run) if fault and fault.lack is Lack.MEMORY else ""
    return Why(run, fault, usage_of(run, history, used), log, own_memory=own_memory, no_log=no_log)


async def error_of(host: Host, run: Run) -> str:
    """The error that ended the run, found in its log's end; empty if there is none, or if the log cannot be read."""
    fault, _, _ = await _fault(host, run) if run.state.is_over else (None, None, "")
    return Why(run, fault).error


async def _fault(host: Host, run: Run) -> tuple[Fault | None, PurePosixPath | None, str]:
    """The error that ended the run, the log that was read, and why it could not be."""
    job, result = run.job, run.result
    if run.state not in _NOBODY_ASKED or (job and job.state is JobState.PENDING):
        return None, None, ""
    if job and (found := fault_of_end(job.word, None)):
        return found, None, ""
    text, no_log = await _tail(host, run)
    in_log = fault_in(text) if text is not None else None
    if result and result.outcome == "failed" and result.reason:
        recorded = fault_of(result.reason)
        if in_log and in_log.lack is recorded.lack is Lack.MEMORY:  # the scheduler may know more than the trainer
            return in_log, run.log, ""
        if in_log and result.reason in in_log.said:  # the log also says where
            recorded = replace(recorded if recorded.words else in_log, where=in_log.where)
        return recorded, run.log, ""
    return in_log or (fault_of_end(job.word, job.exit_status) if job else None), run.log, no_log


async def _own_memory(host: Host, run: Run) -> str:
    """The memory that its job's template asks for, whatever its size is, as written there; empty if it asks for
    none."""
    if run.path is None:
        return ""
    files, number = HostRunDirectory(run.path), len(run.launch.submissions) if run.launch else 1
    script = files.further_script(number) if number > 1 else files.script
    with contextlib.suppress(HostError, FileNotFoundError):
        if found := _OWN_MEMORY.search((await host.read(script, limit=TAIL_BYTES)).data):
            said, asked = found[1].decode(errors="replace"), memory_words(run.launch.size) if run.launch else ""
            return "" if asked and said == f"--mem={asked}" else said
    return ""


async def _tail(host: Host, run: Run) -> tuple[str | None, str]:
    """The end of its log, or None and why it could not be read."""
    if run.log is None:
        return None, run.no_log
    try:
        size = (await host.read(run.log, limit=1)).size
        piece = await host.read(run.log, offset=max(0, size - TAIL_BYTES), limit=TAIL_BYTES)
    except FileNotFoundError:
        return None, f"There is no log {run.log}."
    except HostError as error:
        return None, str(error)
    return last_start(piece.data.decode(errors="replace")), ""


async def _history(host: Host, run: Run) -> History:
    """Its events, of a long file only the beginning and the end; none if they cannot be read."""
    if run.path is None:
        return History()
    reader = EventsReader(host, HostRunDirectory(run.path).events)
    with contextlib.suppress(HostError):
        await reader.read()
    return reader.history


async def _used(cluster: Cluster, run: Run) -> Used | None:
    """What accounting knows of its job; None if there is none, or if it does not answer."""
    if run.job is None:
        return None
    with contextlib.suppress(ClusterError, HostError):
        return await cluster.used(run.job.id)
    return None
