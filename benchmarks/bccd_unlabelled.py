"""Red cells of BCCD's test images without a label, as several models agree; and the error of counts with them.

    python benchmarks/bccd_unlabelled.py DIR [--least-score .75] [--agreeing 4] [--crops FILE.png]

DIR is what `bccd.py run --out DIR` made. A box counts as a cell without a label if its score is at least the least
score, no label overlaps it by .3 (IoU), and at least so many of the models have a box like it (IoU .5). The crops show
each of them, in red, with the labels around it: whether it is a cell is for a person to say.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import TypeAlias

from bccd import DATA
from PIL import Image, ImageDraw

Box: TypeAlias = tuple[float, float, float, float]
"""Centre, width and height, in fractions of the image."""

_RED = 0
_SIDE = 150


def red_cells(file: Path) -> list[tuple[Box, float]]:
    """Boxes of red cells, with their score; 1 for a label."""
    found = []
    for row in file.read_text().splitlines():
        kind, x, y, width, height, *score = map(float, row.split())
        if kind == _RED:
            found.append(((x, y, width, height), score[0] if score else 1.0))
    return found


def overlap(one: Box, other: Box) -> float:
    sides = [
        max(0.0, min(a + c / 2, b + d / 2) - max(a - c / 2, b - d / 2))
        for a, b, c, d in zip(one[:2], other[:2], one[2:], other[2:], strict=True)
    ]
    shared = sides[0] * sides[1]
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def without_label(
    predicted: Sequence[Sequence[tuple[Box, float]]], labels: Sequence[Box], least_score: float, agreeing: int
) -> list[Box]:
    """The cells of an image that no label has, from the boxes of each model."""
    beside = [
        [box for box, score in of_model if score >= least_score and all(overlap(box, one) < 0.3 for one in labels)]
        for of_model in predicted
    ]
    found: list[Box] = []
    for box in (box for of_model in beside for box in of_model):
        agree = sum(any(overlap(box, other) > 0.5 for other in of_model) for of_model in beside)
        if agree >= agreeing and all(overlap(box, other) <= 0.5 for other in found):
            found.append(box)
    return found


def least_error(scores: Sequence[Sequence[float]], numbers: Sequence[int]) -> float:
    """The mean error of an image's count at the threshold at which it is least."""
    return min(
        mean(abs(sum(score > at for score in some) - number) for some, number in zip(scores, numbers, strict=True))
        for at in sorted({score for some in scores for score in some})
    )


def draw(found: dict[str, list[Box]], data: Path, file: Path) -> None:
    cells = [(name, box) for name, boxes in found.items() for box in boxes]
    sheet = Image.new("RGB", (8 * _SIDE, -(-len(cells) // 8) * _SIDE))
    for place, (name, box) in enumerate(cells):
        with Image.open(next((data / "val/images").glob(f"{name}.*"))) as opened:
            image = opened.convert("RGB")
        drawing = ImageDraw.Draw(image)
        labels = [one for one, _ in red_cells(data / "val/labels" / f"{name}.txt")]
        for one, colour in [*((label, "lime") for label in labels), (box, "red")]:
            x, y, width, height = (side * size for side, size in zip(one, (*image.size, *image.size), strict=True))
            drawing.rectangle((x - width / 2, y - height / 2, x + width / 2, y + height / 2), outline=colour, width=2)
        x, y = box[0] * image.width, box[1] * image.height
        crop = image.crop((round(x) - 90, round(y) - 90, round(x) + 90, round(y) + 90)).resize((_SIDE - 4, _SIDE - 4))
        sheet.paste(crop, (place % 8 * _SIDE, place // 8 * _SIDE))
    sheet.save(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--least-score", type=float, default=0.75)
    parser.add_argument("--agreeing", type=int, default=4)
    parser.add_argument("--crops", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    args = parser.parse_args()
    models = sorted(args.runs.glob("predictions-*"))
    files = sorted((args.data / "val/labels").glob("*.txt"))
    labels = {file.stem: [box for box, _ in red_cells(file)] for file in files}
    boxes = {name: [red_cells(model / f"{name}.txt") for model in models] for name in labels}
    found = {name: without_label(boxes[name], labels[name], args.least_score, args.agreeing) for name in labels}
    lacking = sum(map(len, found.values()))
    print(f"{lacking} red cells without a label, {sum(map(len, labels.values()))} with one, {len(models)} models")
    for place, model in enumerate(models):
        scores = [[score for _, score in boxes[name][place]] for name in labels]
        before = least_error(scores, [len(labels[name]) for name in labels])
        after = least_error(scores, [len(labels[name]) + len(found[name]) for name in labels])
        print(f"{model.name}: least count error {before:.2f}, with them {after:.2f}")
    if args.crops:
        draw(found, args.data, args.crops)


if __name__ == "__main__":
    main()
