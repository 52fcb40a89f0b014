"""`yogo-tui review`: what the review's screen does, as commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.made_review import MadeReview, made_review
from yogo_tui.cli import main


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeReview:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return made_review(tmp_path)


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(["review", "review", "--as", "ana", *words]) == status
    printed = capsys.readouterr()
    return printed.out + printed.err


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["review", "review", "--as", "ana", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_decisions_are_made_undone_and_redone(made: MadeReview, capsys: pytest.CaptureFixture[str]) -> None:
    assert "1: delete" in told(capsys, "decide", "1", "delete")
    assert "2 decided · 2 left" in told(capsys, "decide", "3", "class", "small dot")
    assert as_json(capsys, "decide", "4", "box", ".55", ".5", ".2", ".2")["progress"]["decided"] == 3
    assert "4: box undone" in told(capsys, "undo")
    assert "4: box redone" in told(capsys, "redo")
    assert "There is nothing to redo." in told(capsys, "redo", status=1)
    assert "2: add" in told(capsys, "decide", "2", "add", "round", ".2", ".2", ".1", ".1")
    assert main(["review", "review", "decide", "1", "keep", "--as", "bob"]) == 0
    assert "ana had decided delete: yours is later and counts" in capsys.readouterr().out


def test_what_is_beyond_doubt_is_listed_taken_and_undone_at_once(
    made: MadeReview, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "3 of 4" in told(capsys, "--show", "--state", "beyond_doubt")
    asked = told(capsys, "take", status=2)
    assert "Of boxes found as long with a confidence from .85 on, 90% have this label." in asked
    assert "3 proposals beyond doubt: 1 drawn twice, 1 overlooked and 1 wrong class? There is no terminal" in asked
    assert not list(made.folder.glob("decisions-*"))
    assert as_json(capsys, "take", "--kind", "twice", "--yes")["num"] == 1
    assert "2 taken" in told(capsys, "take", "--yes")
    assert "Nothing was taken: nothing that is undecided is beyond doubt." in told(capsys, "take", status=1)
    said = as_json(capsys)
    assert (said["progress"]["by_rule"], said["sure"]["long"]["confidence"]) == (3, 0.85)
    assert "of these 3 beyond doubt" in told(capsys, "--write", "new")
    assert "2 decisions undone" in told(capsys, "undo")
    assert "1 decided · 3 left" in told(capsys, "take", "--kind", "badly_placed", "--yes", status=1) + told(
        capsys, "--show"
    )


def test_how_far_it_is_is_told_by_kind_and_reviewer(made: MadeReview, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "decide", "1", "delete")
    told(capsys, "decide", "2", "skip")
    said = as_json(capsys)
    assert (said["reviewer"], said["resume_at"], said["progress"]["left"]) == ("ana", 3, 3)
    assert said["progress"]["kinds"]["twice"] == {"num": 1, "decided": 1, "skipped": 0, "beyond_doubt": 0}
    assert said["progress"]["reviewers"] == {"ana": 2}


def test_the_suspects_are_listed_those_that_are_wanted(made: MadeReview, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "decide", "1", "delete")
    lines = told(capsys, "--show").splitlines()
    assert lines[1].split() == ["1", "twice", ".90", "0.png", "2", "round", "delete", "ana"]
    assert "wrong class" in lines[3]
    assert "4 of 4 · 1 decided · 3 left" in lines[-1]
    assert "3 of 4" in told(capsys, "--state", "undecided")
    assert [row["rank"] for row in as_json(capsys, "--show", "--class", "long")] == [2, 3]
    assert 'Did you mean "long"?' in told(capsys, "--class", "lung", status=2)


def test_the_new_labels_are_written(made: MadeReview, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told(capsys, "decide", "1", "delete")
    assert "1 label file of 3 changed: 1 deleted. The definition is" in told(capsys, "--write", "new")
    assert (tmp_path / "new/cells.yml").exists()
    assert "exists already" in told(capsys, "--write", "new", status=1)
    assert as_json(capsys, "--write", "again")["num_changed_files"] == 1


@pytest.mark.parametrize(
    ("words", "status", "words_told"),
    [
        (["decide", "1", "remove"], 2, "There is no decision"),
        (["decide", "1", "class"], 2, "It is decide N class NAME."),
        (["decide", "1", "box", "1", "2"], 2, "It is decide N box X Y WIDTH HEIGHT."),
        (["decide", "1", "box", "a", "b", "c", "d"], 2, "A box is four numbers"),
        (["decide", "2", "delete"], 1, "no label that could be deleted"),
        (["decide", "7", "keep"], 1, "counted from 1 to 4"),
        (["decide", "1", "box", "nan", "0.5", "0.1", "0.1"], 1, "outside the image"),
    ],
)
def test_what_makes_no_sense_is_told(
    made: MadeReview, capsys: pytest.CaptureFixture[str], words: list[str], status: int, words_told: str
) -> None:
    assert words_told in told(capsys, *words, status=status)
    assert not list(made.folder.glob("decisions-*"))


def test_a_review_that_is_not_there_says_which_there_are(
    made: MadeReview, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "reviews").mkdir()
    made.folder.rename(tmp_path / "reviews/cells")
    assert main(["review", "cell", "--show"]) == 1
    assert 'Did you mean "cells"?' in capsys.readouterr().err
    assert main(["review", "cells", "--show"]) == 0


def test_the_reviews_of_a_definition_are_listed(
    made: MadeReview, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["datasets", "--reviews"]) == 0
    assert "yogo review PTH DEFINITION" in capsys.readouterr().err
    (tmp_path / "reviews").mkdir()
    made.folder.rename(tmp_path / "reviews/cells")
    for words in ([], [str(made.definition)]):
        assert main(["datasets", "--reviews", *words]) == 0
        assert "0 of 4 decided · by best.pth" in capsys.readouterr().out
    assert main(["datasets", "--reviews", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["num"] == 4


def test_the_queue_needs_a_terminal(made: MadeReview, capsys: pytest.CaptureFixture[str]) -> None:
    assert "The console needs a terminal" in told(capsys, status=2)
