"""`yogo review` puts the labels that are wrong first, and says what it knows about the model that judged."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.golden_files import beside
from tests.opened import Opened
from tests.yogo.training.planted_errors import PlantedError, made_cells, plant
from tests.yogo.training.tiny import TINY, Yogo, write_dataset
from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.definition.record import DataRecord
from yogo.model import YOGO
from yogo.review.ranking import RANKING, Ranking, Suspect, SuspectKind
from yogo.run.directory import RunDirectory


def untrained(path: Path, classes: Sequence[str]) -> Path:
    model = YOGO((64, 64), 0.1, 0.1, num_classes=len(classes))
    save_checkpoint(path, model, epoch=0, step=0, classes=classes, run_name="untrained")
    return path


def reviewed(yogo: Yogo, *arguments: object) -> Ranking:
    done = yogo.command("review", *arguments, "--json", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    return Ranking.parse(done.stdout.encode(), "what it printed")


def is_told(error: PlantedError, suspects: Sequence[Suspect]) -> bool:
    """Whether one of them is this error: its label, or, of one that was taken away, a prediction where it lay."""
    here = [one for one in suspects if Path(one.image).stem == error.image]
    if error.line is not None:
        return any(one.line == error.line for one in here)
    _, x, y, width, height = error.row
    found = [one.prediction for one in here if one.kind is SuspectKind.OVERLOOKED and one.prediction]
    return any(abs(one.xc - x) < width / 2 and abs(one.yc - y) < height / 2 for one in found)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_cells(tmp_path_factory.mktemp("cells") / "data", seed=2, pictures=40)


@pytest.mark.parametrize("kind", ["removed", "shifted", "resized", "swapped"])
def test_of_five_per_cent_errors_four_fifths_lie_in_the_first_tenth_of_the_queue(
    yogo: Yogo, learned: Path, cells: Path, kind: str
) -> None:
    planted = plant(cells, [kind], share=0.05)

    ranking = reviewed(yogo, learned, cells, "--out", yogo.home / "review")

    first = ranking.suspects[: ranking.num_ranked // 10]
    told = sum(is_told(error, first) for error in planted)
    assert len(planted) >= 25
    assert ranking.num_ranked < 1.15 * ranking.num_labels
    assert told >= 0.8 * len(planted)


def test_of_all_kinds_at_once_four_fifths_lie_in_as_much_of_the_queue_as_they_are_and_a_third_more(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    planted = plant(cells, ["removed", "shifted", "swapped"], share=0.05)

    ranking = reviewed(yogo, learned, cells, "--out", yogo.home / "review")

    first = ranking.suspects[: ranking.num_ranked // 5]
    assert sum(is_told(error, first) for error in planted) >= 0.8 * len(planted)


@pytest.mark.parametrize("kinds", [["removed", "shifted", "swapped"], ["removed", "shifted", "resized", "swapped"]])
def test_of_five_per_cent_errors_of_mixed_kinds_nine_tenths_lie_in_the_first_tenth_of_the_queue(
    yogo: Yogo, learned: Path, cells: Path, kinds: list[str]
) -> None:
    planted = plant(cells, kinds, share=0.05 / len(kinds))

    ranking = reviewed(yogo, learned, cells, "--out", yogo.home / "review")

    first = ranking.suspects[: ranking.num_ranked // 10]
    assert len(planted) >= 25
    assert sum(is_told(error, first) for error in planted) >= 0.9 * len(planted)
    overlaps = [
        (float(found[1]) < float(found[2]), "otherwise" in one.why)
        for one in ranking.suspects
        if (found := re.search(r"overlap by ([.\d]+); ([.\d]+) is", one.why)) and found[1] != found[2]
    ]
    assert {(True, True), (False, False)} == set(overlaps)


def test_the_seven_blood_cells_that_are_labelled_twice_lie_in_the_first_two_per_cent(yogo: Yogo) -> None:
    """They are found without the model, so one that has learnt nothing does."""
    definition = beside("data/bccd/dataset_defs/reference.yml")
    model = untrained(yogo.home / "new.pth", ("RBC", "WBC", "Platelets"))

    ranking = reviewed(yogo, model, definition, "--out", yogo.home / "review")

    first = ranking.suspects[: ranking.num_ranked // 50]
    twice = [Path(one.image).stem[-5:] for one in first if one.kind is SuspectKind.TWICE]
    assert {"00100", "00403", "00251", "00020", "00013", "00331", "00104"} <= {*twice}
    assert len(twice) <= 12
    assert "no data.json.gz lies beside it" in ranking.judged


@pytest.fixture
def small(tmp_path: Path) -> tuple[Yogo, Path, Path]:
    """A run of one epoch, and the definition that it was trained on."""
    yogo = Yogo(tmp_path)
    definition = write_dataset(tmp_path / "data")
    done = yogo.train(definition, "--name", "short", *TINY, "--epochs", "1", "--wandb", "disabled")
    assert done.returncode == 0, done.stderr
    return yogo, yogo.run("short").best, definition


def test_it_says_that_the_model_was_trained_on_these_labels(small: tuple[Yogo, Path, Path]) -> None:
    yogo, model, definition = small

    ranking = reviewed(yogo, model, definition, "--out", yogo.home / "review")

    assert ranking.judged.startswith("This model was trained on 6 of these 12 images in the run short: ")
    assert (ranking.num_images, ranking.num_labels, ranking.folds) == (12, 36, 0)
    assert {one.part for one in ranking.suspects} == {"train", "val", "test"}
    assert [one.rank for one in ranking.suspects] == list(range(1, ranking.num_ranked + 1))
    assert Ranking.read(yogo.home / "review" / RANKING).suspects == ranking.suspects


def test_no_object_is_told_to_be_overlooked_beside_labels_that_cannot_be_read(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    plant(cells, ["removed"], share=0.05)
    broken = cells.parent / "labels/fine-tuning/0003.txt"
    broken.write_text("0 what is this\n")

    ranking = reviewed(yogo, learned, cells, "--out", yogo.home / "review")

    assert not [one for one in ranking.suspects if Path(one.image).stem == "0003"]
    assert [Path(one.partition(", line")[0]) for one in ranking.problems] == [broken]


def test_an_unchanged_image_is_not_looked_at_again(small: tuple[Yogo, Path, Path]) -> None:
    yogo, model, definition = small
    first = reviewed(yogo, model, definition, "--out", yogo.home / "review")
    opened = Opened(definition.parent / "images")

    assert reviewed(yogo, model, definition, "--out", yogo.home / "review").suspects == first.suspects
    assert opened.take(".png") == []

    image = definition.parent / "images/picture_03.png"
    image.write_bytes((definition.parent / "images/picture_04.png").read_bytes())
    opened.take(".png")
    third = reviewed(yogo, model, definition, "--out", yogo.home / "review")
    assert {Path(path).name for path in opened.take(".png")} == {image.name}
    assert third.suspects != first.suspects


def test_models_of_their_own_judge_only_what_they_were_not_trained_on_and_are_trained_once(
    small: tuple[Yogo, Path, Path],
) -> None:
    yogo, model, definition = small
    asked = (model, definition, "--out", yogo.home / "review", "--folds", "3", "--epochs", "1")

    ranking = reviewed(yogo, *asked)

    runs = sorted((yogo.home / "review/folds").glob("*/fold-*"))
    learnt = [{entry.key for entry in DataRecord.read(RunDirectory(run).data).files} for run in runs]
    assert ranking.judged == "3 models judged, each of them images that it was not trained on."
    assert [len(keys) for keys in learnt] == [8, 8, 8]
    assert set.intersection(*learnt) == set()
    recipe = json.loads((runs[0] / "run.json").read_text())["recipe"]
    assert (recipe["model"], recipe["image_hw"], recipe["epochs"]) == ("quarter_filters", [64, 64], 1)
    shutil.rmtree(runs[1])
    times = [(run / "best.pth").stat().st_mtime_ns for run in (runs[0], runs[2])]
    assert reviewed(yogo, *asked).suspects == ranking.suspects
    assert [(run / "best.pth").stat().st_mtime_ns for run in (runs[0], runs[2])] == times


def test_images_of_a_group_are_judged_by_the_same_model_and_chosen_by_together(
    small: tuple[Yogo, Path, Path],
) -> None:
    """Four groups of three images: picture_00 to 02, and so on."""
    yogo, model, definition = small
    names = "|".join(f"{start:02}|{start + 1:02}|{start + 2:02}" for start in (0, 3, 6, 9))
    for place, name in enumerate(names.split("|")):
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            file = definition.parent / kind / f"picture_{name}.{suffix}"
            file.rename(file.with_name(f"slide{place // 3}_{name}.{suffix}"))
    definition.write_text(definition.read_text() + "group_pattern: slide[0-9]\n")

    reviewed(yogo, model, definition, "--out", yogo.home / "review", "--folds", "2", "--epochs", "1")

    for run in sorted((yogo.home / "review/folds").glob("*/fold-*")):
        parts = {part: samples for part, samples in DataRecord.read(RunDirectory(run).data).splits().items()}
        slides = {part: {one.image.name.partition("_")[0] for one in samples} for part, samples in parts.items()}
        assert [len(parts[part]) for part in parts] == [3, 3, 0]
        assert not slides["train"] & slides["val"]


def test_a_folder_in_which_somebody_has_decided_is_left_as_it_is(small: tuple[Yogo, Path, Path]) -> None:
    yogo, model, definition = small
    folder = yogo.home / "review"
    reviewed(yogo, model, definition, "--out", folder)
    kept = (folder / RANKING).read_bytes()
    (folder / "decisions-ada.jsonl").write_text("{}\n")

    done = yogo.command("review", model, definition, "--out", folder, "--device", "cpu")

    assert done.returncode == 1
    assert "holds what reviewers decided about its ranking: name another folder with --out" in done.stderr
    assert (folder / RANKING).read_bytes() == kept


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--epochs", "3"), "are about the models of --folds: give that too"),
        (("--folds", "1"), "one model would judge what it learnt"),
        (("--folds", "30"), "it must be at most 20"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["review", "a.pth", "d.yml", *arguments])

    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
