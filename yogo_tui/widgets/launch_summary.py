"""Shows what is about to be launched, when each size would start, and the results of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from yogo.text.terminal import printable
from yogo_tui.cluster.base import Machine, Resources
from yogo_tui.session.timing import Timing, finish_words, start_words, takes_words
from yogo_tui.settings import SizePreset
from yogo_tui.words import cut_middle

_VALUE_WIDTH = 25
_NAME_WIDTH = 8


@dataclass(frozen=True, slots=True)
class SummaryLine:
    key: str
    title: str
    value: str
    notes: tuple[str, ...] = ()
    """Shown below the line, uncut."""


@dataclass(frozen=True, slots=True)
class Check:
    words: str
    is_well: bool
    is_doubt: bool = False
    """Whether it may be wrong, and is for the user to judge."""

    @property
    def sign(self) -> str:
        return "!" if self.is_doubt else "✔" if self.is_well else "✖"


class LaunchSummary(VerticalScroll):
    def __init__(self, machine: Machine | None = None) -> None:
        """`machine` is this machine, if it runs the jobs itself; else None."""
        super().__init__()
        self.machine = machine

    def compose(self) -> Iterator[Static]:
        yield Static(id="summary")
        yield Static(id="sizes")
        yield Static(id="checks", markup=False)

    def show(self, lines: Sequence[SummaryLine]) -> None:
        table = Table.grid(padding=(0, 1))
        for line in lines:
            # A path is cut in its middle; words go on in the next line.
            value = printable(line.value) if " " in line.value else cut_middle(line.value, self._value_width)
            table.add_row(Text(line.key, "bold"), line.title, Text(value))
            for note in line.notes:
                table.add_row("", "", Text(printable(note), "dim"))
        self.query_one("#summary", Static).update(table)

    @property
    def _value_width(self) -> int:
        return max(_VALUE_WIDTH, self.size.width - 12)

    def show_sizes(
        self,
        sizes: Sequence[SizePreset],
        chosen: SizePreset,
        resources: Resources | None,
        timings: Mapping[int, Timing],
        *,
        asking: str = "",
        asked: str = "",
        unknown: str = "",
    ) -> None:
        """What is being asked, and when it was asked last, are lines of their own; `unknown` is what to do where it is
        not known how long the chosen one takes."""
        of_chosen = timings.get(sizes.index(chosen), Timing()) if chosen in sizes else None
        told = finish_words(of_chosen) if of_chosen else ""
        more = unknown if of_chosen and not of_chosen.takes else ""
        below = filter(None, (self._below(resources, asking), "" if asking else asked, f"{told} {more}".strip()))
        parts: list[RenderableType] = [self._table_of(sizes, chosen, timings)]
        parts += [Text(printable(line), "dim") for line in below]
        self.query_one("#sizes", Static).update(Group(*parts))

    def _table_of(self, sizes: Sequence[SizePreset], chosen: SizePreset, timings: Mapping[int, Timing]) -> Table:
        has_gpus = self.machine is None or self.machine.num_gpus > 0
        has_nodes = any(size.nodes > 1 for size in sizes)
        has_names = len({(size.gpus, size.nodes, size.hours) for size in sizes}) < len(sizes)
        table = Table.grid(padding=(0, 1 if has_nodes or has_names else 2))
        head = ["GPUs" if has_gpus else "CPUs", *(["nodes"] if has_nodes else []), "hours"]
        called = [""] if has_names else []
        takes = ["takes"] if any(timing.takes for timing in timings.values()) else []
        words = ["would start by", *takes]
        table.add_row("", *called, *(Text(word, justify="right") for word in head), *words, style="dim")
        for index, size in enumerate(sizes):
            timing = timings.get(index, Timing())
            when = start_words(timing.estimate)
            mark = "▸" if size == chosen else " "
            asks = [
                str(size.gpus if has_gpus else size.cpus),
                *([str(size.nodes)] if has_nodes else []),
                f"{size.hours:g}",
            ]
            called = [cut_middle(printable(size.name), _NAME_WIDTH)] if has_names else []
            table.add_row(mark, *called, *(Text(ask, justify="right") for ask in asks), when, takes_words(timing))
        return table

    def _below(self, resources: Resources | None, asking: str) -> str:
        """The line below the sizes: what is being asked, else how many GPUs are free."""
        if asking or not resources:
            return asking or (str(self.machine) if self.machine else "w asks when each would start")
        if self.machine and not self.machine.num_gpus:
            return str(self.machine)
        free = f"{resources.free_gpus} of {resources.total_gpus} GPUs were free"
        return free if resources.total_gpus else resources.detail

    def show_checks(self, checks: Sequence[Check]) -> None:
        words = "\n".join(f"{check.sign} {printable(check.words)}" for check in checks)
        self.query_one("#checks", Static).update(words)
