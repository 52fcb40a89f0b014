"""`yogo next` chooses images to label that the model does not know, and no two that are alike."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.opened import Opened
from tests.yogo.training.planted_errors import made_cells
from tests.yogo.training.tiny import Yogo
from yogo.review.chosen import ChosenImages


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    return made_cells(tmp_path / "data", seed=5, pictures=12)


def chosen(yogo: Yogo, *arguments: object) -> dict[str, Any]:
    done = yogo.command("next", *arguments, "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [Path(one["image"]).stem for one in found["images"]]


def test_what_is_labelled_is_not_chosen_and_a_copy_of_it_comes_last(yogo: Yogo, learned: Path, cells: Path) -> None:
    labelled = cells.parent / "images/fine-tuning"
    pool = cells.parent / "pool"
    shutil.copytree(cells.parent / "images/pre-training", pool)
    shutil.copyfile(labelled / "0003.png", pool / "copy.png")

    found = chosen(yogo, learned, pool, "--labelled", cells, "-n", "100")

    assert (found["num_images"], found["num_labelled"], len(found["images"])) == (25, 12, 25)
    assert names(found)[-1] == "copy"
    assert found["images"][-1]["unlike"] == 0
    assert chosen(yogo, learned, labelled.parent / "pre-training", "-n", "4")["num_labelled"] == 0
    nothing = yogo.command("next", learned, labelled, "--labelled", cells, "--device", "cpu")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "are labelled already" in nothing.stderr


def test_of_images_that_are_alike_one_is_chosen_first_and_an_unusual_one_early(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    pool = cells.parent / "images/fine-tuning"
    for number in range(8):
        shutil.copyfile(pool / "0001.png", pool / f"again{number}.png")
    negative = 255 - np.asarray(Image.open(pool / "0002.png"))
    Image.fromarray(negative).save(pool / "negative.png")

    order = names(chosen(yogo, learned, pool, "-n", "13"))

    assert "negative" in order[:3]
    assert sum(name == "0001" or name.startswith("again") for name in order) == 1


def test_an_unchanged_image_is_not_looked_at_again(yogo: Yogo, learned: Path, cells: Path) -> None:
    pool = cells.parent / "images/fine-tuning"
    first = chosen(yogo, learned, pool, "-n", "5")
    opened = Opened(pool)

    again = chosen(yogo, learned, pool, "-n", "5")
    assert {**again, "made_at": ""} == {**first, "made_at": ""}
    assert opened.take(".png") == []


def test_a_folder_links_to_the_chosen_images_and_exactly_these_are_labelled_then(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    pool, out = cells.parent / "images/fine-tuning", yogo.home / "first"

    found = chosen(yogo, learned, pool, "-n", "3", "--out", out)

    rows = list(csv.reader((out / "chosen.csv").read_text().splitlines()))
    assert [row[1] for row in rows[1:]] == [one["image"] for one in found["images"]]
    record = ChosenImages.read(out / "chosen.json.gz")
    assert record.model_dump(mode="json") == found
    assert (record.classes, record.checkpoint) == (("healthy", "ring", "trophozoite"), str(learned))
    for one in record.images:
        exact = (cells.parent / f"labels/fine-tuning/{Path(one.image).stem}.txt").read_text().splitlines()
        sure = [box for box in one.boxes if (box.confidence or 0) > 0.5]
        assert abs(len(sure) - len(exact)) <= 3
        centres = [tuple(map(float, line.split()[1:3])) for line in exact]
        assert all(min(abs(box.xc - x) + abs(box.yc - y) for x, y in centres) < 0.05 for box in sure)
    labelled = yogo.command("label", learned, out / "images", yogo.home / "labels", "--device", "cpu")
    assert labelled.returncode == 0, labelled.stderr
    assert {path.stem for path in (yogo.home / "labels/labels").glob("*.txt")} == {*names(found)}
    rest = chosen(yogo, learned, pool, "--labelled", yogo.home / "labels/labelled.yml", "-n", "100")
    assert not {*names(rest)} & {*names(found)}
    again = yogo.command("next", learned, pool, "-n", "3", "--out", out, "--device", "cpu")
    assert again.returncode == 1
    assert "exists already, and nothing is written over it: name a new folder" in again.stderr
