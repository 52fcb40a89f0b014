"""Shows all of a definition: the tree of what it names, its totals and histograms, and everything that is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widgets import OptionList, Static, Tree
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from yogo.definition import DatasetSummary, Problem
from yogo.definition.report import MOST_LISTED, grouped, node_name
from yogo.definition.tree import Node
from yogo.text.terminal import printable
from yogo.text.wording import counted as number_of
from yogo_tui.advice import tui
from yogo_tui.questions.image_lists import ImageFilter
from yogo_tui.screens.base import changes
from yogo_tui.screens.counting import DOUBTED, CountsDefinition, faulty_line
from yogo_tui.screens.editor import edit
from yogo_tui.screens.going import Draft
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.survey_view import figures_view, node_line, problem_line

_VIEWS = ("folders", "figures", "problems")
_WIDE = 120
"""Columns from which on the figures stand beside the folders or the problems."""

_GUIDE = 2
_TAB = "folders, figures, problems"


class FolderTree(Tree[Node]):
    """What a definition names."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "toggle_node", "open or close", id="definition.toggle", show=False),
        Binding("j", "cursor_down", "next", id="definition.next", show=False),
        Binding("k", "cursor_up", "previous", id="definition.previous", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = _GUIDE


class FiguresText(Static):
    """The figures, which use the width that there is."""

    class Widened(Message):
        """Their width is another one, once the screen is laid out."""

    _width = 0

    def on_resize(self, event: Resize) -> None:
        if event.size.width != self._width:
            self._width = event.size.width
            self.post_message(self.Widened())


class DefinitionScreen(CountsDefinition):
    COUNT_KEY = "definition.count"
    CSS_PATH = "definition.tcss"
    AUTO_FOCUS = "FolderTree"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_view", "next view", id="definition.view", priority=True, tooltip=_TAB),
        Binding("v", "pictures", "images", id="definition.pictures", tooltip="images of the folder, or with problems"),
        Binding("e", "edit", "edit", id="definition.edit", tooltip="edit the file in $EDITOR, at the line"),
        Binding("l", "launch", "launch with it", id="definition.launch"),
        Binding("h", "health", "health", id="definition.health", tooltip="near-duplicates, odd boxes and images"),
        Binding("c", "count", "count again", id="definition.count"),
        Binding("d", "reviews", "doubted labels", id="definition.reviews", tooltip=DOUBTED, show=False),
        Binding("y", "copy", "copy the path of the folder or file", id="definition.copy", show=False),
        Binding("escape", "leave", "stop counting; back", id="definition.leave", show=False),
    ]

    rule = getters.query_one("#title", TitledRule)
    view_rule = getters.query_one("#view-rule", TitledRule)
    folders = getters.query_one(FolderTree)
    problems = getters.query_one(OptionList)
    figures = getters.query_one("#figures", Static)

    def __init__(self, path: Path, found: DatasetSummary | None) -> None:
        super().__init__()
        self._path = path
        self._found = found and dataclasses.replace(found, is_whole=False)
        self._told: list[Problem] = []
        """The problems in the list, in its order."""

        self._shape: list[object] = []
        """Of the tree that is shown."""

        self._view = _VIEWS[0]

    def head(self) -> ComposeResult:
        yield TitledRule(self._path.name, "…", id="title")

    def body(self) -> ComposeResult:
        yield TitledRule(id="view-rule")
        with Horizontal():
            with Vertical(id="left"):
                yield FolderTree()
                yield OptionList(compact=True, markup=False)
            with VerticalScroll(id="figures-scroll"):
                yield FiguresText(id="figures", markup=False)

    def on_mount(self) -> None:
        self._turn_to(self._view)
        self.count(self._path)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "-wide")
        self.call_after_refresh(self._draw_again)

    @on(FiguresText.Widened)
    def _draw_again(self) -> None:
        if self._found:
            self.draw_survey(self._path, self._found)

    @property
    def count_rule(self) -> TitledRule:
        return self.rule

    def is_about(self, path: Path) -> bool:
        return True

    def count_again(self) -> None:
        self.count(self._path)

    def draw_survey(self, path: Path, found: DatasetSummary) -> None:
        self._found = found
        self.figures.update(figures_view(found, max(30, self.figures.size.width), self.healths.get(path)))
        shape = _shape(found.tree)
        if shape != self._shape:
            self._shape, at = shape, max(0, self.folders.cursor_line)
            self.folders.clear()
            self._add(self.folders.root, found.tree)
            if (last := self.folders.last_line) >= 0:  # reading it makes the tree lay out its lines
                self.folders.cursor_line = min(at, last)
        for node in _all(self.folders.root):
            if node.data:
                node.set_label(node_line(node.data, self._room(node)))
        self._list_problems(found)
        self._tell_views()

    def _add(self, above: TreeNode[Node], nodes: Iterable[Node]) -> None:
        for node in nodes:
            if node.definition is not None:
                self._add(above.add("", node, expand=True), node.parts)
            else:
                above.add_leaf("", node)

    def _room(self, node: TreeNode[Node]) -> int:
        """Columns for the line of a node."""
        depth = 0
        while node.parent is not None and node.parent.parent is not None:
            node, depth = node.parent, depth + 1
        return max(30, self.folders.size.width - _GUIDE * (depth + 1) - 2)

    def _list_problems(self, found: DatasetSummary) -> None:
        told = [problem for group in grouped(found.problems) for problem in group[:MOST_LISTED]]
        if told == self._told:
            return
        self._told = told
        at = self.problems.highlighted
        self.problems.clear_options()
        self.problems.add_options([Option(printable(problem_line(problem, self._path))) for problem in told])
        if (rest := len(found.problems) - len(told)) > 0:
            self.problems.add_option(Option(f"and {rest:,} more: {tui()} datasets FILE --json", disabled=True))
        self.problems.highlighted = min(at or 0, len(told) - 1) if told else None

    def _tell_views(self) -> None:
        number = len(self._found.problems) if self._found else 0
        words = {"folders": "folders", "figures": "figures", "problems": number_of(number, "problem")}
        shown = [f"[{words[view]}]" if view == self._view else words[view] for view in self._views]
        self.view_rule.title = "  ".join(shown)
        self.view_rule.right = ""

    @property
    def _views(self) -> tuple[str, ...]:
        """Where there is room, the figures are always there."""
        return tuple(view for view in _VIEWS if view != "figures") if self.has_class("-wide") else _VIEWS

    def _turn_to(self, view: str) -> None:
        self._view = view
        for one in _VIEWS:
            self.set_class(one == view, f"-{one}")
        widgets = {"folders": self.folders, "problems": self.problems, "figures": self.query_one("#figures-scroll")}
        self.set_focus(widgets[view])
        self.call_after_refresh(self._draw_again)
        self._tell_views()

    def action_next_view(self) -> None:
        views = self._views
        place = views.index(self._view) if self._view in views else -1
        self._turn_to(views[(place + 1) % len(views)])

    def action_count(self) -> None:
        self.rule.right = "checking it · esc leaves it"
        self.count(self._path)

    def action_leave(self) -> None:
        if self.counts:
            self.stop_counting()
        else:
            self.dismiss()

    @property
    def _node(self) -> Node | None:
        return self.folders.cursor_node.data if self._view == "folders" and self.folders.cursor_node else None

    @property
    def _problem(self) -> Problem | None:
        place = self.problems.highlighted if self._view == "problems" else None
        return self._told[place] if place is not None and place < len(self._told) else None

    def action_pictures(self) -> None:
        """The images of the folder that is chosen, those with something wrong, or all."""
        from yogo_tui.screens.pictures import PicturesScreen

        node, wanted = self._node, ImageFilter(has_problem=self._view == "problems" and bool(self._told))
        if node and node.definition is None and node.images:
            wanted = ImageFilter(folder=str(node.images))
        self.open_over(self._path, PicturesScreen(self._path, wanted))

    def action_health(self) -> None:
        self.open_health(self._path)

    def action_reviews(self) -> None:
        self.open_reviews(self._path)

    def action_launch(self) -> None:
        self.app.open_launch(Draft(definition=self._path))

    @changes
    async def action_edit(self) -> None:
        """Edit the file that names the chosen folder, or in which something is wrong, at its line."""
        file, line = self._place()
        with self.app.telling(f"{file.name} was not edited"):
            await edit(self.app, file, line)
        self.count(self._path)

    def _place(self) -> tuple[Path, int | None]:
        if (problem := self._problem) and problem.file and (problem.line or problem.file.suffix == ".txt"):
            return problem.file, problem.line
        if node := self._node:
            return node.file, node.line
        return self._path, faulty_line(self._found, self._path)

    @on(OptionList.OptionSelected)
    def _chosen_problem(self) -> None:
        self.action_edit()

    def action_copy(self) -> None:
        node, problem = self._node, self._problem
        path = (problem and problem.file) or (node and (node.definition or node.images)) or self._path
        self.app.copy_path(PurePosixPath(path))


def _all(node: TreeNode[Node]) -> Iterable[TreeNode[Node]]:
    for child in node.children:
        yield child
        yield from _all(child)


def _shape(nodes: Iterable[Node]) -> list[object]:
    return [(node_name(node), _shape(node.parts)) for node in nodes]
