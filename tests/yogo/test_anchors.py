"""`yogo anchors`: the anchor that suits a dataset, ready to paste."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.golden_files import beside
from yogo.cli import main, parser
from yogo.cli.flags import given
from yogo.recipe import Recipe


def dataset(root: Path, *labels: str, more: str = "") -> Path:
    """A definition of an image for each of `labels`."""
    for name in ("images", "labels"):
        (root / name).mkdir(parents=True)
    for index, text in enumerate(labels):
        Image.new("L", (8, 8)).save(root / "images" / f"{index}.png")
        (root / "labels" / f"{index}.txt").write_text(text)
    path = root / "set.yml"
    path.write_text(
        "class_names: [red, white, none]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n" + more
    )
    return path


def proposal(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["anchors", str(path), "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_boxes_of_one_size_are_the_anchor_wherever_they_lie(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = dataset(tmp_path, "0 0.5 0.5 0.2 0.1\n1 0.05 0.9 0.2 0.1\n", "0 0.3 0.3 0.2 0.1\n")
    found = proposal(path, capsys)
    assert (found["anchor_width"], found["anchor_height"]) == (pytest.approx(0.2), pytest.approx(0.1))
    assert found["num_pictures"] == 2
    default = Recipe().anchor_width * Recipe().anchor_height / (0.2 * 0.1)  # it lies within
    assert found["classes"] == {
        "red": {"num_boxes": 2, "mean_iou": pytest.approx(1), "default_iou": pytest.approx(default)},
        "white": {"num_boxes": 1, "mean_iou": pytest.approx(1), "default_iou": pytest.approx(default)},
        "none": {"num_boxes": 0, "mean_iou": None, "default_iou": None},
    }


def test_boxes_of_many_sizes_have_their_geometric_mean_as_anchor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = proposal(dataset(tmp_path, "0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.4 0.1\n0 0.5 0.5 0.2 0.8\n"), capsys)
    assert found["anchor_width"] == pytest.approx(0.2)
    assert found["anchor_height"] == pytest.approx(0.2)
    # Of 0.1x0.1 a quarter, of 0.4x0.1 a third (0.02 of 0.06), of 0.2x0.8 a quarter.
    assert found["total"]["mean_iou"] == pytest.approx((1 / 4 + 1 / 3 + 1 / 4) / 3)  # type: ignore[index]


def test_the_first_line_is_flags_that_train_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anchors", str(dataset(tmp_path, "1 0.5 0.5 0.123456 0.2\n"))]) == 0
    flags, _, *table = capsys.readouterr().out.splitlines()
    recipe = Recipe.model_validate(given(parser().parse_args(["train", "d.yml", *flags.split()])))
    assert (recipe.anchor_width, recipe.anchor_height) == pytest.approx((0.123456, 0.2), abs=1e-6)
    assert any(line.split() == ["none", "0", "-", "-"] for line in table)
    assert "1.000" in next(line for line in table if line.startswith("white"))


def test_pictures_that_are_not_trained_on_have_no_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test").mkdir()
    other = dataset(tmp_path / "test", "0 0.5 0.5 0.9 0.9\n")
    more = "test_paths:\n  t: {image_path: test/images, label_path: test/labels}\n"
    found = proposal(dataset(tmp_path, "0 0.5 0.5 0.1 0.2\n", more=more), capsys)
    assert other.exists()
    assert (found["anchor_width"], found["anchor_height"]) == (pytest.approx(0.1), pytest.approx(0.2))


@pytest.mark.parametrize(("text", "sentence"), [("", "no boxes to train on"), ("0 0.5\n", "0.txt")])
def test_labels_of_no_use_are_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    assert main(["anchors", str(dataset(tmp_path, text))]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert sentence in shown.err


def test_it_needs_no_torch(tmp_path: Path) -> None:
    path = dataset(tmp_path, "0 0.5 0.5 0.1 0.2\n")
    code = f"import sys; from yogo.cli import main; main(['anchors', {str(path)!r}]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_real_red_cells_fit_it_far_better_than_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    found = proposal(beside("data/bccd/dataset_defs/reference.yml"), capsys)
    assert found["num_pictures"] == 185
    classes: dict[str, dict[str, float]] = found["classes"]  # type: ignore[assignment]
    assert sum(fit["num_boxes"] for fit in classes.values()) > 2_000
    assert classes["RBC"]["mean_iou"] > 0.75
    assert classes["RBC"]["default_iou"] < 0.1
    # Cells are round, and the images 640x480.
    assert found["anchor_height"] / found["anchor_width"] == pytest.approx(4 / 3, rel=0.1)  # type: ignore[operator]
