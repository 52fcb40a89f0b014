"""What a job used of what it asked for, and what to ask for the next time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from yogo.run.history import History
from yogo.text.wording import counted
from yogo_tui.cluster.base import Used
from yogo_tui.runs.model import Run, RunState

ROOM = 1.3
"""How much more than was used is to be asked for."""

LITTLE = 0.5
"""What used less of its time or memory than this is advised to ask for less."""

WAITS = 0.25
"""If more of the time than this was spent waiting for data, it is said."""

IDLE = 0.5
"""CPUs that were busy for less of the time than this are said to be idle."""

_HOURS = (0.5, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 36, 48, 72, 96, 120, 168)
_GB = 1 << 30
_YOUNG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """In seconds and bytes; None where it is not known."""

    asked_seconds: float | None = None
    used_seconds: float | None = None
    data_wait: float | None = None
    """Share of the training's time that was spent waiting for data, 0 to 1."""

    gpu_memory: int | None = None
    """Of one GPU, at its most."""

    of_job: Used | None = None
    """What accounting knows."""

    needs_seconds: float | None = None
    """How long the whole run takes at its own pace; None if it has finished, or if its pace is not known."""

    is_over_all: bool = False
    """Whether it has finished, so that its next one needs as much."""

    @property
    def said(self) -> tuple[str, ...]:
        """Sentences on what was used."""
        return tuple(_used(self))

    @property
    def next_time(self) -> tuple[str, ...]:
        """Sentences on what to ask for the next time; empty if it asked for what it needs."""
        return tuple(_advice(self))


def usage_of(run: Run, history: History, of_job: Used | None) -> Usage:
    limit = run.job.time_limit_seconds if run.job else None
    hours = run.launch.size.hours if run.launch else None
    used = _seconds(run)
    done, epochs = history.epochs_done, history.started.epochs if history.started else 0
    trained = _trained_seconds(history)
    is_finished = run.state is RunState.FINISHED
    return Usage(
        asked_seconds=limit or (hours * 3600 if hours else None),
        used_seconds=used,
        data_wait=_data_wait(history),
        gpu_memory=_gpu_memory(history),
        of_job=of_job,
        needs_seconds=trained / done * epochs if trained and done and not is_finished else None,
        is_over_all=is_finished,
    )


def hours_for(seconds: float) -> float:
    """So many hours are enough for a job of so many seconds: a round number."""
    hours = seconds * ROOM / 3600
    return next((round_ for round_ in _HOURS if round_ >= hours), float(24 * -(-hours // 24)))


def _seconds(run: Run) -> float | None:
    """How long its last job ran; None if that is not known."""
    job = run.job
    began = job.started_at if job else None
    ended = job.ended_at if job else None
    if began is None and run.manifest and run.manifest.attempt == 0:
        began, ended = run.manifest.started_at, ended or (run.result.ended_at if run.result else None)
    if began is None or ended is None:
        return None
    return max(0.0, (ended - began).total_seconds())


def _trained_seconds(history: History) -> float | None:
    """How long all attempts trained together, without the time between them."""
    at: dict[int, tuple[int, int]] = {}
    for attempt, when in zip(history.steps.column("attempt"), history.steps.column("at"), strict=True):
        first, last = at.get(attempt, (when, when))
        at[attempt] = min(first, when), max(last, when)
    return sum(last - first for first, last in at.values()) / 1e6 or None


def _data_wait(history: History) -> float | None:
    shares = _known(history, "data_wait")
    return statistics.fmean(shares) if shares else None


def _gpu_memory(history: History) -> int | None:
    return int(max(_known(history, "gpu_memory"), default=0)) or None


def _known(history: History, column: str) -> list[float]:
    return [value for value in history.steps.column(column) if not math.isnan(value)]


def _used(usage: Usage) -> Iterator[str]:
    if usage.used_seconds is not None:
        asked = f" of the {span(usage.asked_seconds)} that it asked for" if usage.asked_seconds else ""
        yield f"time: {span(usage.used_seconds)}{asked}"
    job = usage.of_job
    if job and job.memory:
        had = f", of the {_gb(job.memory_asked)} that it had" if job.memory_asked else ""
        yield f"memory: {_gb(job.memory)} at its most, as it was sampled{had}"
    if (busy := _busy(usage)) is not None and job:
        yield f"CPUs: {counted(job.cpus, 'CPU')}, busy for {busy:.0%} of the time"
    if usage.gpu_memory:
        yield f"GPU memory: {_gb(usage.gpu_memory)} at its most"
    if usage.data_wait is not None:
        yield f"data: {usage.data_wait:.0%} of the training's time was spent waiting for data"


def _advice(usage: Usage) -> Iterator[str]:
    used, asked, job = usage.used_seconds, usage.asked_seconds, usage.of_job
    if usage.is_over_all and used is not None and asked and used >= _YOUNG_SECONDS:
        enough = hours_for(used)
        if used < LITTLE * asked and enough * 3600 < asked:
            yield (
                f"It asked for {span(asked)} and used {span(used)}: {enough:g} h would do. "
                "A job that asks for less time often starts sooner."
            )
    if usage.needs_seconds and asked and usage.needs_seconds > asked:
        yield (
            f"At its pace the whole run takes {span(usage.needs_seconds)}, and it asked for {span(asked)}: "
            f"{hours_for(usage.needs_seconds):g} h would do."
        )
    if job and job.memory and job.memory_asked and job.memory < LITTLE * job.memory_asked and usage.is_over_all:
        yield f"It had {_gb(job.memory_asked)} of memory and used {_gb(job.memory)}: less would do."
    if usage.data_wait is not None and usage.data_wait > WAITS:
        yield "It waited for data: more CPUs in its size make it faster."
    elif (busy := _busy(usage)) is not None and busy < IDLE and job and job.cpus > 1:
        yield f"Its CPUs were idle: {max(1, round(job.cpus * busy * ROOM))} of {job.cpus} would do."


def _busy(usage: Usage) -> float | None:
    """Share of the time for which the job's CPUs were busy."""
    job = usage.of_job
    if job is None or job.cpu_seconds is None or not job.cpus or not job.seconds or job.seconds < _YOUNG_SECONDS:
        return None
    return min(1.0, job.cpu_seconds / (job.cpus * job.seconds))


def span(seconds: float) -> str:
    """Such as "2 h 10 m"."""
    left = int(seconds)
    if left < 60:
        return f"{left} s"
    hours, minutes = divmod(left // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} m" if minutes else "") if part)


def _gb(size: int) -> str:
    return f"{size / _GB:.1f} GB" if size >= _GB else f"{size / (1 << 20):.0f} MB"
