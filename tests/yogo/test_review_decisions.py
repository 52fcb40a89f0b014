"""What reviewers decide about a ranking's suspects: kept, undone, shared and resumed."""

from __future__ import annotations

import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.made_review import MadeReview, made_review
from yogo.errors import RunError
from yogo.review import journal
from yogo.review.decisions import LabelNow, decide, label_of, review_in, undo
from yogo.review.journal import Place, ReviewVerb, append, journals, reviewer_named
from yogo.review.queue import EVERY_SUSPECT, SuspectFilter, next_rank, wanted_ranks


@pytest.fixture
def made(tmp_path: Path) -> MadeReview:
    return made_review(tmp_path)


def says(
    made: MadeReview, rank: int, verb: str, *, class_name: str = "", box: Place | None = None, by: str = "ana"
) -> None:
    decide(made.folder, by, rank, ReviewVerb(verb), class_name=class_name, box=box, key=secrets.token_hex(4))


def verbs(made: MadeReview) -> dict[int, str]:
    review = review_in(made.folder)
    found = {
        one.rank: review.counting(target) for one, target in zip(made.ranking.suspects, review.targets, strict=True)
    }
    return {rank: one.decision.verb.value for rank, one in found.items() if one}


def undone(made: MadeReview, *, by: str = "ana", redo: bool = False) -> int | None:
    decisions = undo(made.folder, by, key=secrets.token_hex(4), is_redo=redo)[1]
    return decisions[0].suspect if decisions else None


def test_decisions_are_undone_and_redone_in_order_also_by_another_process(made: MadeReview) -> None:
    says(made, 1, "delete")
    says(made, 2, "prediction")
    assert verbs(made) == {1: "delete", 2: "prediction"}
    assert undone(made) == 2
    journal._known.clear()  # as in another process
    assert undone(made) == 1
    assert undone(made) is None
    assert verbs(made) == {}
    assert undone(made, redo=True) == 1
    says(made, 3, "keep")
    assert undone(made, redo=True) is None, "what was undone is forgotten by a new decision"
    assert verbs(made) == {1: "delete", 3: "keep"}


def test_the_class_that_a_label_has_keeps_it_as_it_is(made: MadeReview) -> None:
    says(made, 3, "class", class_name="long")
    assert verbs(made) == {3: "keep"}
    says(made, 3, "class", class_name="round")
    says(made, 3, "class", class_name="long")
    assert review_in(made.folder).now(made.ranking.suspects[2]) == label_of(
        made.ranking.suspects[2].label, made.ranking.classes
    )


def test_a_class_goes_with_the_box_that_was_given_before_and_the_box_with_the_class(made: MadeReview) -> None:
    says(made, 3, "box", box=(0.7, 0.7, 0.2, 0.2))
    says(made, 3, "class", class_name="small dot")
    now = review_in(made.folder).now(made.ranking.suspects[2])
    assert now == LabelNow("small dot", pytest.approx((0.7, 0.7, 0.2, 0.2)))  # type: ignore[arg-type]
    says(made, 3, "box", box=(0.6, 0.7, 0.2, 0.2))
    assert review_in(made.folder).now(made.ranking.suspects[2]) == LabelNow(
        "small dot",
        pytest.approx((0.6, 0.7, 0.2, 0.2)),  # type: ignore[arg-type]
    )
    says(made, 3, "delete")
    assert review_in(made.folder).now(made.ranking.suspects[2]) is None


@pytest.mark.parametrize(
    ("rank", "verb", "more", "told"),
    [
        (2, "delete", {}, "no label that could be deleted"),
        (1, "prediction", {}, "has no prediction"),
        (3, "class", {"class_name": "rond"}, 'Did you mean "round"?'),
        (3, "class", {}, "Say which class"),
        (3, "box", {"box": (0.5, 0.5, 0.001, 0.001)}, "so small that training would leave it out"),
        (3, "box", {"box": (3.0, 0.5, 0.1, 0.1)}, "outside the image"),
        (3, "add", {"class_name": "round"}, "which box is to be added"),
        (9, "keep", {}, "counted from 1 to 4"),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_written(
    made: MadeReview, rank: int, verb: str, more: dict[str, object], told: str
) -> None:
    with pytest.raises(RunError, match=told):
        says(made, rank, verb, **more)  # type: ignore[arg-type]
    assert journals(made.folder) == {}


def test_of_two_reviewers_the_later_one_counts_and_it_is_told_what_the_other_wanted(made: MadeReview) -> None:
    says(made, 1, "delete", by="ana")
    says(made, 1, "keep", by="bob")
    says(made, 4, "keep", by="bob")
    says(made, 4, "keep", by="ana")
    progress = review_in(made.folder).progress
    [contest] = progress.contests
    assert (contest.suspect, contest.counts, contest.verb) == (1, "bob", "keep")
    assert contest.others == (("ana", "delete"),)
    assert (progress.decided, progress.left, progress.reviewers) == (2, 2, {"ana": 1, "bob": 1})
    assert undone(made, by="bob") == 4
    assert undone(made, by="bob") == 1
    assert verbs(made)[1] == "delete", "what ana decided holds again"


def test_to_skip_leaves_it_to_others(made: MadeReview) -> None:
    says(made, 1, "keep", by="ana")
    says(made, 1, "skip", by="bob")
    says(made, 2, "skip", by="bob")
    progress = review_in(made.folder).progress
    assert verbs(made) == {1: "keep", 2: "skip"}
    assert (progress.decided, progress.skipped, progress.left, progress.contests) == (1, 1, 3, ())


def test_a_later_decision_counts_although_the_clock_of_its_machine_is_behind(made: MadeReview) -> None:
    says(made, 1, "delete", by="ana")
    review = review_in(made.folder)
    late = review.decision(review.suspect(1), ReviewVerb.KEEP)
    append(made.folder, "bob", "k", decides=late, at=datetime(2001, 1, 1, tzinfo=UTC))
    assert verbs(made)[1] == "keep"


def resumes_at(made: MadeReview, by: str) -> int | None:
    review = review_in(made.folder)
    return next_rank(review, EVERY_SUSPECT, review.last_decided(by))


def test_one_goes_on_behind_what_one_decided_last(made: MadeReview) -> None:
    assert resumes_at(made, "ana") == 1
    says(made, 2, "keep", by="ana")
    says(made, 3, "keep", by="bob")
    assert resumes_at(made, "ana") == 4
    says(made, 4, "keep", by="ana")
    assert resumes_at(made, "ana") == 1
    undone(made)
    says(made, 1, "skip", by="ana")
    assert resumes_at(made, "ana") == 4
    says(made, 4, "skip", by="ana")
    assert next_rank(review_in(made.folder), SuspectFilter(state="skipped"), 1) == 4
    assert resumes_at(made, "ana") is None


@pytest.mark.parametrize(
    ("wanted", "ranks"),
    [
        (SuspectFilter(), (1, 2, 3, 4)),
        (SuspectFilter(kind="twice"), (1,)),
        (SuspectFilter(class_name="long"), (2, 3)),
        (SuspectFilter(state="undecided"), (3,)),
        (SuspectFilter(state="skipped"), (2,)),
        (SuspectFilter(state="decided"), (1, 4)),
        (SuspectFilter(state="contested"), (1,)),
        (SuspectFilter(kind="twice", state="undecided"), ()),
    ],
)
def test_only_some_suspects_are_wanted(made: MadeReview, wanted: SuspectFilter, ranks: tuple[int, ...]) -> None:
    says(made, 1, "keep", by="ana")
    says(made, 1, "delete", by="bob")
    says(made, 2, "skip")
    says(made, 4, "keep")
    assert wanted_ranks(review_in(made.folder), wanted) == ranks


def test_the_same_line_is_written_once_however_often_it_is_asked_for(made: MadeReview) -> None:
    for _ in range(3):
        decide(made.folder, "ana", 1, ReviewVerb.DELETE, key="same")
    assert len(journals(made.folder)["ana"].lines) == 1
    for _ in range(3):
        undo(made.folder, "ana", key="again")
    assert len(journals(made.folder)["ana"].lines) == 2


def test_a_torn_line_never_counted_and_is_told_of(made: MadeReview) -> None:
    says(made, 1, "delete")
    path = made.folder / "decisions-ana.jsonl"
    path.write_bytes(path.read_bytes() + b'{"v":1,"key":"x","at":"2026-')
    assert verbs(made) == {1: "delete"}
    says(made, 2, "prediction")
    journal._known.clear()
    assert verbs(made) == {1: "delete", 2: "prediction"}
    assert "torn" in " ".join(review_in(made.folder).progress.notes)


def test_what_a_newer_yogo_wrote_is_not_passed_over(made: MadeReview) -> None:
    says(made, 1, "delete")
    path = made.folder / "decisions-ana.jsonl"
    path.write_text(path.read_text().replace('"delete"', '"merge"'))
    journal._known.clear()
    with pytest.raises(RunError, match="newer"):
        review_in(made.folder)


DECIDING = """
import secrets, sys
from pathlib import Path
from yogo.review.decisions import decide
from yogo.review.journal import ReviewVerb
folder, reviewer, *ranks = sys.argv[1:]
for rank in ranks * 20:
    decide(Path(folder), reviewer, int(rank), ReviewVerb.KEEP, key=secrets.token_hex(8))
"""


def test_processes_lose_nothing_to_each_other_even_under_one_name(made: MadeReview) -> None:
    work = [("ana", "1", "2"), ("ana", "3", "4"), ("bob", "1", "4")]
    processes = [subprocess.Popen([sys.executable, "-c", DECIDING, str(made.folder), *words]) for words in work]
    assert [one.wait() for one in processes] == [0, 0, 0]
    found = journals(made.folder)
    assert {name: len(one.lines) for name, one in found.items()} == {"ana": 80, "bob": 40}
    assert all(one.num_torn == 0 for one in found.values())


@pytest.mark.parametrize("name", ["a/b", "..", ".ana", "ana\n", "x" * 80, "-rf"])
def test_a_reviewer_s_name_can_be_that_of_a_file(name: str) -> None:
    with pytest.raises(RunError, match="cannot be called"):
        reviewer_named(name)
    assert reviewer_named("Ana Żak") == "Ana Żak"


def test_a_login_name_is_made_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "LAB\\ana.zak")
    assert reviewer_named("") == "LAB-ana.zak"


def test_a_folder_that_is_no_review_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="yogo review PTH DEFINITION makes one"):
        review_in(tmp_path)
