"""The order of the list of runs: by a column, what cannot be compared after what can, and what is not known last."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from yogo_tui.listing.columns import Column, Value, find
from yogo_tui.listing.losses import ComparableLosses
from yogo_tui.runs.model import Run


@dataclass(frozen=True, slots=True)
class Order:
    column: Column
    is_turned: bool = False
    """Whether the list begins with what would be last otherwise."""

    @classmethod
    def parse(cls, text: str) -> Order:
        """A column's name, after a minus if it is turned round. Raises UnknownColumn."""
        return cls(find(text.removeprefix("-")), text.startswith("-"))

    @property
    def falls(self) -> bool:
        return self.column.falls != self.is_turned

    @property
    def turned(self) -> Order:
        return replace(self, is_turned=not self.is_turned)

    @property
    def sign(self) -> str:
        return "↓" if self.falls else "↑"

    def __str__(self) -> str:
        """Such as "by mAP50 ↓"."""
        return f"by {self.column.key} {self.sign}"

    def of(self, runs: Iterable[Run], now: datetime) -> tuple[Run, ...]:
        """The runs in this order. Those with equal values stay in the order that they had."""
        runs = tuple(runs)
        losses = ComparableLosses(runs if self.column.is_loss else ())
        groups: tuple[list[tuple[object, Run]], ...] = ([], [])
        unknown = []
        for run in runs:
            value = self._sortable(self.column.value(run, now))
            if value is None:
                unknown.append(run)
            else:
                groups[self.column.is_loss and losses.is_other(run)].append((value, run))
        for group in groups:
            group.sort(key=operator.itemgetter(0), reverse=self.falls)
        return (*(run for group in groups for _, run in group), *unknown)

    @staticmethod
    def _sortable(value: Value | None) -> object:
        """Text sorts without regard to case, and the numbers in it as numbers: cells-9 before cells-10."""
        if not isinstance(value, str):
            return value
        parts = re.split(r"(\d+)", value.casefold())
        return [(int(part) if part.isdecimal() else -1, part) for part in parts] if value else None


DEFAULT = Order(find("age"))
