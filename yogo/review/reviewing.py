"""Makes the ranking of a definition's labels, as `yogo review` asks for it, and writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.datasets.cache import own_folder
from yogo.definition.lineage import records, trained_on
from yogo.definition.model import DatasetDefinition
from yogo.definition.record import PartName
from yogo.definition.split import Sample, split
from yogo.definition.stamps import stamps
from yogo.errors import RunError, TrainingError
from yogo.evaluation.preparation import recipe_in
from yogo.health.boxes import SAME_BOX
from yogo.infer.predictor import Predictor
from yogo.model import open_model
from yogo.model.inheritance import recipe_of
from yogo.recipe import Recipe, inheriting
from yogo.review.disagreement import LEAST_CONFIDENT
from yogo.review.folds import digest_of, train_folds
from yogo.review.labels import label_set
from yogo.review.predictions import THRESHOLDS, FoundBoxes, Looking
from yogo.review.ranking import DECISIONS, RANKING, REVIEWS, Ranking, RankingThresholds
from yogo.review.request import ReviewRequest
from yogo.review.suspects import ranked
from yogo.run.directory import RunDirectory
from yogo.run.result import sha256
from yogo.text.wording import agreed, counted, listed
from yogo.training.planning.pretrained import check_classes
from yogo.training.request import TrainingRequest

Tell = Callable[[str, int, int], None]


def review_folder(request: ReviewRequest) -> Path:
    return request.out or Path(REVIEWS, request.definition.stem)


def review(request: ReviewRequest, given: dict[str, Any], tell: Tell = lambda what, done, total: None) -> Ranking:
    """The ranking, written into the review folder. `given` are the recipe's fields that flags name, for the folds.

    Raises YogoError, OSError, signals.Stop.
    """
    folder = review_folder(request)
    if any(folder.glob(DECISIONS)):
        raise RunError(f"{folder} holds what reviewers decided about its ranking: name another folder with --out")
    _check_same(folder / RANKING, request.definition)
    asked = _Review(request, given, folder, tell)
    folder.mkdir(parents=True, exist_ok=True)  # before all the work
    ranking = asked.run()
    ranking.write(folder / RANKING)
    return ranking


def _check_same(path: Path, definition: Path) -> None:
    """Raises RunError if the ranking there is of another definition, which may have the same name."""
    with contextlib.suppress(FileNotFoundError):
        other = Ranking.read(path).definition
        if Path(other) != definition.resolve():
            raise RunError(f"{path} ranks the labels of {other}: name another folder with --out")


@dataclass(frozen=True, slots=True)
class _Judged:
    predictions: FoundBoxes
    image_hw: tuple[int, int]
    said: str


class _Review:
    def __init__(self, request: ReviewRequest, given: dict[str, Any], folder: Path, tell: Tell) -> None:
        self.request = request
        self.given = given
        self.folder = folder
        self.tell = tell
        self.memory = own_folder()
        self.checkpoint: Checkpoint = load_checkpoint(request.checkpoint)
        self.model = open_model(self.checkpoint)[0]
        self.sha256 = sha256(request.checkpoint)
        self.definition = DatasetDefinition.from_yaml(request.definition)
        check_classes(request.checkpoint, self.checkpoint.classes, self.model, self.definition.classes)
        recipe = recipe_in(self.checkpoint)[0]
        self.recipe: Recipe = inheriting(recipe, recipe_of(self.model))
        splits = split(self.definition, seed=self.recipe.seed)
        placed: list[tuple[PartName, Sample]] = [
            *(("train", sample) for sample in splits.train),
            *(("val", sample) for sample in splits.val),
            *(("test", sample) for sample in splits.test),
        ]
        self.samples: Sequence[Sample] = [sample for _, sample in placed]
        self.parts: Sequence[PartName] = [part for part, _ in placed]
        if not self.samples:
            raise TrainingError(f"{self.definition.path} names no labelled images to review")

    def run(self) -> Ranking:
        classes = self.definition.classes
        labels = label_set(self.samples, classes, lambda done, total: self.tell("reading labels", done, total))
        digests = self._digests()
        judged = self._by_folds(digests) if self.request.folds else self._by_one(digests[: len(self.samples)])
        found = ranked(self.samples, self.parts, classes, labels, judged.predictions)
        return Ranking(
            checkpoint=str(self.request.checkpoint.absolute()),
            checkpoint_sha256=self.sha256,
            definition=str(self.definition.path),
            definition_sha256=self.definition.sha256,
            classes=classes,
            image_hw=judged.image_hw,
            folds=self.request.folds,
            judged=judged.said,
            thresholds=RankingThresholds(
                objectness=LEAST_CONFIDENT, suppression_iou=THRESHOLDS.iou_thresh, same_box_iou=SAME_BOX
            ),
            num_images=len(self.samples),
            num_labels=len(labels.truth.image),
            num_ranked=found.num_ranked,
            sure=found.sure,
            problems=(*judged.predictions.problems, *labels.unread.values()),
            suspects=found.suspects,
        )

    def _digests(self) -> list[str]:
        """The SHA-256 of each image, then of each label file."""
        images = [sample.image_file for sample in self.samples]
        labels = [sample.label_file for sample in self.samples if sample.label_file is not None]
        memory = self.memory / "digests" if self.memory else None
        total = len(images) + len(labels)
        found = stamps([*images, *labels], memory, lambda done: self.tell("reading files", done, total))
        return [stamp.sha256 for stamp in found]

    def _by_one(self, digests: Sequence[str]) -> _Judged:
        predictions = self._look(self.request.checkpoint, self.sha256, self.samples, 0, len(self.samples))
        height, width = self.model.get_img_size()
        return _Judged(predictions, (height, width), self._learnt(digests))

    def _look(self, path: Path, digest: str, samples: Sequence[Sample], done: int, total: int) -> FoundBoxes:
        looking = Looking(
            Predictor(path, device=self.request.device),
            digest,
            self.memory,
            image_bits=self.request.image_bits,
            num_threads=self.request.num_workers or None,
            tell=lambda some, _: self.tell("looking at images", done + some, total),
        )
        return looking.at([sample.image_file for sample in samples], self.definition.path)

    def _learnt(self, digests: Sequence[str]) -> str:
        """Whether the model was trained on these images, as far as is recorded."""
        known = list(records(RunDirectory(self.request.checkpoint.absolute().parent)))
        advice = "--folds 5 trains models that judge only images that they were not trained on."
        if not known:
            return (
                "It is not known what this model was trained on, because no data.json.gz lies beside it: where it has "
                f"learnt a wrong label, it does not disagree with it. {advice}"
            )
        found = trained_on(digests, known)
        total = counted(len(digests), "image")
        if not found:
            return f"This model was trained on none of these {total}, as far as its runs record it."
        runs = listed([f"{count:,} of these {total} in the run {name}" for name, count in found.items()])
        return (
            f"This model was trained on {runs}: where it has learnt a wrong label, it does not disagree with it. "
            f"{advice}"
        )

    def _by_folds(self, digests: Sequence[str]) -> _Judged:
        request, number = self._training(), self.request.folds
        folder = self.folder.absolute() / "folds" / digest_of(self.samples, digests, request, number)
        whole = FoundBoxes([sample.image_file for sample in self.samples], [None] * len(self.samples))
        done, size = 0, request.recipe.image_hw
        for fold in train_folds(self.definition, self.samples, request, folder, number):
            some = [self.samples[place] for place in fold.judges]
            found = self._look(fold.run.best, sha256(fold.run.best), some, done, len(self.samples))
            for place, rows in zip(fold.judges, found.rows, strict=True):
                whole.rows[place] = rows
            whole.problems += found.problems
            done += len(some)
        return _Judged(whole, size, f"{number} models judged, each of them images that it was not trained on.")

    def _training(self) -> TrainingRequest:
        """How each fold is trained."""
        request = self.request
        return TrainingRequest(
            base=request.base or self.recipe,
            given=self.given,
            pretrained=request.pretrained.absolute() if request.pretrained else None,
            device=request.device,
            num_workers=request.num_workers,
            image_bits=request.image_bits,
            worst_images=False,
            wandb="disabled",
        )


def said_of_problems(ranking: Ranking) -> str:
    number = len(ranking.problems)
    what = counted(number, "image")
    return f"{what} {agreed(number, 'was')} not judged whole: {ranking.problems[0]}" if number else ""
