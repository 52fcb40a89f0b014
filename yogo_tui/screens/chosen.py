"""Chosen: the images that a model would have labelled next, and what it finds on each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from yogo.errors import YogoError
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.launch.purpose import Purpose
from yogo_tui.questions.chosen import ChoiceRow, ChoiceToLabel, LookAtChosen, ReadChoice
from yogo_tui.questions.images import ImageView, SmallImage
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import changes
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.screens.terms import Glossary
from yogo_tui.session.chosen import CHOICE_TERMS, head_words, row_words, why_words
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import cut_middle, padded, thousands

_WIDE = 120
_WIDTHS = (3, 7, 6)
_KEYS = """
Boxes are what the model finds: a line where it is sure (a confidence of .5 or more), dots where it is not."""


class ChosenScreen(ShowsImages, RunActions):
    CSS_PATH = "chosen.tcss"
    AUTO_FOCUS = "#chosen"
    HELP = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "large", "larger", id="chosen.large", priority=True, tooltip="the image larger, or the list again"
        ),
        Binding("l", "label", "label these", id="chosen.label", tooltip="label these images by the model, in a job"),
        Binding("plus", "zoom(1)", "zoom", id="chosen.zoom", tooltip="larger; the arrows then move over the image"),
        Binding("m", "terms", "columns explained", id="chosen.terms"),
        Binding("n,j,space", "step(1)", "next", id="chosen.next", show=False),
        Binding("p,k", "step(-1)", "previous", id="chosen.previous", show=False),
        Binding("minus", "zoom(-1)", "smaller", id="chosen.smaller", show=False),
        Binding("equals_sign", "zoom(0)", "the whole image", id="chosen.whole", show=False),
        Binding("right", "move(1, 0)", "when zoomed, to the right", id="chosen.right", show=False, priority=True),
        Binding("left", "move(-1, 0)", "when zoomed, to the left", id="chosen.left", show=False, priority=True),
        Binding("down", "move(0, 1)", "next; when zoomed, down", id="chosen.down", show=False, priority=True),
        Binding("up", "move(0, -1)", "previous; when zoomed, up", id="chosen.up", show=False, priority=True),
        Binding("c", "contrast", "stretch the contrast, or as trained on", id="chosen.contrast", show=False),
        Binding("b", "boxes", "boxes, or none", id="chosen.boxes", show=False),
        Binding("g", "sharper", "images sharper, or in half blocks", id="chosen.sharper", show=False),
        Binding("y", "copy", "copy the path of the folder with links to them", id="chosen.copy", show=False),
        Binding("escape", "leave", "the list again; back", id="chosen.leave", show=False),
    ]

    rule = getters.query_one(TitledRule)
    lines = getters.query_one("#chosen", OptionList)
    picture = getters.query_one("#picture", PictureView)

    def __init__(self, folder: str | PurePosixPath) -> None:
        super().__init__()
        self._folder = str(folder)
        self._found: ChoiceToLabel | None = None
        self._view = ImageView()

    def head(self) -> ComposeResult:
        yield TitledRule("chosen to be labelled next", "reading …")

    def body(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        with Horizontal():
            with Vertical(id="list"):
                yield Static(self._line(("no", "errors", "unlike"), "image"), id="head", markup=False)
                yield OptionList(id="chosen", compact=True, markup=False)
            with Vertical():
                yield PictureView(id="picture")
                yield Static(id="why", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.read_choice()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "-wide")
        super().on_resize(event)

    def _line(self, cells: tuple[str, str, str], name: str) -> str:
        words = " ".join(padded(cell, width, right=True) for cell, width in zip(cells, _WIDTHS, strict=True))
        room = (62 if self.has_class("-wide") else 40) - sum(_WIDTHS) - 4
        return f"{words}  {cut_middle(name, room)}"

    @work(exclusive=True, group="read")
    async def read_choice(self) -> None:
        question = ReadChoice(self._folder, self.app.session.settings.start)
        try:
            self._found = await self.app.session.host.ask(question)
        except (ConsoleError, YogoError) as error:
            self.rule.right = ""
            self._tell(str(error))
            if isinstance(error, HostError):
                self.when_back(self.read_choice)
            return
        self.query_one("#about", Static).update("\n".join(map(printable, head_words(self._found))))
        self.lines.add_options([Option(self._line(row_words(one), one.image.name)) for one in self._found.rows])
        self.lines.highlighted = 0 if self._found.rows else None
        self.refresh_bindings()

    def _tell(self, problem: str) -> None:
        self.picture.set_class(True, "-broken")
        self.picture.tell(f"✖ {printable(problem)}")
        self.query_one("#why", Static).update("")

    @property
    def _row(self) -> ChoiceRow | None:
        place = self.lines.highlighted
        return self._found.rows[place] if self._found and place is not None else None

    @property
    def _is_zoomed(self) -> bool:
        return self._view.zoom > 1

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._view = self._view.whole()
        self.action_step(0)

    def action_step(self, by: int) -> None:
        """Go so many rows further; with 0, show the same image again."""
        place = self.lines.highlighted
        if self._found is None or place is None:
            return
        to = min(max(0, place + by), len(self._found.rows) - 1)
        if to != place:
            self.lines.highlighted = to
            return
        self.rule.right = f"{self._place} …"
        self.refresh_bindings()
        self.look()

    @property
    def _place(self) -> str:
        row, found = self._row, self._found
        zoom = f" · {self._view.zoom}x" if self._is_zoomed else ""
        return f"{thousands(row.number)} of {thousands(len(found.rows))}{zoom}" if row and found else ""

    @work(exclusive=True, group="picture")
    async def look(self) -> None:
        """Show the image. The one before it stays until then."""
        row, found = self._row, self._found
        if row is None or found is None:
            return
        room = self.picture.room(self.app.graphics)
        try:
            question = LookAtChosen(found.folder, row.number, *room, COLOURS, self._view)
            image = await self.app.session.host.ask(question)
        except (ConsoleError, YogoError) as error:
            self.rule.right = f"{self._place} · not read"
            if isinstance(error, HostError):
                self.when_back(self.look)
            self._tell(str(error))
            return
        self._show(image, row, found.classes)

    def _show(self, image: SmallImage, row: ChoiceRow, classes: tuple[str, ...]) -> None:
        self.rule.title, self.rule.right = f"{row.number} · {row.image.name}", self._place
        if image.problem:
            self._tell(image.problem)
            return
        drawn = draw(image, classes, self.picture.size.width)
        self.picture.set_class(False, "-broken")
        self.picture.show(drawn, self.app.graphics)
        self.query_one("#why", Static).update(Text("\n").join([Text(why_words(row)), drawn.legend]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys for an image while there is none; those that move over it where all of it is shown."""
        if action == "move":
            return self._is_zoomed or not parameters[0]
        if action == "zoom" and int(str(parameters[0])) <= 0:
            return self._is_zoomed
        needs_one = action in ("large", "label", "zoom", "contrast", "boxes", "sharper", "copy", "step")
        return super().check_action(action, parameters) is not False and not (needs_one and self._row is None)

    def action_large(self) -> None:
        self.toggle_class("-large")
        self.call_after_refresh(self.action_step, 0)

    def action_zoom(self, by: int) -> None:
        self._view = self._view.zoomed(by)
        self.action_step(0)

    def action_move(self, columns: int, rows: int) -> None:
        if self._is_zoomed:
            self._view = self._view.moved(columns, rows)
            self.action_step(0)
        elif rows:
            self.action_step(rows)

    def action_contrast(self) -> None:
        self._view = replace(self._view, is_stretched=not self._view.is_stretched)
        self.action_step(0)

    def action_boxes(self) -> None:
        self._view = replace(self._view, has_boxes=not self._view.has_boxes)
        self.action_step(0)

    @property
    def acted_on(self) -> Run | None:
        """The run whose weights have chosen; None if it is not listed."""
        folder = self._found and PurePosixPath(self._found.checkpoint.parent)
        return next((run for run in self.app.runs.runs if run.path == folder), None)

    @changes
    async def action_label(self) -> None:
        """Submit a job that labels exactly these images by the model that has chosen them."""
        if self._found is None:
            return
        if (run := self.acted_on) is None:
            where = f"{self._found.checkpoint} is of no run that is listed in Runs"
            how = f"yogo label {self._found.checkpoint} {self._found.links} OUT labels them"
            self.app.notify(printable(f"{where}. {how}."), markup=False)
            return
        await self.use_for(run, Purpose.LABEL, Path(self._found.links))

    def action_terms(self) -> None:
        self.app.push_screen(Glossary("what columns and boxes mean", CHOICE_TERMS))

    def action_copy(self) -> None:
        if self._found:
            self.app.copy_path(PurePosixPath(self._found.links))

    async def action_leave(self) -> None:
        if self.has_class("-large"):
            self.action_large()
        else:
            await self.app.action_pop_screen()
