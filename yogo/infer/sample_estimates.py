"""What the counts of samples mean, with the correction that came with the checkpoint, and what they lack in sentences.

Axes: S samples, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.linalg import LinAlgError

from yogo.assay.assayed import SampleTold, assayed_sample
from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.roles import Roles
from yogo.definition import source
from yogo.definition.problem import complaint
from yogo.definition.samples_file import SampleEntry, SamplesFile, is_samples_file
from yogo.errors import InferenceError
from yogo.infer.job import InferenceJob, InferenceThresholds
from yogo.infer.request import InferenceRequest
from yogo.infer.sample_rows import Ints
from yogo.run.correction import AssayRoles, CountCorrection
from yogo.run.inferred_samples import CountSettings, InferredSample
from yogo.text.wording import listed, meant

SAME = 1e-9
"""Thresholds that differ by less are one."""


@dataclass(frozen=True, slots=True)
class Estimates:
    roles: AssayRoles | None
    line: CorrectionLine | None
    matrix: CorrectionMatrix | None
    remarks: tuple[str, ...]
    """What is left out, and why."""

    def of(
        self, entry: SampleEntry, num_images: int, num_unreadable: int, counts_2K: Ints, how: CountSettings
    ) -> InferredSample:
        """`counts_2K` are of all boxes, and of those above the threshold."""
        every_K, above_K = counts_2K.astype(np.float64)
        facts = {
            "name": entry.name,
            "group": entry.group,
            "num_images": num_images,
            "num_unreadable": num_unreadable,
            "threshold": how.threshold,
            "counts": dict(zip(how.classes, above_K.tolist(), strict=True)),
            "every_count": dict(zip(how.classes, every_K.tolist(), strict=True)),
            "known_per_ul": entry.target_per_microlitre,
        }
        if self.roles is None:
            return InferredSample.model_validate(facts)
        told = SampleTold(entry.name, entry.group, num_images, entry.target_per_microlitre)
        roles = Roles.of(self.roles, how.classes)
        parts = {"threshold": how.threshold, "line": self.line, "matrix": self.matrix}
        found = assayed_sample(told, above_K, every_K, roles, **parts)  # type: ignore[arg-type]
        return InferredSample.model_validate(facts | found.model_dump())


def estimates_for(request: InferenceRequest, job: InferenceJob, file: SamplesFile, how: CountSettings) -> Estimates:
    """Raises InferenceError where the roles name a class that the model does not know."""
    own = job.predictor.count_correction
    roles = _roles(request, file, own, job.classes)
    remarks = []
    if roles is None:
        remarks.append("no roles are known, so cells and targets are not told: give roles in the file of samples")
    if own is None:
        what = "as counted, and their intervals say what chance alone does" if roles else "as counted"
        remarks.append(f"{job.predictor.path} holds no correction of its counts: the figures are {what}")
    if own is None or roles is None:
        return Estimates(roles, None, None, tuple(remarks))
    if renamed := own.classes != how.classes:
        remarks.append("the correction of the checkpoint is left out: it is of other names of the classes")
    elif changed := list(_changed(how, job)):
        renamed = True
        remarks.append(f"the correction of the checkpoint is left out: it does not hold with another {listed(changed)}")
    if renamed:
        return Estimates(roles, None, None, tuple(remarks))
    line, reasons = _line(own, roles, how)
    matrix, reason = _matrix(own)
    return Estimates(roles, line, matrix, (*remarks, *reasons, *reason))


def _changed(how: CountSettings, job: InferenceJob) -> Iterator[str]:
    usual = job.predictor.suppression
    if how.obj_thresh != InferenceThresholds().obj_thresh:
        yield "--obj-thresh"
    if how.iou_thresh != usual.iou_thresh:
        yield "--iou-thresh"
    if how.average_boxes != usual.average_boxes:
        yield "--average-boxes"


def _line(own: CountCorrection, roles: AssayRoles, how: CountSettings) -> tuple[CorrectionLine | None, tuple[str, ...]]:
    if own.line is None:
        return None, ("the checkpoint's correction has no line",)
    if abs(own.threshold - how.threshold) > SAME:
        return None, (
            f"the line of the correction is left out: it holds at the class probability {own.threshold:g}, and cells "
            f"are counted at {how.threshold:g}",
        )
    if {*roles.target} != {*own.roles.target} or {*roles.total} != {*own.roles.total}:
        return None, (f"the line of the correction is left out: it is of other roles ({own.roles})",)
    return CorrectionLine.of(own.line), ()


def _matrix(own: CountCorrection) -> tuple[CorrectionMatrix | None, tuple[str, ...]]:
    try:
        found = CorrectionMatrix.of(own)
    except LinAlgError:
        return None, ("the matrix of the correction is left out: it has no inverse, as two rows say the same",)
    return found, () if found else ("the checkpoint's correction has no matrix",)


def _roles(
    request: InferenceRequest, file: SamplesFile, own: CountCorrection | None, classes: Sequence[str]
) -> AssayRoles | None:
    """As asked, else those of the file of samples, else those of the correction."""
    if request.roles is not None:
        roles, where = _roles_in(Path(request.roles)), str(request.roles)
    elif file.roles is not None:
        roles, where = file.roles, str(file.path)
    else:
        return own.roles if own else None
    for name in (*roles.total, *roles.target):
        if name not in classes:
            raise InferenceError(
                f"the roles in {where} name {name}, which the model does not know. {meant(name, classes)}"
            )
    return roles


def _roles_in(path: Path) -> AssayRoles:
    """Raises InferenceError, InvalidDatasetDefinitionFile."""
    path = path.absolute()
    if is_samples_file(path):
        roles = SamplesFile.from_yaml(path).roles
    else:
        read = source.read(path)
        if not read.readable or (read.roles is None and any(one.is_error for one in read.problems)):
            raise complaint(read.problems)
        roles = read.roles
    if roles is None:
        raise InferenceError(f"{path} has no roles: they say which classes are cells and which are looked for")
    return roles
