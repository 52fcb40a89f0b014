"""`yogo next` chooses images to label that the model does not know, and no two that are alike."""

from __future__ import annotations

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

    assert chosen(yogo, learned, pool, "-n", "5") == first
    assert opened.take(".png") == []
