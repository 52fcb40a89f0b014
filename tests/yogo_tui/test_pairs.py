"""Runs compared image by image: on which images, what is said of the difference, and what would show one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made_evaluation import CLASSES, digests_of, made_evaluation, made_results
from tests.made_runs import trained_run
from tests.yogo_tui.lab import in_force
from tests.yogo_tui.results import metrics
from tests.yogo_tui.test_comparing import compared
from tests.yogo_tui.test_reports import MADE
from yogo.metrics.difference import PairedFigure
from yogo.metrics.image_results import image_results
from yogo.metrics.verdict import verdict
from yogo.run.directory import RunDirectory
from yogo.run.image_results import ImageResults
from yogo.run.metrics import Metrics
from yogo_tui.cli import main
from yogo_tui.comparing.comparison import Comparison
from yogo_tui.comparing.pairs import PairInWords
from yogo_tui.comparing.report import as_html
from yogo_tui.comparing.tables import as_csv, tables
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.pairs import ImagePair
from yogo_tui.session.comparing import image_by_image

NUM = 60


def run_with_results(path: Path, results: ImageResults | None, **changes: object) -> RunDirectory:
    """One that has finished, with what its test kept of each image."""
    run = trained_run(path, **changes)  # type: ignore[arg-type]
    if results is not None:
        results.write(run.image_results)
    return run


def _cut(whole: ImageResults, kept: slice) -> ImageResults:
    num_classes, boxes, counts = len(whole.classes), whole.boxes, whole.counts

    def part(data: bytes, size: int) -> bytes:
        return data[kept.start * size : kept.stop * size]

    num_of_image = np.frombuffer(boxes.num_of_image, "<u4")
    ends = np.cumsum(num_of_image)
    begin, end = int(ends[kept.start] - num_of_image[kept.start]), int(ends[kept.stop - 1])
    return whole.model_copy(
        update={
            "num_images": kept.stop - kept.start,
            "images": part(whole.images, 32),
            "labels": part(whole.labels, 8),
            "counts": counts.model_copy(
                update={
                    name: part(getattr(counts, name), 4 * num_classes) for name in ("labelled", "predicted", "right")
                }
            ),
            "boxes": boxes.model_copy(
                update={
                    "num_of_image": part(boxes.num_of_image, 4),
                    "class_index": boxes.class_index[2 * begin : 2 * end],
                    "score": boxes.score[4 * begin : 4 * end],
                    "hits": boxes.hits[2 * begin : 2 * end],
                }
            ),
        }
    )


def part_of(missed: float, first: int, num: int) -> ImageResults:
    return _cut(made_results(NUM, missed=missed), slice(first, first + num))


async def by_image(folder: Path, *names: str) -> Comparison:
    return await image_by_image(HereHost(), await compared(folder, *names))


def said(found: Comparison) -> dict[str, Sequence[str]]:
    (table,) = (one for one in tables(found) if one.title == "image by image")
    return {name: [cell.text for cell in cells] for name, cells in table.rows if name}


async def test_the_better_of_two_is_named_first_with_an_interval(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", made_results(NUM, missed=0.5))
    run_with_results(tmp_path / "two", made_results(NUM, missed=0.1))
    found = await by_image(tmp_path, "one", "two")
    (pair,) = found.pairs
    assert pair.title == "two against one"
    words = said(found)
    assert words["test images"] == ["the same 60"]
    assert words["mAP50"][0].startswith("better by .")
    assert words["count_error"][0].startswith("better by ")
    by_key = {one.key: one for one in pair.pair.figures}
    assert by_key["mAP50"].low > 0 > by_key["count_error"].high
    assert any("What another seed of the training would change is not in them" in note for note in found.notes)


async def test_where_no_difference_is_seen_it_is_said_what_would_show_one(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", made_results(NUM, missed=0.2))
    run_with_results(tmp_path / "two", made_results(NUM, missed=0.21))
    found = await by_image(tmp_path, "one", "two")
    (table,) = (one for one in tables(found) if one.title == "image by image")
    rows = [(name, cells[0].text) for name, cells in table.rows]
    place = [name for name, _ in rows].index("mAP50")
    assert rows[place][1].startswith("no difference seen (.")
    assert rows[place + 1][0] == ""
    assert "would show" in rows[place + 1][1]
    assert "What would show a difference shows it in four of five cases." in found.notes


async def test_runs_that_differ_by_seed_alone_need_seeds_and_not_images(tmp_path: Path) -> None:
    for seed, missed in enumerate((0.2, 0.21, 0.22)):
        run = run_with_results(tmp_path / f"seed-{seed}", made_results(NUM, missed=missed), changes={"seed": seed})
        _measured({"mAP50": 0.7 + 0.01 * seed, "f1": 0.7, "count_error": 2.0 + seed}).write(run.metrics)
    found = await by_image(tmp_path, "seed-0", "seed-1", "seed-2")
    assert found.seeds == ((0, 1, 2),)
    assert found.pairs[0].deviations["mAP50"] == pytest.approx(0.01)
    assert all(one.has_same_recipe for one in found.pairs)
    assert "seeds each would show" in found.pairs[0].takes("mAP50")
    assert (
        sum("have the same recipe but for the seed: neither is the better recipe" in note for note in found.notes) == 2
    )


def _measured(figures: dict[str, float | None]) -> Metrics:
    return metrics().model_copy(update={"figures": figures})


async def test_a_better_seed_is_not_called_a_better_recipe_although_the_seed_splits_the_data(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", made_results(NUM, missed=0.1), data="bccd", changes={"seed": 1})
    run_with_results(tmp_path / "two", made_results(NUM, missed=0.4), data="split", changes={"seed": 2})
    run_with_results(tmp_path / "other", made_results(NUM, missed=0.3), changes={"learning_rate": 0.1})
    found = await by_image(tmp_path, "one", "two", "other")
    assert found.seeds == ()
    told = [note for note in found.notes if "neither is the better recipe" in note]
    assert told == ["one and two have the same recipe but for the seed: neither is the better recipe."]


async def test_the_best_of_several_stands_against_each_other_one(tmp_path: Path) -> None:
    for name, missed in (("one", 0.4), ("two", 0.1), ("three", 0.3)):
        run_with_results(tmp_path / name, made_results(NUM, missed=missed))
    found = await by_image(tmp_path, "one", "two", "three")
    assert [one.title for one in found.pairs] == ["two against one", "two against three"]
    assert "two has the best mAP50 of 3 tests: the best of several looks better than it is." in found.notes


async def test_only_images_that_both_have_with_the_same_labels_count(tmp_path: Path) -> None:
    one = part_of(0.1, 0, 50)
    other = part_of(0.4, 10, 50)
    labels = bytes(8) + other.labels[8:]
    run_with_results(tmp_path / "one", one)
    run_with_results(tmp_path / "two", other.model_copy(update={"labels": labels}))
    found = await by_image(tmp_path, "one", "two")
    assert said(found)["test images"] == ["39 of 50 and 50 in both"]
    assert any("1 image is left out, with other labels in the one test than in the other" in n for n in found.notes)
    # The same as tests of these images alone.
    run_with_results(tmp_path / "three", part_of(0.1, 11, 39))
    run_with_results(tmp_path / "four", part_of(0.4, 11, 39))
    alone = await by_image(tmp_path, "three", "four")
    assert said(alone)["mAP50"] == said(found)["mAP50"]


async def test_too_few_images_are_not_compared(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", part_of(0.1, 0, 30))
    run_with_results(tmp_path / "two", part_of(0.4, 15, 30))
    found = await by_image(tmp_path, "one", "two")
    assert said(found) == {"test images": ["too few to compare: 15 of 30 and 30 in both"]}


async def test_a_later_test_of_the_same_images_is_used_where_the_runs_own_ones_differ(tmp_path: Path) -> None:
    for name, missed, first in (("one", 0.1, 0), ("two", 0.4, 30)):
        run = run_with_results(tmp_path / name, part_of(missed, first, 30))
        made_results(NUM, missed=missed).write(run.path / "best-test-all.images.json.gz")
        (run.path / "best-test-torn.images.json.gz").write_bytes(b"torn")
    found = await by_image(tmp_path, "one", "two")
    assert said(found)["test images"] == ["the same 60"]
    assert found.pairs[0].pair.files[0].endswith("one/best-test-all.images.json.gz")
    assert sum("best-test-torn.images.json.gz cannot be read" in note for note in found.notes) == 2


async def test_other_classes_are_not_compared_and_another_order_of_them_is(tmp_path: Path) -> None:
    results = made_results(NUM)
    run_with_results(tmp_path / "one", results)
    run_with_results(tmp_path / "two", results.model_copy(update={"classes": ("RBC", "WBC", "Parasite")}))
    found = await by_image(tmp_path, "one", "two")
    assert said(found) == {"test images": ["not compared: their classes differ"]}
    data, turned = made_evaluation(NUM), [2, 0, 1]
    back = np.argsort(turned)
    truth = replace(data.truth, label=back[data.truth.label])
    ranked, kept = (replace(one, probabilities=one.probabilities[:, turned]) for one in (data.ranked, data.kept))
    names = tuple(CLASSES[n] for n in turned)
    again = image_results(replace(data, truth=truth, ranked=ranked, kept=kept), names, digests_of(NUM))
    run_with_results(tmp_path / "three", again)
    found = await by_image(tmp_path, "one", "three")
    assert said(found)["mAP50"] == ["no difference at all"]


async def test_runs_without_a_test_and_tests_of_older_yogos_are_named(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", made_results(NUM))
    run_with_results(tmp_path / "two", None)
    _measured({"mAP50": 0.5}).write(RunDirectory(tmp_path / "two").metrics)
    run_with_results(tmp_path / "three", None)
    found = await by_image(tmp_path, "one", "two", "three")
    assert found.pairs == ()
    assert "image by image" not in [one.title for one in tables(found)]
    assert any("The test of two kept nothing of single images" in note for note in found.notes)
    assert "Without a test, and so not compared image by image: three." in found.notes


async def test_what_was_left_out_and_what_was_trained_on_is_said(tmp_path: Path) -> None:
    results = made_results(NUM)
    boxes = results.boxes.model_copy(update={"num_dropped": 7})
    run_with_results(tmp_path / "one", results.model_copy(update={"boxes": boxes}))
    run_with_results(tmp_path / "two", made_results(NUM, missed=0.4).model_copy(update={"trained_on": {"parent": 3}}))
    notes = (await by_image(tmp_path, "one", "two")).notes
    assert any(note.startswith("7 boxes are left out of the file of one") for note in notes)
    assert "3 test images were trained on by parent: that flatters two." in notes


def figure(difference: float, low: float, high: float, key: str = "mAP50") -> PairedFigure:
    return PairedFigure(key, 0.5 + difference, 0.5, low, high, (high - low) / 4)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (figure(0.02, 0.005, 0.036), "better by .020 (.005 to .036)"),
        (figure(-0.02, -0.036, -0.005), "worse by .020 (.005 to .036)"),
        (figure(0.002, -0.01, 0.014), "no difference seen (.010 worse to .014 better)"),
        (figure(0.002, 0.00002, 0.014), "better by .00200 (.00002 to .01400)"),
        (figure(-0.25, -0.4, -0.1, "count_error"), "better by 0.25 (0.10 to 0.40)"),
        (figure(0.25, 0.1, 0.4, "count_error"), "worse by 0.25 (0.10 to 0.40)"),
        (figure(0.05, -0.1, 0.2, "count_error"), "no difference seen (0.20 worse to 0.10 better)"),
        (figure(0, 0, 0), "no difference at all"),
    ],
)
def test_a_difference_is_told_in_words(one: PairedFigure, words: str) -> None:
    assert verdict(one) == words


def takes(one: PairedFigure, **deviations: float) -> str:
    pair = ImagePair(0, 1, ("a", "b"), (90, 90), 90, figures=(one,))
    return PairInWords(pair, "one", "two", deviations).takes(one.key)


def test_what_would_show_a_difference_depends_on_what_spreads() -> None:
    assert takes(figure(0.01, -0.01, 0.03)) == "710 images would show .010"
    assert takes(figure(0.0001, -0.02, 0.02)) == "these images would show .028"
    assert takes(figure(0.01, -0.01, 0.03), mAP50=0.01) == "17 seeds each would show .010"
    assert takes(figure(0.05, 0.01, 0.09)) == ""


def test_the_command_says_it_and_gives_it_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    run_with_results(tmp_path / "trained_models/one", made_results(NUM, missed=0.1))
    run_with_results(tmp_path / "trained_models/two", made_results(NUM, missed=0.4), changes={"seed": 3})
    assert main(["compare", "one", "two"]) == 0
    out, err = capsys.readouterr()
    assert "one against two" in out
    assert "better by ." in out
    assert "2,000 resamples" in err
    assert main(["compare", "one", "two", "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)["image_by_image"]
    assert (pair["first"], pair["second"], pair["num_images"], pair["is_compared"]) == (0, 1, NUM, True)
    told = {one["name"]: one for one in pair["figures"]}
    assert told.keys() == {"mAP50", "f1", "count_error"}
    low, high = told["mAP50"]["interval"]
    assert 0 < low < told["mAP50"]["difference"] < high
    assert (told["mAP50"]["is_seen"], told["mAP50"]["images_to_show"] < NUM) == (True, True)


async def test_reports_and_tables_hold_it(tmp_path: Path) -> None:
    run_with_results(tmp_path / "one", made_results(NUM, missed=0.1))
    run_with_results(tmp_path / "<two>", made_results(NUM, missed=0.4))
    found = await by_image(tmp_path, "one", "<two>")
    page = as_html(found, made_at=MADE)
    assert "one against &lt;two&gt;" in page
    assert "better by ." in page
    assert "2,000 resamples of the test images" in page
    assert "image by image,mAP50,better by ." in as_csv(tables(found))
