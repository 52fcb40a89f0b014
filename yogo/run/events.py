"""events.jsonl: what happens while a run trains, one JSON object a line.

Written by rank 0 only, in append mode. A resumed attempt goes back to its checkpoint, so its events
replace the earlier attempts' events after that step: see `yogo.run.history`. A number that is not finite
is written as null, and `reason` holds its value.
"""

from __future__ import annotations

import errno
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from yogo.files.atomic import Fence
from yogo.run.best import BestBy
from yogo.run.record import Part, now

_Count = Annotated[int, Field(ge=0, lt=1 << 31)]
_LongCount = Annotated[int, Field(ge=0, lt=1 << 63)]


def with_zone(at: datetime) -> datetime:
    """A time without its zone is UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class EventBase(Part):
    # Whoever only lists runs that are over reads no events, and need not wait for their schemas.
    model_config = ConfigDict(defer_build=True)

    v: int = 1
    """Version of this line's schema."""

    at: Annotated[datetime, AfterValidator(with_zone)] = Field(default_factory=now)
    attempt: _Count = 0
    reason: str = ""
    """Why a number is null, or why the run failed, was signalled or finished before its last epoch."""


class Losses(Part):
    """The loss and its three weighted parts; null where the number is not finite."""

    loss: float | None = None
    iou_loss: float | None = None
    objectness_loss: float | None = None
    classification_loss: float | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value


class Started(EventBase):
    event: Literal["started"] = "started"
    epochs: int
    steps_per_epoch: int
    num_train: int
    num_val: int
    global_batch_size: int = 0
    """Images a step, over all processes and accumulated batches; 0 in older files."""

    learning_rate: float | None = None
    """Peak learning rate after warm-up, scaled if requested."""


class Resumed(EventBase):
    event: Literal["resumed"] = "resumed"
    epoch: int
    """Whole epochs that the checkpoint holds."""

    step: int
    """The checkpoint's step: events of earlier attempts after it no longer count."""


class Step(EventBase):
    event: Literal["step"] = "step"
    step: _LongCount
    """Optimiser steps since the run began, this one included."""

    epoch: _Count
    """The epoch it belongs to, from 0."""

    losses: Losses
    """Means over the steps since the last such event."""

    lr: float
    frames_per_s: float | None = None
    """Over all processes, since the last such event; at an epoch's last step, over the epoch. data_wait likewise."""

    data_wait: float | None = None
    """Share of the time in which the device had nothing to do because data had not come, 0 to 1."""

    gpu_memory: _LongCount | None = None
    """Bytes of its GPU that rank 0 used at its most since the last such event; null on the CPU and in older files."""


class Validated(EventBase):
    event: Literal["validated"] = "validated"
    step: int
    epoch: int
    losses: Losses
    metrics: dict[str, float | None] = Field(default_factory=dict)
    """Such as mAP50; per class where the name ends in /class."""


class Checkpointed(EventBase):
    event: Literal["checkpointed"] = "checkpointed"
    step: int
    epoch: int
    file: Literal["best.pth", "last.pth"]
    loss: float | None = None
    """Of validation, in the best epoch so far."""

    by: BestBy = "loss"
    """What the best epoch is chosen by."""

    score: float | None = None
    """The best epoch's figure of that; null where it is the loss."""


class Signalled(EventBase):
    event: Literal["signalled"] = "signalled"
    signal: str
    step: int


class Tested(EventBase):
    event: Literal["tested"] = "tested"
    losses: Losses
    metrics: dict[str, float | None] = Field(default_factory=dict)


class Finished(EventBase):
    event: Literal["finished"] = "finished"
    step: int
    epoch: int
    is_pruned: bool = False
    """Whether its sweep ended it early."""


class Failed(EventBase):
    event: Literal["failed"] = "failed"
    step: int | None = None


Event = Annotated[
    Started | Resumed | Step | Validated | Checkpointed | Signalled | Tested | Finished | Failed,
    Field(discriminator="event"),
]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(defer_build=True))


def parse_line(line: bytes) -> Event | None:
    """The event on one line; None for an incomplete line, or an unknown kind of event."""
    try:
        return _EVENT.validate_json(line)
    except ValidationError:
        return None


def parse(data: bytes) -> tuple[list[Event], int]:
    """The events in `data`, and how many of its bytes were whole lines (continue reading from there)."""
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")
    return [event for line in lines if line and (event := parse_line(line)) is not None], whole


def append(path: Path, event: Event, fence: Fence | None = None) -> None:
    """Append one line; an incomplete line of a killed writer is ended first. Raises OSError, and adds nothing then."""
    line = event.model_dump_json(exclude_defaults=False).encode() + b"\n"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        if fence is not None:
            fence()
        written = os.write(handle, line)
        if written < len(line):
            if os.fstat(handle).st_size == size + written:  # half a line, and nobody else's after it
                os.ftruncate(handle, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(handle)
