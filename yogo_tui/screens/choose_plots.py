"""A dialog: which plots are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from yogo_tui.screens.ask import Dialog


class ChoosePlots(Dialog[tuple[str, ...] | None]):
    """Returns the keys of the chosen plots in their order; None if the dialog was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave", id="plots.leave"),
        Binding("enter", "accept", "show them", id="plots.accept", priority=True),
        Binding("a", "all", "all or none", id="plots.all"),
    ]

    marks = getters.query_one(SelectionList)

    def __init__(self, titles: Mapping[str, str], chosen: Collection[str]) -> None:
        super().__init__()
        self._titles = titles
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="paper"):
            yield Static("plots to show, as many as there is room for", classes="title")
            yield SelectionList[str](
                *(Selection(Content(title), key, key in self._chosen) for key, title in self._titles.items()),
                compact=True,
            )
            yield Static("space mark   a all or none   enter show them   esc leave", classes="keys")

    def action_accept(self) -> None:
        marked = set(self.marks.selected)
        self.dismiss(tuple(key for key in self._titles if key in marked) or None)

    def action_all(self) -> None:
        if len(self.marks.selected) < len(self._titles):
            self.marks.select_all()
        else:
            self.marks.deselect_all()
