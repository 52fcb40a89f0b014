"""The filter of the list of runs: `state:failed data:bccd tag:paper lr>0.001 mAP50>=.7 age<2d -kind:job words`.

A run is shown if all terms hold. A word alone is looked for in name, title, state, kind, tags, note and reason;
`key:word` in one column, or in one setting of the recipe; `key:a,b` is either. `-` before a term turns it round, and
quotes keep blanks together. What is not known of a run fulfils no term.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from yogo_tui.errors import ConsoleError
from yogo_tui.listing.columns import Column, find
from yogo_tui.runs.model import Run

Test = Callable[[Run, datetime], bool]

_TERM = re.compile(r"""(-?)(?:([A-Za-z][\w-]*)(:|>=|<=|!=|=|>|<))?((?:"[^"]*"?|[^\s"])*)""")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-z%]?)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class QueryError(ConsoleError):
    """A filter that says nothing which can be looked for."""


@dataclass(frozen=True, slots=True)
class Query:
    """What the runs that are shown have in common."""

    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def holds(self, run: Run, now: datetime) -> bool:
        return all(test(run, now) for test in self.tests)

    def of(self, runs: Iterable[Run], now: datetime) -> tuple[Run, ...]:
        return tuple(run for run in runs if self.holds(run, now))


def parse(text: str) -> Query:
    """Raises QueryError with what is wrong and what can be said instead."""
    return Query(tuple(_test(*term.groups()) for term in _TERM.finditer(text) if term[0]))


def _test(sign: str, key: str | None, comparison: str, said: str) -> Test:
    words = said.replace('"', "")
    if key is None:
        found = _anywhere(words.casefold())
    elif not words:
        raise QueryError(f"{key}{comparison} needs a value after it.")
    else:
        found = _in_column(find(key), comparison, words)
    return (lambda run, now: not found(run, now)) if sign else found


def _anywhere(words: str) -> Test:
    def found(run: Run, _: datetime) -> bool:
        text = "\n".join((run.name, run.title, run.state, run.kind_word, *run.tags, run.note, run.why))
        return words in text.casefold()

    return found


def _in_column(column: Column, comparison: str, words: str) -> Test:
    if column.is_number:
        return _either([_number(column, comparison, one) for one in words.split(",")])
    if comparison not in (":", "=", "!="):
        raise QueryError(f"{column.key} is text: say {column.key}:{words}.")
    alternatives = [one.casefold() for one in words.split(",") if one]

    def found(run: Run, now: datetime) -> bool:
        text = str(column.value(run, now) or "").casefold()
        if comparison == ":":
            return any(one in text for one in alternatives)
        return (text in alternatives) == (comparison == "=")

    return found


def _either(tests: list[Test]) -> Test:
    return lambda run, now: any(test(run, now) for test in tests)


def _number(column: Column, comparison: str, words: str) -> Test:
    read = _NUMBER.fullmatch(words.strip())
    unit = read[2] if read else ""
    if read is None or (unit and not (column.is_duration and unit in _UNITS)):
        example = "2d, 3h or 10m" if column.is_duration else "0.5"
        raise QueryError(f"{column.key} is compared with a number, such as {example}, and not with {words}.")
    wanted, compared = float(read[1]) * _UNITS.get(unit, 1), _COMPARED[comparison]

    def found(run: Run, now: datetime) -> bool:
        value = column.value(run, now)
        return value is not None and compared(float(value), wanted)

    return found
