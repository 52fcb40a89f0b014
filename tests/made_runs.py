"""Small run directories for tests."""

from __future__ import annotations

from pathlib import Path

from yogo.recipe import Recipe
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import Result


def finished_run(path: Path) -> RunDirectory:
    """One that has finished."""
    run = RunDirectory(path)
    path.mkdir(parents=True)
    manifest = Manifest(name=path.name, definition="d", classes=("a",), recipe=Recipe(epochs=2), precision="fp32")
    manifest.write(run.manifest)
    run.best.touch()
    Result(outcome="finished", epochs=2, best_loss=0.5, best_epoch=1, best_sha256="ab").write(run.result)
    return run
