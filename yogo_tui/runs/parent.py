"""What a fine-tune can start from, and what passes forward from it: model, normalisation, colour, frame size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from yogo.errors import YogoError
from yogo.recipe import Recipe
from yogo.run.launch import Outcome, Parent
from yogo.wording import sentences
from yogo_tui.cluster.base import JobId
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import Plan
from yogo_tui.runs.model import Run, RunState


@dataclass(frozen=True, slots=True)
class ParentInfo:
    """A .pth that a fine-tune can start from, and what passes forward from it."""

    parent: Parent
    model: str
    normalize_images: bool
    rgb_images: bool
    image_hw: tuple[int, int]
    classes: tuple[str, ...]
    from_run: Run | None = None
    anchor: tuple[float, float] | None = None
    """Width and height, as fractions of the frame."""

    @property
    def after(self) -> JobId | None:
        """The job to wait for; none where the weights are there already."""
        run = self.from_run
        if run is None or run.state is RunState.FINISHED or self.parent.sha256:
            return None
        submission = run.launch.submission if run.launch else None
        job_id = run.job.id if run.job else submission.job_id if submission else None
        return JobId(job_id) if job_id else None

    def pass_forward(self, recipe: Recipe) -> Recipe:
        """`recipe`, with what the weights decide. Raises LaunchError."""
        inherited: dict[str, object] = {
            "model": self.model,
            "normalize_images": self.normalize_images,
            "rgb_images": self.rgb_images,
            "image_hw": self.image_hw,
        }
        if self.anchor:
            inherited |= {"anchor_width": self.anchor[0], "anchor_height": self.anchor[1]}
        try:
            return Recipe.model_validate(recipe.model_dump() | inherited)
        except ValidationError as error:
            raise LaunchError(f"{self.parent.checkpoint} cannot be trained on: {sentences(error)[0]}") from error


async def of_file(host: Host, yogo: Sequence[str], checkpoint: PurePosixPath) -> ParentInfo:
    """What any .pth holds, as `yogo inspect` says: the console has no torch. Raises LaunchError, HostError."""
    answer = await host.run([*yogo, "inspect", str(checkpoint), "--json"], timeout_seconds=300)
    if answer.status:
        words = answer.stderr.strip().splitlines()
        raise LaunchError(words[-1].removeprefix("yogo: ") if words else f"{checkpoint} cannot be inspected.")
    try:
        told = json.loads(answer.stdout)
        height, width = told["image_hw"]
        return ParentInfo(
            parent=Parent(checkpoint=str(checkpoint), sha256=str(told["sha256"])),
            model=str(told["model"]),
            normalize_images=bool(told["normalize_images"]),
            rgb_images=bool(told["rgb_images"]),
            image_hw=(int(height), int(width)),
            classes=tuple(str(name) for name in told["classes"] or ()),
            anchor=(float(told["anchor"][0]), float(told["anchor"][1])),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LaunchError(f"What `yogo inspect` says of {checkpoint} is not understood ({error!r}).") from error


async def of_run(host: Host, yogo: Sequence[str], run: Run) -> ParentInfo:
    """What would pass forward from a run, finished or still to finish. Raises LaunchError, HostError."""
    if run.path is None:
        raise LaunchError(f"{run.name} is a job that the console did not start: name its .pth to fine-tune from it.")
    checkpoint = run.path / "best.pth"
    match run.state:
        case RunState.FINISHED if run.result is not None:
            return await _of_finished(host, yogo, run, checkpoint)
        case RunState.WAITING | RunState.RUNNING | RunState.SUSPENDED:
            return await asyncio.to_thread(_of_unfinished, run, checkpoint)
        case RunState.FAILED | RunState.CANCELLED | RunState.STOPPED:
            say = f" If its {checkpoint} will do, name that file." if run.has_best else ""
            raise LaunchError(f"{run.name} is {run.state}{f': {run.why}' if run.why else ''}.{say}")
    if run.launch is None:
        found = checkpoint if run.has_best else run.path / "latest.pth"
        return await of_file(host, yogo, found)
    raise LaunchError(f"What became of {run.name} is not known: {run.why}.")


async def _of_finished(host: Host, yogo: Sequence[str], run: Run, checkpoint: PurePosixPath) -> ParentInfo:
    """The receipt is verified now, and the digest recorded for the script to verify again."""
    answer = await host.run([*yogo, "verify", str(run.path)], timeout_seconds=300)
    if answer.status:
        words = answer.stderr.strip().splitlines()
        raise LaunchError(words[-1].removeprefix("yogo: ") if words else f"{run.path} cannot be verified.")
    digest = run.result.best_sha256 if run.result else None
    parent = Parent(checkpoint=str(checkpoint), run=str(run.path), sha256=digest)
    source = run.manifest
    if source is None:
        return replace(await of_file(host, yogo, checkpoint), parent=parent, from_run=run)
    return _info(parent, source.recipe, source.classes, run)


def _of_unfinished(run: Run, checkpoint: PurePosixPath) -> ParentInfo:
    """There may be no weights yet: what was asked for says what they will be."""
    submission = run.launch.submission if run.launch else None
    is_submitted = submission is not None and submission.outcome is Outcome.SUBMITTED
    is_in_shell = run.holder is not None and not run.holder.job_id
    if is_in_shell or not (run.job or is_submitted):
        raise LaunchError(f"{run.name} has no job that a fine-tune could wait for: wait until it has finished.")
    parent = Parent(checkpoint=str(checkpoint), run=str(run.path))
    if run.manifest is not None:
        return _info(parent, run.manifest.recipe, run.manifest.classes, run)
    if run.launch is None:
        raise LaunchError(f"{run.name} does not say yet what it trains: try again once it does.")
    return _info(parent, run.launch.recipe, classes_of(Path(run.launch.definition)), run)


def of_plan(plan: Plan, runs: PurePosixPath) -> ParentInfo:
    """What would pass forward from a run that is about to be launched into the folder `runs`. Raises LaunchError."""
    directory = runs / plan.name
    parent = Parent(checkpoint=str(directory / "best.pth"), run=str(directory))
    return _info(parent, plan.recipe, classes_of(Path(plan.definition)), None)


def _info(parent: Parent, recipe: Recipe, classes: tuple[str, ...], run: Run | None) -> ParentInfo:
    return ParentInfo(
        parent,
        recipe.model,
        recipe.normalize_images,
        recipe.rgb_images,
        recipe.image_hw,
        classes,
        run,
        (recipe.anchor_width, recipe.anchor_height),
    )


def classes_of(definition: Path) -> tuple[str, ...]:
    """The class names of a definition. Raises LaunchError."""
    from yogo.definition import DatasetDefinition

    try:
        return DatasetDefinition.from_yaml(definition).classes
    except (YogoError, OSError) as error:
        raise LaunchError(str(error)) from error


def other_classes(parent: ParentInfo, definition: Path) -> str:
    """Whose classes are which, unless the definition has the parent's in the same order: then empty.

    Raises LaunchError.
    """
    wanted = classes_of(definition)
    if not parent.classes or parent.classes == wanted:
        return ""
    return f"{parent.parent.checkpoint} knows {', '.join(parent.classes)}; {definition} names {', '.join(wanted)}"
