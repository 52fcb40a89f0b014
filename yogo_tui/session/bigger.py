"""More of what a run ran out of, to launch it again: time, memory, or half the batch in the GPU's memory."""

from __future__ import annotations

from dataclasses import replace

from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Machine
from yogo_tui.errors import LaunchError
from yogo_tui.runs.faults import Lack
from yogo_tui.runs.usage import hours_for
from yogo_tui.runs.why import Why
from yogo_tui.session.again import Again
from yogo_tui.session.changes import change_words, differences
from yogo_tui.session.wanted import Wanted

TIMES = 2
"""How much more is asked for, where the run's own pace does not tell."""


def bigger(found: Again, why: Why, machine: Machine | None, max_hours: float | None) -> Again:
    """`found`, what the run was launched with, with more of what it ran out of, and why.

    `max_hours` is what the partition allows; None if it has no limit, or if that is not known. Raises LaunchError, with
    what to do instead, if it ran out of nothing, or if there is no more to ask for.
    """
    was = "may have been" if why.fault and why.fault.is_guess else "was"
    name, lack, had = why.run.name, why.fault.lack if why.fault else None, found.wanted
    if lack is None:
        raise LaunchError(
            f"{name} ran out of neither time nor memory, so it is not known what it needs more of. "
            f"To launch it as it was: {tui()} again {name}. To see why it ended: {tui()} why {name}"
        )
    if lack is Lack.TIME:
        wanted, reason = _longer(had, why, max_hours), "it reached its time limit"
    elif why.own_memory:
        raise LaunchError(f"{name} ran out of memory, and more CPUs give it no more. {why.more_memory}")
    elif lack is Lack.MEMORY and machine is None and had.job_size.memory_gib:
        wanted = replace(had, own_size=had.job_size.model_copy(update={"memory_gib": had.job_size.memory_gib * TIMES}))
        reason = f"its job's memory {was} full"
    elif lack is Lack.MEMORY and machine is None:
        wanted = replace(had, own_size=had.job_size.model_copy(update={"cpus": had.job_size.cpus * TIMES}))
        reason = f"its job's memory {was} full, and a job gets its memory with its CPUs"
    else:
        wanted = _half_batch(had, name, lack)
        reason = f"the {lack} {was} full, and half the batch, accumulated twice, needs about half"
    changes = tuple(map(change_words, differences(had.setup, wanted.setup)))
    return replace(found, wanted=wanted, reason=reason, changes=changes)


def _longer(had: Wanted, why: Why, max_hours: float | None) -> Wanted:
    """With the time that the whole run takes at its own pace; twice as much, if that is not known."""
    hours, needs = had.job_size.hours, why.usage.needs_seconds if why.usage else None
    wanted = max(hours_for(needs), hours * 1.1) if needs else hours * TIMES
    if max_hours is not None:
        wanted = min(wanted, max_hours)
    if wanted <= hours:
        raise LaunchError(
            f"{why.run.name} asked for {counted(hours, 'hour')}, and the partition allows no more: "
            f"continue it in another job instead: {tui()} resume {why.run.name}"
        )
    return replace(had, own_size=had.job_size.model_copy(update={"hours": float(f"{wanted:.4g}")}))


def _half_batch(had: Wanted, name: str, lack: Lack) -> Wanted:
    """With as many images in a step. A learning rate that is multiplied by the batches in a step stays what it was."""
    recipe = had.recipe
    if recipe.batch_size < TIMES:
        raise LaunchError(f"The {lack} was full, and {name} has one image in a batch: use a smaller model or image.")
    changes = {"batch_size": recipe.batch_size // TIMES, "accumulate": recipe.accumulate * TIMES}
    scaled = {"learning_rate": recipe.learning_rate / TIMES} if recipe.scale_lr else {}
    return replace(had, own_recipe=recipe.model_copy(update=changes | scaled))
