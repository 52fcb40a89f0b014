"""What a dataset definition means: the same to the console, wherever it runs, and to the jobs that it submits."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from tests.conftest import Until
from tests.yogo_tui.lab import SIZE, plan, seen
from tests.yogo_tui.served import SERVE
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_questions import COLOURS, host
from yogo_tui.cli import main
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.launch.purpose import Purpose
from yogo_tui.questions.definitions import (
    CheckDefinition,
    CheckDefinitions,
    ClassesOf,
    FindDefinition,
    Survey,
)
from yogo_tui.questions.images import ListImages, LookAtImage
from yogo_tui.questions.paths import FindPath, Found
from yogo_tui.questions.recipes import FindRecipe
from yogo_tui.questions.settings import ReadSettings, SettingsFile
from yogo_tui.runs.ahead import Ahead
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session
from yogo_tui.settings import Settings

__all__ = ["host"]  # a fixture

CHECKING = """
import sys
from pathlib import Path
from yogo.cli import main
from yogo.run.directory import RunDirectory
from yogo.run.result import Result
if sys.argv[1] not in ("train", "test"):
    sys.exit(main(sys.argv[1:]))
definition = sys.argv[2 if sys.argv[1] == "train" else 3]
status = main(["check", definition, "--json"])
if sys.argv[1] == "train":
    run = RunDirectory(Path(sys.argv[sys.argv.index("--runs") + 1]) / sys.argv[sys.argv.index("--name") + 1])
    run.best.write_bytes(b"")
    Result(outcome="failed", reason="it only checks").write(run.result)
sys.exit(status)
"""
"""Stands in for `yogo`: trains and tests by checking its definition."""

IMAGES = {"one": 3, "other": 4, "here": 5}
"""How many there are in each of three workspaces. The console runs in the last."""


@pytest.fixture
def definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, number in IMAGES.items():
        for folder in ("images", "labels"):
            (tmp_path / name / "cells" / folder).mkdir(parents=True)
        for index in range(number):
            Image.new("L", (60, 40), 40 * index).save(tmp_path / name / f"cells/images/{index}.png")
            (tmp_path / name / f"cells/labels/{index}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        (tmp_path / name / "trained_models").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "one/yogo").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(CHECKING)} "$@"')
    (tmp_path / "one/yogo").chmod(0o755)
    shutil.copy(tmp_path / "one/yogo", tmp_path / "other/yogo")
    path = tmp_path / "defs/cells.yml"
    path.parent.mkdir()
    path.write_text(
        "class_names: [round]\ndataset_paths:\n  all: {image_path: cells/images, label_path: cells/labels}\n"
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "here")
    return path


async def test_a_definition_means_the_same_from_any_process_and_another_thing_in_another_workspace(
    host: Any, definition: Path
) -> None:
    lab, folders = definition.parent.parent, (definition.parent,)
    places = lab / "one", lab / "other"
    for place in places:
        assert dict(await host.ask(CheckDefinitions(folders, place))) == {definition: []}
        assert await host.ask(FindDefinition("cells.yml", place, folders, place, is_checked=True)) == definition
        assert await host.ask(CheckDefinition(definition, place))
        assert await host.ask(ClassesOf(definition, place)) == ("round",)
        for _ in range(2):  # the second answer is remembered
            found = await host.ask(Survey(definition, place))
            assert (found.num_pictures, found.has_errors) == (IMAGES[place.name], False)
        assert (await host.ask(ListImages(definition, place))).num == IMAGES[place.name]
    for place in places:  # each from the list of its own workspace
        image = (await host.ask(LookAtImage(definition, place, 0, 20, 20, COLOURS))).image
        assert image.is_relative_to(place)
    (problem, *_) = (await host.ask(Survey(definition, lab))).problems
    assert f"(looked in {definition.parent} and in {lab})" in str(problem)


async def test_what_is_relative_starts_where_the_question_says(host: Any, definition: Path) -> None:
    start = definition.parent
    (start / "night.yaml").write_text("epochs: 12\n")
    (start / "settings.yaml").write_text("yogo_command: env/bin/yogo\n")
    assert await host.ask(FindPath("../defs/cells.yml", start)) == Found(definition, True, True)
    assert await host.ask(FindDefinition("cells.yml", start, (), start)) == definition
    assert (await host.ask(FindRecipe("./night.yaml", start, ()))).recipe.epochs == 12
    read = (await host.ask(ReadSettings(start / "settings.yaml", start))).unpacked()
    assert read.yogo_words == (str(start / "env/bin/yogo"),)
    assert read.start == start
    assert await host.ask(SettingsFile(Path("mine.yaml"))) == Path.home() / "mine.yaml"


@asynccontextmanager
async def opened(workspace: Path, other: Path | None = None) -> AsyncIterator[Session]:
    settings = Settings(
        workspace=workspace,
        runs=(other / "trained_models",) if other else (),
        definitions=(workspace.parent / "defs",),
        cluster="local",
        yogo_command="./yogo",
        poll_seconds=0.2,
        sizes=(SIZE,),
    )
    session = await Session.open(settings)
    yield session
    await session.cluster.cancel([job.id for job in await session.cluster.jobs() if not job.state.is_over])
    await session.close()


def told_by(log: str | Path) -> int:
    """How many images `yogo check` has found in a job."""
    text = Path(log).read_text()
    return int(json.loads(text[text.index("{") :])["num_pictures"])


async def test_what_the_console_says_of_a_definition_is_what_its_job_finds(definition: Path, until: Until) -> None:
    lab = definition.parent.parent
    async with opened(lab / "one") as session:
        counted = await session.host.ask(Survey(definition, session.settings.workspace_folder))
        launched = await session.launcher.launch(plan(session, definition=PurePosixPath(definition)))
        run = await seen(session, "first", RunState.FAILED)
        assert run.log
        assert run.why == "it only checks"
        assert told_by(Path(run.log)) == counted.num_pictures == IMAGES["one"]
        assert launched.launch.definition_sha256
    # From another workspace, what that run was trained on is still what it was.
    async with opened(lab / "other", lab / "one") as session:
        run = await session.runs.find("first")
        tested = await session.jobs.use(run, Purpose.TEST, source=PurePosixPath(run.definition or ""))

        async def is_over() -> bool:
            return all(job.state.is_over for job in await session.cluster.jobs())

        await until(is_over, what="the test is over")
        log = Path(tested.folder) / f"{tested.use.name}-{tested.job_id}.log"
        assert told_by(log) == IMAGES["one"]


async def test_relative_paths_of_a_script_are_below_the_workspace(definition: Path, until: Until) -> None:
    lab = definition.parent.parent
    (lab / "one/job.sh").write_text("#!/bin/sh\n#SBATCH --output=told.log\npwd\n")
    async with opened(lab / "one") as session:
        await session.cluster.submit(PurePosixPath(lab / "one/job.sh"))

        async def is_written() -> bool:
            log = lab / "one/told.log"
            return log.exists() and log.read_text() == f"{lab / 'one'}\n"

        await until(is_written, what="the job has written into the workspace")


@pytest.mark.parametrize("is_far", [False, pytest.param(True, marks=pytest.mark.far)])
async def test_sbatch_runs_in_the_workspace(
    request: pytest.FixtureRequest, definition: Path, tmp_path: Path, is_far: bool
) -> None:
    slurm = StandIn(tmp_path / "bin")
    slurm.say(f"pwd > {tmp_path}/where; echo 43", queues=True)
    path = {"PATH": f"{slurm.folder}:{os.environ['PATH']}"}
    settings = Settings(workspace=definition.parent.parent / "one", yogo_command="./yogo", sizes=(SIZE,))
    there: Host = HereHost(path)
    if is_far:
        server = request.getfixturevalue("ssh_server")
        server.kill()
        server.set_environment(path | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)})
        server.start()
        there = SshHost("login", config=server.config, serve=SERVE)
    session = await Session.open(settings, there, Ahead(there) if is_far else None)
    await session.launcher.launch(plan(session, definition=PurePosixPath(definition)))
    assert (tmp_path / "where").read_text() == f"{settings.workspace_folder}\n"
    await session.close()


@pytest.mark.parametrize("workspace", ["one", "other"])
def test_commands_read_a_definition_from_the_workspace(
    definition: Path, capsys: pytest.CaptureFixture[str], workspace: str
) -> None:
    lab = definition.parent.parent
    assert main(["datasets", str(definition), "--json", "--workspace", str(lab / workspace)]) == 0
    assert json.loads(capsys.readouterr().out)["num_pictures"] == IMAGES[workspace]
    shutil.rmtree(lab / workspace / "cells")
    assert main(["datasets", str(definition), "--workspace", str(lab / workspace)]) == 1
    looked = f"looked in {definition.parent} and in {lab / workspace})"
    assert looked in capsys.readouterr().out
    (lab / workspace / "dataset_defs").mkdir()
    definition.rename(lab / workspace / "dataset_defs/cells.yml")
    assert main(["datasets", "--workspace", str(lab / workspace)]) == 0
    assert f"{lab / workspace})" in capsys.readouterr().out
    assert main(["launch", "cells.yml", "--dry-run", "--workspace", str(lab / workspace)]) == 1
    assert f"{lab / workspace})" in capsys.readouterr().err
