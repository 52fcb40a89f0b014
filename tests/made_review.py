"""A small data set, and a review folder in which each kind of suspect occurs once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from yogo.review.ranking import RANKING, RankedBox, Ranking, RankingThresholds, SureOf, Suspect, SuspectKind

CLASSES = ("round", "long", "small dot")
LABELS = {
    "0": "0 0.25 0.25 0.2 0.2\r\n0  0.251 0.25 0.2 0.2\r\n1 0.75 0.75 0.2 0.3",
    "1": "0 0.5 0.5 0.20 0.20\n\n1 0.25 0.25 0.1 0.2\n",
    "2": "",
}


@dataclass(frozen=True)
class MadeReview:
    folder: Path
    definition: Path
    labels: Path
    ranking: Ranking

    def label(self, name: str) -> Path:
        return self.labels / f"{name}.txt"


def made_review(root: Path, *, size: tuple[int, int] = (80, 60)) -> MadeReview:
    """Three images. Suspects: 1 a label drawn twice, 2 overlooked, 3 of the wrong class, 4 badly placed. What is
    proposed is beyond doubt, except of the last one."""
    images, labels, folder = root / "data/images", root / "data/labels", root / "review"
    for one in (images, labels, folder):
        one.mkdir(parents=True)
    for name, text in LABELS.items():
        Image.new("L", size, 60 + 60 * int(name)).save(images / f"{name}.png")
        (labels / f"{name}.txt").write_bytes(text.encode())
    definition = root / "cells.yml"
    definition.write_text(
        f"class_names: [{', '.join(CLASSES)}]\n"
        f"dataset_paths:\n  all: {{image_path: {images}, label_path: {labels}}}\n"
        "dataset_split_fractions: {train: 0.67, val: 0.33}\n"
    )
    found = suspects(root)
    ranking = Ranking(
        checkpoint=str(root / "best.pth"),
        definition=str(definition),
        classes=CLASSES,
        image_hw=(60, 80),
        judged="Judged by one model.",
        thresholds=RankingThresholds(objectness=0.5, suppression_iou=0.5, same_box_iou=0.8),
        num_images=3,
        num_labels=5,
        num_ranked=len(found),
        sure={"long": SureOf(confidence=0.85, labelled=0.9)},
        suspects=found,
    )
    ranking.write(folder / RANKING)
    return MadeReview(folder, definition, labels, ranking)


def suspects(root: Path) -> tuple[Suspect, ...]:
    long, moved = box(0.75, 0.75, 0.2, 0.3, 1), box(0.6, 0.5, 0.25, 0.2, 0, confidence=0.7)
    overlooked, round_ = box(0.5, 0.4, 0.2, 0.2, 1, confidence=0.9), box(0.75, 0.75, 0.21, 0.3, 0, confidence=0.8)
    kinds: tuple[tuple[SuspectKind, str, dict[str, Any]], ...] = (
        (SuspectKind.TWICE, "0", {"line": 2, "other_line": 1, "label": box(0.251, 0.25, 0.2, 0.2, 0)}),
        (SuspectKind.OVERLOOKED, "2", {"prediction": overlooked}),
        (SuspectKind.WRONG_CLASS, "0", {"line": 3, "label": long, "prediction": round_}),
        (SuspectKind.BADLY_PLACED, "1", {"line": 1, "label": box(0.5, 0.5, 0.2, 0.2, 0), "prediction": moved}),
    )
    return tuple(
        Suspect(
            rank=rank,
            kind=kind,
            score=1 - rank / 10,
            image=str(root / f"data/images/{image}.png"),
            part="train",
            label_file=str(file := root / f"data/labels/{image}.txt"),
            label_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            beyond_doubt=kind is not SuspectKind.BADLY_PLACED,
            why=f"Why suspect {rank} is doubted.",
            **more,
        )
        for rank, (kind, image, more) in enumerate(kinds, 1)
    )


def box(*numbers: float, confidence: float | None = None) -> RankedBox:
    """Of centre, size and class index."""
    xc, yc, w, h, index = numbers
    return RankedBox(xc=xc, yc=yc, w=w, h=h, class_index=int(index), confidence=confidence)
