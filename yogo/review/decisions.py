"""A review: a ranking's suspects, and what its reviewers decided about each.

    <review folder>/ranking.json.gz          the suspects
    <review folder>/decisions-NAME.jsonl     one for each reviewer: see yogo.review.journal

A decision is about a label, so that of two suspects that are one label both are decided. Of several decisions about a
label the latest counts; the others stay in the history.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yogo.definition.labels import MIN_BOX_AREA
from yogo.errors import RunError
from yogo.review.journal import JournalLine, LabelDecision, Place, ReviewJournal, ReviewVerb, append, journals
from yogo.review.ranking import RANKING, RankedBox, Ranking, Suspect
from yogo.run.record import now
from yogo.text.wording import listed, meant


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A decision that holds: nobody has undone it."""

    reviewer: str
    line: JournalLine
    decision: LabelDecision

    @property
    def order(self) -> tuple[object, ...]:
        """Of several about a label the last one counts; one to leave it for later counts least."""
        return self.decision.verb is not ReviewVerb.SKIP, self.line.at, self.reviewer


@dataclass(frozen=True, slots=True)
class LabelNow:
    """A label as the decisions have it."""

    class_name: str
    box: Place


@dataclass(frozen=True, slots=True)
class LabelWish:
    """What a reviewer wants of a label; what is empty they do not say."""

    class_name: str = ""
    box: Place | None = None


@dataclass(frozen=True, slots=True)
class KindCount:
    """How far the suspects of a kind are."""

    num: int = 0
    decided: int = 0
    skipped: int = 0
    beyond_doubt: int = 0
    """Those that nobody has decided or skipped, and whose proposal is beyond doubt."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A label that two reviewers decided about otherwise."""

    target: str
    suspect: int
    counts: str
    """The reviewer whose decision counts."""

    verb: ReviewVerb
    others: tuple[tuple[str, ReviewVerb], ...]
    """Who decided otherwise before, and what."""


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    num: int
    decided: int
    skipped: int
    kinds: dict[str, KindCount]
    reviewers: dict[str, int]
    """How many decisions of each reviewer count."""

    verbs: dict[str, int]
    """How many labels each verb decides."""

    by_rule: int = 0
    """How many of the decisions that count were made by a rule."""

    contests: tuple[Contest, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know of it, a sentence each."""

    @property
    def left(self) -> int:
        return self.num - self.decided


def target_of(suspect: Suspect) -> str:
    """The label that a suspect is, or the one that it would become."""
    if suspect.line is not None:
        return f"{suspect.image}#{suspect.line}#{(suspect.label_sha256 or '')[:16]}"
    box = suspect.prediction
    return f"{suspect.image}#new#{_words(box) if box else suspect.rank}"


def _words(box: RankedBox) -> str:
    return f"{box.xc:.4f},{box.yc:.4f},{box.w:.4f},{box.h:.4f},{box.class_index}"


@dataclass(frozen=True)
class LabelReview:
    folder: Path
    ranking: Ranking
    targets: list[str]
    """Of each suspect, in order of their ranks."""

    journals: dict[str, ReviewJournal]

    @cached_property
    def _by_target(self) -> dict[str, list[DecidedLine]]:
        """All decisions that hold, by their labels, the one that counts last."""
        found: dict[str, list[DecidedLine]] = {}
        for journal in self.journals.values():
            for line in journal.stacks[0]:
                assert line.decides
                found.setdefault(line.decides.target, []).append(DecidedLine(journal.reviewer, line, line.decides))
        for several in found.values():
            several.sort(key=lambda one: one.order)
        return found

    def about(self, target: str) -> list[DecidedLine]:
        """The decisions about a label, the one that counts last."""
        return self._by_target.get(target, [])

    def counting(self, target: str) -> DecidedLine | None:
        several = self.about(target)
        return several[-1] if several else None

    @cached_property
    def all_counting(self) -> list[DecidedLine]:
        """Every decision that counts, in the order in which they were made."""
        found = [several[-1] for several in self._by_target.values()]
        return sorted(found, key=lambda one: (one.line.at, one.reviewer))

    def suspect(self, rank: int) -> Suspect:
        """Raises RunError if there is none of this rank."""
        if not 1 <= rank <= len(self.ranking.suspects):
            raise RunError(f"There is no suspect {rank}: they are counted from 1 to {len(self.ranking.suspects)}")
        return self.ranking.suspects[rank - 1]

    def now(self, suspect: Suspect) -> LabelNow | None:
        """The label as it is decided now; None where there is none, or it is deleted."""
        label = label_of(suspect.label, self.ranking.classes)
        found = self.counting(target_of(suspect))
        if found is None or found.decision.verb in (ReviewVerb.KEEP, ReviewVerb.SKIP):
            return label
        if found.decision.verb is ReviewVerb.DELETE:
            return None
        return _changed(found.decision, suspect, self.ranking.classes)

    def decision(
        self, suspect: Suspect, verb: ReviewVerb, *, class_name: str = "", box: Place | None = None, key: str = ""
    ) -> LabelDecision:
        """What is to be written for a decision about a suspect. Raises RunError for one that makes no sense there.

        A class goes with the box as it was decided before, and a box with the class. The class that it has keeps a
        label as it is.
        """
        target, found = target_of(suspect), None
        if verb is ReviewVerb.ADD:
            target = f"{suspect.image}#add#{key}"
        else:
            found = self.counting(target)
        before = found.decision if found and found.decision.verb not in (ReviewVerb.DELETE, ReviewVerb.ADD) else None
        if class_name and class_name not in self.ranking.classes:
            raise RunError(f'There is no class "{class_name}". {meant(class_name, self.ranking.classes)}')
        predicted = label_of(suspect.prediction, self.ranking.classes)
        if verb is ReviewVerb.CLASS and before is None and class_name == self._class_of(suspect):
            verb, class_name = ReviewVerb.KEEP, ""
        made = _decided(suspect, verb, LabelWish(class_name, box), before, predicted)
        return LabelDecision(
            verb=verb,
            suspect=suspect.rank,
            target=target,
            image=suspect.image,
            label_file=suspect.label_file,
            label_sha256=suspect.label_sha256,
            line=None if verb is ReviewVerb.ADD else suspect.line,
            class_name=made[0],
            box=made[1],
        )

    def _class_of(self, suspect: Suspect) -> str:
        """Of its label; empty where there is none."""
        return self.ranking.classes[suspect.label.class_index] if suspect.label else ""

    def last_decided(self, reviewer: str) -> int:
        """The rank of what this reviewer decided last, not by a rule; 0 if that is nothing."""
        done = self.journals[reviewer].stacks[0] if reviewer in self.journals else []
        made = (one.decides for one in reversed(done) if one.decides)
        return next((one.suspect for one in made if one.rule is None), 0)

    @cached_property
    def progress(self) -> ReviewProgress:
        kinds: dict[str, list[int]] = {}
        for suspect, target in zip(self.ranking.suspects, self.targets, strict=True):
            found = self.counting(target)
            is_skipped = found is not None and found.decision.verb is ReviewVerb.SKIP
            count = kinds.setdefault(suspect.kind.value, [0, 0, 0, 0])
            is_sure = found is None and suspect.beyond_doubt
            for place, more in enumerate((1, found is not None and not is_skipped, is_skipped, is_sure)):
                count[place] += more
        counts = {kind: KindCount(*numbers) for kind, numbers in kinds.items()}
        return ReviewProgress(
            len(self.targets),
            sum(one.decided for one in counts.values()),
            sum(one.skipped for one in counts.values()),
            counts,
            dict(Counter(one.reviewer for one in self.all_counting)),
            dict(Counter(one.decision.verb.value for one in self.all_counting)),
            sum(one.decision.rule is not None for one in self.all_counting),
            self.contests,
            tuple(self._about_journals()),
        )

    @cached_property
    def contests(self) -> tuple[Contest, ...]:
        return tuple(self._contests())

    def _contests(self) -> Iterator[Contest]:
        for several in self._by_target.values():
            *before, last = several
            others = {one.reviewer: one.decision for one in before if one.reviewer != last.reviewer}
            said = tuple((name, one.verb) for name, one in others.items() if _differ(one, last.decision))
            if said:
                made = last.decision
                yield Contest(made.target, made.suspect, last.reviewer, made.verb, said)

    def _about_journals(self) -> Iterator[str]:
        known = {*self.targets}
        foreign = [
            one
            for one in self.all_counting
            if one.decision.verb is not ReviewVerb.ADD and one.decision.target not in known
        ]
        if foreign:
            yield f"{len(foreign):,} decisions are about labels that this ranking does not hold; they still count"
        torn = [name for name, one in self.journals.items() if one.num_torn]
        if torn:
            yield f"A line of {listed(torn)} was torn by a kill or a full disk, and does not count"


def label_of(box: RankedBox | None, classes: tuple[str, ...]) -> LabelNow | None:
    return LabelNow(classes[box.class_index], (box.xc, box.yc, box.w, box.h)) if box else None


def _changed(decision: LabelDecision, suspect: Suspect, classes: tuple[str, ...]) -> LabelNow | None:
    before = label_of(suspect.label or suspect.prediction, classes)
    name = decision.class_name or (before.class_name if before else None)
    box = decision.box or (before.box if before else None)
    return LabelNow(name, box) if name and box else None


def _differ(one: LabelDecision, other: LabelDecision) -> bool:
    if ReviewVerb.SKIP in (one.verb, other.verb):
        return False
    return (one.verb, one.class_name, one.box) != (other.verb, other.class_name, other.box)


def _decided(
    suspect: Suspect, verb: ReviewVerb, wish: LabelWish, before: LabelDecision | None, predicted: LabelNow | None
) -> tuple[str | None, Place | None]:
    """Class and box of the label from now on, each None where it stays. Raises RunError."""
    match verb:
        case ReviewVerb.KEEP | ReviewVerb.SKIP:
            return None, None
        case ReviewVerb.DELETE:
            if suspect.label is None:
                raise RunError(f"Suspect {suspect.rank} has no label that could be deleted: keep leaves it so")
            return None, None
        case ReviewVerb.PREDICTION:
            if predicted is None:
                raise RunError(f"Suspect {suspect.rank} has no prediction: the model finds nothing there")
            return predicted.class_name, fitting(predicted.box)
        case ReviewVerb.CLASS if not wish.class_name:
            raise RunError("Say which class")
        case ReviewVerb.BOX if not wish.box:
            raise RunError("Say which box: x and y of its centre, width and height, in fractions of the image")
        case ReviewVerb.ADD if not (wish.class_name and wish.box):
            raise RunError("Say which class and which box is to be added")
    new = predicted if suspect.label is None else None
    name = wish.class_name or (before and before.class_name) or (new and new.class_name) or None
    box = wish.box or (before and before.box) or (new and new.box) or None
    return name, box and fitting(box)


def fitting(box: Place) -> Place:
    """The box, as much of it as is inside the image. Raises RunError for one that training would leave out."""
    x, y, w, h = box
    edges = [min(max(0.0, edge), 1.0) for edge in (x - w / 2, y - h / 2, x + w / 2, y + h / 2)]
    width, height = edges[2] - edges[0], edges[3] - edges[1]
    if not (width > 0 and height > 0 and width * height >= MIN_BOX_AREA):
        raise RunError("The box is outside the image, or so small that training would leave it out")
    return (edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2, width, height


_rankings: dict[Path, tuple[object, Ranking, list[str]]] = {}
"""The one that was read last, and the file's state then."""


def review_in(folder: Path) -> LabelReview:
    """The review in a folder, as it is now. Raises RunError, OSError."""
    return LabelReview(folder, *_ranking(folder), journals(folder))


def _ranking(folder: Path) -> tuple[Ranking, list[str]]:
    path = folder / RANKING
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(
            f"{folder} is not a review: yogo review PTH DEFINITION makes one, with {RANKING} in it"
        ) from None
    state = status.st_ino, status.st_size, status.st_mtime_ns
    known = _rankings.get(path)
    if known is None or known[0] != state:
        ranking = Ranking.read(path)
        _rankings.clear()
        _rankings[path] = known = state, ranking, [target_of(one) for one in ranking.suspects]
    return known[1:]


def decide(
    folder: Path,
    reviewer: str,
    rank: int,
    verb: ReviewVerb,
    *,
    class_name: str = "",
    box: Place | None = None,
    key: str,
) -> tuple[LabelReview, LabelDecision]:
    """Write a decision; the review with it. Raises RunError, OSError."""
    review = review_in(folder)
    made = review.decision(review.suspect(rank), verb, class_name=class_name, box=box, key=key)
    line = append(folder, reviewer, key, decides=made, at=now())
    return review_in(folder), line.decides or made


def undo(
    folder: Path, reviewer: str, *, key: str, is_redo: bool = False
) -> tuple[LabelReview, tuple[LabelDecision, ...]]:
    """Undo the reviewer's last decision, or those that were made last together, or redo what was undone last; the
    review with it, and the decisions: none if there was none. Raises RunError, OSError."""
    mine = journals(folder).get(reviewer)
    if mine is None:
        return review_in(folder), ()
    if (done := next((line for line in mine.lines if line.key == key), None)) is None:
        stack = mine.stacks[is_redo]
        if not stack:
            return review_in(folder), ()
        target = stack[-1].together or stack[-1].key
        undoes, redoes = (None, target) if is_redo else (target, None)
        done = append(folder, reviewer, key, undoes=undoes, redoes=redoes, at=now())
    about = done.undoes or done.redoes
    decided = (line.decides for line in mine.lines if about in (line.key, line.together))
    return review_in(folder), tuple(one for one in decided if one)
