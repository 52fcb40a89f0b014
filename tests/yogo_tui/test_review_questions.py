"""A review of labels as the console asks for it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.made_review import MadeReview, made_review
from yogo.errors import RunError
from yogo.review.decisions import LabelNow
from yogo.review.journal import Place, ReviewVerb
from yogo.review.queue import SuspectFilter
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.images import ImageView
from yogo_tui.questions.review_images import LookAtSuspect
from yogo_tui.questions.reviews import (
    DecideSuspect,
    DescribeSuspects,
    FindReview,
    ListReviews,
    ReadReview,
    TakeBeyondDoubt,
    UndoDecision,
    WriteReview,
)
from yogo_tui.widgets.picture import COLOURS


def of_reviews(folder: Path) -> list[Question[Any]]:
    """One of each kind. What they write was written before: asked again, they answer the same."""
    made = made_review(folder / "reviews/of-cells")
    found: list[Question[Any]] = [
        DecideSuspect(made.folder, "ana", 1, ReviewVerb.DELETE, "first"),
        DecideSuspect(made.folder, "ana", 3, ReviewVerb.BOX, "second", box=(0.7, 0.7, 0.2, 0.2)),
        UndoDecision(made.folder, "ana", "third"),
        TakeBeyondDoubt(made.folder, "ana", "taken", "overlooked"),
        WriteReview(made.folder, folder / "reviewed", folder, "fourth"),
        FindReview("of-cells/review", folder, folder),
        ListReviews(folder / "reviews/of-cells", made.definition),
        ReadReview(made.folder, "ana"),
        DescribeSuspects(made.folder, SuspectFilter(state="decided"), 0, 10),
        LookAtSuspect(made.folder, 3, 40, 40, COLOURS, draft=LabelNow("long", (0.7, 0.7, 0.2, 0.2))),
    ]
    for question in found[:5]:
        question.answer(silent)
    return found


@pytest.fixture
def made(tmp_path: Path) -> MadeReview:
    return made_review(tmp_path)


def says(made: MadeReview, rank: int, verb: str, *, by: str = "ana", **more: Any) -> str:
    question = DecideSuspect(made.folder, by, rank, ReviewVerb(verb), secrets.token_hex(4), **more)
    return question.answer(silent).told


def colours_in(made: MadeReview, rank: int, **more: Any) -> set[tuple[int, ...]]:
    """Those of the boxes in a picture of a suspect: what is not grey."""
    image = LookAtSuspect(made.folder, rank, 80, 60, COLOURS, **more).answer(silent)
    assert not image.problem
    pixels = zip(*[iter(image.pixels)] * 3, strict=True)
    return {one for one in pixels if len({*one}) > 1}


def dim(index: int) -> tuple[int, ...]:
    return tuple(part // 2 for part in COLOURS[index])


def test_label_and_prediction_are_bright_and_other_labels_dim(made: MadeReview) -> None:
    assert colours_in(made, 3, is_near=False) == {COLOURS[0], COLOURS[1], dim(0)}
    assert colours_in(made, 2, is_near=False) == {COLOURS[1]}
    assert colours_in(made, 3, view=ImageView(has_boxes=False), is_near=False) == set()


def test_what_was_decided_is_drawn_and_what_was_deleted_is_not(made: MadeReview) -> None:
    says(made, 3, "class", class_name="small dot")
    says(made, 1, "add", class_name="small dot", box=(0.4, 0.8, 0.1, 0.1))
    assert colours_in(made, 3, is_near=False) == {COLOURS[2], COLOURS[0], dim(0), dim(2)}
    says(made, 3, "delete")
    assert dim(1) not in colours_in(made, 1, is_near=False)
    assert COLOURS[2] not in colours_in(made, 3, is_near=False)


def test_a_suspect_is_shown_near(made: MadeReview) -> None:
    found = LookAtSuspect(made.folder, 4, 80, 60, COLOURS).answer(silent)
    assert found.size == (80, 60)
    assert found.view.zoom == 1
    x0, y0, x1, y1 = LookAtSuspect(made.folder, 3, 80, 60, COLOURS).answer(silent).view.frame()
    assert (x0 < 0.65, x1 > 0.85) == (True, True)
    assert (y0 < 0.6, y1 >= 0.9) == (True, True)


def test_an_image_that_is_gone_is_told_of_with_what_is_known_of_the_suspect(made: MadeReview) -> None:
    Path(made.ranking.suspects[2].image).unlink()
    found = LookAtSuspect(made.folder, 3, 80, 60, COLOURS).answer(silent)
    assert "2.png" not in found.problem
    assert "0.png" in found.problem
    assert found.label == LabelNow("long", (0.75, 0.75, 0.2, 0.3))


def test_two_reviewers_are_told_of_each_other(made: MadeReview) -> None:
    assert says(made, 1, "delete") == ""
    assert says(made, 1, "delete", by="bob") == ""
    assert says(made, 1, "keep", by="bob") == "ana had decided delete: yours is later and counts"
    rows = LookAtSuspect(made.folder, 1, 8, 8, COLOURS).answer(silent).decisions
    assert [(row.reviewer, row.verb, row.counts) for row in rows] == [("ana", "delete", False), ("bob", "keep", True)]


def test_one_goes_on_with_the_next_one_of_what_is_wanted(made: MadeReview) -> None:
    wanted = SuspectFilter(class_name="long")
    state = ReadReview(made.folder, "ana", wanted).answer(silent)
    assert (state.ranks, state.resume_at, state.progress.num) == ((2, 3), 2, 4)
    box: Place = (0.5, 0.5, 0.2, 0.2)
    first = DecideSuspect(made.folder, "ana", 2, ReviewVerb.BOX, "a", box=box, wanted=wanted).answer(silent)
    assert (first.next, first.progress.decided) == (3, 1)
    assert DecideSuspect(made.folder, "ana", 3, ReviewVerb.KEEP, "b", wanted=wanted).answer(silent).next is None


def test_reviews_are_found_by_path_and_by_name(made: MadeReview, tmp_path: Path) -> None:
    assert FindReview("review", tmp_path, Path("/nowhere")).answer(silent) == made.folder
    made.folder.rename(tmp_path / "of cells")
    (tmp_path / "reviews").mkdir()
    (tmp_path / "of cells").rename(tmp_path / "reviews/of cells")
    assert FindReview("of cells", Path("/"), tmp_path).answer(silent) == tmp_path / "reviews/of cells"
    with pytest.raises(RunError, match="yogo review PTH DEFINITION makes one"):
        FindReview("of", Path("/"), tmp_path).answer(silent)
    [found] = ListReviews(tmp_path, made.definition).answer(silent)
    assert (found.folder, found.num, found.decided) == (tmp_path / "reviews/of cells", 4, 0)
    assert ListReviews(tmp_path, tmp_path / "other.yml").answer(silent) == ()
