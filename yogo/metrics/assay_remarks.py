"""What the figures of an assay are not good for, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yogo.metrics.assay_limits import AssayEvidence
from yogo.run.correction import USUAL_CELLS, AssayRoles, CountCorrection
from yogo.text.wording import counted, listed

FEW_BLANKS = 10
"""Fewer negative samples often seem not to differ, by chance: see benchmarks/choice_by_lod.py."""


def remarks_on(
    evidence: AssayEvidence,
    told: AssayRoles,
    correction: CountCorrection,
    *,
    has_matches: bool,
    own: CountCorrection | None,
    fits: bool,
) -> Iterator[str]:
    if own is not None and not fits:
        yield "The checkpoint's correction is of other roles or classes, so it is not used here."
    if told.cells is None:
        yield f"The roles do not say how many cells a sample has: the limits are of {USUAL_CELLS:,.0f} cells."
    yield from _on_labels(evidence)
    yield from _on_samples(evidence)
    if has_matches and correction.matrix is None:
        yield "The confusion matrix cannot be inverted, as classes are taken for each other: counts keep no matrix."


def on_matrix(unknown: Sequence[str]) -> Iterator[str]:
    """Of classes of which no label is matched by a box."""
    if unknown:
        names = listed(unknown, "or")
        yield f"No label of {names} is found by a box: the matrix does not know as what these are counted."


def _on_labels(evidence: AssayEvidence) -> Iterator[str]:
    labelled_C, roles = evidence.sums.labelled_UC.sum(0), evidence.sums.roles
    if not evidence.sums.labels_UK.any():
        return
    if missing := [name for name, num in zip(roles.target, labelled_C.tolist(), strict=True) if not num]:
        yield f"No {listed(missing, 'or')} is labelled: nothing is known of how many are found."
    if not evidence.has_blanks and not evidence.others_U.sum():
        yield "No cell is labelled that is no target, and no sample is negative: nothing is known of false positives."


def _on_samples(evidence: AssayEvidence) -> Iterator[str]:
    over, num = evidence.units.over, evidence.units.num
    if not evidence.has_rates:
        return
    if over != "samples":
        words = "images are drawn as if each were of its own slide" if over == "images" else "groups are drawn anew"
        yield f"No samples are named: {words}, and how much samples differ is in no limit."
    elif evidence.has_blanks and evidence.is_blank_U.sum() == 1:
        yield "There is one negative sample: how much negative samples differ is not known, and in no limit."
    elif evidence.has_blanks and (blanks := int(evidence.is_blank_U.sum())) < FEW_BLANKS:
        yield (
            f"{blanks} negative samples hardly tell how much samples differ: the true limit of detection may be "
            f"several times higher. {FEW_BLANKS} tell more."
        )
    elif num == 1:
        yield "There is one sample: how much samples differ is not known, and in no limit."
    has_positives = bool((evidence.units.known_U > 0).any())
    if has_positives and not evidence.has_titration:
        known = counted(int((evidence.units.known_U > 0).sum()), "sample")
        instead = "it comes from labels" if evidence.sums.labels_UK.any() else "nothing is known of the sensitivity"
        yield f"{known} of known value above 0 are too few, or vary too much, for a line; {instead}."
