"""What is beyond doubt is taken together, by a rule, and undone at once."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np
import pytest

from tests.made_review import MadeReview, made_review
from yogo.errors import RunError
from yogo.metrics.boxes import GroundTruth, PredictedBoxes
from yogo.review import journal
from yogo.review.beyond_doubt import BeyondDoubt, beyond_doubt
from yogo.review.decisions import decide, review_in, undo
from yogo.review.disagreement import disagreement
from yogo.review.journal import ReviewVerb
from yogo.review.labels import Doubled
from yogo.review.ranking import RANKING
from yogo.review.taking import RULE, take_beyond_doubt
from yogo.review.writing import write_review

Box = tuple[float, float, float, float]
Found = tuple[int, Box, float, int]
"""Image, corners, confidence and class."""

CELL: Box = (0.4, 0.4, 0.6, 0.6)


@pytest.fixture
def made(tmp_path: Path) -> MadeReview:
    return made_review(tmp_path)


def taken(made: MadeReview, *, kind: str = "", by: str = "ana", key: str = "k") -> list[tuple[int, str]]:
    decisions = take_beyond_doubt(made.folder, by, kind=kind, key=key)[1]
    return [(one.suspect, one.verb.value) for one in decisions]


def test_all_that_is_undecided_and_beyond_doubt_is_taken_by_the_rule_and_undone_at_once(made: MadeReview) -> None:
    decide(made.folder, "bob", 3, ReviewVerb.KEEP, key="before")
    assert taken(made) == [(1, "delete"), (2, "prediction")]
    assert taken(made) == [(1, "delete"), (2, "prediction")], "asked again, it is not written again"
    journal._known.clear()  # as in another process
    review = review_in(made.folder)
    assert [one.decision.rule for one in review.all_counting] == [None, RULE, RULE]
    assert (review.progress.decided, review.progress.by_rule) == (3, 2)
    assert taken(made, key="again") == []
    review, undone = undo(made.folder, "ana", key="u")
    assert [one.suspect for one in undone] == [1, 2]
    assert (review.progress.decided, review.progress.kinds["overlooked"].beyond_doubt) == (1, 1)
    review, redone = undo(made.folder, "ana", key="r", is_redo=True)
    assert (len(redone), review.progress.decided) == (2, 3)


def test_one_kind_is_taken_and_what_a_person_skipped_is_left(made: MadeReview) -> None:
    decide(made.folder, "bob", 2, ReviewVerb.SKIP, key="later")
    assert taken(made, kind="overlooked") == []
    assert taken(made, kind="wrong_class") == [(3, "class")]
    assert review_in(made.folder).all_counting[-1].decision.class_name == "round"


def test_a_reviewer_goes_on_behind_what_they_decided_and_not_behind_what_the_rule_took(made: MadeReview) -> None:
    decide(made.folder, "ana", 1, ReviewVerb.KEEP, key="by hand")
    assert [rank for rank, _ in taken(made)] == [2, 3]
    assert review_in(made.folder).last_decided("ana") == 1


def test_a_persons_later_decision_counts_and_the_history_says_what_the_rule_did(
    made: MadeReview, tmp_path: Path
) -> None:
    taken(made)
    decide(made.folder, "ana", 2, ReviewVerb.KEEP, key=secrets.token_hex(4))
    record = write_review(made.folder, tmp_path / "out")
    assert (record.verbs, record.by_rule) == ({"delete": 1, "class": 1, "keep": 1}, 2)
    said = [(one.decides.suspect, one.decides.rule, one.state) for one in record.history]
    assert said == [(1, RULE, "counts"), (2, RULE, "overruled"), (3, RULE, "counts"), (2, None, "counts")]
    assert (tmp_path / "out/labels/2.txt").read_bytes() == b""
    assert (tmp_path / "out/labels/0.txt").read_bytes().count(b"\n") == 1


def test_what_a_kill_has_torn_is_written_when_it_is_asked_again(made: MadeReview) -> None:
    taken(made)
    file = made.folder / "decisions-ana.jsonl"
    first, second, _ = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:30])
    journal._known.clear()
    assert review_in(made.folder).progress.decided == 1
    assert taken(made) == [(1, "delete"), (2, "prediction"), (3, "class")]
    assert review_in(made.folder).progress.by_rule == 3
    assert len(undo(made.folder, "ana", key="u")[1]) == 3


def test_a_ranking_that_does_not_say_what_is_beyond_doubt_is_to_be_made_anew(made: MadeReview) -> None:
    made.ranking.model_copy(update={"sure": None}).write(made.folder / RANKING)
    with pytest.raises(RunError, match="ranks the labels anew"):
        taken(made)


def cells(number: int = 40) -> tuple[list[tuple[int, Box, int]], list[Found]]:
    """Images with a labelled cell each, and what a model finds there: half of them it is sure of."""
    return [(image, CELL, 0) for image in range(number)], [
        (image, CELL, 0.5 + image / 100, 0) for image in range(number)
    ]


def judged(labels: list[tuple[int, Box, int]], found: list[Found], doubled: list[Doubled] | None = None) -> BeyondDoubt:
    labels, found = sorted(labels, key=lambda one: one[0]), sorted(found, key=lambda one: one[0])
    truth = GroundTruth(
        np.array([one[0] for one in labels]),
        np.array([one[1] for one in labels], np.float32),
        np.array([one[2] for one in labels]),
    )
    predicted = PredictedBoxes(
        np.array([one[0] for one in found]),
        np.array([one[1] for one in found], np.float32),
        np.array([one[2] for one in found], np.float32),
        np.eye(2, dtype=np.float32)[[one[3] for one in found]],
    )
    return beyond_doubt(predicted, truth, disagreement(predicted, truth), doubled or [])


@pytest.mark.parametrize(
    ("box", "confidence", "kind", "is_taken"),
    [
        ((0.1, 0.1, 0.3, 0.3), 0.9, 0, True),
        ((0.1, 0.1, 0.3, 0.3), 0.6, 0, False),  # less sure than of most labels
        ((0.1, 0.1, 0.3, 0.3), 0.9, 1, False),  # of a class that no label has
        ((0.3, 0.3, 0.5, 0.5), 0.9, 0, False),  # a quarter of it on a labelled cell
        ((0.1, 0.1, 0.2, 0.2), 0.9, 0, False),  # much smaller than the labels: a fragment
        ((0.42, 0.1, 0.58, 0.36), 0.9, 0, False),  # of another area
    ],
)
def test_an_overlooked_object_is_sure_of_usual_size_and_apart(
    box: Box, confidence: float, kind: int, is_taken: bool
) -> None:
    labels, found = cells()
    certain = judged(labels, [*found, (40, CELL, 0.5, 0), (0, box, confidence, kind)])
    assert bool(certain.overlooked) is is_taken
    assert 0.6 < certain.least_K[0] < 0.8
    assert certain.least_K[1] == np.inf


def test_nothing_is_beyond_doubt_of_a_class_of_which_many_sure_boxes_have_no_label() -> None:
    labels, found = cells()
    dust = [(image, (0.1, 0.1, 0.3, 0.3), 0.95, 0) for image in range(10)]
    certain = judged(labels, [*found, *dust])
    assert certain.labelled_K[0] == pytest.approx(2 / 3)
    assert not certain.overlooked


def test_of_two_boxes_that_overlap_only_the_surer_one_is_beyond_doubt() -> None:
    labels, found = cells()
    certain = judged(labels, [*found, (0, (0.1, 0.1, 0.3, 0.3), 0.9, 0), (0, (0.2, 0.1, 0.4, 0.3), 0.95, 0)])
    assert len(certain.overlooked) == 1


def test_a_wrong_class_and_a_wrong_place_are_beyond_doubt_where_nothing_else_is_near() -> None:
    labels, found = cells()
    labels += [
        (40, CELL, 1),
        (41, (0.5, 0.4, 0.7, 0.6), 0),
        (42, (0.5, 0.4, 0.7, 0.6), 0),
        (42, (0.3, 0.4, 0.5, 0.6), 0),
    ]
    found += [(image, CELL, 0.95, 0) for image in (40, 41, 42)]
    certain = judged(labels, found)
    assert np.flatnonzero(certain.class_M).tolist() == [40]
    assert np.flatnonzero(certain.placed_M).tolist() == [41]


@pytest.mark.parametrize(("more", "is_taken"), [([], True), ([(40, (0.41, 0.45, 0.61, 0.65), 0.7, 0)], False)])
def test_a_label_that_is_drawn_twice_is_deleted_where_the_model_finds_one_object(
    more: list[Found], is_taken: bool
) -> None:
    labels, found = cells()
    labels += [(40, CELL, 0), (40, (0.41, 0.4, 0.61, 0.6), 0)]
    certain = judged(labels, [*found, (40, CELL, 0.6, 0), *more], [Doubled(41, 40, 0.9)])
    assert certain.twice == [is_taken]
