"""What the review's screen does with a box that is drawn by keys, and with dialogs: classes, filter, writing."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from yogo.review.decisions import LabelNow
from yogo.review.journal import Place, ReviewVerb
from yogo.review.queue import SuspectFilter, SuspectState
from yogo.review.ranking import SuspectKind
from yogo.text.terminal import printable
from yogo_tui.questions.review_images import SuspectPicture
from yogo_tui.questions.reviews import ReviewState
from yogo_tui.screens.ask import Ask, Notice
from yogo_tui.screens.base import changes
from yogo_tui.screens.choose import Choice, Choose, LinePrompt
from yogo_tui.screens.sharper import ShowsImages
from yogo_tui.session.box_draft import LARGE_STEP, STEP, BoxDraft
from yogo_tui.session.reviews import KIND_WORDS, sure_words, why_nothing_is_sure, why_sure, written_words

_WAYS = {"left": (-1, 0), "down": (0, 1), "up": (0, -1), "right": (1, 0)}
_LETTERS = {"left": "H", "down": "J", "up": "K", "right": "L"}
_STATES = {
    SuspectState.UNDECIDED: "nobody has decided or skipped it",
    SuspectState.DECIDED: "by any reviewer",
    SuspectState.SKIPPED: "left for later",
    SuspectState.CONTESTED: "two reviewers decided otherwise",
    SuspectState.BEYOND_DOUBT: "undecided, and T would take it",
}
_SIDE = 0.1
"""Of a new box, as a share of the image, where no other tells how large it should be."""


class DrawsBoxes(ShowsImages):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add one more label", id="review.add", show=False),
        Binding("enter", "accept", "write the box", id="review.accept"),
        Binding("r", "turn", "move or resize", id="review.turn", tooltip="the arrows move the box, or change its size"),
        *(
            Binding(
                way,
                f"move({STEP * columns}, {STEP * rows})",
                f"the box {way}, or its size, by a pixel",
                id=f"review.{way}",
                show=False,
            )
            for way, (columns, rows) in _WAYS.items()
        ),
        *(
            Binding(
                f"shift+{way},{_LETTERS[way]}",
                f"move({LARGE_STEP * columns}, {LARGE_STEP * rows})",
                f"the box {way}, or its size, by ten pixels",
                id=f"review.far_{way}",
                show=False,
            )
            for way, (columns, rows) in _WAYS.items()
        ),
    ]

    draft: BoxDraft | None = None
    """The box that is being drawn."""

    shown: SuspectPicture | None = None
    _state: ReviewState | None = None
    _wanted: SuspectFilter

    @property
    def is_shown(self) -> bool:
        """Whether what a key would act on can be seen."""
        raise NotImplementedError

    def look_again(self) -> None:
        raise NotImplementedError

    def tell_writing(self, what: str, done: int, total: int) -> None:
        """How many labels are written."""
        raise NotImplementedError

    def filter(self, wanted: SuspectFilter) -> None:
        raise NotImplementedError

    async def decide(self, verb: ReviewVerb, class_name: str = "", box: Place | None = None) -> None:
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("accept", "turn"):
            return self.draft is not None
        if action in ("move", "add"):
            return self.shown is not None and self.shown.size[0] > 0
        return True

    def action_move(self, columns: int, rows: int) -> None:
        """Move the box, or change its size. The first step begins with the label as it is, or with the prediction."""
        if self.draft is None and self.shown and self.is_shown:
            start = self.shown.now or self.shown.label or self.shown.prediction
            self.draft = BoxDraft(start, start, self.shown.size) if start else None
        if self.draft:
            self._redraw(self.draft.moved(columns, rows))

    def action_turn(self) -> None:
        if self.draft:
            self._redraw(replace(self.draft, resizes=not self.draft.resizes))

    def action_add(self) -> None:
        """Begin one more label, in the middle of what is shown."""
        if not (self.shown and self.is_shown):
            return
        like = self.shown.label or self.shown.prediction
        x0, y0, x1, y1 = self.shown.view.frame()
        sides = like.box[2:] if like else (_SIDE, _SIDE)
        name = like.class_name if like else self._state.classes[0] if self._state else ""
        start = LabelNow(name, ((x0 + x1) / 2, (y0 + y1) / 2, *sides))
        self._redraw(BoxDraft(start, start, self.shown.size, is_added=True).moved(0, 0))

    def _redraw(self, draft: BoxDraft) -> None:
        self.draft = draft
        self.look_again()

    @changes
    async def action_accept(self) -> None:
        if draft := self.draft:
            is_renamed = draft.is_added or draft.label.class_name != draft.start.class_name
            verb = ReviewVerb.ADD if draft.is_added else ReviewVerb.BOX
            await self.decide(verb, draft.label.class_name if is_renamed else "", draft.label.box)

    @changes
    async def action_classify(self, number: int) -> None:
        if self._state and number <= len(self._state.classes):
            await self._classify(self._state.classes[number - 1])

    async def _classify(self, name: str) -> None:
        """Give a class to the box that is drawn, or decide that the label has it."""
        if self.draft:
            self._redraw(self.draft.of_class(name))
        else:
            await self.decide(ReviewVerb.CLASS, name)

    async def action_classes(self) -> None:
        classes = self._state.classes if self._state else ()

        def chosen(place: int | None) -> None:
            if place is not None:
                self.action_classify(place + 1)

        await self.app.push_screen(Choose("its class", [Choice(printable(name)) for name in classes]), chosen)

    async def action_filter(self) -> None:
        """Show only some suspects: those of a kind, a class, or a state."""
        if not self._state:
            return
        counts, wanted = self._state.progress.kinds, self._wanted
        items = [(SuspectFilter(), Choice("all suspects"))]
        for state in SuspectState:
            name = state.value.replace("_", " ")
            items.append((replace(wanted, state=state.value), Choice(name, _STATES[state])))
        for kind, count in counts.items():
            about = f"the kind · {count.num:,}, {count.decided:,} decided"
            items.append((replace(wanted, kind=kind), Choice(KIND_WORDS[SuspectKind(kind)], about)))
        for name in self._state.classes:
            items.append((replace(wanted, class_name=name), Choice(printable(name), "the class")))

        def chosen(place: int | None) -> None:
            if place is not None:
                self.filter(items[place][0])

        await self.app.push_screen(Choose("show suspects", [choice for _, choice in items]), chosen)

    @changes
    async def action_take(self) -> None:
        """Ask whether all that is beyond doubt is to be taken, of the kind that is shown where only one is."""
        if self._state:
            self.take(self._state, self._wanted.kind)

    @work(exclusive=True, group="take")
    async def take(self, state: ReviewState, kind: str) -> None:
        reviews = self.app.session.reviews
        with self.app.telling("nothing was taken"):
            state = await reviews.read(state.folder, state.reviewer)  # what others have decided since
            words = sure_words(state, kind)
            if not words:
                self.app.notify(why_nothing_is_sure(state), markup=False)
                return
            question = f"Take {words}? z undoes all of them. {why_sure(state)}"
            if await self.app.push_screen_wait(Ask(printable(question), is_safe=True)):
                outcome = await reviews.take(state, kind)
                self.app.notify(f"{outcome.num:,} taken", markup=False)
                self.filter(self._wanted)

    async def action_write(self) -> None:
        """Ask where the new labels are to be written."""
        if not self._state:
            return

        def typed(text: str | None) -> None:
            if text and text.strip():
                self.write(text)

        title = "write all labels, as reviewed, into a new folder"
        await self.app.push_screen(LinePrompt(title, f"{self._state.folder}-labels"), typed)

    @changes
    async def write(self, typed: str) -> None:
        assert self._state
        reviews, folder = self.app.session.reviews, self._state.folder
        with (
            self.app.telling("the labels were not written"),
            self.app.tasks.under_way(f"writing labels of {folder.name}", self.tell_writing) as tell,
        ):
            made = await reviews.write(folder, await reviews.place(typed), tell)
            words = "\n".join([written_words(made), *(f"! {why}" for why in made.left_out)])
            self.app.push_screen(Notice("the labels were written", words, sign="✔ "))
        self.look_again()
