"""The recorded steps of a run, of which a long one has a million: kept as columns of numbers, and read as such from the
lines that `yogo.run.events.append` writes. Whatever else may be on a line is left to the models of the events."""

from __future__ import annotations

import functools
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import compress, groupby
from typing import Any, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from yogo.run.events import Losses, Step

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_LOSSES = ("loss", "iou_loss", "objectness_loss", "classification_loss")
_NUMBERS = (*_LOSSES, "lr", "frames_per_s", "data_wait", "gpu_memory")
_TYPES = {"at": "q", "attempt": "i", "step": "q", "epoch": "i", **dict.fromkeys(_NUMBERS, "d")}
"""The columns, in the order in which a line holds them."""

_NUMBER = "-?(?:0|[1-9][0-9]{0,20})(?:[.][0-9]{1,25})?(?:e[+-]?[0-9]{1,2})?"
_SHORT, _LONG = "0|[1-9][0-9]{0,8}", "0|[1-9][0-9]{0,14}"
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
"""29 February is left to the model."""

_AT = f"[1-9][0-9]{{3}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{{6}})?Z"
_LOSS_FIELDS = ",".join(f'"{name}":(null|{_NUMBER})' for name in _LOSSES)
_LINE = (
    rf'{{"v":1,"at":"({_AT})","attempt":({_SHORT}),"reason":"[ !#-\[\]-~]*",'
    rf'"event":"step","step":({_LONG}),"epoch":({_SHORT}),"losses":{{{_LOSS_FIELDS}}},'
    rf'"lr":({_NUMBER}),"frames_per_s":(null|{_NUMBER}),"data_wait":(null|{_NUMBER})'
    rf'(?:,"gpu_memory":(null|{_LONG}))?}}\n'
    r"|([^\n]*)\n"
)
_line = functools.cache(lambda: re.compile(_LINE))
_NOT_KNOWN = ("null", "")

Rows = list[tuple[str, ...]]
"""What lines of steps hold, a tuple a line, in the order of the columns."""


def parts_of(data: bytes) -> Iterator[tuple[Rows, list[bytes]]]:
    """The whole lines of `data` in their order: steps in a row, or lines that may be anything, and so on in turn."""
    found = _line().findall(data.decode("latin-1"))
    for is_step, some in groupby(found, key=lambda words: bool(words[0])):
        if is_step:
            yield list(some), []
        else:
            yield [], [words[-1].encode("latin-1") for words in some]


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - _BEGIN) // _MICROSECOND


def attempt_of(row: tuple[str, ...]) -> int:
    return int(row[1])


class Steps(Sequence[Step]):
    """Like a list of the events, but for their `v` and `reason`, which it does not keep."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._columns: dict[str, array[Any]] = {name: array(kind) for name, kind in _TYPES.items()}
        self._size: int | None = None
        """How many of what the columns hold are meant; None if all."""

        for step in steps:
            self.append(step)

    def append(self, step: Step) -> None:
        said = step.losses
        losses = said.loss, said.iou_loss, said.objectness_loss, said.classification_loss
        numbers = (*losses, step.lr, step.frames_per_s, step.data_wait, step.gpu_memory)
        row = (microseconds(step.at), step.attempt, step.step, step.epoch, *map(_number, numbers))
        for column, value in zip(self._columns.values(), row, strict=True):
            column.append(value)

    def extend(self, rows: Rows) -> None:
        """Add steps as `parts_of` finds them."""
        added = zip(self._columns.items(), zip(*rows, strict=True), strict=False)
        for (name, column), words in added:
            if name == "at":
                column.extend(microseconds(datetime.fromisoformat(word)) for word in words)
            elif column.typecode == "d":
                column.extend(map(float, _numbers(words)))
            else:
                column.extend(map(int, words))

    def column(self, name: str, begin: int = 0, end: int | None = None) -> array[Any]:
        """A field of the steps from one to another: NaN where it is null; of `at`, microseconds since 1970."""
        begin, end, _ = slice(begin, end).indices(len(self))
        return self._columns[name][begin:end]

    def whole_column(self, name: str) -> array[Any]:
        """The numbers themselves, not a copy: others may be added to them. They are not to be changed."""
        return self._columns[name]

    def shares(self, other: Steps) -> bool:
        """Whether one holds the beginning of the other."""
        return self._columns is other._columns

    def so_far(self) -> Steps:
        """These steps, without those that are added later; it copies no numbers."""
        known = Steps()
        known._columns, known._size = self._columns, len(self)
        return known

    def up_to(self, step: int) -> Steps:
        """A copy without the later steps."""
        kept, keeps = Steps(), [number <= step for number in self.column("step")]
        for name in _TYPES:
            kept._columns[name].extend(compress(self._columns[name], keeps))
        return kept

    def __len__(self) -> int:
        return len(self._columns["step"]) if self._size is None else self._size

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._step(number) for number in range(*index.indices(len(self)))]
        return self._step(range(len(self))[index])

    def _step(self, index: int) -> Step:
        row: dict[str, Any] = {name: column[index] for name, column in self._columns.items()}
        row |= {name: None if math.isnan(row[name]) else row[name] for name in _NUMBERS}
        row["losses"] = Losses.model_construct(None, **{name: row.pop(name) for name in _LOSSES})
        row["at"] = _BEGIN + row["at"] * _MICROSECOND
        row["lr"] = math.nan if row["lr"] is None else row["lr"]
        row["gpu_memory"] = None if row["gpu_memory"] is None else int(row["gpu_memory"])
        return Step.model_construct(None, **row)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Steps):
            return NotImplemented
        return all(self.column(name).tobytes() == other.column(name).tobytes() for name in _TYPES)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """As the list of the events."""
        events = handler(list[Step])
        told = core_schema.plain_serializer_function_ser_schema(list, return_schema=events)
        return core_schema.no_info_after_validator_function(cls, events, serialization=told)


def _numbers(words: Sequence[str]) -> Sequence[str]:
    if any(word in words for word in _NOT_KNOWN):
        return ["nan" if word in _NOT_KNOWN else word for word in words]
    return words


def _number(value: float | None) -> float:
    return math.nan if value is None or not math.isfinite(value) else value
