"""Datasets: the definitions there are, and what each one resolves to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode
from textual.worker import get_current_worker

from yogo.data.cache import own_folder
from yogo.data.checking import full_survey
from yogo.definition import Survey, check, state
from yogo.terminal import printable
from yogo_tui.screens.base import Draft, ModeScreen
from yogo_tui.screens.editor import edit
from yogo_tui.session import DefinitionFile
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.survey_view import problems_view, survey_view
from yogo_tui.widgets.words import cut_middle, thousands

_PAUSE_SECONDS = 0.3
"""How long the cursor rests before a definition is counted: who walks past it does not ask for that."""


class Definitions(Tree[DefinitionFile]):
    """Folders of definitions; a leaf is a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "next definition", id="datasets.next", show=False),
        Binding("k", "cursor_up", "previous definition", id="datasets.previous", show=False),
        Binding("g,home", "scroll_home", "the first definition", id="datasets.first", show=False),
        Binding("G,end", "scroll_end", "the last definition", id="datasets.last", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("")
        self.show_root = False
        self.guide_depth = 2


class DatasetsScreen(ModeScreen):
    MODE = "datasets"
    CSS_PATH = "datasets.tcss"
    AUTO_FOCUS = "Definitions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "pictures", "pictures", id="datasets.pictures", tooltip="look at its pictures, with their boxes"),
        Binding("l", "launch", "launch with it", id="datasets.launch"),
        Binding("e", "edit", "edit", id="datasets.edit", tooltip="edit the file in $EDITOR"),
        Binding("c", "count", "count anew", id="datasets.count"),
        Binding("slash", "filter", "filter", id="datasets.filter"),
        Binding("escape", "leave", "stop counting; show all again", id="datasets.leave", show=False),
        Binding("y", "copy", "copy its path", id="datasets.copy", show=False),
        Binding("r", "reread", "look for definitions again", id="datasets.reread", show=False),
    ]

    files = getters.query_one(Definitions)
    rule = getters.query_one("#definition-rule", TitledRule)
    view = getters.query_one("#survey", Static)
    filter_line = getters.query_one(FilterLine)

    class Progress(Message):
        def __init__(self, path: Path, what: str) -> None:
            super().__init__()
            self.path = path
            self.what = what

    class Counted(Message):
        def __init__(self, path: Path, found: Survey) -> None:
            super().__init__()
            self.path = path
            self.found = found

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="definitions"):
                yield TitledRule("definitions")
                yield FilterLine("Definitions", "words in the path")
                yield Definitions()
            with Vertical(id="resolved"):
                yield TitledRule(id="definition-rule")
                with VerticalScroll(id="survey-scroll"):
                    yield Static(id="survey", markup=False)

    def on_mount(self) -> None:
        self._surveys: dict[Path, tuple[str, Survey]] = {}
        self._resting: Timer | None = None
        self._files: tuple[DefinitionFile, ...] = ()
        self.action_reread()

    @work(exclusive=True, group="read")
    async def action_reread(self) -> None:
        """Look for definitions: folders may be many, and slow."""
        self._files = await asyncio.to_thread(self.app.session.definitions)
        self._list()

    def _list(self) -> None:
        files, words = self._files, self.filter_line.value.lower().split()
        shown = [file for file in files if all(word in str(file.path.relative_to(file.root)).lower() for word in words)]
        self._fill(shown)
        if not files:
            folders = "\n".join(f"  {printable(str(folder))}" for folder in self.app.session.settings.definitions)
            self.view.update(
                f"Dataset definitions appear here: YAML files that lie under\n{folders}\n\n"
                "Put one there and press r, or name other folders in the settings under `definitions`.\n"
                "`yogo synth` makes synthetic pictures, and definitions to try it all with."
            )

    def _fill(self, files: Iterable[DefinitionFile]) -> None:
        """The tree of folders and files, all open, the cursor on the first file."""
        self.files.clear()
        folders: dict[Path, TreeNode[DefinitionFile]] = {}
        first: TreeNode[DefinitionFile] | None = None
        for file in files:
            node = self._folder(file.path.parent, file.root, folders)
            leaf = node.add_leaf(self._label(file), file)
            first = first or leaf
        if first and self.files.last_line >= 0:  # asking for the last line has the lines laid out
            self.files.move_cursor(first)

    def _folder(
        self, folder: Path, root: Path, folders: dict[Path, TreeNode[DefinitionFile]]
    ) -> TreeNode[DefinitionFile]:
        if folder not in folders:
            above = self.files.root if folder == root else self._folder(folder.parent, root, folders)
            folders[folder] = above.add(printable(folder.name or str(folder)), expand=True)
        return folders[folder]

    def _label(self, file: DefinitionFile) -> str:
        known = self._surveys.get(file.path)
        mark = "✖ " if known and known[1].has_errors else ""
        return mark + cut_middle(file.path.name, 28)

    @property
    def selected(self) -> DefinitionFile | None:
        return self.files.cursor_node.data if self.files.cursor_node else None

    @on(Tree.NodeHighlighted)
    def _highlighted(self) -> None:
        self.workers.cancel_group(self, "count")
        if self._resting:
            self._resting.stop()
        file = self.selected
        self.rule.title = cut_middle(str(file.path.relative_to(file.root)), 50) if file else ""
        self.rule.right = ""
        if file is None:
            if self._files:  # else it says where definitions would be
                self.view.update("")
            return
        if known := self._surveys.get(file.path):
            self._show(file.path, known[1])
        else:
            self.view.update("")
        # Also where it is known: its files may have changed meanwhile.
        self._resting = self.set_timer(_PAUSE_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if file := self.selected:
            self.count(file.path, self._surveys.get(file.path))

    def action_count(self) -> None:
        if file := self.selected:
            self.rule.right = "looking at it · esc leaves it"
            self.count(file.path, None)

    @work(thread=True, exclusive=True, group="count")
    def count(self, path: Path, known: tuple[str, Survey] | None) -> None:
        """In a thread: first what is wrong, which is quick, then every box and picture, unless all is as `known`."""
        worker = get_current_worker()

        def tell(what: str, done: int, total: int) -> None:
            if worker.is_cancelled:
                raise _LeftError
            of = f" of {thousands(total)}" if total else ""
            self.post_message(self.Progress(path, f"{what} · {thousands(done)}{of}"))

        try:
            as_it_is = state(path)
            if known and known[0] == as_it_is:
                return
            self.app.call_from_thread(self._show_problems, path, problems_view(check(path), path))
            tell("reading labels", 0, 0)
            found = full_survey(path, memory=own_folder(), progress=tell)
            self._surveys[path] = (as_it_is, found)
            tell("", 0, 0)
            self.post_message(self.Counted(path, found))
        except _LeftError:
            return

    def _show_problems(self, path: Path, view: object) -> None:
        if self.selected and self.selected.path == path:
            self.view.update(view)  # type: ignore[arg-type]

    def on_datasets_screen_progress(self, event: Progress) -> None:
        if self.selected and self.selected.path == event.path:
            self.rule.right = f"{event.what} · esc leaves it"

    def on_datasets_screen_counted(self, event: Counted) -> None:
        if self.selected and self.selected.path == event.path:
            self._show(event.path, event.found)

    def _show(self, path: Path, found: Survey) -> None:
        self.rule.right = "✖" if found.has_errors else "✔"
        self.view.update(survey_view(found, path, self.view.size.width))
        node = self.files.cursor_node
        if node and node.data:
            node.set_label(self._label(node.data))

    def action_leave(self) -> None:
        if any(worker.group == "count" and worker.is_running for worker in self.workers):
            self.workers.cancel_group(self, "count")
            self.rule.right = "left · c counts it anew"
        elif self.filter_line.value:
            self.filter_line.action_leave()

    def action_filter(self) -> None:
        self.filter_line.open()

    @on(FilterLine.Filtered)
    def _filtered(self) -> None:
        self._list()

    def action_pictures(self) -> None:
        if file := self.selected:
            from yogo_tui.screens.pictures import PicturesScreen

            self.app.push_screen(PicturesScreen(file.path))

    def action_launch(self) -> None:
        if file := self.selected:
            self.app.open_launch(Draft(definition=file.path))

    def action_edit(self) -> None:
        if file := self.selected:
            with self.app.telling(f"{file.path.name} was not edited"):
                edit(self.app, file.path)
            self._highlighted()

    def action_copy(self) -> None:
        if file := self.selected:
            self.app.copy_path(PurePosixPath(file.path))


class _LeftError(Exception):
    """The user went elsewhere: counting ends."""
