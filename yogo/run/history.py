"""The curves of a run from its events: a later attempt's events replace those of the steps that it repeats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Self

from yogo.files.foreign import opened
from yogo.run.best import BestBy
from yogo.run.events import (
    Checkpointed,
    Event,
    Failed,
    Finished,
    Resumed,
    Started,
    Step,
    Tested,
    Validated,
    parse_line,
)
from yogo.run.steps import Rows, Steps, attempt_of, parts_of

_PIECE = 4 << 20


@dataclass(slots=True)
class History:
    """A run's training so far. Feed it events in the order of the file."""

    started: Started | None = None
    attempt: int = 0
    steps: Steps = field(default_factory=Steps)
    validations: list[Validated] = field(default_factory=list)
    checkpoints: list[Checkpointed] = field(default_factory=list)
    resumes: list[Resumed] = field(default_factory=list)
    """Where later attempts went on from."""

    tested: Tested | None = None
    ended: Finished | Failed | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """What a file of events tells. Raises OSError, also if it is not a regular file."""
        history, rest = cls(), b""
        with opened(path) as file:
            while piece := file.read(_PIECE):
                rest += piece
                rest = rest[history.feed(rest)[1] :]
        return history

    def feed(self, data: bytes) -> tuple[int, int]:
        """Add the events on the whole lines of `data`. Returns how many there were, and how many bytes those lines
        take: continue reading from there."""
        whole, count = data.rfind(b"\n") + 1, 0
        for rows, lines in parts_of(data[:whole]):
            found = [event for line in lines if line and (event := parse_line(line)) is not None]
            self.extend(found)
            self._extend_steps(rows)
            count += len(found) + len(rows)
        return count, whole

    def so_far(self) -> Self:
        """A copy to which nothing is added."""
        return replace(
            self,
            steps=self.steps.so_far(),
            validations=self.validations[:],
            checkpoints=self.checkpoints[:],
            resumes=self.resumes[:],
        )

    def extend(self, events: Iterable[Event]) -> None:
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        if event.attempt < self.attempt and not isinstance(event, Started):
            return  # the last line of a process that was taken for gone: a later attempt counts
        self.attempt = event.attempt
        match event:
            case Started():
                self._begin(event, step=0)
                self.started = event
            case Resumed():
                self._begin(event, step=event.step)
                self.resumes.append(event)
                # A save at this step is reported again.
                self.checkpoints = [old for old in self.checkpoints if old.step < event.step]
            case Step():
                self.steps.append(event)
            case Validated():
                self.validations.append(event)
            case Checkpointed():
                self.checkpoints.append(event)
            case Tested():
                self.tested = event
            case Finished() | Failed():
                self.ended = event

    def _extend_steps(self, rows: Rows) -> None:
        for attempt, some in groupby(rows, key=attempt_of):
            if attempt >= self.attempt:
                self.attempt = attempt
                self.steps.extend(list(some))

    def _begin(self, event: Started | Resumed, *, step: int) -> None:
        self.steps = self.steps.up_to(step)
        self.validations = [old for old in self.validations if old.step <= step]
        self.checkpoints = [old for old in self.checkpoints if old.step <= step]
        self.resumes = [old for old in self.resumes if old.step <= step]
        self.tested = self.ended = None

    @property
    def step(self) -> int:
        """The last known step."""
        trained = self.steps[-1].step if self.steps else 0
        validated = self.validations[-1].step if self.validations else 0
        return max(trained, validated)

    @property
    def num_steps(self) -> int:
        """Steps in the whole run; 0 while this is not known."""
        return self.started.epochs * self.started.steps_per_epoch if self.started else 0

    @property
    def epochs_done(self) -> float:
        """Epochs trained so far, with a fraction."""
        if not self.started or not self.started.steps_per_epoch:
            return 0.0
        return self.step / self.started.steps_per_epoch

    @property
    def best_by(self) -> BestBy:
        """What the epoch in best.pth was chosen by."""
        return next((one.by for one in reversed(self.checkpoints) if one.file == "best.pth"), "loss")

    @property
    def best(self) -> Validated | None:
        """The validation of the epoch in best.pth: the one with the lowest loss, unless the run chooses by another
        figure."""
        if self.best_by != "loss":
            kept = [one.epoch - 1 for one in self.checkpoints if one.file == "best.pth"]
            return next((one for one in reversed(self.validations) if one.epoch == kept[-1]), None)
        known = [event for event in self.validations if event.losses.loss is not None]
        return min(known, key=lambda event: event.losses.loss or 0.0, default=None)

    @property
    def train_loss(self) -> float | None:
        """The last one; None if there is none, or if it is not a number."""
        return self.steps[-1].losses.loss if self.steps else None

    @property
    def val_loss(self) -> float | None:
        """After the last epoch that was validated; None if there is none, or if it is not a number."""
        return self.validations[-1].losses.loss if self.validations else None

    def seconds_left(self) -> float | None:
        """An estimate from the pace of this attempt's last steps; None while there is none."""
        pace = self._pace()
        return None if pace is None or not self.num_steps else pace * (self.num_steps - self.steps[-1].step)

    def epoch_seconds(self) -> float | None:
        """How long an epoch takes, by the same pace; None while there is none."""
        pace = self._pace()
        return None if pace is None or not self.started else pace * self.started.steps_per_epoch

    def _pace(self) -> float | None:
        """Seconds a step, over this attempt's last steps; None while there are not two."""
        recent = [event for event in self.steps[-20:] if event.attempt == self.attempt]
        if len(recent) < 2:
            return None
        steps = recent[-1].step - recent[0].step
        seconds = (recent[-1].at - recent[0].at).total_seconds()
        return seconds / steps if steps > 0 else None
