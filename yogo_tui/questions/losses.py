"""The question for the loss curves of one run, in as many points as a small plot needs."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from yogo.files.foreign import opened
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.events import Event, Started, Step, Validated
from yogo_tui.hosts.base import Tell

_PIECE = 1 << 20
_MOST_PIECES = 64
"""Of a longer file so many are read, equally far apart."""

_MOST_STEPS = 4_000
"""About so many steps are parsed, equally far apart."""

_BUCKETS = 100
_STEP, *_ALWAYS = (f'"event":"{name}"'.encode() for name in ("step", "started", "resumed", "validated"))

Point = tuple[float, float | None]
"""Where it is, and the loss; None if that is not a number."""


@dataclass(frozen=True, slots=True)
class LossCurves:
    """The losses of a run over its epochs, or over its steps where it is not known how many make an epoch."""

    train: tuple[Point, ...] = ()
    """The lowest and the highest of each stretch."""

    validation: tuple[Point, ...] = ()
    is_by_epoch: bool = True


@dataclass(frozen=True)
class ReadLosses:
    """The losses that the run in this folder has recorded; empty if it has recorded none. Raises OSError."""

    path: Path

    def answer(self, tell: Tell) -> LossCurves:
        try:
            with opened(RunDirectory(self.path).events) as file:
                found = [*_of_latest(_some(file, tell))]
        except FileNotFoundError:
            return LossCurves()
        per_epoch = next((event.steps_per_epoch for event in found if isinstance(event, Started)), 0)
        train, validation = (
            _points([event for event in found if isinstance(event, kind)], per_epoch or 1) for kind in (Step, Validated)
        )
        return LossCurves(_thinned(train), validation, bool(per_epoch))


def _of_latest(found: Iterable[Event]) -> Iterator[Event]:
    """Without what a process still wrote after another one went on."""
    attempt = 0
    for event in found:
        if event.attempt >= attempt:
            attempt = event.attempt
            yield event


def _points(found: Sequence[Step | Validated], per_epoch: int) -> tuple[Point, ...]:
    """In the order of their steps; of those that were done again, the later ones."""
    kept: list[Step | Validated] = []
    for event in reversed(found):
        if not kept or event.step < kept[-1].step:
            kept.append(event)
    return tuple((event.step / per_epoch, event.losses.loss) for event in reversed(kept))


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The lowest and the highest of each of as many stretches, and the last one."""
    if len(points) <= 2 * _BUCKETS:
        return points
    kept = {0, len(points) - 1}
    for number in range(_BUCKETS):
        part = range(number * len(points) // _BUCKETS, (number + 1) * len(points) // _BUCKETS)
        known = [index for index in part if points[index][1] is not None] or part[:1]
        kept |= {min(known, key=lambda at: points[at][1] or 0.0), max(known, key=lambda at: points[at][1] or 0.0)}
    return tuple(points[index] for index in sorted(kept))


def _some(file: BufferedReader, tell: Tell) -> Iterator[Event]:
    """Events in the order of the file: of the steps some, of a file of usual length all that are validations."""
    size = os.fstat(file.fileno()).st_size
    num_pieces = -(-size // _PIECE)
    stride = 0
    for number in range(0, num_pieces, -(-num_pieces // _MOST_PIECES) or 1):
        tell("reading losses", number, num_pieces)
        lines = _lines(file, number * _PIECE)
        stride = stride or max(1, math.ceil(len(lines) * num_pieces / _MOST_STEPS))
        last = next((place for place in reversed(range(len(lines))) if _STEP in lines[place]), -1)
        for place, line in enumerate(lines):
            is_wanted = place % stride == 0 or place == last or any(one in line for one in _ALWAYS)
            if is_wanted and (event := events.parse_line(line)):
                yield event


def _lines(file: BufferedReader, start: int) -> list[bytes]:
    """The lines that begin in the piece at `start`."""
    file.seek(max(0, start - 1))
    if start:
        file.readline(_PIECE)
    begin = file.tell()
    data = file.read(max(0, start + _PIECE - begin))
    return (data if data.endswith(b"\n") else data + file.readline(_PIECE)).splitlines()
