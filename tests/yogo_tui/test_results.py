"""A run's results are seen on its screen and by a command: the matrix, the classes, and the worst images."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.opened_results import results
from tests.yogo_tui.results import CLASSES, metrics, worst
from yogo.errors import RunError
from yogo.metrics.confusion import rates
from yogo.run.metrics import Metrics
from yogo.run.worst import worst_beside
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.hosts.base import silent
from yogo_tui.hosts.messages import packed, unpacked
from yogo_tui.questions.results import LookAtWorst, ReadResults
from yogo_tui.runs.model import RunState
from yogo_tui.session.confusion import matrix_text
from yogo_tui.session.mending import KINDS, mending_gains
from yogo_tui.session.results import terms
from yogo_tui.widgets.matrix import draw_matrix
from yogo_tui.widgets.picture import COLOURS


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run, with all results that there can be."""
    folder = tmp_path / "lab" / "trained_models" / "tidy-fox-0001"
    folder.mkdir(parents=True)
    worst(folder).write(folder / "worst.json.gz")
    metrics(missed=7).write(folder / "metrics.json")
    metrics(missed=8).write(test := folder / "best-test-cells.json")
    worst(folder).model_copy(update={"part": "test", "metrics": None}).write(worst_beside(test))
    return folder


async def test_while_a_worst_image_is_read_the_number_says_so(run: Path) -> None:
    session = FakeSession(make_run(run.name, RunState.FINISHED, has_best=True, path=PurePosixPath(run)))
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("enter", "o")
        await see(pilot, "worst image 1 of 2 ─", "first.png")
        session.host.answers_now = asyncio.Event()
        await pilot.press("n")
        await see(pilot, "worst image 2 of 2 … ─", "first.png")
        session.host.answers_now.set()
        await see(pilot, "worst image 2 of 2 ─", "gone.png")


async def test_the_results_of_a_run_are_seen_and_its_worst_images_are_walked_through(run: Path) -> None:
    async with results(run) as pilot:
        await see(pilot, "validation images", "worst image 1 of 2", "first.png", "─ label", "▀▀▀▀", "1 missed")
        await see(pilot, "is ↓ found →", "healthy", "-1.25", "40 images · 30 labels · 28 found")
        await pilot.press("n")
        await see(pilot, "worst image 2 of 2", "gone.png", "does not exist", "1 false")
        assert "n next" not in shown(pilot)
        await pilot.press("p", "o")
        await until(pilot, lambda: "is ↓ found →" not in shown(pilot) and "▀" * 20 in shown(pilot))
        await pilot.press("o", "s")
        await see(pilot, ".833", ".042", ".125")
        await pilot.press("m")
        await see(pilot, "what the columns say", "labelled as this class")
        await pilot.press("escape")
        await see(pilot, "by class · e intervals", "-1.25")
        await pilot.press("e")
        await see(pilot, "95 % intervals · e if mended", "0.710 to 0.860", "over 40 images")
        await pilot.press("e")
        await see(pilot, "what F1 would gain if mended", "wrong class", "+0.062", "███")
        assert "-1.25" not in shown(pilot)
        await pilot.press("e")
        await see(
            pilot, "errors by kind, and what mAP50 would gain · e figures", "location", "+0.010", "+0.005 to +0.020"
        )
        await see(pilot, "Most is lost by missed: A labelled cell without a box")
        await pilot.press("e")
        await see(pilot, "-1.25")


async def test_the_results_of_a_later_test_are_chosen(run: Path) -> None:
    async with results(run) as pilot:
        await see(pilot, "worst image 1 of 2")
        await pilot.press("t")
        await see(pilot, "test on cells", "test images")
        await pilot.press("down", "enter")
        await see(pilot, "results · test images", "A test keeps them", "yogo-tui test tidy-fox-0001")
        await pilot.press("t")
        await see(pilot, "type to narrow")
        await pilot.press("down", "enter")
        await see(pilot, "results · test on cells", "worst image 1 of 2", "▀▀▀▀")


async def test_a_run_without_results_says_how_to_get_some(run: Path) -> None:
    for file in run.iterdir():
        file.unlink()
    async with results(run) as pilot:
        await see(pilot, "has no results: its trainer writes them at its end", "yogo-tui test tidy-fox-0001")
        await pilot.press("n", "o", "s", "w", "t", "y", "escape")
        await see(pilot, "best loss")


async def test_results_that_are_damaged_are_named_and_the_others_are_shown(run: Path) -> None:
    (run / "worst.json.gz").write_bytes(b"torn")
    async with results(run) as pilot:
        await see(pilot, "✖", "worst.json.gz cannot be read")
        await pilot.press("t")
        await see(pilot, "type to narrow")
        await pilot.press("down", "down", "enter")
        await see(pilot, "results · test on cells", "is ↓ found →", "worst image 1 of 2")


def test_labels_are_lines_predictions_are_dots_and_boxes_that_are_right_can_be_left_out(run: Path) -> None:
    whole, wrong = (drawn(run, only_wrong=one) for one in (False, True))
    assert {COLOURS[0], COLOURS[1]} <= set(whole)
    assert COLOURS[0] in wrong
    assert COLOURS[1] not in wrong


def drawn(run: Path, *, only_wrong: bool) -> list[tuple[int, ...]]:
    seen = LookAtWorst(run / "worst.json.gz", 0, 64, 48, COLOURS, only_wrong).answer(silent)
    return list(zip(*[iter(seen.pixels)] * 3, strict=True))


def test_a_prediction_alone_is_dotted(run: Path) -> None:
    record = worst(run)
    first = record.images[0].model_copy(update={"labels": ()})
    record.model_copy(update={"images": (first,)}).write(run / "worst.json.gz")
    rim = [pixel == COLOURS[1] for pixel in drawn(run, only_wrong=False)]
    above = [place for place, is_on in enumerate(rim[24 * 64 : 25 * 64]) if is_on]
    assert above
    assert {after - before for before, after in itertools.pairwise(above)} == {2}


def test_an_image_that_is_not_there_any_more_is_refused_in_a_sentence(run: Path) -> None:
    with pytest.raises(RunError, match="open them again"):
        LookAtWorst(run / "worst.json.gz", 9, 64, 48, COLOURS).answer(silent)


def test_results_arrive_from_far_as_they_are(run: Path) -> None:
    found = ReadResults(run).answer(silent)
    assert [one.title for one in found] == ["validation images", "test images", "test on cells"]
    assert unpacked(ReadResults, packed(ReadResults, found)) == found


def test_every_column_is_explained_and_a_class_of_which_none_was_found_has_no_precision(run: Path) -> None:
    assert {"row", "missed", "AP50", "prec", "recall", "bias"} <= dict(terms()).keys()
    assert all(about.endswith(".") for _, about in terms())
    lines = draw_matrix(metrics(), matrix_text(metrics())).plain.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["healthy", "20", "1", "3", ".870"],
        ["ring", "2", "4", "0", ".500"],
        ["false", "1", "0"],
        ["precision", ".900", "–"],
    ]


STAGES = ("healthy", "ring", "trophozoite", "schizont", "gametocyte", "wbc", "misc")


def of_stages(scale: int = 1) -> Metrics:
    """Figures of seven classes, of which each is often taken for the next."""
    counts = [
        [scale * (412 - place if place == other else abs(place - other)) for other in range(8)] for place in range(7)
    ]
    confusion = (*map(tuple, counts), (3,) * 7 + (0,))
    return metrics().model_copy(
        update={"classes": STAGES, "names": (*STAGES, "background"), "confusion": confusion, "figures": {}}
    )


async def test_a_matrix_of_seven_classes_is_whole_in_a_small_terminal(run: Path) -> None:
    worst(run).model_copy(update={"metrics": of_stages(), "classes": STAGES}).write(run / "worst.json.gz")
    async with results(run) as pilot:
        await see(pilot, "is ↓ found →", "missed", "3 trophozoite", "worst image 1 of 2")
        rows = [line.split("▀")[0].split() for line in shown(pilot).splitlines() if line.startswith(" 3 ")]
        assert rows == [["3", "trophozoite", "2", "1", "410", "1", "2", "3", "4", "5"]]
        assert "scroll" not in shown(pilot)
    async with results(run, (160, 45)) as pilot:
        await see(pilot, "trophozo…", "gametocy…", "missed", "recall")


async def test_a_matrix_that_is_wider_than_its_room_says_that_it_scrolls(run: Path) -> None:
    many = tuple(f"kind {number}" for number in range(20))
    confusion = ((1,) * 21,) * 20 + ((1,) * 20 + (0,),)
    other = {"classes": many, "names": (*many, "background"), "confusion": confusion, "figures": {}}
    found = metrics().model_copy(update=other)
    worst(run).model_copy(update={"metrics": found, "classes": many}).write(run / "worst.json.gz")
    async with results(run) as pilot:
        await see(pilot, "20 classes: ← → ↑ ↓ scroll", "1 kind 0")
        assert " 20 missed" not in shown(pilot)
        await pilot.press(*["right"] * 60)
        await see(pilot, " 20 missed")


def test_a_matrix_gets_narrower_step_by_step_and_no_count_is_rounded_before_it_must() -> None:
    whole = matrix_text(of_stages())
    assert (whole.head[3], whole.head[-2:]) == ("trophozo…", ("missed", "recall"))
    numbered = matrix_text(of_stages(), whole.width - 1)
    assert (numbered.head[3], numbered.rows[2][0], numbered.head[-1]) == ("3", "3 trophozoite", "recall")
    bare = matrix_text(of_stages(), numbered.width - 1)
    assert (bare.head[-1], bare.rows[0][1], bare.is_rounded) == ("missed", "412", False)
    large = matrix_text(of_stages(1_000), bare.width + 7)
    assert (large.rows[0][1:3], large.is_rounded) == (("412k", "1k"), True)
    shares = matrix_text(of_stages(1_000), 52, shares=True)
    assert (shares.rows[0][1:3], shares.is_rounded) == ((".94", ".00"), False)
    assert matrix_text(of_stages(), 10).rows == bare.rows


def test_what_a_class_would_gain_is_what_its_matrix_gives_with_that_error_mended() -> None:
    """Labelled and found by class, the last row and column without a class; and each kind of error mended by hand."""
    matrix = np.array([[20, 1, 3], [2, 4, 0], [1, 0, 0]])
    without = {
        "missed": np.array([[23, 1, 0], [2, 4, 0], [1, 0, 0]]),
        "false": np.array([[20, 1, 3], [2, 4, 0], [0, 0, 0]]),
        "wrong class": np.array([[21, 0, 3], [0, 6, 0], [1, 0, 0]]),
    }
    assert metrics().confusion == tuple(map(tuple, matrix.tolist()))
    *classes, overall = mending_gains(metrics())
    for place, one in enumerate(classes):
        assert one.f1 == pytest.approx(rates(matrix).f1[place])
        expected = [rates(without[kind]).f1[place] - one.f1 for kind, _ in KINDS]
        assert one.gains == pytest.approx(expected)
    assert overall.name == "all"
    assert overall.gains == pytest.approx(np.mean([one.gains for one in classes], axis=0))


def test_a_matrix_without_background_does_not_tell_what_would_be_gained() -> None:
    bare = metrics().model_copy(update={"confusion": ((20, 1), (2, 4)), "names": CLASSES})
    assert mending_gains(bare) == ()
    assert [
        one.name for one in mending_gains(metrics().model_copy(update={"confusion": ((0,) * 3, (2, 4, 0), (1, 0, 0))}))
    ] == ["ring"]


def test_results_are_printed_and_given_to_programs(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    words = ["--workspace", str(tmp_path / "lab"), "--cluster", "local"]
    (run / "run.json").write_text("{}")
    assert main(["results", run.name, *words]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if "1. " in line or "3. " in line] == [
        f"1. validation images: {run}/worst.json.gz",
        f"3. test on cells: {run}/best-test-cells.json",
    ]
    assert main(["results", run.name, "--json", "--only", "3", *words]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["number"], told["metrics"]["confusion"][0]) == (3, [20, 1, 8])
    assert told["f1_if_mended"][0]["class"] == "healthy"
    assert told["f1_if_mended"][0]["wrong_class"] == pytest.approx(42 / 51 - 40 / 52)
    assert told["worst"][0] == {
        "image": f"{run}/first.png",
        "missed": 1,
        "false": 0,
        "confused": 0,
        "labels": 2,
        "predictions": 1,
    }
    assert main(["results", run.name, "--only", "4", *words]) == 1
    assert "has results 1 to 3: there is no 4." in capsys.readouterr().err
