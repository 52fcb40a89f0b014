"""Shows what a deep check has found: its kinds, each with how much of the data it affects, and their findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from yogo.health.finding import KINDS, Affected, DataFinding, DataHealth
from yogo.health.report import shown_share, summary
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.words import cut_end, padded, thousands

_GUIDE = 2
_MOST_OF_A_KIND = 500
"""Findings of one kind that are listed."""

_FEW = 10
"""A kind with no more findings shows them at first."""

_NUMBERS = 20
"""Columns of a kind's mark and numbers."""

_WIDEST = 90
"""Columns of a kind's line: its numbers are read with its name."""

KindOrFinding = Affected | DataFinding | str
"""A row; a string is only read."""


class FindingTree(Tree[KindOrFinding]):
    """The kinds with findings come first, and open to them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "look", id="health.enter", tooltip="show the images; open or close a kind"),
        Binding("j", "cursor_down", "next", id="health.next", show=False),
        Binding("k", "cursor_up", "previous", id="health.previous", show=False),
        Binding("g,home", "scroll_home", "the first", id="health.first", show=False),
        Binding("G,end", "scroll_end", "the last", id="health.last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = _GUIDE

    @dataclass
    class Entered(Message):
        """Enter was pressed on a finding."""

        finding: DataFinding

    @property
    def row(self) -> KindOrFinding | None:
        """What the cursor is on."""
        return self.cursor_node.data if self.cursor_node else None

    @property
    def shown(self) -> list[DataFinding]:
        """All findings that are listed, in their order."""
        return [node.data for node in _below(self.root) if isinstance(node.data, DataFinding)]

    def action_enter(self) -> None:
        node = self.cursor_node
        if node is not None and isinstance(node.data, DataFinding):
            self.post_message(self.Entered(node.data))
        elif node is not None and node.allow_expand:
            node.toggle()

    def show_health(self, health: DataHealth) -> None:
        """List all of it. The cursor stays in its line, and kinds that were opened or closed stay so."""
        at = max(0, self.cursor_line)
        before = {node.data.kind: node.is_expanded for node in self.root.children if isinstance(node.data, Affected)}
        self.clear()
        for kind in sorted(health.affected, key=lambda one: not one.number):
            found = [one for one in health.findings if one.kind == kind.kind]
            if not found:
                self.root.add_leaf("", kind)
                continue
            node = self.root.add("", kind, expand=before.get(kind.kind, len(found) <= _FEW))
            for one in found[:_MOST_OF_A_KIND]:
                node.add_leaf("", one)
            if (rest := len(found) - _MOST_OF_A_KIND) > 0:
                node.add_leaf("", f"and {thousands(rest)} more: {tui()} datasets FILE --deep --json lists all")
        self._label_all()
        if (last := self.last_line) >= 0:  # reading it makes the tree lay out its lines
            self.cursor_line = min(at, last)

    def on_resize(self, _event: Resize) -> None:
        self._label_all()

    def _label_all(self) -> None:
        for node in _below(self.root):
            room = max(30, self.size.width - _GUIDE * (1 + (node.parent is not self.root)) - 2)
            match node.data:
                case Affected():
                    node.set_label(kind_line(node.data, min(room, _WIDEST)))
                case DataFinding():
                    node.set_label(cut_end(f"! {finding_words(node.data)}", room))
                case str():
                    node.set_label(cut_end(node.data, room))


def kind_line(one: Affected, width: int) -> str:
    """The name of a kind, and how much of the data it affects, in so many columns."""
    of = f"{counted(one.total, one.unit)}"
    number = f"{thousands(one.number)} of {of} {shown_share(one):>7}" if one.number else f"none of {of} {'':>7}"
    room, mark = width - len(number) - 1, "!" if one.number else "✔"
    return f"{padded(cut_end(f'{mark} {one.name}', room), room)} {number}"


def health_lines(health: DataHealth, width: int) -> Iterator[str]:
    """How much of the data each kind affects that was found, and how many others were looked for, as so many columns
    allow."""
    yield f"health: {counted(len(health.findings), 'finding')}"
    some = [one for one in health.affected if one.number]
    room = min(width, _WIDEST // 2 + _NUMBERS) - _NUMBERS
    for one in some:
        yield f"! {padded(cut_end(one.name, room), room)} {thousands(one.number):>8} {shown_share(one):>7}"
    yield f"✔ {counted(len(health.affected) - len(some), 'other kind')} looked for, and not found"
    yield from map(printable, summary(health))


def finding_words(one: DataFinding) -> str:
    """Such as "00100.txt, line 7: This RBC box …", with the names of the files and without their folders."""
    said = one.message
    for path in one.others:
        said = said.replace(path, PurePosixPath(path).name)
    return f"{PurePosixPath(one.file).name}{f', line {one.line}' if one.line else ''}: {said}"


def detail_words(row: KindOrFinding | None) -> str:
    """All of a row, and what to do."""
    match row:
        case Affected():
            advice = KINDS[row.kind].advice
            return f"{row.name[0].upper()}{row.name[1:]}: " + (f"{advice}." if row.number else "none was found.")
        case DataFinding():
            place = f"{row.file}{f', line {row.line}' if row.line else ''}"
            return printable(f"{row.message}.") + f"\n{printable(place)}\n{row.advice}."
    return row or ""


def _below(node: TreeNode[KindOrFinding]) -> Iterator[TreeNode[KindOrFinding]]:
    for child in node.children:
        yield child
        yield from child.children
