"""What is about to be launched, a key before each line; below it when each size would start, and what checks say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from yogo.terminal import printable
from yogo_tui.cluster.base import Estimate, Resources
from yogo_tui.launch.machine import Machine
from yogo_tui.settings import SizePreset
from yogo_tui.widgets.words import cut_middle

_VALUE_WIDTH = 25


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    title: str
    value: str
    notes: tuple[str, ...] = ()
    """Below it, in full."""


@dataclass(frozen=True, slots=True)
class Check:
    words: str
    is_well: bool


class LaunchSummary(VerticalScroll, can_focus=False):
    machine: Machine | None = None
    """This machine, where it runs the jobs itself."""

    def compose(self) -> Iterator[Static]:
        yield Static(id="summary")
        yield Static(id="sizes")
        yield Static(id="checks", markup=False)

    def show(self, lines: Sequence[Line]) -> None:
        table = Table.grid(padding=(0, 1))
        for line in lines:
            table.add_row(Text(line.key, "bold"), line.title, Text(cut_middle(line.value, self._value_width)))
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
        estimates: dict[int, Estimate],
        asking: str = "",
    ) -> None:
        table = Table.grid(padding=(0, 2))
        has_gpus = self.machine is None or self.machine.num_gpus > 0
        table.add_row("", Text("GPUs" if has_gpus else "", justify="right"), "hours", "would start by", style="dim")
        for index, size in enumerate(sizes):
            estimate = estimates.get(index)
            when = _when(estimate) if estimate else ""
            mark = "▸" if size == chosen else " "
            what = str(size.gpus) if has_gpus else "CPU"
            table.add_row(mark, Text(what, justify="right"), Text(f"{size.hours:g}", justify="right"), when)
        parts: list[RenderableType] = [table]
        parts.append(Text(printable(self._below(resources, asking)), "dim"))
        self.query_one("#sizes", Static).update(Group(*parts))

    def _below(self, resources: Resources | None, asking: str) -> str:
        """What is asked now, or what is known of what there is."""
        if asking or not resources:
            return asking or (str(self.machine) if self.machine else "w asks when each would start")
        if self.machine and not self.machine.num_gpus:
            return str(self.machine)
        free = f"{resources.free_gpus} of {resources.total_gpus} GPUs are free now"
        return free if resources.total_gpus else resources.detail

    def show_checks(self, checks: Sequence[Check]) -> None:
        words = "\n".join(f"{'✔' if check.is_well else '✖'} {printable(check.words)}" for check in checks)
        self.query_one("#checks", Static).update(words)


def _when(estimate: Estimate) -> str:
    if estimate.no_later_than is None:
        return printable(estimate.detail) or "not known"
    moment = estimate.no_later_than.astimezone()
    days = (moment.date() - datetime.now().astimezone().date()).days
    if days <= 0:
        return f"today {moment:%H:%M}" if moment > datetime.now().astimezone() else "now"
    return f"tomorrow {moment:%H:%M}" if days == 1 else f"{moment:%d %b %H:%M}"
