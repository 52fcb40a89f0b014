"""The pictures of a definition, one at a time, each with its boxes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from yogo.definition import DatasetDefinition, Sample, split
from yogo.errors import YogoError
from yogo.terminal import printable
from yogo_tui.screens.base import FramedScreen
from yogo_tui.widgets.picture import Drawn, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.words import thousands

if TYPE_CHECKING:
    from yogo.data.depth import Asked


class PicturesScreen(FramedScreen):
    CSS_PATH = "pictures.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "next", id="pictures.next"),
        Binding("p", "step(-1)", "previous", id="pictures.previous"),
        Binding("right,space", "step(1)", "next", id="pictures.right", show=False),
        Binding("left", "step(-1)", "previous", id="pictures.left", show=False),
        Binding("home", "step(-1_000_000_000)", "first", id="pictures.first", show=False),
        Binding("end", "step(1_000_000_000)", "last", id="pictures.last", show=False),
        Binding("y", "copy", "copy its path", id="pictures.copy"),
        Binding("escape", "app.pop_screen", "back", id="pictures.back"),
    ]

    rule = getters.query_one(TitledRule)
    picture = getters.query_one("#picture", Static)
    legend = getters.query_one("#legend", Static)

    class Listed(Message):
        """Which pictures there are, each with its part: train, val or test; and what to ask how deep they are."""

        def __init__(self, classes: tuple[str, ...], samples: list[tuple[str, Sample]], depth: Asked | None) -> None:
            super().__init__()
            self.classes = classes
            self.samples = samples
            self.depth = depth

    class Shown(Message):
        """A picture, or why there is none."""

        def __init__(self, drawn: Drawn | None, problem: str = "") -> None:
            super().__init__()
            self.drawn = drawn
            self.problem = problem

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._names: tuple[str, ...] = ()
        self._samples: list[tuple[str, Sample]] = []
        self._depth: Asked | None = None
        self._index = 0

    def head(self) -> ComposeResult:
        yield TitledRule(self._path.name, "looking for pictures …")

    def body(self) -> ComposeResult:
        yield Static(id="picture", markup=False)
        yield Static(id="legend", markup=False)

    def on_mount(self) -> None:
        self.list_pictures()

    @work(thread=True, group="list")
    def list_pictures(self) -> None:
        try:
            definition = DatasetDefinition.from_yaml(self._path)
            parts = split(definition).items()
        except (YogoError, OSError) as error:
            self.post_message(self.Shown(None, str(error)))
            return
        samples = [(part, sample) for part, samples in parts for sample in samples]
        self.post_message(self.Listed(definition.classes, samples, _depth([sample for _, sample in samples])))

    def on_pictures_screen_listed(self, event: Listed) -> None:
        self._names, self._samples, self._depth = event.classes, event.samples, event.depth
        if self._samples:
            self.action_step(0)
        else:
            self.rule.right = ""
            self.picture.update("Its folders hold no pictures with labels.")

    def action_step(self, by: int) -> None:
        if self._samples:
            self._index = min(max(0, self._index + by), len(self._samples) - 1)
            sample = self._samples[self._index][1]
            self.rule.title, self.rule.right = sample.image.name, self._place
            self.show(sample, self.picture.size.width, self.picture.size.height)

    @property
    def _place(self) -> str:
        return f"{thousands(self._index + 1)} of {thousands(len(self._samples))} · {self._samples[self._index][0]}"

    @work(thread=True, exclusive=True, group="picture")
    def show(self, sample: Sample, columns: int, rows: int) -> None:
        """In a thread: decoding takes its time, and the file may lie far away."""
        worker = get_current_worker()
        try:
            shown = self.Shown(draw(sample, self._names, columns, rows, bits=self._depth))
        except (YogoError, OSError) as error:
            shown = self.Shown(None, str(error))
        if not worker.is_cancelled:
            self.post_message(shown)

    def on_pictures_screen_shown(self, event: Shown) -> None:
        self.picture.set_class(event.drawn is None, "-broken")
        if event.drawn:
            self.picture.update(event.drawn.blocks)
            self.legend.update(event.drawn.legend)
            cells = f"{event.drawn.num_boxes} cell{'' if event.drawn.num_boxes == 1 else 's'}"
            self.rule.right = f"{self._place} · {cells}"
        else:
            self.picture.update(f"✖ {printable(event.problem)}")
            self.legend.update("")

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.action_step, 0)

    def action_copy(self) -> None:
        if self._samples:
            self.app.copy(str(self._samples[self._index][1].image))


def _depth(samples: list[Sample]) -> Asked | None:
    """Nothing where Pillow is missing: that is said when a picture is to be shown."""
    try:
        from yogo.data.cache import default_folder
        from yogo.data.headers import depth_of_set
    except ImportError:
        return None
    return depth_of_set([sample.image_file for sample in samples], default_folder() / "headers")
