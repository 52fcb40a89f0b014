"""The question that draws a suspect of a review: its image, zoomed on the box, with label and prediction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.definition import read_labels, read_notes
from yogo.errors import YogoError
from yogo.files.places import told
from yogo.review.decisions import LabelNow, LabelReview, label_of, review_in, target_of
from yogo.review.journal import Place, ReviewVerb
from yogo.review.ranking import Suspect
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.image_lists import image_depth
from yogo_tui.questions.images import MOST_ZOOM, PLAINLY, ImageView, Pixels, Rgb, outline, part_of, seen_edges

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

_AROUND = 2.2
"""At least so many times the longer side of the boxes is shown."""

_DIM = 0.5
"""Of the colours of the image's other labels."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision about the label, for a person."""

    reviewer: str
    verb: ReviewVerb
    class_name: str
    counts: bool
    rule: str = ""
    """By which it was made together with others; empty where the reviewer decided about this one."""


@dataclass(frozen=True, slots=True)
class SuspectPicture:
    """A suspect, and its image no larger than asked for with the boxes drawn; or why that cannot be shown."""

    rank: int
    kind: str
    score: float
    image: Path
    part: str
    why: str
    line: int | None
    label: LabelNow | None
    """As it was ranked."""

    now: LabelNow | None
    """As it is decided; None where there is none, or it is deleted."""

    prediction: LabelNow | None
    confidence: float | None
    beyond_doubt: bool = False
    decisions: tuple[DecisionRow, ...] = ()
    other_line: int | None = None
    other: LabelNow | None = None
    """The other label of the same object, of one that is drawn twice."""

    view: ImageView = PLAINLY
    size: tuple[int, int] = (0, 0)
    """Width and height of the image's file, in pixels."""

    width: int = 0
    pixels: Pixels = b""
    problem: str = ""


@dataclass(frozen=True)
class LookAtSuspect:
    """A suspect within so many columns and rows of pixels: the label as it is decided, a line; the prediction, or the
    other label of the same object, dots; other labels of the image, darker lines. Raises RunError."""

    folder: Path
    rank: int
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    """Of the classes' boxes, in turn."""

    view: ImageView = PLAINLY
    is_near: bool = True
    """It is zoomed on the boxes, and not as the view says."""

    draft: LabelNow | None = None
    """The label as it is being drawn, in place of the one that was decided."""

    is_added: bool = False
    """The draft is one more label."""

    def answer(self, tell: Tell) -> SuspectPicture:
        review = review_in(self.folder)
        suspect = review.suspect(self.rank)
        found = _described(review, suspect)
        view = _on_boxes(found, self.view) if self.is_near else self.view
        try:
            pixels = _pixels(suspect.image, review)
            _, height, width = pixels.shape
            image = part_of(pixels, (max(1, self.columns), max(2, self.rows)), view)
        except (YogoError, OSError) as error:
            return replace(found, view=view, problem=told(error))
        if view.has_boxes:
            for one in self._others(review, suspect):
                self._outline(image, one, review, view, share=_DIM)
            if one_now := found.now if self.is_added or not self.draft else self.draft:
                self._outline(image, one_now, review, view)
            if self.draft and self.is_added:
                self._outline(image, self.draft, review, view)
            if dotted := found.prediction or found.other:
                self._outline(image, dotted, review, view, dotted=True)
        return replace(found, view=view, size=(width, height), width=image.width, pixels=image.tobytes())

    def _outline(
        self,
        image: Image.Image,
        one: LabelNow,
        review: LabelReview,
        view: ImageView,
        *,
        share: float = 1.0,
        dotted: bool = False,
    ) -> None:
        index = review.ranking.classes.index(one.class_name)
        red, green, blue = (int(share * part) for part in self.colours[index % len(self.colours)])
        outline(image, seen_edges(_edges(one.box), view), (red, green, blue), dotted=dotted)

    def _others(self, review: LabelReview, suspect: Suspect) -> Iterator[LabelNow]:
        """The image's other labels, as they are decided."""
        own = target_of(suspect)
        about = {
            one.decision.target: one.decision for one in review.all_counting if one.decision.image == suspect.image
        }
        for line, label in _labels(suspect, review.ranking.classes):
            target = target_of(suspect.model_copy(update={"line": line}))
            made = about.get(target)
            is_drawn_already = target == own or line == suspect.other_line
            if not is_drawn_already and not (made and made.verb is ReviewVerb.DELETE):
                name, box = (made.class_name, made.box) if made else (None, None)
                yield LabelNow(name or label.class_name, box or label.box)
        for target, made in about.items():
            if made.line is None and target != own and made.class_name and made.box:
                yield LabelNow(made.class_name, made.box)


def _described(review: LabelReview, suspect: Suspect) -> SuspectPicture:
    classes = review.ranking.classes
    about = review.about(target_of(suspect))
    rows = (
        DecisionRow(one.reviewer, made.verb, made.class_name or "", False, made.rule or "")
        for one in about
        if (made := one.decision)
    )
    decisions = list({row.reviewer: row for row in rows}.values())
    if about:
        decisions = [replace(row, counts=row.reviewer == about[-1].reviewer) for row in decisions]
    return SuspectPicture(
        suspect.rank,
        suspect.kind.value,
        suspect.score,
        Path(suspect.image),
        suspect.part,
        suspect.why,
        suspect.line,
        label_of(suspect.label, classes),
        review.now(suspect),
        label_of(suspect.prediction, classes),
        suspect.prediction.confidence if suspect.prediction else None,
        suspect.beyond_doubt,
        tuple(decisions),
        suspect.other_line,
        dict(_labels(suspect, classes)).get(suspect.other_line) if suspect.other_line else None,
    )


def _labels(suspect: Suspect, classes: tuple[str, ...]) -> Iterator[tuple[int, LabelNow]]:
    """The image's labels that can be read, each with its line."""
    if suspect.label_file is None:
        return
    try:
        file = Path(suspect.label_file)
        found = read_labels(file, classes, read_notes(file.parent))
    except (YogoError, OSError):
        return
    for place, line in enumerate(found.lines):
        index, x0, y0, x1, y1 = found.rows[5 * place : 5 * place + 5]
        yield line, LabelNow(classes[int(index)], ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))


def _edges(box: Place) -> tuple[float, float, float, float]:
    x, y, w, h = box
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _on_boxes(found: SuspectPicture, view: ImageView) -> ImageView:
    """What shows label and prediction with what is around them."""
    edges = [_edges(one.box) for one in (found.label, found.now, found.prediction) if one]
    if not edges:
        return view.whole()
    x0, y0 = min(one[0] for one in edges), min(one[1] for one in edges)
    x1, y1 = max(one[2] for one in edges), max(one[3] for one in edges)
    zoom = min(max(1, int(1 / (_AROUND * max(x1 - x0, y1 - y0, 1e-6)))), MOST_ZOOM)
    return replace(view, zoom=zoom, centre=((x0 + x1) / 2, (y0 + y1) / 2))


_read: dict[tuple[str, int, int], npt.NDArray[np.uint8]] = {}
"""The image that was decoded last: a box is moved over it many times."""


def _pixels(image: str, review: LabelReview) -> npt.NDArray[np.uint8]:
    from yogo.images.pixels import read_pixels

    status = Path(image).stat()
    key = image, status.st_mtime_ns, status.st_size
    found = _read.get(key)
    if found is None:
        _read.clear()
        bits = image_depth(list(dict.fromkeys(one.image for one in review.ranking.suspects)))
        found = _read[key] = read_pixels(Path(image), rgb=True, image_hw=None, bits=bits)
    return found
