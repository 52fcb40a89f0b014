"""Shows the images of a definition, one at a time, with their boxes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.errors import YogoError
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.images import ImageSet, ListImages, LookAtImage, SmallImage
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import thousands


class PicturesScreen(ShowsImages):
    CSS_PATH = "pictures.tcss"
    HELP = "\nThe boxes are the labels, in the colours of their classes, which are counted below the image."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "next", id="pictures.next"),
        Binding("p", "step(-1)", "previous", id="pictures.previous"),
        Binding("right,space", "step(1)", "next", id="pictures.right", show=False),
        Binding("left", "step(-1)", "previous", id="pictures.left", show=False),
        Binding("home", "step(-1_000_000_000)", "first", id="pictures.first", show=False),
        Binding("end", "step(1_000_000_000)", "last", id="pictures.last", show=False),
        Binding("g", "sharper", "sharper", id="pictures.sharper", tooltip="images sharper, or in half blocks"),
        Binding("y", "copy", "copy its path", id="pictures.copy"),
        Binding("escape", "app.pop_screen", "back", id="pictures.back"),
    ]

    rule = getters.query_one(TitledRule)
    picture = getters.query_one("#picture", PictureView)
    legend = getters.query_one("#legend", Static)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._images = ImageSet((), 0)
        self._index = 0
        """Of the image that is asked for, or shown."""

        self._shown: SmallImage | None = None

    def head(self) -> ComposeResult:
        yield TitledRule(self._path.name, "looking for images …")

    def body(self) -> ComposeResult:
        yield PictureView(id="picture")
        yield Static(id="legend", markup=False)

    def on_mount(self) -> None:
        self.list_pictures()

    @work(group="list")
    async def list_pictures(self) -> None:
        try:
            self._images = await self.app.session.host.ask(ListImages(self._path, self._workspace))
        except (ConsoleError, YogoError) as error:
            self.rule.right = ""
            self._show_problem(str(error))
            if isinstance(error, HostError):
                self.when_back(self.list_pictures)
            return
        if self._images.num:
            self.action_step(0)
        else:
            self.rule.right = ""
            self.picture.tell("Its folders hold no images with labels.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys that would lead past the first or the last image, and copying while none is shown."""
        if action == "step" and (by := parameters[0]):
            return self._index > 0 if int(str(by)) < 0 else self._index < self._images.num - 1
        return action not in ("copy", "sharper") or self._shown is not None

    def action_step(self, by: int) -> None:
        if self._images.num:
            self._index = min(max(0, self._index + by), self._images.num - 1)
            self.rule.right = f"{self._place} …"
            self.refresh_bindings()
            self.look()

    def _look_again(self) -> None:
        self.action_step(0)

    @property
    def _workspace(self) -> Path:
        return self.app.session.settings.workspace_folder

    @property
    def _place(self) -> str:
        return f"{thousands(self._index + 1)} of {thousands(self._images.num)}"

    @work(exclusive=True, group="picture")
    async def look(self) -> None:
        """Show the image. The one before it stays until then, also while the line is cut."""
        room = self.picture.room(self.app.graphics)
        question = LookAtImage(self._path, self._workspace, self._index, *room, COLOURS)
        try:
            image = await self.app.session.host.ask(question)
        except HostError as error:
            self.rule.right = f"{self._place} · not read"
            self.when_back(self._look_again)
            if self._shown is None or self.picture.has_class("-broken"):
                self._show_problem(str(error))
            else:
                self.legend.update(f"✖ {printable(str(error))}")
            return
        except (ConsoleError, YogoError) as error:
            self._shown = None
            self.refresh_bindings()
            self.rule.title, self.rule.right = self._path.name, self._place
            self._show_problem(str(error))
            return
        self._shown = image
        self.refresh_bindings()
        self.rule.title, self.rule.right = image.image.name, f"{self._place} · {image.part}"
        if image.problem:
            self._show_problem(image.problem)
            return
        drawn = draw(image, self._images.classes, self.picture.size.width)
        self.picture.set_class(False, "-broken")
        self.picture.show(drawn, self.app.graphics)
        self.legend.update(drawn.legend)
        self.rule.right += f" · {counted(drawn.num_boxes, 'cell')}"

    def _show_problem(self, problem: str) -> None:
        self.picture.set_class(True, "-broken")
        self.picture.tell(f"✖ {printable(problem)}")
        self.legend.update("")

    def action_copy(self) -> None:
        if self._shown:
            self.app.copy(str(self._shown.image))
