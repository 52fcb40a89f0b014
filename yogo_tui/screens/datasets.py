"""Datasets: lists the dataset definitions, and shows the images and labels of each."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from pathlib import Path, PurePosixPath
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import ScreenResume
from textual.timer import Timer
from textual.widgets import Static, Tree

from yogo.definition import DatasetSummary
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.screens.base import ModeScreen, changes
from yogo_tui.screens.counting import DOUBTED, CountsDefinition, faulty_line
from yogo_tui.screens.editor import edit
from yogo_tui.screens.going import Draft
from yogo_tui.widgets.definitions_tree import Definitions
from yogo_tui.widgets.filter_line import FilterLine
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.survey_view import survey_view
from yogo_tui.words import cut_middle, thousands

_ON_A_DEFINITION = ("open", "pictures", "launch", "edit", "count", "copy")
_ON_LABELS = ("open", "pictures", "launch", "health", "reviews")
_PAUSE_SECONDS = 0.3
"""How long the cursor must rest on a definition before it is counted."""


_LIST_EVERY_SECONDS, _LIST_SHARE = 5.0, 20.0
"""Seconds between two looks for new definitions; more where one takes long, by so many times what it took."""

_RULE = 9
"""Columns of a rule's line beside its words."""

_LEAST_TITLE = 10
"""Columns of a path that say which it is."""

_LEGEND = """
✔ without a fault · ! with a doubt · ✖ with a fault, which training refuses

train, val, test: the images to train on, those that tell after each epoch how well it does, and those that are kept for
the test at the end.
Of each class: its boxes, its share of all boxes, and in a wide terminal its boxes in each split.
Groups: images that belong together, such as those of one slide. No split parts one. The table says which share of the
images, and of each class's boxes, each split was asked to have and has."""


class DatasetsScreen(CountsDefinition, ModeScreen):
    MODE = "datasets"
    COUNT_KEY = "datasets.count"
    HELP = _LEGEND
    CSS_PATH = "datasets.tcss"
    AUTO_FOCUS = "Definitions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "pictures", "images", id="datasets.pictures", tooltip="look at its images, with their boxes"),
        Binding("l", "launch", "launch with it", id="datasets.launch"),
        Binding("e", "edit", "edit", id="datasets.edit", tooltip="edit the file in $EDITOR, at what is wrong"),
        Binding("h", "health", "health", id="datasets.health", tooltip="near-duplicates, odd boxes and images"),
        Binding("c", "count", "count again", id="datasets.count"),
        Binding("d", "reviews", "doubted labels", id="datasets.reviews", tooltip=DOUBTED, show=False),
        Binding("i", "convert", "convert labels of other programs, or to them", id="datasets.convert", show=False),
        Binding("slash", "filter", "filter", id="datasets.filter"),
        Binding("escape", "leave", "stop counting or looking; show all again", id="datasets.leave", show=False),
        Binding("y", "copy", "copy its path", id="datasets.copy", show=False),
        Binding("r", "reread", "look for definitions again", id="datasets.reread", show=False),
    ]

    files = getters.query_one(Definitions)
    rule = getters.query_one("#definition-rule", TitledRule)
    view = getters.query_one("#survey", Static)
    filter_line = getters.query_one(FilterLine)

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="definitions"):
                yield TitledRule("definitions", id="definitions-rule")
                yield FilterLine("Definitions", "words in the path")
                yield Definitions()
            with Vertical(id="resolved"):
                yield TitledRule(id="definition-rule")
                with VerticalScroll(id="survey-scroll"):
                    yield Static(id="survey", markup=False)

    def on_mount(self) -> None:
        self._surveys: dict[Path, DatasetSummary] = {}
        self._resting: Timer | None = None
        self._files: tuple[DefinitionFile, ...] = ()
        self._is_listed = False
        """Whether all definitions were looked for to the end."""

        self._about: Path | None = None
        """The definition that is shown beside the list."""

        self.action_reread()
        self.watch(self.app, "sought", self._go_to_sought)

    @work(exclusive=True, group="read")
    async def action_reread(self) -> None:
        """Look for definitions, on the host, because folders may be many and slow."""
        heading = self.query_one("#definitions-rule", TitledRule)

        def tell(what: str, done: int, total: int) -> None:
            heading.title, heading.right = "looking", f"{thousands(done)} · esc"
            if not self._files:
                self.view.update(f"Looking for definitions: {counted(done, 'file')} so far\nesc leaves it")

        with self.reading("definitions were not looked for", self.action_reread):
            try:
                self._files = await self.app.session.library.definitions(tell)
                self._is_listed = True
            finally:
                heading.title, heading.right = "definitions", ""
            self._list(stays=True)

    @property
    def _looks(self) -> bool:
        return any(worker.group == "read" and worker.is_running for worker in self.workers)

    def _stop_looking(self) -> None:
        self.workers.cancel_group(self, "read")
        self._is_listed = False
        again = key_of(self, "datasets.reread")
        if self._files:
            self.app.notify(f"The list is as it was before. {again} looks again.", markup=False)
        else:
            self.view.update(f"Definitions were not looked for to the end.\n{again} looks again.")

    @on(ScreenResume)
    @work(exclusive=True, group="look")
    async def _look_for_new(self) -> None:
        """While this is shown, list the definitions again and again: programs and people make them meanwhile."""
        while self.is_current:
            begun = time.monotonic()
            with contextlib.suppress(ConsoleError):  # what was asked for tells of a machine that is away
                if self._is_listed and not self._looks:
                    self._take(await self.app.session.library.definitions())
            await asyncio.sleep(max(_LIST_EVERY_SECONDS, _LIST_SHARE * (time.monotonic() - begun)))

    def _take(self, files: tuple[DefinitionFile, ...]) -> None:
        """List these, with the cursor where it is, unless they are listed already."""
        if files == self._files or self._looks:
            return
        self._files = files
        self._list(stays=True, recounts=False)

    def _fitting(self) -> list[DefinitionFile]:
        """Those that the filter lets through."""
        words = self.filter_line.value.lower().split()
        return [
            one for one in self._files if all(word in str(one.path.relative_to(one.root)).lower() for word in words)
        ]

    def _list(self, *, stays: bool = False, recounts: bool = True) -> None:
        """List those that fit the filter. The cursor goes to the first, or stays where it was; what is under it is
        counted again, or only if it is another definition."""
        shown = self._fitting()
        self.files.fill(shown, self._label, stays=stays)
        if not self._files:
            folders = "\n".join(f"  {printable(str(folder))}" for folder in self.app.session.settings.definitions)
            self.view.update(
                f"Dataset definitions appear here: YAML files in\n{folders}\n\n"
                f"Put one there and press {key_of(self, 'datasets.reread')}, or name other folders in the settings "
                "under `definitions`.\n"
                "`yogo synth` makes synthetic images, and definitions to try the console with."
            )
            return
        # If the cursor stays in its line, the tree sends no message, although the definition may be another one.
        if recounts:
            self._highlighted()
        else:
            self._moved()
        if not shown:
            self.view.update(f"No definition has “{printable(self.filter_line.value)}” in its path.")
        self._go_to_sought()

    def _go_to_sought(self) -> None:
        """Put the cursor on the definition that was chosen elsewhere, once it is listed."""
        mode, path = self.app.sought
        if mode != self.MODE or path not in {str(file.path) for file in self._files}:
            return
        if self.filter_line.value:
            self.filter_line.close()  # all are listed again right after
            return
        self.app.sought = ("", "")
        self.files.go_to(Path(path))
        self.files.focus()

    def _label(self, file: DefinitionFile) -> str:
        known = self._surveys.get(file.path)
        mark = "✖ " if known and known.has_errors else ""
        return mark + cut_middle(file.path.name, 28)

    @property
    def selected(self) -> DefinitionFile | None:
        return self.files.cursor_node.data if self.files.cursor_node else None

    def why_not(self, action: str) -> str:
        if self.selected and action in _ON_LABELS and self._is_of_samples(self.selected):
            return f"{self.selected.path.name} is a file of samples, which have no labels. u on a run assays it."
        if action not in _ON_A_DEFINITION or self.selected:
            return ""
        node = self.files.cursor_node
        folder = str(node.label) if node and node.parent else ""
        return f"{folder} is a folder. Choose a definition in it." if folder else "There is no definition to choose."

    def _chosen(self) -> DefinitionFile | None:
        """The definition that a key acts on. If there is none, the user is told why."""
        if self.selected is None:
            self.app.notify(printable(self.why_not("open")), markup=False)
        return self.selected

    def _is_of_samples(self, file: DefinitionFile) -> bool:
        known = self._surveys.get(file.path)
        return known is not None and known.samples_file is not None

    def _labelled(self) -> DefinitionFile | None:
        """The definition that a key about labelled images acts on. If there is none, the user is told why."""
        if self.selected and (why := self.why_not("open")):
            self.app.notify(printable(why), markup=False)
            return None
        return self._chosen()

    @on(Tree.NodeHighlighted)
    def _moved(self) -> None:
        if self.selected is None or self.selected.path != self._about:
            self._highlighted()

    def _highlighted(self) -> None:
        self._about = self.selected.path if self.selected else None
        self.refresh_bindings()
        self.workers.cancel_group(self, "count")
        if self._resting:
            self._resting.stop()
        file = self.selected
        self.rule.right = ""
        self._tell_title()
        if file is None:
            if self._files:  # otherwise it says where definitions would be
                self.view.update("")
            return
        if known := self._surveys.get(file.path):
            self.rule.right = "as counted before · comparing its files"
            self.draw_survey(file.path, dataclasses.replace(known, is_whole=False))
        else:
            self.view.update("")
        # It is counted again even if it is known, because its files may have changed.
        self._resting = self.set_timer(_PAUSE_SECONDS, self._look_again)

    def _tell_title(self) -> None:
        """The path of the chosen definition, in the room that is left beside how far it is counted."""
        progress = self.rule.right.partition(" · esc")[0]
        file, room = self.selected, (self.rule.size.width or 50) - cell_len(progress) - _RULE
        if file is None or (self.counts and room < _LEAST_TITLE):
            self.rule.title = ""
        else:
            self.rule.title = cut_middle(str(file.path.relative_to(file.root)), max(room, _LEAST_TITLE))

    def _tell_count(self, what: str, done: int, total: int) -> None:
        super()._tell_count(what, done, total)
        self._tell_title()

    def count_ended(self) -> None:
        self.call_after_refresh(self._tell_title)

    def _look_again(self) -> None:
        if file := self.selected:
            self.count(file.path)

    def action_count(self) -> None:
        if file := self._chosen():
            self.rule.right = "checking it · esc leaves it"
            self.count(file.path)

    @property
    def count_rule(self) -> TitledRule:
        return self.rule

    def is_about(self, path: Path) -> bool:
        return self.selected is not None and self.selected.path == path

    def count_again(self) -> None:
        self._look_again()

    def draw_survey(self, path: Path, found: DatasetSummary) -> None:
        self.view.update(survey_view(found, path, self.view.size.width, self.healths.get(path)))

    def counted(self, path: Path, found: DatasetSummary) -> None:
        self._surveys[path] = found
        node = self.files.cursor_node
        if node and node.data:
            node.set_label(self._label(node.data))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Escape is off while nothing is counted or looked for, and nothing is hidden."""
        return (
            action != "leave" or self.counts or self._looks or bool(self.query(FilterLine) and self.filter_line.value)
        )

    def action_leave(self) -> None:
        if self.counts:
            self.stop_counting()
        elif self._looks:
            self._stop_looking()
        elif self.filter_line.value:
            self.filter_line.action_leave()

    def action_filter(self) -> None:
        self.filter_line.open()

    @on(FilterLine.Filtered)
    def _filtered(self) -> None:
        self._list()

    @on(Definitions.Entered)
    def action_open(self) -> None:
        if file := self._labelled():
            from yogo_tui.screens.definition import DefinitionScreen

            self.open_over(file.path, DefinitionScreen(file.path, self._surveys.get(file.path)))

    def action_pictures(self) -> None:
        if file := self._labelled():
            from yogo_tui.screens.pictures import PicturesScreen

            self.open_over(file.path, PicturesScreen(file.path))

    def action_health(self) -> None:
        if file := self._labelled():
            self.open_health(file.path)

    def action_reviews(self) -> None:
        if file := self._labelled():
            self.open_reviews(file.path)

    def action_launch(self) -> None:
        if file := self._labelled():
            self.app.open_launch(Draft(definition=file.path))

    @changes
    async def action_edit(self) -> None:
        if file := self._chosen():
            with self.app.telling(f"{file.path.name} was not edited"):
                await edit(self.app, file.path, faulty_line(self._surveys.get(file.path), file.path))
            self._highlighted()

    @changes
    async def action_convert(self) -> None:
        """Convert labels that other programs have exported, or those of the chosen definition for them."""
        from yogo_tui.screens.converting import convert_labels

        with self.app.telling("no labels were converted"):
            if await convert_labels(self, str(self.selected.path) if self.selected else "", self._tell_converting):
                self.action_reread()

    def _tell_converting(self, what: str, done: int, total: int) -> None:
        self.rule.right = f"{what} · {thousands(done)} · f10 stops it"

    def action_copy(self) -> None:
        if file := self._chosen():
            self.app.copy_path(PurePosixPath(file.path))
