"""Takes all proposals of a model that are beyond doubt, as decisions of the reviewer who says so, by that rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from yogo.errors import RunError
from yogo.review.decisions import LabelReview, review_in
from yogo.review.journal import LabelDecision, ReviewVerb, append_together, journals
from yogo.review.queue import SuspectFilter, SuspectState, wanted_ranks
from yogo.review.ranking import SuspectKind
from yogo.run.record import now

RULE = "beyond doubt"

_VERBS = {
    SuspectKind.TWICE: ReviewVerb.DELETE,
    SuspectKind.OVERLOOKED: ReviewVerb.PREDICTION,
    SuspectKind.WRONG_CLASS: ReviewVerb.CLASS,
    SuspectKind.BADLY_PLACED: ReviewVerb.PREDICTION,
}


def take_beyond_doubt(
    folder: Path, reviewer: str, *, kind: str = "", key: str
) -> tuple[LabelReview, tuple[LabelDecision, ...]]:
    """Decide about all suspects, or those of a kind, that nobody has decided or skipped and whose proposal is beyond
    doubt; undone at once. The review with it, and the decisions. Raises RunError, OSError."""
    review = review_in(folder)
    if review.ranking.sure is None:
        raise RunError(
            f"{folder} was ranked by a yogo that did not ask which proposals are beyond doubt: yogo review ranks the "
            "labels anew, in another folder"
        )
    if decisions := [*_decisions(review, kind)]:
        append_together(folder, reviewer, key, decisions, at=now())
    mine = journals(folder).get(reviewer)  # some were written before, where a kill has torn the rest
    taken = (line.decides for line in mine.lines if line.together == key) if mine else ()
    return review_in(folder), tuple(one for one in taken if one)


def _decisions(review: LabelReview, kind: str) -> Iterator[LabelDecision]:
    targets = set[str]()
    for rank in wanted_ranks(review, SuspectFilter(kind, state=SuspectState.BEYOND_DOUBT)):
        suspect = review.suspect(rank)
        predicted, verb = suspect.prediction, _VERBS[suspect.kind]
        name = review.ranking.classes[predicted.class_index] if predicted and verb is ReviewVerb.CLASS else ""
        made = review.decision(suspect, verb, class_name=name)
        if made.target not in targets:  # a label that is drawn three times
            targets.add(made.target)
            yield made.model_copy(update={"rule": RULE})
