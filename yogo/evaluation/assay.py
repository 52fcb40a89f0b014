"""`yogo assay PTH DEFINITION_OR_SAMPLES`: the report, from a definition's test images or from a file of samples."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yogo.assay.roles import Roles, mix_of
from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.definition import DatasetDefinition
from yogo.definition.problem import complaint
from yogo.definition.sample_facts import facts_of
from yogo.definition.samples_file import SamplesFile, is_samples_file
from yogo.device.memory import full_memory_said
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import choose_device, joined
from yogo.errors import AssayError, TrainingError
from yogo.evaluation.assay_request import AssayRequest
from yogo.evaluation.checkpoint_test import evidence_of
from yogo.evaluation.preparation import resolve
from yogo.infer.prepare import prepare_job
from yogo.infer.progress import progress
from yogo.infer.request import InferenceRequest
from yogo.infer.sample_counts import SampleTally, count_samples
from yogo.metrics.assay import assay_report, report_of_sums
from yogo.metrics.assay_units import AssaySums, AssayUnits
from yogo.metrics.boxes import EvaluationData
from yogo.run.assay import AssayReport
from yogo.run.correction import AssayRoles, CountCorrection
from yogo.text.wording import counted, listed
from yogo.training.listeners.terminal import terminal
from yogo.training.plan import TrainingPlan
from yogo.training.request import CheckpointTest, TrainingRequest

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be told of which checkpoint."""

    request: AssayRequest
    checkpoint: Checkpoint
    source: Path
    told: AssayRoles
    classes: tuple[str, ...]
    mix: dict[str, float] | None

    @classmethod
    def of(cls, request: AssayRequest, source: Path, roles: AssayRoles | None, classes: tuple[str, ...]) -> _Asked:
        """Raises AssayError where the roles are missing, or do not fit the classes."""
        assert request.checkpoint is not None
        checkpoint = load_checkpoint(request.checkpoint)
        own = checkpoint.count_correction
        told, where = (roles, str(source)) if roles or own is None else (own.roles, str(checkpoint.path))
        if told is None:
            raise AssayError(
                f"{source} has no roles, and the checkpoint neither: add `roles: {{total: [...], target: [...], "
                "per_microlitre: 5.0e6}` to it, which say what is counted as a cell and what is looked for"
            )
        classes = classes or checkpoint.classes or ()
        if not classes:
            raise AssayError(f"{checkpoint.path} does not name its classes, and a file of samples does not either")
        if unknown := [name for name in dict.fromkeys((*told.total, *told.target)) if name not in classes]:
            raise AssayError(f"the roles of {where} name {listed(unknown)}; the classes are {listed(classes)}")
        if request.cells is not None:
            told = told.model_copy(update={"cells": request.cells})
        return cls(request, checkpoint, source, told, classes, mix_of(request.mix, told.target))

    @property
    def own(self) -> CountCorrection | None:
        """The checkpoint's correction, where the threshold is not to be chosen anew."""
        return None if self.request.choose else self.checkpoint.count_correction


def assayed(request: AssayRequest, say: Say) -> AssayReport:
    """Progress is told on standard error, and so is what is found on the way, by `say`.

    Raises signals.Stop, YogoError, OSError.
    """
    assert request.source is not None
    if is_samples_file(request.source):
        return _of_samples(request, request.source, say)
    return _of_definition(request, request.source)


def _of_definition(request: AssayRequest, source: Path) -> AssayReport:
    definition = DatasetDefinition.from_yaml(source)
    asked = _Asked.of(request, source, definition.roles, definition.classes)
    plan, data = _looked_at(request, asked)
    images = plan.splits.test
    units = AssayUnits.of(facts_of(definition, images), [one.group for one in images])
    place = str(source.absolute())
    return assay_report(data, plan.classes, asked.told, units, own=asked.own, mix=asked.mix, definition=place)


def _looked_at(request: AssayRequest, asked: _Asked) -> tuple[TrainingPlan, EvaluationData]:
    """The boxes on the test images, as a test of the checkpoint finds them."""
    checkpoint = asked.checkpoint
    test = CheckpointTest(checkpoint=checkpoint.path, batch_size=request.batch_size)
    names = ("device", "num_workers", "image_bits", "half")
    shared = {name: getattr(request, name) for name in names}
    training = TrainingRequest(definition=asked.source, wandb="disabled", test=test, **shared)
    device = choose_device(request.device, RankInfo())
    with (
        contextlib.closing(terminal(sys.stderr)) as screen,
        joined(RankInfo(), device) as world,
        full_memory_said(device, "take a smaller --batch-size", TrainingError),
    ):
        plan = resolve(training, test, screen)
        looking = evidence_of(plan, training, checkpoint, world)
        while True:
            try:
                screen.hear(next(looking))
            except StopIteration as done:
                return plan, done.value[1]


def _of_samples(request: AssayRequest, source: Path, say: Say) -> AssayReport:
    file = SamplesFile.from_yaml(source).counted()
    if file.has_errors:
        raise complaint(file.problems, f"`yogo check {source}` lists all")
    asked = _Asked.of(request, source, file.roles, ())
    for problem in file.problems:
        say(str(problem))
    tally = _counted(request, source, say)
    units, sums = _units(file, tally), _sums(asked, tally)
    report = report_of_sums(sums, units, asked.told, own=asked.own, mix=asked.mix, definition=str(source.absolute()))
    own = asked.checkpoint.count_correction
    if report.correction is not None and report.correction.matrix is None and own is not None:
        # Without labels there is no matrix: that of the checkpoint stays.
        kept = {"matrix": own.matrix, "inverses": own.inverses}
        report = report.model_copy(update={"correction": report.correction.model_copy(update=kept)})
    unreadable = [
        f"{counted(number, 'image')} of {one.name} could not be read and {'is' if number == 1 else 'are'} left out."
        for one, number in zip(file.samples, tally.unreadable_S.tolist(), strict=True)
        if number
    ]
    return report.model_copy(update={"remarks": (*report.remarks, *unreadable)})


def _counted(request: AssayRequest, source: Path, say: Say) -> SampleTally:
    assert request.checkpoint is not None
    with progress(show=None) as told:
        inference = InferenceRequest(
            request.checkpoint,
            samples=source,
            batch_size=request.batch_size or 64,
            device=request.device,
            engine=request.engine,
            half=bool(request.half),
            image_bits=request.image_bits,
            requested_num_workers=request.num_workers,
        )
        return count_samples(prepare_job(inference, say, told, say))


def _units(file: SamplesFile, tally: SampleTally) -> AssayUnits:
    known = [one.target_per_microlitre for one in file.samples]
    return AssayUnits(
        over="samples",
        unit_I=np.repeat(np.arange(len(file.samples)), tally.images_S),
        names=tuple(one.name for one in file.samples),
        groups=tuple(one.group for one in file.samples),
        known_U=np.array([np.nan if one is None else one for one in known], np.float64),
    )


def _sums(asked: _Asked, tally: SampleTally) -> AssaySums:
    """Of counts alone: nothing is labelled."""
    roles = Roles.of(asked.told, asked.classes)
    num_thresholds, num_samples, num_classes = tally.counts_TSK.shape
    return AssaySums(
        roles=roles,
        count_TUK=tally.counts_TSK.astype(np.float64),
        wrong_TU=np.zeros((num_thresholds, num_samples)),
        found_TUC=np.zeros((num_thresholds, num_samples, len(roles.target))),
        labels_UK=np.zeros((num_samples, num_classes)),
    )
