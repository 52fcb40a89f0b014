"""Made-up cells with exact labels, and errors planted in them, as people make them."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yogo.synth.dataset import make_dataset
from yogo.synth.plan import SynthPlan

IMAGE_HW = (96, 128)
CLASSES = ("healthy", "ring", "trophozoite")

Row = tuple[int, float, float, float, float]
"""Class, centre and size, in fractions of the image."""


@dataclass(frozen=True)
class PlantedError:
    image: str
    """The stem of its file."""

    line: int | None
    """Of the label that is wrong, from 1; None where one was taken away."""

    row: Row
    """What the label ought to be."""


def made_cells(folder: Path, *, seed: int, pictures: int) -> Path:
    """A definition of that many images of all three classes, three quarters of them to train on."""
    make_dataset(folder, SynthPlan(pictures=2 * pictures, image_hw=IMAGE_HW, cells=16, seed=seed, classes=3))
    path = folder / "cells.yml"
    path.write_text(
        f"class_names: [{', '.join(CLASSES)}]\n"
        "dataset_paths:\n  cells: {image_path: images/fine-tuning, label_path: labels/fine-tuning}\n"
        "dataset_split_fractions: {train: 0.75, val: 0.25}\n"
    )
    return path


def plant(definition: Path, kinds: Sequence[str], *, share: float, seed: int = 0) -> list[PlantedError]:
    """Spoil that share of all labels of the definition by each of the kinds: removed, shifted, resized, swapped."""
    folder = definition.parent / "labels/fine-tuning"
    kept = definition.parent / "labels/exact"
    if not kept.exists():
        shutil.copytree(folder, kept)
    files = sorted(kept.iterdir())
    rows = {file.stem: [_row(line) for line in file.read_text().splitlines()] for file in files}
    places = [(stem, index) for stem, some in rows.items() for index in range(len(some))]
    draw = np.random.default_rng(seed)
    number = round(share * len(places))
    picked = draw.permutation(len(places))[: number * len(kinds)]
    changes = {places[place]: kinds[index // number] for index, place in enumerate(picked)}
    planted = []
    for stem, some in rows.items():
        left: list[Row] = []
        for index, row in enumerate(some):
            kind = changes.get((stem, index))
            spoilt = _spoilt(row, kind, draw) if kind else row
            if spoilt is not None:
                left.append(spoilt)
            if kind:
                planted.append(PlantedError(stem, None if spoilt is None else len(left), row))
        (folder / f"{stem}.txt").write_text("".join("{} {:.6f} {:.6f} {:.6f} {:.6f}\n".format(*row) for row in left))
    return planted


def _row(line: str) -> Row:
    word, *numbers = line.split()
    x, y, width, height = map(float, numbers)
    return int(word), x, y, width, height


def _spoilt(row: Row, kind: str, draw: np.random.Generator) -> Row | None:
    index, x, y, width, height = row
    match kind:
        case "removed":
            return None
        case "shifted":  # by a third to a half of its size, in any direction
            angle, far = draw.uniform(0, 2 * math.pi), draw.uniform(1 / 3, 1 / 2)
            return index, x + far * width * math.cos(angle), y + far * height * math.sin(angle), width, height
        case "resized":  # a half as large a side, or half as large again
            times = draw.choice([draw.uniform(0.5, 0.65), draw.uniform(1.5, 1.9)])
            return index, x, y, times * width, times * height
    return (index + int(draw.integers(1, len(CLASSES)))) % len(CLASSES), x, y, width, height
