"""A review of labels, for its screen and its command: what is shown of it, and what is decided."""

from __future__ import annotations

import secrets
from pathlib import Path

from yogo.review.decisions import LabelNow, ReviewProgress
from yogo.review.journal import Place, ReviewVerb
from yogo.review.queue import EVERY_SUSPECT, SuspectFilter
from yogo.review.ranking import SuspectKind
from yogo.text.wording import counted, listed
from yogo_tui.hosts.base import Host, Tell, silent
from yogo_tui.questions.images import ImageView, Rgb
from yogo_tui.questions.paths import FindPath
from yogo_tui.questions.review_images import LookAtSuspect, SuspectPicture
from yogo_tui.questions.reviews import (
    DecideSuspect,
    DecisionOutcome,
    FindReview,
    FoundReview,
    ListReviews,
    ReadReview,
    ReviewState,
    TakeBeyondDoubt,
    UndoDecision,
    WriteReview,
    WrittenReview,
)
from yogo_tui.settings import Settings
from yogo_tui.words import share_words

KIND_WORDS = {
    SuspectKind.OVERLOOKED: "overlooked",
    SuspectKind.BADLY_PLACED: "badly placed",
    SuspectKind.WRONG_CLASS: "wrong class",
    SuspectKind.TWICE: "drawn twice",
}

VERB_WORDS = {
    ReviewVerb.KEEP: "kept",
    ReviewVerb.DELETE: "deleted",
    ReviewVerb.CLASS: "another class",
    ReviewVerb.PREDICTION: "as predicted",
    ReviewVerb.BOX: "box changed",
    ReviewVerb.ADD: "added",
    ReviewVerb.SKIP: "skipped",
}

REVIEW_TERMS = (
    ("overlooked", "The model finds something where there is no label. Keep: nothing is there. Take the prediction: "
     "it becomes a label."),
    ("badly placed", "The model draws the box of this label elsewhere, or in another size."),
    ("wrong class", "The model takes the labelled object for one of another class."),
    ("drawn twice", "Another label overlaps this one so much that both are of one object. Delete removes this one."),
    ("score", "How sure the disagreement is, from 0 to 1. Those drawn twice come first."),
    ("beyond doubt", "The model is as sure as of the surer half of what is labelled, and nothing speaks against it. "
     "T takes all of these; on test images nothing is."),
    ("kept", "It is right as it is."),
    ("skipped", "Left for later: it does not count as decided."),
)  # fmt: skip
"""What kinds and decisions mean."""


class Reviews:
    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def find(self, text: str) -> Path:
        """The review folder that is meant, by its path or its name. Raises RunError, HostError."""
        return await self._host.ask(FindReview(text, self._settings.start, self._settings.workspace_folder))

    async def of_definition(self, definition: Path | None) -> tuple[FoundReview, ...]:
        """The reviews of a definition, or all of the workspace, the latest first. Raises HostError."""
        return await self._host.ask(ListReviews(self._settings.workspace_folder, definition))

    async def read(self, folder: Path, reviewer: str = "", wanted: SuspectFilter = EVERY_SUSPECT) -> ReviewState:
        """Raises RunError, HostError."""
        return await self._host.ask(ReadReview(folder, reviewer, wanted))

    async def look(
        self,
        found: ReviewState,
        rank: int,
        pixels: tuple[int, int],
        colours: tuple[Rgb, ...],
        *,
        view: ImageView,
        is_near: bool = True,
        draft: LabelNow | None = None,
        is_added: bool = False,
    ) -> SuspectPicture:
        """A suspect within so many columns and rows of pixels. Raises RunError, HostError."""
        return await self._host.ask(LookAtSuspect(found.folder, rank, *pixels, colours, view, is_near, draft, is_added))

    async def decide(
        self,
        found: ReviewState,
        rank: int,
        verb: ReviewVerb,
        *,
        class_name: str = "",
        box: Place | None = None,
        wanted: SuspectFilter = EVERY_SUSPECT,
    ) -> DecisionOutcome:
        """Raises RunError, HostError."""
        key = secrets.token_hex(8)
        question = DecideSuspect(found.folder, found.reviewer, rank, verb, key, class_name, box, wanted)
        return await self._host.ask(question)

    async def undo(self, found: ReviewState, *, is_redo: bool = False) -> DecisionOutcome:
        """Raises RunError, HostError."""
        return await self._host.ask(UndoDecision(found.folder, found.reviewer, secrets.token_hex(8), is_redo))

    async def take(self, found: ReviewState, kind: str = "") -> DecisionOutcome:
        """Take what is beyond doubt, of all kinds or of one. Raises RunError, HostError."""
        return await self._host.ask(TakeBeyondDoubt(found.folder, found.reviewer, secrets.token_hex(8), kind))

    async def place(self, typed: str) -> Path:
        """Where new labels would be written. Raises HostError."""
        return (await self._host.ask(FindPath(typed, self._settings.start))).path

    async def write(self, folder: Path, out: Path, tell: Tell = silent) -> WrittenReview:
        """Raises RunError, DefinitionError, HostError."""
        question = WriteReview(folder, out, self._settings.workspace_folder, secrets.token_hex(8))
        return await self._host.ask(question, tell=tell)


def progress_words(progress: ReviewProgress) -> str:
    """Such as "9 decided · 2 skipped · 331 left"."""
    words = [f"{progress.decided:,} decided"]
    words += [f"{progress.skipped:,} skipped"] if progress.skipped else []
    return " · ".join([*words, f"{progress.left:,} left"])


def sure_words(found: ReviewState, kind: str = "") -> str:
    """What would be taken, such as "41 proposals that are beyond doubt: 38 overlooked and 3 drawn twice"; empty if
    nothing would."""
    counts = {one: count.beyond_doubt for one, count in found.progress.kinds.items() if kind in ("", one)}
    number = sum(counts.values())
    each = listed([f"{count:,} {KIND_WORDS[SuspectKind(one)]}" for one, count in counts.items() if count])
    return f"{counted(number, 'proposal')} beyond doubt: {each}" if number else ""


def why_sure(found: ReviewState) -> str:
    """From when on the model is sure, and what that is worth, a sentence for each class."""
    return " ".join(
        f"Of boxes found as {name} with a confidence from {share_words(one.confidence, 2)} on, {one.labelled:.0%} "
        f"have this label{'.' if one.is_enough else ': too few, so none of them is beyond doubt.'}"
        for name, one in (found.sure or {}).items()
    )


def why_nothing_is_sure(found: ReviewState) -> str:
    if found.sure is None:
        return "this review was made by a yogo that did not ask what is beyond doubt: rank the labels anew"
    return "nothing that is undecided is beyond doubt"


def choice_words(found: FoundReview) -> str:
    """About one of several reviews, such as "9 of 340 decided · by best.pth · 2026-11-27"."""
    if found.problem:
        return found.problem
    made = f"{found.made_at.astimezone():%Y-%m-%d %H:%M}"
    return f"{found.decided:,} of {found.num:,} decided · by {Path(found.checkpoint).name} · {made}"


def written_words(found: WrittenReview) -> str:
    """What was written, in a sentence or two."""
    verbs = [f"{number:,} {VERB_WORDS[ReviewVerb(verb)]}" for verb, number in found.verbs.items()]
    changed = f"{counted(found.num_changed_files, 'label file')} of {found.num_files:,} changed"
    verbs += [f"of these {found.by_rule:,} beyond doubt"] if found.by_rule else []
    return f"{changed}{': ' if verbs else ''}{', '.join(verbs)}. The definition is {found.definition}"


def filter_words_of(wanted: SuspectFilter) -> str:
    """Such as "drawn twice · undecided"; empty for all."""
    kind = KIND_WORDS[SuspectKind(wanted.kind)] if wanted.kind else ""
    return " · ".join(word for word in (kind, wanted.class_name, wanted.state.replace("_", " ")) if word)
