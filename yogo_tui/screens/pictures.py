"""Shows the images of a definition, one at a time, with their boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from yogo.errors import YogoError
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.image_lists import PARTS, ImageFilter, filter_of, filter_text, filter_words
from yogo_tui.questions.images import FindImage, ImageSet, ImageView, ListImages, LookAtImage, SmallImage
from yogo_tui.screens.base import changes
from yogo_tui.screens.choose import Choice, Choose, LinePrompt
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import thousands

_FILTER = "show only images: words of the path, class:NAME, split:val, problem"

_MARKS = "─ what is meant   ┄ the other boxes"


def _wrong_with(text: str) -> str:
    """What is wrong with a filter; empty if nothing is."""
    try:
        filter_of(text)
    except YogoError as error:
        return str(error)
    return ""


class PicturesScreen(ShowsImages):
    CSS_PATH = "pictures.tcss"
    HELP = "\nThe boxes are the labels, in the colours of their classes, which are counted below the image."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "next", id="pictures.next"),
        Binding("p", "step(-1)", "previous", id="pictures.previous"),
        Binding("plus", "zoom(1)", "zoom", id="pictures.zoom", tooltip="larger; the arrows then move over the image"),
        Binding(
            "f", "choose", "only some", id="pictures.choose", tooltip="only some: of a class, a split, with problems"
        ),
        Binding("c", "contrast", "contrast", id="pictures.contrast", tooltip="stretch the contrast, or as trained on"),
        Binding("minus", "zoom(-1)", "smaller", id="pictures.smaller", show=False),
        Binding("equals_sign", "zoom(0)", "the whole image", id="pictures.whole", show=False),
        Binding("space", "step(1)", "next", id="pictures.space", show=False),
        Binding("right", "move(1, 0)", "next; when zoomed, to the right", id="pictures.right", show=False),
        Binding("left", "move(-1, 0)", "previous; when zoomed, to the left", id="pictures.left", show=False),
        Binding("down", "move(0, 1)", "when zoomed, down", id="pictures.down", show=False),
        Binding("up", "move(0, -1)", "when zoomed, up", id="pictures.up", show=False),
        Binding("home", "step(-1_000_000_000)", "first", id="pictures.first", show=False),
        Binding("end", "step(1_000_000_000)", "last", id="pictures.last", show=False),
        Binding("number_sign", "go_to", "go to a number or a name", id="pictures.go_to", show=False),
        Binding("slash", "filter", "filter by words", id="pictures.filter", show=False, tooltip=_FILTER),
        Binding("b", "boxes", "boxes, or none", id="pictures.boxes", show=False),
        Binding(
            "g", "sharper", "sharper", id="pictures.sharper", tooltip="images sharper, or in half blocks", show=False
        ),
        Binding("e", "edit", "edit its labels in $EDITOR", id="pictures.edit", show=False),
        Binding("y", "copy", "copy its path", id="pictures.copy", show=False),
        Binding("escape", "dismiss", "back", id="pictures.back", show=False),
    ]

    rule = getters.query_one(TitledRule)
    picture = getters.query_one("#picture", PictureView)
    legend = getters.query_one("#legend", Static)

    def __init__(
        self, path: Path, wanted: ImageFilter | None = None, *, about: str = "", marked: Sequence[int] = ()
    ) -> None:
        """`about` is said of the images that are wanted; `marked` are lines of the label of the only one."""
        super().__init__()
        self._path = path
        self._wanted = wanted or ImageFilter()
        self._about, self._marked = about, tuple(marked)
        self._images = ImageSet((), 0, 0)
        self._index = 0
        """Of the image that is asked for, or shown."""

        self._view = ImageView()
        self._shown: SmallImage | None = None

    def head(self) -> ComposeResult:
        yield TitledRule(self._path.name, "looking for images …")

    def body(self) -> ComposeResult:
        yield PictureView(id="picture")
        yield Static(id="legend", markup=False)

    def on_mount(self) -> None:
        self.list_pictures()

    @work(exclusive=True, group="list")
    async def list_pictures(self) -> None:
        """Look for the images that are wanted, and show the first one."""
        self.rule.right = "looking for images …"
        try:
            question = ListImages(self._path, self._workspace, self._wanted)
            self._images = await self.app.session.host.ask(question, tell=self._tell)
        except (ConsoleError, YogoError) as error:
            self.rule.right = ""
            self._images = ImageSet(self._images.classes, 0, self._images.num_all)
            self._show_none(str(error), is_wrong=True)
            if isinstance(error, HostError):
                self.when_back(self.list_pictures)
            return
        self._index, self._view = 0, self._view.whole()
        if self._images.num:
            self.action_step(0)
            return
        self.rule.right = ""
        of = f"None of {counted(self._images.num_all, 'image')} is {filter_words(self._wanted)}. f shows others."
        self._show_none(of if self._images.num_all else "Its folders hold no images with labels.")

    def _tell(self, what: str, done: int, total: int) -> None:
        of = f" of {thousands(total)}" if total else ""
        self.rule.right = f"{what} · {thousands(done)}{of}"

    def _show_none(self, why: str, *, is_wrong: bool = False) -> None:
        self._shown = None
        self.rule.title = self._path.name
        self.refresh_bindings()
        if is_wrong:
            self._show_problem(why)
        else:
            self.picture.tell(printable(why))
            self.legend.update("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys that would lead past the first or the last image, and those for an image while there is
        none."""
        if action == "step" and (by := parameters[0]):
            return self._can_step(int(str(by)))
        if action == "move" and not self._is_zoomed:
            return bool(parameters[0]) and self._can_step(int(str(parameters[0])))
        if action == "zoom" and int(str(parameters[0])) <= 0:
            return self._is_zoomed
        return (
            action not in ("copy", "sharper", "zoom", "contrast", "boxes", "edit", "go_to") or self._shown is not None
        )

    def _can_step(self, by: int) -> bool:
        return self._index > 0 if by < 0 else self._index < self._images.num - 1

    @property
    def _is_zoomed(self) -> bool:
        return self._view.zoom > 1

    def action_step(self, by: int) -> None:
        if self._images.num:
            self._index = min(max(0, self._index + by), self._images.num - 1)
            if by:
                self._view = self._view.whole()
            self._ask_again()

    def _ask_again(self) -> None:
        self.rule.right = f"{self._place} …"
        self.refresh_bindings()
        self.look()

    def _look_again(self) -> None:
        self.action_step(0)

    def action_zoom(self, by: int) -> None:
        box = self._shown.marked if self._shown and not self._is_zoomed else None
        self._view = (self._view.centred(box) if box else self._view).zoomed(by)
        self._ask_again()

    def action_move(self, columns: int, rows: int) -> None:
        """Move over the image; where all of it is shown, to the next or the previous one."""
        if self._is_zoomed:
            self._view = self._view.moved(columns, rows)
            self._ask_again()
        else:
            self.action_step(columns)

    def action_contrast(self) -> None:
        self._view = replace(self._view, is_stretched=not self._view.is_stretched)
        self._ask_again()

    def action_boxes(self) -> None:
        self._view = replace(self._view, has_boxes=not self._view.has_boxes)
        self._ask_again()

    async def action_choose(self) -> None:
        """Show only some images: those of a class or a split, or those with something wrong."""
        items = [(ImageFilter(), Choice("all images"))]
        items += [(ImageFilter(has_problem=True), Choice("with problems", "in the image or in its labels"))]
        items += [(ImageFilter(part=part), Choice(part, "the split")) for part in PARTS]
        items += [(ImageFilter(classes=(name,)), Choice(printable(name), "the class")) for name in self._images.classes]
        known = [wanted for wanted, _ in items]

        def chosen(place: int | None) -> None:
            if place is not None:
                self._filter(known[place])

        at = known.index(self._wanted) if self._wanted in known else None
        # Awaited, so that what is typed right after the key narrows the list.
        await self.app.push_screen(Choose("show images", [choice for _, choice in items], at), chosen)

    async def action_filter(self) -> None:
        def typed(text: str | None) -> None:
            if text is not None:
                self._filter(filter_of(text))

        await self.app.push_screen(LinePrompt(_FILTER, filter_text(self._wanted), check=_wrong_with), typed)

    def _filter(self, wanted: ImageFilter) -> None:
        self._wanted, self._about, self._marked = wanted, "", ()
        self.list_pictures()

    async def action_go_to(self) -> None:
        """Go to an image by its number, or to the next one whose name contains what is typed."""

        def typed(text: str | None) -> None:
            number = (text or "").strip().replace(",", "")
            if number.isdecimal() and 1 <= int(number) <= self._images.num:
                self.action_step(int(number) - 1 - self._index)
            elif text and text.strip():
                self.find(text.strip())

        title = f"go to an image: 1 to {thousands(self._images.num)}, or a part of its name"
        await self.app.push_screen(LinePrompt(title), typed)

    @work(exclusive=True, group="find")
    async def find(self, text: str) -> None:
        with self.app.telling("there is no such image"):
            question = FindImage(self._path, self._workspace, text, self._index + 1, self._wanted)
            place = await self.app.session.host.ask(question)
            if place is None:
                self.app.notify(f"no image has “{printable(text)}” in its name", markup=False)
            else:
                self.action_step(place - self._index)

    @changes
    async def action_edit(self) -> None:
        if self._shown and self._shown.label:
            from yogo_tui.screens.editor import edit

            with self.app.telling(f"{self._shown.label.name} was not edited"):
                await edit(self.app, self._shown.label, next(iter(self._marked), None))
            self.action_step(0)

    @property
    def _workspace(self) -> Path:
        return self.app.session.settings.workspace_folder

    @property
    def _place(self) -> str:
        words = f" {only}" if (only := filter_words(self._wanted)) else ""
        return f"{thousands(self._index + 1)} of {thousands(self._images.num)}{words}"

    @property
    def _ways(self) -> str:
        """How the image is shown, where that is not the usual way."""
        view = self._view
        words = [f"{view.zoom}x"] if self._is_zoomed else []
        words += ["more contrast"] if view.is_stretched else []
        words += [] if view.has_boxes else ["without boxes"]
        return "".join(f" · {word}" for word in words)

    @work(exclusive=True, group="picture")
    async def look(self) -> None:
        """Show the image. The one before it stays until then, also while the line is cut."""
        room = self.picture.room(self.app.graphics)
        question = LookAtImage(
            *(self._path, self._workspace, self._index, *room, COLOURS),
            wanted=self._wanted,
            view=self._view,
            marked=self._marked,
        )
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
        self._show(image)
        self.call_after_refresh(self._fit, image)

    def _fit(self, image: SmallImage) -> None:
        """Ask for it once more where the lines below it have grown into it."""
        columns, rows = self.picture.room(self.app.graphics)
        if image is self._shown and image.width and (image.width > columns or image.height > rows):
            self.look()

    def _show(self, image: SmallImage) -> None:
        self._shown = image
        self.refresh_bindings()
        self.rule.title, self.rule.right = image.image.name, f"{self._place} · {image.part}"
        if image.problem:
            self._show_problem(image.problem)
            return
        drawn = draw(image, self._images.classes, self.picture.size.width)
        self.picture.set_class(False, "-broken")
        self.picture.show(drawn, self.app.graphics)
        said = [f"✖ {image.remark}"] * bool(image.remark) + [f"! {self._about}"] * bool(self._about)
        said += [_MARKS] * (image.marked is not None)
        self.legend.update(Text("\n").join([*(Text(printable(line)) for line in said), drawn.legend]))
        self.rule.right += f" · {counted(drawn.num_boxes, 'cell')}{self._ways}"

    def _show_problem(self, problem: str) -> None:
        self.picture.set_class(True, "-broken")
        self.picture.tell(f"✖ {printable(problem)}")
        self.legend.update("")

    def action_copy(self) -> None:
        if self._shown:
            self.app.copy(str(self._shown.image))
