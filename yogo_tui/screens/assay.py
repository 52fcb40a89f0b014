"""What a model's counts are worth: limits and errors by threshold, samples, and the plots of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from yogo.assay.views.sentences import sentences_of
from yogo.run.assay import AssayReport
from yogo.text.terminal import printable
from yogo_tui.curves.assay import assay_charts, axes
from yogo_tui.curves.axes import Axis
from yogo_tui.curves.drawing import Chart, View
from yogo_tui.questions.results import ResultSet
from yogo_tui.screens.base import BACK
from yogo_tui.screens.terms import Glossary
from yogo_tui.screens.two_panes import TwoPanes
from yogo_tui.session.assay import BEST, TERMS, assay_tables, in_short
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.tables_view import TablesView, add_lines

_HELP = f"""
{BEST} the threshold of the class's probability at which the limit of detection is lowest · m explains all figures
The dotted lines beside a figure are the ends of its interval of 95 %."""


class AssayScreen(TwoPanes):
    HELP = _HELP
    NO_PLOT = "There is no figure to draw."
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("tab", "switch", "plots/tables", id="assay.next"),
        Binding("f", "full", "full screen", id="assay.full"),
        Binding("x", "by", "by threshold/by known value", id="assay.by", tooltip="plots by threshold, or of samples"),
        Binding("a", "whole", "all thresholds", id="assay.whole", tooltip="all thresholds, or each twentieth"),
        Binding("m", "terms", "figures explained", id="assay.terms"),
        Binding("y", "copy", "copy the path of the file", id="assay.copy", show=False),
    ]

    def __init__(self, name: str, file: Path, found: ResultSet | None = None) -> None:
        """`name` is what the model is called; without `found` the file is read."""
        super().__init__()
        self._name, self._file, self._found = name, file, found
        self._is_whole = False
        """Whether all thresholds stand in the table."""

    @property
    def report(self) -> AssayReport | None:
        return self._found.assay if self._found else None

    def head(self) -> ComposeResult:
        yield TitledRule(f"{self._name} · assay", id="title")

    def body(self) -> ComposeResult:
        yield from self.two_panes("plots", TablesView(), "Reading it …")

    def on_mount(self) -> None:
        self.grid.view = View(Axis.THRESHOLD)
        if self._found:
            self._show(self._found)
        else:
            self.read()

    @work(exclusive=True, group="read")
    async def read(self) -> None:
        with self.reading("the assay was not read", self.read):
            self._show(await self.app.session.results.assay(self._file))

    def _show(self, found: ResultSet) -> None:
        self._found = found
        self.query_one("#title", TitledRule).title = f"{self._name} · {_titled(found)}"
        if found.assay is None:
            self.empty.update(f"✖ {printable(found.problem or 'It holds no assay.')}")
            return
        self.query_one("#title", TitledRule).right = in_short(found.assay)
        self.set_class(True, "-filled")
        self.grid.axes = axes([found.assay])
        self.grid.show()
        self._draw_tables(found.assay)
        self.refresh_bindings()

    def charts(self, axis: Axis) -> Mapping[str, Chart]:
        return assay_charts(self.report, axis) if self.report else {}

    def _draw_tables(self, report: AssayReport) -> None:
        text = Text(no_wrap=True)
        for table in assay_tables(report, is_whole=self._is_whole):
            lines = [[printable(cell) for cell in line] for line in ((table.title, *table.head), *table.rows)]
            add_lines(text, lines, _style, is_numbers=True)
            text.append("\n")
        roles = f"Targets are {report.roles}."
        self.tables.show(text, (roles, *sentences_of(report)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        if action == "by":
            return len(self.grid.axes) > 1 and self.report is not None
        return action not in ("switch", "full", "whole") or self.report is not None

    def action_whole(self) -> None:
        self._is_whole = not self._is_whole
        if self.report:
            self._draw_tables(self.report)

    def action_terms(self) -> None:
        self.app.push_screen(Glossary("what the figures say", TERMS))

    def action_copy(self) -> None:
        self.app.copy_path(PurePosixPath(self._file))


def _titled(found: ResultSet) -> str:
    return found.title if found.metrics is None else f"assay · {found.title}"


def _style(line: int, column: int, cell: str) -> Style:
    return Style(dim=line == 0 or column == 0, bold=cell.endswith(BEST) or None)
