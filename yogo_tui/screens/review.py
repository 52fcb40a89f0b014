"""Review: a queue of labels that a model doubts. Each is drawn with the prediction, and decided by a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.widgets import Static

from yogo.errors import YogoError
from yogo.review.journal import Place, ReviewVerb
from yogo.review.queue import EVERY_SUSPECT, SuspectFilter
from yogo.text.terminal import printable
from yogo_tui.errors import ConsoleError, HostError
from yogo_tui.questions.images import ImageView, SmallImage
from yogo_tui.questions.review_images import SuspectPicture
from yogo_tui.questions.reviews import DecisionOutcome, ReviewState
from yogo_tui.screens.base import changes
from yogo_tui.screens.choose import LinePrompt
from yogo_tui.screens.review_box import DrawsBoxes
from yogo_tui.screens.terms import Glossary
from yogo_tui.session.reviews import REVIEW_TERMS, filter_words_of, progress_words
from yogo_tui.widgets.picture import COLOURS, PictureView, draw
from yogo_tui.widgets.rule import TitledRule
from yogo_tui.widgets.suspect_view import MOST_KEYED, suspect_text
from yogo_tui.words import thousands

_WIDE = 120
_KEYS = """
Line: the label, as it is decided. Dots: the prediction; of a label drawn twice, the other one. Darker lines: other
labels of the image.
1 to 9 give the label a class, as listed beside the image.

An arrow begins to move the box, by a pixel; with shift, or as H J K L, by ten. r turns: the arrows then change its
size. enter writes it, esc drops it. A decision is on the disk before the next suspect is shown; z undoes it."""


class ReviewScreen(DrawsBoxes):
    CSS_PATH = "review.tcss"
    HELP = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "decide('keep')", "keep", id="review.keep", tooltip="keep: it is right as it is"),
        Binding("d", "decide('delete')", "delete", id="review.delete", tooltip="delete the label"),
        Binding("c", "classes", "class", id="review.class", tooltip="give it another class"),
        Binding(
            "t",
            "decide('prediction')",
            "take prediction",
            id="review.prediction",
            tooltip="the label becomes what the model finds: its place and its class",
        ),
        Binding(
            "equals_sign", "whole", "whole image", id="review.whole", tooltip="the whole image, or near the box again"
        ),
        Binding("s", "decide('skip')", "skip", id="review.skip", tooltip="leave it for later, or for somebody else"),
        *(
            Binding(
                str(number),
                f"classify({number})",
                f"class {number} of those listed",
                id=f"review.class_{number}",
                show=False,
            )
            for number in range(1, MOST_KEYED + 1)
        ),
        Binding("z", "undo(False)", "undo your last decision", id="review.undo", show=False),
        Binding("Z", "undo(True)", "redo it", id="review.redo", show=False),
        Binding("T", "take", "take all that is beyond doubt", id="review.take", show=False),
        Binding("w", "write", "write the new labels", id="review.write", show=False),
        Binding("n,tab,space", "step(1)", "next", id="review.next", show=False),
        Binding("p,shift+tab", "step(-1)", "previous", id="review.previous", show=False),
        Binding("u", "undecided", "go to where you left off", id="review.undecided", show=False),
        Binding("home", "step(-1_000_000_000)", "first", id="review.first", show=False),
        Binding("end", "step(1_000_000_000)", "last", id="review.last", show=False),
        Binding("number_sign", "go_to", "go to a number", id="review.go_to", show=False),
        Binding("f", "filter", "only some: of a kind, a class, undecided", id="review.filter", show=False),
        Binding("plus", "zoom(1)", "the image larger", id="review.larger", show=False),
        Binding("minus", "zoom(-1)", "the image smaller", id="review.smaller", show=False),
        Binding("C", "contrast", "stretch the contrast, or as trained on", id="review.contrast", show=False),
        Binding("b", "boxes", "boxes, or none", id="review.boxes", show=False),
        Binding("g", "sharper", "images sharper, or in half blocks", id="review.sharper", show=False),
        Binding("m", "terms", "what kinds and decisions mean", id="review.terms", show=False),
        Binding("y", "copy", "copy the path of the image", id="review.copy", show=False),
        Binding("escape", "leave", "drop the box that is drawn; back", id="review.back", show=False),
    ]

    rule = getters.query_one(TitledRule)
    picture = getters.query_one("#picture", PictureView)
    about = getters.query_one("#suspect", Static)

    def __init__(self, folder: str | Path, *, reviewer: str = "") -> None:
        super().__init__()
        self._folder = str(folder)
        self._reviewer = reviewer
        self._state: ReviewState | None = None
        self._wanted = EVERY_SUSPECT
        self._rank = 0
        """Of the suspect that is asked for, or shown."""

        self._view = ImageView()
        self._is_near = True
        """Whether it is shown near the boxes, wherever they are, and not as the view says."""

        self.shown: SuspectPicture | None = None

    def head(self) -> ComposeResult:
        yield TitledRule("review", "reading it …")

    def body(self) -> ComposeResult:
        with Horizontal():
            yield PictureView(id="picture")
            with VerticalScroll(id="about", can_focus=False):
                yield Static(id="suspect", markup=False)

    def on_mount(self) -> None:
        self.read_review()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "-wide")

    @work(exclusive=True, group="read")
    async def read_review(self) -> None:
        """Read how far it is, and show the suspect to go on with."""
        try:
            reviews = self.app.session.reviews
            folder = self._state.folder if self._state else await reviews.find(self._folder)
            self._state = await reviews.read(folder, self._reviewer, self._wanted)
        except (ConsoleError, YogoError) as error:
            self.rule.right = ""
            self._tell(f"✖ {printable(str(error))}")
            if isinstance(error, HostError):
                self.when_back(self.read_review)
            return
        for note in self._state.progress.notes:
            self.app.notify(printable(note), severity="warning", markup=False)
        self._go_to(self._state.resume_at)

    def _tell(self, words: str) -> None:
        """A sentence in place of the picture."""
        self.picture.set_class(True, "-broken")
        self.picture.tell(words)

    def _go_to(self, rank: int) -> None:
        if not self._state:
            return
        if not self._state.ranks:
            self.shown, self._rank = None, 0
            self.rule.title, self.rule.right = self._state.folder.name, progress_words(self._state.progress)
            only = filter_words_of(self._wanted)
            self._tell(f"No suspect is {printable(only)}. f shows others." if only else "Nothing is doubted.")
            self.about.update("")
            self.refresh_bindings()
            return
        if rank != self._rank:
            self._is_near = self._is_near or self._view.zoom > 1
            self.draft = None
        self._rank = rank
        self.look_again()

    def look_again(self) -> None:
        if not self._rank:
            return
        self.rule.right = f"{self._place} …"
        self.refresh_bindings()
        self.look()

    def action_step(self, by: int) -> None:
        if self._state and self._state.ranks:
            ranks = self._state.ranks
            place = ranks.index(self._rank) if self._rank in ranks else 0
            self._go_to(ranks[min(max(0, place + by), len(ranks) - 1)])

    @property
    def _place(self) -> str:
        """Such as "12 of 340 drawn twice · 9 decided · 331 left"."""
        assert self._state
        ranks = self._state.ranks
        at = ranks.index(self._rank) + 1 if self._rank in ranks else 0
        only = f" {printable(words)}" if (words := filter_words_of(self._wanted)) else ""
        return f"{thousands(at)} of {thousands(len(ranks))}{only} · {progress_words(self._state.progress)}"

    @work(exclusive=True, group="picture")
    async def look(self) -> None:
        """Show the suspect. The one before it stays until then."""
        if not (self._state and self._rank):
            return
        room, draft = self.picture.room(self.app.graphics), self.draft
        try:
            found = await self.app.session.reviews.look(
                self._state,
                self._rank,
                room,
                COLOURS,
                view=self._view,
                is_near=self._is_near,
                draft=draft.label if draft else None,
                is_added=bool(draft and draft.is_added),
            )
        except (ConsoleError, YogoError) as error:
            self.rule.right = f"{self._place} · not read"
            if isinstance(error, HostError):
                self.when_back(self.look_again)
            self.app.notify(printable(str(error)), title="it is not shown", severity="warning", markup=False)
            return
        self._show(found)

    def _show(self, found: SuspectPicture) -> None:
        assert self._state
        self.shown = found
        self.rule.title, self.rule.right = f"{found.rank} · {found.image.name}", f"{self._place}{self._ways}"
        self.about.update(suspect_text(found, self._state.classes, self._state.reviewer, self.draft))
        self.about.parent.scroll_home(animate=False)  # type: ignore[union-attr]
        self.refresh_bindings()
        if found.problem:
            self._tell(f"✖ {printable(found.problem)}")
            return
        self.picture.set_class(False, "-broken")
        image = SmallImage(found.part, found.image, found.width, found.pixels)
        self.picture.show(draw(image, self._state.classes, self.picture.size.width), self.app.graphics)

    @property
    def _ways(self) -> str:
        words = ["more contrast"] if self._view.is_stretched else []
        words += [] if self._view.has_boxes else ["without boxes"]
        return "".join(f" · {word}" for word in words)

    def tell_writing(self, what: str, done: int, total: int) -> None:
        self.rule.right = f"{what} · {thousands(done)} of {thousands(total)}"

    @property
    def is_shown(self) -> bool:
        return self.shown is not None and self.shown.rank == self._rank

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Turn off the keys for what there is not."""
        shown, state = self.shown, self._state
        match action, parameters:
            case "decide", _ if self.draft:
                return False  # which would drop the box
            case "decide", (verb,) if shown:
                needed = {"delete": shown.label, "prediction": shown.prediction}
                return needed.get(str(verb), shown) is not None
            case "classify", (number,):
                return bool(state and shown) and int(str(number)) <= len(state.classes if state else ())
            case (("step" | "go_to"), _):
                return bool(state and state.ranks)
            case (("filter" | "write" | "undo" | "undecided" | "take"), _):
                return state is not None and not (action == "take" and self.draft)
        needs_one = action in ("decide", "classes", "whole", "zoom", "contrast", "boxes", "sharper", "copy")
        return super().check_action(action, parameters) is not False and not (needs_one and shown is None)

    async def action_leave(self) -> None:
        if self.draft:
            self.draft = None
            self.look_again()
        else:
            await self.app.action_pop_screen()

    @changes
    async def action_decide(self, verb: str) -> None:
        await self.decide(ReviewVerb(verb))

    async def decide(self, verb: ReviewVerb, class_name: str = "", box: Place | None = None) -> None:
        """Write a decision about the suspect that is shown, and go on to the next one."""
        if not (self._state and self.is_shown):
            return
        with self.app.telling("it was not decided"):
            outcome = await self.app.session.reviews.decide(
                self._state, self._rank, verb, class_name=class_name, box=box, wanted=self._wanted
            )
            self.draft = None
            self._heed(outcome)
            if verb is ReviewVerb.ADD:
                self.app.notify(f"one more label: {printable(class_name)}. z undoes it.", markup=False)
                self.look_again()
            elif outcome.next:
                self._go_to(outcome.next)
            else:
                self.app.notify("None is left to be decided here: w writes the new labels.", markup=False)
                self.look_again()

    def _heed(self, outcome: DecisionOutcome) -> None:
        assert self._state
        self._state = replace(self._state, progress=outcome.progress)
        if outcome.told:
            self.app.notify(printable(outcome.told), markup=False)

    @changes
    async def action_undo(self, is_redo: bool) -> None:
        if not self._state:
            return
        with self.app.telling("nothing was undone"):
            outcome = await self.app.session.reviews.undo(self._state, is_redo=is_redo)
            self._heed(outcome)
            if not outcome.decision:
                self.app.notify(f"there is nothing to {'redo' if is_redo else 'undo'}", markup=False)
                return
            if outcome.rank not in self._state.ranks:
                self._wanted = EVERY_SUSPECT
                self._state = await self.app.session.reviews.read(self._state.folder, self._state.reviewer)
            if outcome.num > 1:
                self.app.notify(f"{outcome.num:,} {'redone' if is_redo else 'undone'}", markup=False)
            self._rank = 0  # also where it is the one that is shown
            self._go_to(outcome.rank)

    def action_undecided(self) -> None:
        self.read_review()

    def action_whole(self) -> None:
        """Show the whole image, or what is near the boxes."""
        self._is_near, self._view = not self._is_near and self._view.zoom == 1, self._view.whole()
        self.look_again()

    def action_zoom(self, by: int) -> None:
        if self.shown:
            self._is_near, self._view = False, self.shown.view.zoomed(by)
            self.look_again()

    def action_contrast(self) -> None:
        self._view = replace(self._view, is_stretched=not self._view.is_stretched)
        self.look_again()

    def action_boxes(self) -> None:
        self._view = replace(self._view, has_boxes=not self._view.has_boxes)
        self.look_again()

    async def action_go_to(self) -> None:
        assert self._state
        known = {f"{rank}" for rank in self._state.ranks}

        def wrong(text: str) -> str:
            return "" if not text or text.replace(",", "") in known else "no suspect of this number is in the queue"

        def typed(text: str | None) -> None:
            if text:
                self._go_to(int(text.replace(",", "")))

        await self.app.push_screen(LinePrompt("go to a suspect, by its number", check=wrong), typed)

    def filter(self, wanted: SuspectFilter) -> None:
        self._wanted, self._rank = wanted, 0
        self.read_review()

    def action_terms(self) -> None:
        self.app.push_screen(Glossary("what kinds and decisions mean", REVIEW_TERMS))

    def action_copy(self) -> None:
        if self.shown:
            self.app.copy(str(self.shown.image))
