"""Why a run is as it is: what it waits for, the error that ended it, what it used, and what one can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from yogo.text.wording import ended
from yogo_tui.advice import tui
from yogo_tui.runs.faults import GO_ON_OR, Fault
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.usage import Usage

_BROKEN = (RunState.FAILED, RunState.CANCELLED, RunState.STOPPED)


@dataclass(frozen=True, slots=True)
class Why:
    """All that is known of why a run is as it is."""

    run: Run
    fault: Fault | None = None
    """The error that ended it; None if it has not failed, or if none was found."""

    usage: Usage | None = None
    """None while the run is not over."""

    log: PurePosixPath | None = None
    """The log that was read for it; None if none was."""

    own_memory: str = ""
    """What its script asks for by itself, whatever its CPUs, such as "--mem=8G", if its memory was full."""

    no_log: str = ""
    """Why the log could not be read; empty if it was, or if it need not be."""

    @property
    def may_start_at(self) -> datetime | None:
        job = self.run.job
        return job.may_start_at if job and self.run.state is RunState.WAITING else None

    @property
    def error(self) -> str:
        """The error that ended it, in plain words and as the log says it; empty if there is none."""
        if self.fault is None:
            return ""
        where = f" ({self.fault.where})" if self.fault.where else ""
        return ": ".join(filter(None, (self.fault.words, f"{self.fault.said}{where}".strip())))

    @property
    def next_step(self) -> str:
        """What one can do, in sentences; empty if there is nothing to do."""
        run, fault = self.run, self.fault
        if self.own_memory:
            return f"{self.more_memory} Then launch it again: A, or {tui()} again {run.name}."
        if fault is not None and fault.advice and run.path:  # of a job that is not a run it is not known how it goes on
            return _named(fault.advice if run.manifest else _without_going_on(fault.advice), run.name)
        if run.job and (run.state.is_waiting or run.can_cancel) and run.job.advice:
            return run.job.advice
        if run.state in _BROKEN and run.path and run.manifest and "resume" not in run.why:
            return f"To go on with it: {tui()} resume {run.name}"
        if run.state is RunState.RUNNING and "! silent" in run.why:
            return f"Look at its log. If it hangs, cancel it, then go on: {tui()} resume {run.name}"
        return ""

    @property
    def more_memory(self) -> str:
        """How a job gets more whose script says itself how much."""
        template = f" ({self.run.launch.template})" if self.run.launch and self.run.launch.template else ""
        return (
            f"Its script asks for {self.own_memory}: ask for more in the template{template}, which e in Launch edits."
        )

    @property
    def used(self) -> tuple[str, ...]:
        return self.usage.said if self.usage else ()

    @property
    def next_time(self) -> tuple[str, ...]:
        return self.usage.next_time if self.usage else ()

    @property
    def _reason(self) -> str:
        """Of a run that trains the list says only where it does so, such as "in job 5"."""
        told, plain = self.run.why, _plainly(self.run)
        return f"{plain} {told}" if plain and told.startswith("in ") else told or plain

    def lines(self) -> Iterator[tuple[str, str]]:
        """Titles and sentences."""
        if told := self._reason:
            yield "why", ended(told)
        if self.error and self.error not in self.run.why:
            yield "error", self.error
        if self.no_log:
            yield "log", self.no_log
        if self.next_step:
            yield "next", ended(self.next_step)
        for title, sentences in (("doubt", self.run.doubts), ("used", self.used), ("next time", self.next_time)):
            for number, sentence in enumerate(sentences):
                yield "" if number else title, sentence


def _without_going_on(advice: str) -> str:
    """The advice for a run that has not begun to train."""
    rest = advice.removeprefix(GO_ON_OR.strip()).lstrip(", ")
    return f"{rest[0].upper()}{rest[1:]}" if rest else ""


def _named(advice: str, name: str) -> str:
    return advice.replace("yogo-tui again", f"{tui()} again {name}").replace(f"again {name} RUN", f"again {name}")


def _plainly(run: Run) -> str:
    match run.state:
        case RunState.RUNNING:
            return "It trains" if run.path else "It runs"
        case RunState.FINISHED | RunState.DONE:
            return "It has finished"
        case RunState.CANCELLED:
            return "It was cancelled"
        case RunState.WAITING:
            return "It waits, and the scheduler does not say for what"
        case _:
            return ""
