"""ranking.json.gz: the labels of a definition, ranked by how much a model disagrees with them.

`yogo review` writes it into a review folder, and the console shows it as a queue. Light: it is read without torch.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from yogo.run.record import Part, Record, now

RANKING = "ranking.json.gz"
"""Its name in a review folder."""

REVIEWS = "reviews"
"""The folder of review folders, in a workspace and beside a definition."""

DECISIONS = "decisions-*.jsonl"
"""Files of reviewers, in a review folder: see yogo.review.journal."""

MOST_SUSPECTS = 20_000
"""The most that are kept, so that the file stays below 5 MB; the ranking says how many there were."""


class SuspectKind(StrEnum):
    OVERLOOKED = "overlooked"
    """The model finds an object where there is no label."""

    BADLY_PLACED = "badly_placed"
    """The model draws the box of this label elsewhere, or in another size."""

    WRONG_CLASS = "wrong_class"
    """The model takes the labelled object for one of another class."""

    TWICE = "twice"
    """The same object has another label: found without the model."""


class RankedBox(Part):
    """A box in fractions of the whole image: its centre and its size."""

    xc: float
    yc: float
    w: float
    h: float
    class_index: int
    """In the ranking's classes."""

    confidence: float | None = None
    """Of a prediction: objectness x the probability of its class. None for a label."""


class RankingThresholds(Part):
    objectness: float
    """Predictions below it were not looked at."""

    suppression_iou: float
    """Of predictions that overlap by more, one was kept."""

    same_box_iou: float
    """Two labels that overlap at least this much are taken to be of one object."""


class Suspect(Part):
    rank: int
    """From 1, the most suspect."""

    kind: SuspectKind
    score: float
    """From 0 to 1: how sure the disagreement is. Comparable between kinds, except `twice`, which goes first."""

    image: str
    """Absolute path."""

    part: Literal["train", "val", "test"]
    """The split that the image belongs to."""

    label_file: str | None = None
    """Absolute path; None where the image has none."""

    label_sha256: str | None = None
    """The digest of the label file as it was ranked."""

    line: int | None = None
    """Of the label in its file, from 1; None where there is no label, which is what `overlooked` means."""

    label: RankedBox | None = None
    prediction: RankedBox | None = None
    """What the model finds there; None for `twice`, and where it finds nothing."""

    other_line: int | None = None
    """Of `twice`: the line of the other label of the same object, which comes earlier in the file."""

    beyond_doubt: bool = False
    """Whether the rule of yogo.review.beyond_doubt takes what the model proposes."""

    why: str = ""
    """A sentence for a person."""


class SureOf(Part):
    """Whether, and from when on, the model is sure of boxes of a class."""

    confidence: float
    labelled: float
    """Of the boxes from this confidence on, the share that has a label of this class."""

    is_enough: bool = True
    """Whether that share is large enough: otherwise nothing of this class is beyond doubt."""


class Ranking(Record):
    made_at: datetime = Field(default_factory=now)
    checkpoint: str = ""
    """Absolute path of the weights, or of those whose recipe the folds were trained with."""

    checkpoint_sha256: str = ""
    definition: str
    """Absolute path."""

    definition_sha256: str = ""
    """The digest of what it says, as `DatasetDefinition.sha256`."""

    classes: tuple[str, ...]
    image_hw: tuple[int, int]
    """Height and width of the network's frame, in pixels."""

    folds: int = 0
    """How many models judged, each of them labels that it was not trained on; 0: the one of `checkpoint` judged all."""

    judged: str
    """The same in a sentence for a person, with what it means for the ranking."""

    thresholds: RankingThresholds
    num_images: int
    num_labels: int
    num_ranked: int
    """How many suspects there were; `suspects` holds the first of them, at most MOST_SUSPECTS."""

    sure: dict[str, SureOf] | None = None
    """By class; one of few labels is left out: nothing of it is beyond doubt. None: that was not asked."""

    problems: tuple[str, ...] = ()
    """Images that could not be judged, and why."""

    suspects: tuple[Suspect, ...] = ()
    """In the order of their ranks."""
