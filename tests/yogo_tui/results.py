"""The results of a run, as its trainer keeps them: figures of two classes, and two images with something wrong."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from tests.made_assay import made_assay
from tests.made_evaluation import made_results
from yogo.run.assay import AssayFile
from yogo.run.directory import RunDirectory
from yogo.run.error_kinds import NAMES, ErrorCosts, KindOfError
from yogo.run.metrics import Metrics, Resampling, Thresholds
from yogo.run.worst import JudgedBox, Verdict, WorstImage, WorstImages
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.pairs import PairRuns
from yogo_tui.questions.results import LookAtWorst, ReadAssay, ReadResults
from yogo_tui.questions.uses import (
    CheckOptions,
    ListOptions,
    LookAtSamples,
    LookForRoles,
    LookForUnlabelled,
    SeenBefore,
)
from yogo_tui.widgets.picture import COLOURS

CLASSES = ("healthy", "ring")


def metrics(missed: int = 3) -> Metrics:
    figures: dict[str, float | None] = {
        "mAP50": 0.8,
        "AP50/healthy": 0.9,
        "AP50/ring": 0.7,
        "precision": 0.75,
        "precision/healthy": 0.9,
    }
    figures |= {"precision/ring": None, "recall/healthy": 0.87, "recall/ring": 0.5, "count_bias/ring": -1.25}
    return Metrics(
        classes=CLASSES,
        num_images=40,
        num_objects=30,
        num_boxes=28,
        thresholds=Thresholds(objectness=0.5, suppression_iou=0.5, match_iou=0.5, ranked_objectness=0.05, most_boxes=9),
        figures=figures,
        confusion=((20, 1, missed), (2, 4, 0), (1, 0, 0)),
        names=(*CLASSES, "background"),
        curves={},
        intervals={"mAP50": (0.71, 0.86), "AP50/healthy": (0.83, 0.95), "count_bias/ring": (-2.5, -0.25)},
        resampling=Resampling(over="images", num=40, resamples=2_000),
        errors=ErrorCosts(
            kinds=tuple(
                KindOfError(
                    kind=name,
                    num_kept=number,
                    num_ranked=3 * number,
                    gain=number / 100,
                    interval=(number / 200, number / 50) if number else None,
                )
                for number, name in enumerate(NAMES)
            ),
            false_positives_gain=0.1,
            false_negatives_gain=0.05,
            resamples=400,
        ),
    )


def worst(folder: Path) -> WorstImages:
    file = io.BytesIO()
    Image.new("L", (64, 48), 90).save(file, "JPEG")
    missed = JudgedBox(box=(0.1, 0.1, 0.4, 0.5), class_index=0, verdict=Verdict.MISSED)
    found = JudgedBox(box=(0.5, 0.5, 0.9, 0.9), class_index=1, verdict=Verdict.FOUND)
    seen = found.model_copy(update={"confidence": 0.9})
    first = WorstImage(
        image=str(folder / "first.png"),
        missed=1,
        num_labels=2,
        num_predictions=1,
        labels=(missed, found),
        predictions=(seen,),
        thumbnail=file.getvalue(),
    )
    gone = WorstImage(image=str(folder / "gone.png"), false=1, problem=f"{folder}/gone.png does not exist")
    return WorstImages(part="val", classes=CLASSES, num_images=40, metrics=metrics(), images=(first, gone))


def questions_of_results(definition: Path) -> list[Question[Any]]:
    """One of each kind about results and uses, the results last."""
    folder = definition.parent / "trained_models"
    folder.mkdir(exist_ok=True)
    worst(folder).write(folder / "worst.json.gz")
    for name, missed in (("keen-elk", 0.1), ("mild-hen", 0.4)):
        (folder / name).mkdir()
        made_results(30, missed=missed).write(RunDirectory(folder / name).image_results)
    (folder / "new").mkdir()
    Image.new("L", (8, 6)).save(folder / "new/new.png")
    AssayFile(report=made_assay()).write(folder / "best-assay-cells.json")
    roles = "roles: {total: [round], target: [round], per_microlitre: 5.0e+6}"
    (folder / "samples.yaml").write_text(f"{roles}\nsamples: {{one: {{images: new}}}}\n")
    pairs = PairRuns((folder / "keen-elk", folder / "mild-hen"))
    assert len(pairs.answer(silent).pairs[0].figures) == 3
    return [
        pairs,
        SeenBefore(folder, definition, definition.parent),
        LookForRoles(folder / "samples.yaml", folder, definition.parent),
        LookAtSamples(folder / "samples.yaml", (), definition.parent),
        LookForUnlabelled(folder / "new", definition, definition.parent),
        ListOptions("infer"),
        ListOptions("label"),
        ListOptions("next"),
        CheckOptions("review", {"folds": "1", "pretrained": "no.pth"}, folder),
        CheckOptions("test", {"half": "x"}, folder),
        ReadAssay(folder / "best-assay-cells.json"),
        ReadResults(folder),
        LookAtWorst(folder / "worst.json.gz", 0, 20, 20, COLOURS),
    ]
