"""What is told of a suspect beside its picture: why it is doubted, its boxes, what was decided, and the classes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.color import Color
from rich.style import Style
from rich.text import Text

from yogo.review.decisions import LabelNow
from yogo.review.journal import ReviewVerb
from yogo.review.ranking import SuspectKind
from yogo.text.terminal import printable
from yogo.text.wording import ended
from yogo_tui.questions.review_images import SuspectPicture
from yogo_tui.session.box_draft import BoxDraft
from yogo_tui.session.reviews import KIND_WORDS, VERB_WORDS
from yogo_tui.widgets.picture import COLOURS
from yogo_tui.words import share_words

MOST_KEYED = 9
"""Classes that have a digit for a key."""


def suspect_text(found: SuspectPicture, classes: Sequence[str], reviewer: str, draft: BoxDraft | None) -> Text:
    place = f"line {found.line} of its labels" if found.line else "no label"
    kind = KIND_WORDS[SuspectKind(found.kind)]
    sure = "\nbeyond doubt" if found.beyond_doubt else ""
    text = Text.assemble(
        (kind, "bold"),
        f" · {share_words(found.score, 2)}\n{place} · {found.part}{sure}\n\n{printable(ended(found.why))}\n\n",
    )
    text.append_text(_boxes(found, classes))
    text.append("\n")
    text.append_text(_draft(draft) if draft else _decided(found, reviewer))
    text.append("\n\n")
    for number, name in enumerate(classes[:MOST_KEYED], 1):
        text.append_text(Text.assemble(f"{number} ", _sign("■", name, classes), f" {printable(name)}\n"))
    if len(classes) > MOST_KEYED:
        text.append(f"c lists all {len(classes)} classes\n")
    text.rstrip()
    return text


def _boxes(found: SuspectPicture, classes: Sequence[str]) -> Text:
    text = Text()
    for sign, what, one in (
        ("─", "label", found.label),
        ("┄", f"line {found.other_line}", found.other),
        ("┄", "found", found.prediction),
    ):
        if one:
            more = share_words(found.confidence, 2) if what == "found" else _pixels(one, found.size)
            words = f" {what} {printable(one.class_name)} {more}\n"
            text.append_text(Text.assemble(_sign(sign, one.class_name, classes), words))
    return text


def _draft(draft: BoxDraft) -> Text:
    what = "one more label" if draft.is_added else "the label"
    moves, other = ("resize", "move") if draft.resizes else ("move", "resize")
    at = _pixels(draft.label, draft.size)
    said = "\n".join(map(printable, (f"{what}: {draft.label.class_name} {at}", *(draft.changes or ("as it was",)))))
    return Text.assemble((said, "bold"), f"\narrows {moves} it; r: {other}\nenter writes it, esc drops it")


def _decided(found: SuspectPicture, reviewer: str) -> Text:
    """What was decided, by whom, and what others wanted."""
    if not found.decisions:
        return Text("undecided")
    text = Text()
    for one in sorted(found.decisions, key=lambda row: not row.counts):
        who = "you" if one.reviewer == reviewer else one.reviewer
        what = VERB_WORDS[one.verb]
        if one.class_name and one.verb is not ReviewVerb.BOX:
            what = f"{what}: {one.class_name}"
        sign, style = ("✔", "bold") if one.counts else ("·", "")
        how = f", {printable(one.rule)}" if one.rule else ""
        line = f"{sign} {printable(what)}, by {printable(who)}{how}{'' if one.counts else ', overruled'}\n"
        text.append(line, style)
    text.rstrip()
    return text


def _pixels(label: LabelNow, size: tuple[int, int]) -> str:
    """Width and height; empty where the image could not be read."""
    return f"{label.box[2] * size[0]:.0f}×{label.box[3] * size[1]:.0f} px" if size[0] else ""


def _sign(sign: str, name: str, classes: Sequence[str]) -> tuple[str, Style]:
    return sign, Style(color=Color.from_rgb(*COLOURS[classes.index(name) % len(COLOURS)]))
