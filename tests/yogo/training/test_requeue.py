"""A job that its cluster started again goes on with the run that it began, whatever was saved by then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo.training.tiny import TINY, Yogo, write_dataset
from yogo.definition import DatasetDefinition
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.launch import Kind, Launch, Size
from yogo.run.manifest import Manifest, PastJob

JOB = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "tiny"}
AGAIN = {**JOB, "SLURM_RESTART_COUNT": "1"}


def forget_all_that_was_saved(yogo: Yogo, name: str) -> None:
    """What a node that died in the first epoch leaves."""
    run = yogo.run(name)
    for path in (run.best, run.last, run.result):
        path.unlink()


@pytest.mark.parametrize("naming", [("--name", "early"), ()])
def test_a_job_that_died_before_anything_was_saved_begins_its_run_again(
    naming: tuple[str, ...], yogo: Yogo, definition: Path
) -> None:
    arguments = (definition, *TINY, "--epochs", "1", "-bs", "4", *naming)
    assert yogo.train(*arguments, **JOB).returncode == 0
    (name,) = (path.name for path in yogo.runs.iterdir())
    forget_all_that_was_saved(yogo, name)
    again = yogo.train(*arguments, **AGAIN)
    assert (again.returncode, again.stderr) == (0, "")
    assert "had saved nothing yet: it starts again" in again.stdout
    assert [path.name for path in yogo.runs.iterdir()] == [name]
    assert yogo.run(name).best.exists()


def test_another_job_does_not_go_on_with_a_run_of_the_same_name(yogo: Yogo, definition: Path) -> None:
    arguments = (definition, *TINY, "--epochs", "1", "-bs", "4", "--name", "taken")
    assert yogo.train(*arguments, **JOB).returncode == 0
    other = yogo.train(*arguments, **{**AGAIN, "SLURM_JOB_ID": "8"})
    assert (other.returncode, "already holds a run" in other.stderr) == (1, True)


def test_what_was_said_of_a_run_need_not_be_said_again(yogo: Yogo, definition: Path) -> None:
    said = ("--note", "why", "--tags", "a", "b", "--wandb-entity", "lab", "--wandb-project", "cells")
    assert yogo.train(definition, *TINY, "--epochs", "1", "-bs", "4", "--name", "noted", *said).returncode == 0
    yogo.run("noted").result.unlink()
    assert yogo.train("--resume", yogo.run("noted").path).returncode == 0
    manifest = Manifest.read(yogo.run("noted").manifest)
    assert (manifest.attempt, manifest.note, manifest.tags) == (1, "why", ("a", "b"))
    assert manifest.wandb is not None
    assert (manifest.wandb.entity, manifest.wandb.project) == ("lab", "cells")
    assert any(isinstance(event, events.Resumed) for event in yogo.events("noted"))


def test_a_run_remembers_the_jobs_that_it_was_trained_in_before(yogo: Yogo, definition: Path) -> None:
    assert yogo.train(definition, *TINY, "--epochs", "1", "-bs", "4", "--name", "moved", **JOB).returncode == 0
    for place in ({**JOB, "SLURM_JOB_ID": "8"}, {}):
        yogo.run("moved").result.unlink()
        assert yogo.train("--resume", yogo.run("moved").path, **place).returncode == 0
    manifest = Manifest.read(yogo.run("moved").manifest)
    assert manifest.job_id is None
    assert manifest.past_jobs == (PastJob(id="7", cluster="tiny"), PastJob(id="8", cluster="tiny"))


@pytest.mark.parametrize("file", ["best.pth", "latest.pth"])
def test_weights_without_a_record_are_never_trained_over(file: str, yogo: Yogo, definition: Path) -> None:
    run = yogo.run("published")
    run.path.mkdir(parents=True)
    (run.path / file).write_bytes(b"a published run's weights")
    for arguments in (("--resume", run.path), ("--name", "published")):
        done = yogo.train(definition, *TINY, "--epochs", "1", *arguments)
        assert done.returncode == 1
        assert str(run.path) in done.stderr
    assert [path.name for path in run.path.iterdir()] == [file]


def test_a_definition_that_was_edited_while_its_job_waited_is_said(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for name in ("as-it-was", "edited"):
        launch = Launch(
            name=name,
            kind=Kind.TRAIN,
            token="t",
            definition=str(definition),
            definition_sha256=DatasetDefinition.from_yaml(definition).sha256,
            recipe=Recipe(),
            size=Size(gpus=0, cpus=1, hours=1),
        )
        yogo.run(name).path.mkdir(parents=True)
        launch.write(yogo.run(name).launch)
    arguments = (definition, *TINY, "--epochs", "1", "-bs", "4", "--token", "t", "--name")
    assert "was edited since" not in yogo.train(*arguments, "as-it-was").stdout
    definition.write_text(definition.read_text().replace("train: 0.5, val: 0.25", "train: 0.25, val: 0.5"))
    done = yogo.train(*arguments, "edited")
    assert (done.returncode, f"{definition} was edited since edited was launched" in done.stdout) == (0, True)
