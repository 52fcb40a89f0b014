"""Which of a review's suspects are wanted, and in which order one goes through them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from yogo.review.decisions import LabelReview
from yogo.review.journal import ReviewVerb
from yogo.review.ranking import Suspect


class SuspectState(StrEnum):
    UNDECIDED = "undecided"
    DECIDED = "decided"
    SKIPPED = "skipped"
    CONTESTED = "contested"
    """Two reviewers decided otherwise."""

    BEYOND_DOUBT = "beyond_doubt"
    """Undecided, and what the model proposes is beyond doubt."""


@dataclass(frozen=True, slots=True)
class SuspectFilter:
    """Which suspects are wanted. What is empty decides nothing."""

    kind: str = ""
    class_name: str = ""
    """Of the label, or of the prediction."""

    state: str = ""


EVERY_SUSPECT = SuspectFilter()


def wanted_ranks(review: LabelReview, wanted: SuspectFilter) -> tuple[int, ...]:
    """Their ranks in order."""
    contested = {one.target for one in review.contests}
    return tuple(
        suspect.rank
        for suspect, target in zip(review.ranking.suspects, review.targets, strict=True)
        if _is_of(suspect, wanted, review.ranking.classes)
        and (wanted.state != SuspectState.BEYOND_DOUBT or suspect.beyond_doubt)
        and _is_in(review, target, contested, wanted.state)
    )


def next_rank(review: LabelReview, wanted: SuspectFilter, behind: int) -> int | None:
    """The first wanted suspect that is still to be decided, behind this rank and then from the first one; None if none
    is left. With a filter by state it is the first one that is still in that state."""
    state = wanted.state or SuspectState.UNDECIDED.value
    ranks = wanted_ranks(review, SuspectFilter(wanted.kind, wanted.class_name, state))
    return next((rank for rank in ranks if rank > behind), ranks[0] if ranks else None)


def state_of(review: LabelReview, target: str) -> SuspectState:
    found = review.counting(target)
    if found is None:
        return SuspectState.UNDECIDED
    return SuspectState.SKIPPED if found.decision.verb is ReviewVerb.SKIP else SuspectState.DECIDED


def _is_of(suspect: Suspect, wanted: SuspectFilter, classes: tuple[str, ...]) -> bool:
    if wanted.kind and suspect.kind != wanted.kind:
        return False
    names = {classes[one.class_index] for one in (suspect.label, suspect.prediction) if one}
    return not wanted.class_name or wanted.class_name in names


def _is_in(review: LabelReview, target: str, contested: set[str], state: str) -> bool:
    if state == SuspectState.CONTESTED:
        return target in contested
    if state == SuspectState.BEYOND_DOUBT:
        state = SuspectState.UNDECIDED
    return not state or state_of(review, target) == state
