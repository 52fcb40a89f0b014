"""Questions about a review of labels: how far it is, what was decided, and its new labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from yogo.errors import RunError
from yogo.files.places import expanded, told
from yogo.review.decisions import LabelReview, ReviewProgress, decide, label_of, review_in, target_of, undo
from yogo.review.journal import LabelDecision, Place, ReviewVerb, reviewer_named
from yogo.review.queue import EVERY_SUSPECT, SuspectFilter, next_rank, state_of, wanted_ranks
from yogo.review.ranking import RANKING, REVIEWS, SureOf, Suspect
from yogo.review.taking import take_beyond_doubt
from yogo.review.writing import write_review
from yogo.text.wording import meant
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True, slots=True)
class ReviewState:
    """How far a review is, for one reviewer."""

    folder: Path
    reviewer: str
    definition: Path
    checkpoint: str
    judged: str
    classes: tuple[str, ...]
    progress: ReviewProgress
    ranks: tuple[int, ...]
    """Of the wanted suspects."""

    resume_at: int
    """The wanted suspect to go on with; 0 if there is none."""

    num_ranked: int
    """How many suspects there were; the ranking holds the first of them."""

    problems: tuple[str, ...] = ()
    """Images that could not be judged, and why."""

    sure: dict[str, SureOf] | None = None
    """From when on the model is sure, by class; None where the ranking does not say what is beyond doubt."""


@dataclass(frozen=True, slots=True)
class SuspectRow:
    """One suspect of a list."""

    rank: int
    kind: str
    score: float
    image: Path
    line: int | None
    label: str
    """The class; empty where there is none."""

    prediction: str
    state: str
    verb: str
    """What was decided; empty if nothing was."""

    reviewer: str
    why: str
    beyond_doubt: bool = False


@dataclass(frozen=True, slots=True)
class DecisionOutcome:
    """What was decided or undone, and how far the review is now."""

    rank: int
    """0 if there was nothing to undo or redo."""

    decision: LabelDecision | None
    progress: ReviewProgress
    next: int | None
    """The next one to be decided; None if none is left."""

    told: str = ""
    """What another reviewer wanted of the label."""

    num: int = 1
    """How many decisions were made, undone or redone together."""


@dataclass(frozen=True, slots=True)
class WrittenReview:
    """The new labels."""

    definition: Path
    num_files: int
    num_changed_files: int
    verbs: dict[str, int]
    left_out: tuple[str, ...] = ()
    by_rule: int = 0


@dataclass(frozen=True, slots=True)
class FoundReview:
    """A review folder."""

    folder: Path
    definition: Path
    checkpoint: str
    made_at: datetime
    num: int
    decided: int
    problem: str = ""


@dataclass(frozen=True)
class FindReview:
    """The review folder that `text` means: by its path from `start`, or by its name among those of the workspace.
    Raises RunError."""

    text: str
    start: Path
    workspace: Path

    def answer(self, tell: Tell) -> Path:
        places = [self.start / expanded(Path(self.text)), self.workspace / REVIEWS / self.text]
        found = next((place for place in places if (place / RANKING).is_file()), None)
        if found is None:
            names = [folder.name for folder in _reviews(self.workspace / REVIEWS)]
            there = f" {meant(self.text, names)}" if names else ""
            raise RunError(
                f"{places[0]} is not a review, and there is none of this name in {places[1].parent}.{there} "
                f"yogo review PTH DEFINITION makes one, with {RANKING} in it, and so does yogo-tui rank RUN"
            )
        return Path(os.path.abspath(found))


@dataclass(frozen=True)
class ListReviews:
    """The reviews in the workspace, those of this definition alone where one is named, the latest first."""

    workspace: Path
    definition: Path | None = None

    def answer(self, tell: Tell) -> tuple[FoundReview, ...]:
        folders = [self.workspace / REVIEWS]
        if self.definition:
            folders += [self.definition.parent / REVIEWS, self.definition.parent]
        found = {place.resolve(): place for folder in folders for place in _reviews(folder)}
        rows = [row for place in found.values() if (row := self._row(place))]
        return tuple(sorted(rows, key=lambda row: row.made_at, reverse=True))

    def _row(self, folder: Path) -> FoundReview | None:
        try:
            review = review_in(folder)
        except (RunError, OSError) as error:
            at = datetime.fromtimestamp((folder / RANKING).stat().st_mtime).astimezone()
            return FoundReview(folder, self.definition or Path(), "", at, 0, 0, told(error))
        ranking = review.ranking
        definition = Path(ranking.definition)
        if self.definition and definition.resolve() != self.definition.resolve():
            return None
        progress = review.progress
        return FoundReview(folder, definition, ranking.checkpoint, ranking.made_at, progress.num, progress.decided)


def _reviews(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    yield from (folder / name for name in names if (folder / name / RANKING).is_file())


@dataclass(frozen=True)
class ReadReview:
    """How far a review is. Raises RunError."""

    folder: Path
    reviewer: str = ""
    """The user where that is empty."""

    wanted: SuspectFilter = EVERY_SUSPECT

    def answer(self, tell: Tell) -> ReviewState:
        reviewer = reviewer_named(self.reviewer)
        review = review_in(self.folder)
        ranks = wanted_ranks(review, self.wanted)
        at = next_rank(review, self.wanted, review.last_decided(reviewer)) or (ranks[0] if ranks else 0)
        ranking = review.ranking
        return ReviewState(
            self.folder,
            reviewer,
            Path(ranking.definition),
            ranking.checkpoint,
            ranking.judged,
            ranking.classes,
            review.progress,
            ranks,
            at,
            ranking.num_ranked,
            ranking.problems,
            ranking.sure,
        )


@dataclass(frozen=True)
class DescribeSuspects:
    """Some of the wanted suspects, by their places in the list of these. Raises RunError."""

    folder: Path
    wanted: SuspectFilter
    start: int
    stop: int

    def answer(self, tell: Tell) -> tuple[SuspectRow, ...]:
        review = review_in(self.folder)
        ranks = wanted_ranks(review, self.wanted)[self.start : self.stop]
        return tuple(_row(review, review.suspect(rank)) for rank in ranks)


@dataclass(frozen=True)
class DecideSuspect:
    """Write a decision about a suspect's label. Raises RunError for one that makes no sense there; OSError."""

    folder: Path
    reviewer: str
    rank: int
    verb: ReviewVerb
    key: str
    """Any text; what is asked again with the same is not written again."""

    class_name: str = ""
    box: Place | None = None
    wanted: SuspectFilter = EVERY_SUSPECT

    changes: ClassVar = "the decision was written"

    def answer(self, tell: Tell) -> DecisionOutcome:
        reviewer = reviewer_named(self.reviewer)
        review, made = decide(
            self.folder, reviewer, self.rank, self.verb, key=self.key, class_name=self.class_name, box=self.box
        )
        behind = next_rank(review, self.wanted, self.rank)
        return DecisionOutcome(self.rank, made, review.progress, behind, others_words(review, made.target, reviewer))


@dataclass(frozen=True)
class UndoDecision:
    """Undo the reviewer's last decision, or redo what was undone last. Raises RunError, OSError."""

    folder: Path
    reviewer: str
    key: str
    is_redo: bool = False

    changes: ClassVar = "the last decision was undone or redone"

    def answer(self, tell: Tell) -> DecisionOutcome:
        review, made = undo(self.folder, reviewer_named(self.reviewer), key=self.key, is_redo=self.is_redo)
        first = made[0] if made else None
        return DecisionOutcome(first.suspect if first else 0, first, review.progress, None, num=len(made))


@dataclass(frozen=True)
class TakeBeyondDoubt:
    """Take all proposals that are beyond doubt, or those of a kind, of suspects that nobody has decided. Raises
    RunError, OSError."""

    folder: Path
    reviewer: str
    key: str
    kind: str = ""

    changes: ClassVar = "the proposals that are beyond doubt were taken"

    def answer(self, tell: Tell) -> DecisionOutcome:
        reviewer = reviewer_named(self.reviewer)
        review, made = take_beyond_doubt(self.folder, reviewer, kind=self.kind, key=self.key)
        first = made[0] if made else None
        after = next_rank(review, EVERY_SUSPECT, 0)
        return DecisionOutcome(first.suspect if first else 0, first, review.progress, after, num=len(made))


@dataclass(frozen=True)
class WriteReview:
    """Write the labels as reviewed into a new folder. Raises RunError, DefinitionError, OSError."""

    folder: Path
    out: Path
    workspace: Path
    key: str

    changes: ClassVar = "the new labels were written"

    def answer(self, tell: Tell) -> WrittenReview:
        made = write_review(self.folder, self.out, key=self.key, base=self.workspace, progress=tell)
        return WrittenReview(
            Path(made.written), made.num_files, made.num_changed_files, made.verbs, made.left_out, made.by_rule
        )


def others_words(review: LabelReview, target: str, reviewer: str) -> str:
    """What other reviewers decided about a label, and whose word counts; empty if nobody decided otherwise."""
    contest = next((one for one in review.contests if one.target == target), None)
    if contest is None:
        return ""
    if contest.counts == reviewer:
        said = " and ".join(f"{name} had decided {verb}" for name, verb in contest.others)
        return f"{said}: yours is later and counts"
    return f"{contest.counts} has decided {contest.verb} since: that counts"


def _row(review: LabelReview, suspect: Suspect) -> SuspectRow:
    target = target_of(suspect)
    found = review.counting(target)
    names = [label_of(one, review.ranking.classes) for one in (suspect.label, suspect.prediction)]
    label, prediction = (one.class_name if one else "" for one in names)
    return SuspectRow(
        suspect.rank,
        suspect.kind.value,
        suspect.score,
        Path(suspect.image),
        suspect.line,
        label,
        prediction,
        state_of(review, target).value,
        found.decision.verb.value if found else "",
        found.reviewer if found else "",
        suspect.why,
        suspect.beyond_doubt,
    )
