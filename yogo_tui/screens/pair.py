"""Shows two images beside each other that a deep check has found to show the same, one pair after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from yogo.errors import YogoError
from yogo.health.finding import KINDS, DataFinding
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.image_lists import ImageFilter
from yogo_tui.questions.images import ImageView, LookAtPair, SeenPair, SmallImage
from yogo_tui.screens.base import BACK
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.widgets.folded import Folded
from yogo_tui.widgets.health_view import finding_words
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import cut_apart, thousands

_MOST_SAID = 5


class PairSide(Vertical):
    """One of two images, below its name and above where it lies."""

    rule = getters.query_one(TitledRule)
    picture = getters.query_one(PictureView)
    where = getters.query_one(".where", Static)

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="side")

    def compose(self) -> ComposeResult:
        yield TitledRule()
        yield PictureView()
        yield Static(classes="where", markup=False)


class PairScreen(ShowsImages):
    CSS_PATH = "pair.tcss"
    HELP = """
On the right is the image that the finding is about, on the left the one that it is like. Zoomed, both show the same
part of the frame. The boxes are the labels, in the colours of their classes, which are counted below each image."""
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("n", "step(1)", "next pair", id="pair.next"),
        Binding("p", "step(-1)", "previous pair", id="pair.previous"),
        Binding("enter", "one", "one by one", id="pair.one", tooltip="each image alone, as large as the window"),
        Binding("plus", "zoom(1)", "zoom", id="pair.zoom", tooltip="both larger; the arrows then move over them"),
        Binding("c", "contrast", "contrast", id="pair.contrast", tooltip="stretch the contrast, or as trained on"),
        Binding("minus", "zoom(-1)", "smaller", id="pair.smaller", show=False),
        Binding("equals_sign", "zoom(0)", "the whole images", id="pair.whole", show=False),
        Binding("space", "step(1)", "next pair", id="pair.space", show=False),
        Binding("right", "move(1, 0)", "next pair; when zoomed, to the right", id="pair.right", show=False),
        Binding("left", "move(-1, 0)", "previous pair; when zoomed, to the left", id="pair.left", show=False),
        Binding("down", "move(0, 1)", "when zoomed, down", id="pair.down", show=False),
        Binding("up", "move(0, -1)", "when zoomed, up", id="pair.up", show=False),
        Binding("b", "boxes", "boxes, or none", id="pair.boxes", show=False),
        Binding("g", "sharper", "sharper", id="pair.sharper", tooltip="images sharper, or in half blocks", show=False),
        Binding("y", "copy", "copy the path of the image on the right", id="pair.copy", show=False),
    ]

    rule = getters.query_one("#title", TitledRule)
    about = getters.query_one("#about", Folded)

    def __init__(self, path: Path, pairs: Sequence[DataFinding], index: int) -> None:
        """`pairs` each have one other file."""
        super().__init__()
        self._path = path
        self._pairs = pairs
        self._index = index
        self._view = ImageView()
        self._seen: SeenPair | None = None

    def head(self) -> ComposeResult:
        yield TitledRule(self._path.name, "…", id="title")

    def body(self) -> ComposeResult:
        with Horizontal(id="sides"):
            yield PairSide("left")
            yield PairSide("right")
        yield TitledRule()
        yield Folded(_MOST_SAID, id="about")

    def on_mount(self) -> None:
        self._tell_place()

    @property
    def _pair(self) -> DataFinding:
        return self._pairs[self._index]

    @property
    def _sides(self) -> Iterator[PairSide]:
        return iter(self.query(PairSide))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys that would lead past the first or the last pair, and what only a zoomed view has."""
        if action == "step" and (by := int(str(parameters[0]))):
            return self._can_step(by)
        if action == "move" and self._view.zoom == 1:
            return bool(parameters[0]) and self._can_step(int(str(parameters[0])))
        return action != "zoom" or int(str(parameters[0])) > 0 or self._view.zoom > 1

    def _can_step(self, by: int) -> bool:
        return 0 <= self._index + by < len(self._pairs)

    def action_step(self, by: int) -> None:
        if by:
            self._index, self._view, self._seen = self._index + by, self._view.whole(), None
            self._clear("reading it …")
        self._tell_place()
        self.look()

    def _clear(self, words: str) -> None:
        """Show the words in place of the images."""
        for side in self._sides:
            side.rule.title, side.rule.right = "…", ""
            side.picture.set_class(False, "-broken")
            side.picture.tell(words)
            side.where.update("")

    def _tell_place(self) -> None:
        self.rule.title = f"{self._path.name} · {KINDS[self._pair.kind].name}"
        zoom = f" · {self._view.zoom}x" if self._view.zoom > 1 else ""
        self.rule.right = f"pair {thousands(self._index + 1)} of {thousands(len(self._pairs))}{zoom}"
        self.about.update(f"{printable(finding_words(self._pair))}.\n{self._pair.advice}.")
        self.refresh_bindings()

    def action_zoom(self, by: int) -> None:
        self._view = self._view.zoomed(by)
        self.action_step(0)

    def action_move(self, columns: int, rows: int) -> None:
        """Move over both images; where all of them is shown, to the next or the previous pair."""
        if self._view.zoom == 1:
            self.action_step(columns)
            return
        self._view = self._view.moved(columns, rows)
        self.action_step(0)

    def action_contrast(self) -> None:
        self._view = replace(self._view, is_stretched=not self._view.is_stretched)
        self.action_step(0)

    def action_boxes(self) -> None:
        self._view = replace(self._view, has_boxes=not self._view.has_boxes)
        self.action_step(0)

    @work(exclusive=True, group="picture")
    async def look(self) -> None:
        """Show both. What was shown of this pair stays until then."""
        pair = self._pair
        room = next(self._sides).picture.room(self.app.graphics)
        workspace = self.app.session.settings.workspace_folder
        question = LookAtPair(self._path, workspace, (pair.others[0], pair.file), *room, COLOURS, view=self._view)
        try:
            seen = await self.app.session.host.ask(question)
        except (ConsoleError, YogoError) as error:
            self.rule.right = "not read"
            self.about.update(f"✖ {printable(str(error))}")
            if self._seen is None:
                self._clear("not read")
            if isinstance(error, HostError):
                self.when_back(lambda: self.action_step(0))
            return
        self._seen = seen
        width = next(self._sides).size.width - 2
        folders = cut_apart([str(PurePosixPath(image.image).parent) for image in seen.images], width)
        for side, image, folder in zip(self._sides, seen.images, folders, strict=True):
            self._show(side, image, seen.classes, folder)
        self.call_after_refresh(self._fit, seen)

    def _fit(self, seen: SeenPair) -> None:
        """Ask for them once more where the lines below have grown into them."""
        columns, rows = next(self._sides).picture.room(self.app.graphics)
        if seen is self._seen and any(one.width > columns or one.height > rows for one in seen.images):
            self.look()

    def _show(self, side: PairSide, image: SmallImage, classes: Sequence[str], folder: str) -> None:
        side.rule.title, side.rule.right = printable(image.image.name), image.part or "of the run"
        lines = [folder, *([printable(f"group {image.group}")] if image.group else [])]
        side.picture.set_class(bool(image.problem), "-broken")
        if image.problem:
            side.picture.tell(f"✖ {printable(image.problem)}")
            side.where.update("\n".join(lines))
            return
        drawn = draw(image, classes, side.size.width)
        side.picture.show(drawn, self.app.graphics)
        labels = drawn.legend if image.part else Text("an image of the run: its boxes are not known here")
        side.where.update(Text("\n").join([*map(Text, lines), labels]))

    def action_one(self) -> None:
        """Show each alone."""
        from yogo_tui.screens.pictures import PicturesScreen

        wanted = ImageFilter(files=(self._pair.file, *self._pair.others))
        self.app.push_screen(PicturesScreen(self._path, wanted, about=finding_words(self._pair)))

    def action_copy(self) -> None:
        self.app.copy_path(PurePosixPath(self._pair.file))
