"""What a fine-tune can start from, and which settings it takes over: model, normalisation, colour, frame size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from yogo.errors import DefinitionError, RecipeError
from yogo.recipe import Recipe, applied, inherited, inheriting
from yogo.run.directory import HostRunDirectory
from yogo.run.launch import Parent
from yogo_tui.cluster.base import JobId
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.questions.definitions import ClassesOf
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.refusals import ACTIVE, no_finetune


@dataclass(frozen=True, slots=True)
class ParentInfo:
    """A checkpoint that a fine-tune can start from, and the settings that the fine-tune takes over."""

    parent: Parent
    weights: Recipe
    """The recipe of the weights; a fine-tune takes over a part of its fields."""

    classes: tuple[str, ...]
    from_run: Run | None = None

    @property
    def after(self) -> JobId | None:
        """Id of the job to wait for; None if the weights exist already."""
        run = self.from_run
        if run is None or run.state is RunState.FINISHED or self.parent.sha256:
            return None
        submission = run.submission
        job_id = run.job.id if run.job else submission.job_id if submission else None
        return JobId(job_id) if job_id else None

    def pass_forward(self, recipe: Recipe) -> Recipe:
        """`recipe` with the fields that the weights decide. Raises LaunchError if they cannot be trained on."""
        try:
            return inheriting(recipe, self.weights)
        except RecipeError as error:
            raise LaunchError(f"{self.parent.checkpoint} cannot be trained on: {error}") from error


async def of_file(host: Host, yogo: Sequence[str], checkpoint: PurePosixPath) -> ParentInfo:
    """What the checkpoint file holds, asked from `yogo inspect`, as the console has no torch.

    Raises LaunchError, HostError.
    """
    answer = await host.run([*yogo, "inspect", str(checkpoint), "--json"], timeout_seconds=300, only_looks=True)
    if answer.status:
        words = answer.stderr.strip().splitlines()
        raise LaunchError(words[-1].removeprefix("yogo: ") if words else f"{checkpoint} cannot be inspected.")
    try:
        told = json.loads(answer.stdout)
        return ParentInfo(
            parent=Parent(checkpoint=str(checkpoint), sha256=str(told["sha256"])),
            weights=applied(Recipe(), {name: told[name] for name in inherited(Recipe())}),
            classes=tuple(str(name) for name in told["classes"] or ()),
        )
    except RecipeError as error:
        raise LaunchError(f"{checkpoint} cannot be trained on: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LaunchError(f"The output of `yogo inspect` for {checkpoint} is not understood ({error!r}).") from error


async def of_run(host: Host, yogo: Sequence[str], run: Run) -> ParentInfo:
    """The best.pth of a run, finished or not, as the parent of a fine-tune. Raises LaunchError, HostError."""
    why = no_finetune(run)
    if run.path is None or why:
        raise LaunchError(why)
    kept = HostRunDirectory(run.path)
    if run.state in ACTIVE:
        return await _of_unfinished(host, run, kept.best)
    if run.state is RunState.FINISHED and run.result is not None:
        return await _of_finished(host, yogo, run, kept.best)
    if run.launch is None:
        return await of_file(host, yogo, kept.best if run.has_best else kept.published)
    raise LaunchError(f"The state of {run.name} is not known: {run.why}.")


async def _of_finished(host: Host, yogo: Sequence[str], run: Run, checkpoint: PurePosixPath) -> ParentInfo:
    """Verifies the run's receipt now. The digest is recorded, so that the job script verifies it again."""
    answer = await host.run([*yogo, "verify", str(run.path)], timeout_seconds=300, only_looks=True)
    if answer.status:
        words = answer.stderr.strip().splitlines()
        raise LaunchError(words[-1].removeprefix("yogo: ") if words else f"{run.path} cannot be verified.")
    digest = run.result.best_sha256 if run.result else None
    parent = Parent(checkpoint=str(checkpoint), run=str(run.path), sha256=digest)
    source = run.manifest
    if source is None:
        return replace(await of_file(host, yogo, checkpoint), parent=parent, from_run=run)
    return ParentInfo(parent, source.recipe, source.classes, run)


async def _of_unfinished(host: Host, run: Run, checkpoint: PurePosixPath) -> ParentInfo:
    """There may be no weights yet: the run's manifest or launch says what they will be.

    Raises LaunchError, HostError.
    """
    parent = Parent(checkpoint=str(checkpoint), run=str(run.path))
    if run.manifest is not None:
        return ParentInfo(parent, run.manifest.recipe, run.manifest.classes, run)
    if run.launch is None:
        raise LaunchError(f"{run.name} has not recorded yet what it trains: try again later.")
    classes = await _classes_of(host, Path(run.launch.definition), HostRunDirectory(checkpoint.parent).workspace)
    return ParentInfo(parent, run.launch.recipe, classes, run)


async def of_plan(host: Host, plan: LaunchPlan, run: HostRunDirectory) -> ParentInfo:
    """The best.pth of a run that is about to be launched in `run`, as the parent of a fine-tune.

    Raises LaunchError, HostError.
    """
    parent = Parent(checkpoint=str(run.best), run=str(run.path))
    return ParentInfo(parent, plan.recipe, await _classes_of(host, Path(plan.definition), run.workspace))


async def other_classes(host: Host, parent: ParentInfo, definition: Path, workspace: PurePosixPath) -> str:
    """A sentence with both lists of classes; empty if they are the same in the same order. The workspace is that of
    the fine-tune.

    Raises LaunchError, HostError.
    """
    wanted = await _classes_of(host, definition, workspace)
    if not parent.classes or parent.classes == wanted:
        return ""
    return f"{parent.parent.checkpoint} knows {', '.join(parent.classes)}; {definition} names {', '.join(wanted)}"


async def _classes_of(host: Host, definition: Path, workspace: PurePosixPath) -> tuple[str, ...]:
    """The class names of a definition. Raises LaunchError, HostError."""
    try:
        return await host.ask(ClassesOf(definition, Path(workspace)))
    except DefinitionError as error:
        raise LaunchError(str(error)) from error
