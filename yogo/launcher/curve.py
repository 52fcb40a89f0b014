"""Trains on parts of the training images, one after another, and reads what came of it.

A run that has finished is not trained again, and one that was stopped goes on: the same command goes on with a curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from yogo.errors import RunError, TrainingError
from yogo.evaluation.learning_curve import FIGURES, CurvePoint
from yogo.launcher.curve_request import CurveRequest
from yogo.launcher.launch import start
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo.training.request import TrainingRequest

Say = Callable[[str], None]


def train_parts(request: CurveRequest, say: Say) -> int:
    """Train what is missing. Returns the exit status of the training that did not succeed, else 0. Raises YogoError."""
    wanted = [(share, repeat) for repeat in range(request.repeats) for share in request.parts]
    for number, (share, repeat) in enumerate(wanted, 1):
        run = RunDirectory.of(request.name_of(share, repeat), request.runs)
        how = f"training {number} of {len(wanted)}, on {share:.4g} of the training images, in {run.path}"
        if finished(run):
            _check_same(request, run, share, repeat)
            say(f"{how}: it has finished before")
            continue
        say(how)
        if status := start(_asked(request, run, share, repeat)):
            return status
    return 0


def finished(run: RunDirectory) -> bool:
    try:
        return Result.read(run.result).outcome == "finished"
    except FileNotFoundError:
        return False


def curve_points(runs: Sequence[Path]) -> tuple[list[CurvePoint], str]:
    """Of runs that have finished, in order of their images, and the set that their figures are of. Raises RunError."""
    found = [_read(RunDirectory(path)) for path in runs]
    if len({manifest.definition for manifest, _ in found}) > 1:
        raise RunError("these runs were trained on different definitions: a curve is of one")
    is_tested = all(result.test_metrics for _, result in found)
    points = [_point(manifest, result, is_tested=is_tested) for manifest, result in found]
    where = "test" if is_tested else "validation"
    return sorted(points, key=lambda one: (one.num_images, one.seed)), where


def _read(run: RunDirectory) -> tuple[Manifest, Result]:
    try:
        manifest, result = Manifest.read(run.manifest), Result.read(run.result)
    except FileNotFoundError as error:
        raise RunError(f"{run.path} is not a run that has finished: it has no {Path(error.filename).name}") from error
    if result.outcome != "finished":
        raise RunError(f"{run.path} has not finished: {result.reason or 'it failed'}")
    return manifest, result


def _point(manifest: Manifest, result: Result, *, is_tested: bool) -> CurvePoint:
    known = dict(_figures(result, is_tested=is_tested))
    recipe = manifest.recipe
    return CurvePoint(manifest.name, recipe.train_share, manifest.num_train, recipe.seed, recipe.epochs, known)


def _figures(result: Result, *, is_tested: bool) -> Iterator[tuple[str, float]]:
    figures = result.test_metrics if is_tested else result.best_metrics
    losses = {"loss": result.test_losses.get("loss") if is_tested else result.best_loss}
    for one in FIGURES:
        if (value := (losses | figures).get(one.key)) is not None:
            yield one.key, value


def _asked(request: CurveRequest, run: RunDirectory, share: float, repeat: int) -> TrainingRequest:
    machine = {
        name: getattr(request, name) for name in ("device", "num_workers", "image_bits", "processes", "cache_folder")
    }
    if run.manifest.exists():
        _check_same(request, run, share, repeat)
        return TrainingRequest(resume=run.path, runs=request.runs, **machine)
    return TrainingRequest(
        definition=request.definition,
        base=request.base,
        given=request.given | request.of_part(share, repeat),
        name=run.name,
        runs=request.runs,
        pretrained=request.pretrained,
        wandb="disabled",
        **machine,
    )


def _check_same(request: CurveRequest, run: RunDirectory, share: float, repeat: int) -> None:
    """Raises TrainingError where the run that is there was trained otherwise."""
    manifest, asked = Manifest.read(run.manifest), request.of_part(share, repeat)
    differs = [name for name, value in asked.items() if getattr(manifest.recipe, name) != value]
    differs += [name for name in request.given if name not in asked and _differs(request, manifest, name)]
    assert request.definition is not None
    if manifest.definition != str(request.definition.absolute()):
        differs.append("the definition")
    if differs:
        raise TrainingError(f"{run.path} is there and differs in {', '.join(differs)}: give the curve another --name")


def _differs(request: CurveRequest, manifest: Manifest, name: str) -> bool:
    return bool(getattr(request.recipe, name) != getattr(manifest.recipe, name))
