"""The images that a model would have labelled next, in words, for their screen and their command."""

from __future__ import annotations

from collections.abc import Iterator

from yogo.text.wording import counted
from yogo_tui.questions.chosen import SURE, ChoiceRow, ChoiceToLabel
from yogo_tui.words import share_words

CHOICE_TERMS = (
    ("no", "The order: the most useful image is the first."),
    ("errors", "How many errors are to be expected among the boxes that the model finds on the image, by its own "
     "confidence: the more, the more it can learn there."),
    ("unlike", "How far the image is from the nearest one that is labelled, or stands above it, as the network sees "
     "them. Two images usually are 1 apart; of a copy it is 0."),
    ("line", f"What the model finds with a confidence of {share_words(SURE, 1)} or more."),
    ("dots", "What it finds with less."),
)  # fmt: skip
"""What the columns and the boxes mean."""


def head_words(found: ChoiceToLabel) -> Iterator[str]:
    """What was chosen, from what and by what; sentences."""
    of = f"{len(found.rows):,} chosen of {counted(found.num_images, 'image')} without a label in {found.images}"
    yield f"{of}, by {found.checkpoint}"
    if found.labelled:
        yield f"Labelled already: {counted(found.num_labelled, 'image')} of {found.labelled}"
    if found.problems:
        more = f", and {len(found.problems) - 1:,} more" if len(found.problems) > 1 else ""
        yield f"! not read: {found.problems[0]}{more}"


def row_words(row: ChoiceRow) -> tuple[str, str, str]:
    """Its number, its errors and how unlike it is."""
    return f"{row.number:,}", f"{row.errors:,.1f}", share_words(row.unlike, 2)


def why_words(row: ChoiceRow) -> str:
    """Why it was chosen, in a sentence."""
    _, errors, unlike = row_words(row)
    return (
        f"{errors} errors are to be expected among the boxes that the model finds here. The nearest image that is "
        f"labelled, or stands above it, is {unlike} times as unlike it as two images usually are."
    )
