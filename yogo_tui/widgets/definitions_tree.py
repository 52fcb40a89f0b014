"""The dataset definitions there are, in the tree of their folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from yogo.text.terminal import printable
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.widgets.filter_line import handle_in_order


class Definitions(Tree[DefinitionFile]):
    """A tree of folders with definitions; its leaves are files."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "enter", "its folders, figures, problems; open or close a folder", id="datasets.enter", show=False
        ),
        Binding("j", "cursor_down", "next definition", id="datasets.next", show=False),
        Binding("k", "cursor_up", "previous definition", id="datasets.previous", show=False),
        Binding("g,home", "scroll_home", "the first definition", id="datasets.first", show=False),
        Binding("G,end", "scroll_end", "the last definition", id="datasets.last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = 2
        self._leaves: dict[Path, TreeNode[DefinitionFile]] = {}
        self._folders: dict[Path, TreeNode[DefinitionFile]] = {}

    class Entered(Message):
        """Enter was pressed on a definition."""

    async def on_key(self, event: Key) -> None:
        await handle_in_order(self, event)

    def action_enter(self) -> None:
        node = self.cursor_node
        if node is None or node.data is not None:
            self.post_message(self.Entered())
        else:
            node.toggle()

    def fill(
        self, files: Iterable[DefinitionFile], label: Callable[[DefinitionFile], str], *, stays: bool = False
    ) -> None:
        """List these files. The cursor goes to the first; if it `stays`, to where it was, and what was closed stays
        closed."""
        before, closed = self._place, {path for path, node in self._folders.items() if not node.is_expanded}
        self.clear()
        self._leaves.clear()
        self._folders.clear()
        for file in files:
            self._leaves[file.path] = self._folder(file.path.parent, file.root).add_leaf(label(file), file)
        places = self._folders | self._leaves
        if stays and before in places:
            for path in closed & self._folders.keys():
                self._folders[path].collapse()
            self._move_to(places[before])
        elif self._leaves:
            self._move_to(next(iter(self._leaves.values())))

    @property
    def _place(self) -> Path | None:
        """The file or the folder under the cursor."""
        node = self.cursor_node
        if node is not None and node.data is not None:
            return node.data.path
        return next((path for path, folder in self._folders.items() if folder is node), None)

    def go_to(self, path: Path) -> None:
        """Put the cursor on a file that is listed, and open the folders that it is in."""
        folder = (leaf := self._leaves[path]).parent
        while folder:
            folder.expand()
            folder = folder.parent
        self._move_to(leaf)

    def _move_to(self, node: TreeNode[DefinitionFile]) -> None:
        if self.last_line >= 0:  # reading the last line makes the tree lay out its lines
            self.move_cursor(node)

    def _folder(self, folder: Path, root: Path) -> TreeNode[DefinitionFile]:
        if folder not in self._folders:
            above = self.root if folder == root else self._folder(folder.parent, root)
            self._folders[folder] = above.add(printable(folder.name or str(folder)), expand=True)
        return self._folders[folder]
