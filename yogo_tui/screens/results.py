"""Results: what a run's best.pth finds and misses, as a confusion matrix, figures by class and the worst images."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ScrollableContainer, Vertical
from textual.events import Resize
from textual.widgets import Static

from yogo.definition.report import bar
from yogo.errors import YogoError
from yogo.run.metrics import Metrics
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.images import SmallImage
from yogo_tui.questions.results import ResultSet, WrongImage
from yogo_tui.runs.model import Run
from yogo_tui.screens.base import BACK
from yogo_tui.screens.choose import Choice
from yogo_tui.screens.run_actions import RunActions
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.screens.terms import Glossary
from yogo_tui.session.confusion import matrix_text
from yogo_tui.session.result_views import error_terms, result_views
from yogo_tui.session.results import NONE_KEPT, terms
from yogo_tui.widgets.key_bar import key_of
from yogo_tui.widgets.matrix import draw_matrix
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.words import cut_end, state_words

_BAR = 8
_MATRIX_PERCENT = 70
"""Of the window's width, at most."""

_EDGES = 4
"""Columns of a pane that its margins and its scroll bar take."""

_NARROWEST_NAME = 8
_LEGEND_SIGNS = "─ label   ┄ prediction"


class ResultsScreen(RunActions, ShowsImages):
    CSS_PATH = "results.tcss"
    AUTO_FOCUS = "#matrix-pane"
    HELP = "\nEach row is a class of the labels, each column what was predicted. m explains all columns and figures."
    BINDINGS: ClassVar[list[BindingType]] = [
        BACK,
        Binding("n", "step(1)", "next", id="results.next"),
        Binding("p", "step(-1)", "previous", id="results.previous"),
        Binding("space", "step(1)", "next", id="results.space", show=False),
        Binding("o", "full_screen", "full screen", id="results.full"),
        Binding("m", "terms", "columns explained", id="results.terms"),
        Binding("t", "other_set", "other results", id="results.other", tooltip="choose which results are shown"),
        Binding("a", "assay", "assay", id="results.assay", tooltip="limits of detection, by threshold and of samples"),
        Binding("e", "mending", "figures, their intervals, or what errors cost", id="results.mending", show=False),
        Binding("s", "shares", "counts or shares of the row", id="results.shares", show=False),
        Binding("w", "wrong", "all boxes, or only the wrong ones", id="results.wrong", show=False),
        Binding("g", "sharper", "images sharper, or in half blocks", id="results.sharper", show=False),
        Binding(
            "u", "use", "use it: test, assay, infer, export; rank, make, choose labels", id="results.use", show=False
        ),
        Binding("y", "copy", "copy the path of the image", id="results.copy", show=False),
    ]

    title_rule = getters.query_one("#title", TitledRule)
    picture = getters.query_one("#picture", PictureView)
    picture_rule = getters.query_one("#picture-rule", TitledRule)

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._sets: tuple[ResultSet, ...] = ()
        self._set: ResultSet | None = None
        self._index = 0
        """Of the worst image that is asked for, or shown."""

        self._as_shares = False
        self._only_wrong = False
        self._view = 0
        """Which of the tables is shown."""

    @property
    def acted_on(self) -> Run:
        return self._run

    def head(self) -> ComposeResult:
        yield TitledRule(f"{self._run.name} · results", state_words(self._run), id="title")

    def body(self) -> ComposeResult:
        yield Static("Reading its results …", id="none", markup=False)
        with Horizontal(id="upper"):
            with Vertical(id="matrix-side"):
                with ScrollableContainer(id="matrix-pane"):
                    yield Static(id="matrix")
                yield Static(id="matrix-note", markup=False)
            with Vertical(id="picture-pane"):
                yield TitledRule("worst images", id="picture-rule")
                yield PictureView(id="picture")
                yield Static(id="legend", markup=False)
        with ScrollableContainer(id="table-pane"):
            yield TitledRule("by class", id="table-rule")
            yield Static(id="classes")
            yield Static(id="table-notes", markup=False)

    def on_mount(self) -> None:
        self.read_results()

    def used(self) -> None:
        """Nothing is shown of a job that has only been submitted."""

    @work(exclusive=True, group="results")
    async def read_results(self) -> None:
        try:
            self._sets = await self.app.session.results.read(self._run)
        except (ConsoleError, YogoError) as error:
            self._tell_none(str(error))
            if isinstance(error, HostError):
                self.when_back(self.read_results)
            return
        self.show_set(self._sets[0])

    def _tell_none(self, why: str) -> None:
        self.set_class(False, "-read")
        self.query_one("#none", Static).update(printable(why))
        self.refresh_bindings()

    def show_set(self, found: ResultSet) -> None:
        self._set, self._index = found, 0
        self.title_rule.title = f"{self._run.name} · results · {found.title}"
        if found.problem:
            self._tell_none(f"✖ {found.problem}")
            return
        if found.assay and not found.metrics:
            self._tell_none(f"An assay has no matrix and no images. {key_of(self, 'results.assay')} shows it.")
            self.action_assay()
            return
        self.set_class(True, "-read")
        self._draw_figures()
        self.refresh_bindings()
        self.call_after_refresh(self.action_step, 0)

    def _draw_figures(self) -> None:
        metrics = self._set and self._set.metrics
        if not metrics:
            return
        self._draw_matrix(metrics)
        views = result_views(metrics, _bar)
        self._view %= len(views)
        view, after = views[self._view], views[(self._view + 1) % len(views)]
        self.query_one("#classes", Static).update(_drawn_table(view.head, view.rows, self.size.width - _EDGES))
        notes = self.query_one("#table-notes", Static)
        notes.update("\n".join(map(printable, view.notes)))
        notes.display = bool(view.notes)
        way_on = f" · e {after.short}" if len(views) > 1 else ""
        self.query_one("#table-rule", TitledRule).title = f"{view.title}{way_on}"
        images, labels = counted(metrics.num_images, "image"), counted(metrics.num_objects, "label")
        self.query_one("#table-rule", TitledRule).right = f"{images} · {labels} · {metrics.num_boxes:,} found"

    def _draw_matrix(self, metrics: Metrics) -> None:
        """As wide as the window lets it be; the images have the rest. What does not fit is scrolled, which is said."""
        most = self.size.width * _MATRIX_PERCENT // 100 - _EDGES
        made = matrix_text(metrics, most, shares=self._as_shares)
        self.query_one("#matrix", Static).update(draw_matrix(metrics, made))
        self.query_one("#matrix-side").styles.width = min(made.width, most) + _EDGES
        notes = ["k is thousand, M is million"] * made.is_rounded
        if made.width > most:
            notes.insert(0, f"{counted(len(metrics.classes), 'class')}: ← → ↑ ↓ scroll")
        note = self.query_one("#matrix-note", Static)
        note.update(" · ".join(notes))
        note.display = bool(notes)

    def on_resize(self, _event: Resize) -> None:
        self._draw_figures()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys that would lead past the first or the last image, and those about what there is not."""
        worst = self._set.worst if self._set else ()
        if action == "step" and (by := parameters[0]):
            return self._index > 0 if int(str(by)) < 0 else self._index < len(worst) - 1
        if action in ("wrong", "copy", "full_screen", "sharper"):
            return bool(worst)
        if action == "assay":
            return bool(self._set and self._set.assay)
        if action == "other_set":
            return len(self._sets) > 1
        if action == "mending":
            return bool(self._set and self._set.metrics and len(result_views(self._set.metrics)) > 1)
        return action not in ("shares", "terms") or self.has_class("-read")

    def action_step(self, by: int) -> None:
        if self._set is None:
            return
        worst = self._set.worst
        if not worst:
            kept = self._set.worst_file is not None
            self.picture.tell("Nothing is wrong on any image." if kept else NONE_KEPT)
            self.query_one("#legend", Static).update("" if kept else printable(f"{tui()} test {self._run.name}"))
            self.picture_rule.title = "worst images"
            self.refresh_bindings()
            return
        self._index = min(max(0, self._index + by), len(worst) - 1)
        self.picture_rule.title = f"worst image {self._index + 1} of {len(worst)} …"
        self.refresh_bindings()
        self.look(self._set, self._index)

    @work(exclusive=True, group="picture")
    async def look(self, found: ResultSet, index: int) -> None:
        """Show one of the worst images. The one before it stays until then, and … is said beside the number."""
        graphics = self.app.graphics
        room, only = self.picture.room(graphics), self._only_wrong
        try:
            image = await self.app.session.results.look(found, index, room, COLOURS, only_wrong=only)
        except (ConsoleError, YogoError) as error:
            self.picture.tell(f"✖ {printable(str(error))}")
            self.query_one("#legend", Static).update("")
            if isinstance(error, HostError):
                self.when_back(self._look_again)
        else:
            self._show(image, found.worst[index], found)
        self.picture_rule.title = self.picture_rule.title.removesuffix(" …")

    def _look_again(self) -> None:
        self.action_step(0)

    def _show(self, image: SmallImage, wrong: WrongImage, found: ResultSet) -> None:
        classes = found.metrics.classes if found.metrics else ()
        if image.problem:
            self.picture.tell(f"✖ {printable(image.problem)}")
            legend = Text()
        else:
            drawn = draw(image, classes, self.picture.size.width)
            self.picture.show(drawn, self.app.graphics)
            legend = Text.assemble(_LEGEND_SIGNS, "\n", drawn.legend)
        legend.append(f"\n{printable(image.image.name)} · {wrong_words(wrong)}")
        self.query_one("#legend", Static).update(legend)

    def action_full_screen(self) -> None:
        self.toggle_class("-full")
        self.call_after_refresh(self.action_step, 0)

    def action_shares(self) -> None:
        self._as_shares = not self._as_shares
        self._draw_figures()

    def action_mending(self) -> None:
        self._view += 1
        self._draw_figures()

    def action_assay(self) -> None:
        from yogo_tui.screens.assay import AssayScreen

        if self._set:
            self.app.push_screen(AssayScreen(self._run.name, self._set.file, self._set))

    def action_wrong(self) -> None:
        self._only_wrong = not self._only_wrong
        self.action_step(0)

    def action_terms(self) -> None:
        self.app.push_screen(Glossary("what the columns say", (*terms(), *error_terms())))

    @work(exclusive=True, group="act")
    async def action_other_set(self) -> None:
        lines = [(found, Choice(found.title, str(found.file))) for found in self._sets]
        if chosen := await self.choose("results", lines, self._set):
            self.show_set(chosen)

    def action_copy(self) -> None:
        if self._set and self._set.worst:
            self.app.copy(str(self._set.worst[self._index].image))


def wrong_words(image: WrongImage) -> str:
    """Such as "3 missed, 1 false"."""
    counts = ((image.missed, "missed"), (image.false, "false"), (image.confused, "of another class"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _bar(share: float) -> str:
    return f"{bar(share, _BAR).rstrip()} "


def _drawn_table(head: list[str], rows: list[list[str]], room: int) -> Table:
    """Names of classes are cut where the figures would not have room beside them."""
    figures = sum(1 + max(map(len, column)) for column in list(zip(head, *rows, strict=True))[1:])
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for number, name in enumerate(head):
        made.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        name, *cells = row
        made.add_row(cut_end(name, max(_NARROWEST_NAME, room - figures)), *map(printable, cells))
    return made
