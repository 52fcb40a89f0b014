"""What is not launched, and by no front: broken definitions, taken names, values that no script can hold; and kills."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo_tui.lab import plan
from tests.yogo_tui.local.local_bench import WITHIN_SECONDS
from tests.yogo_tui.stand_in_slurm import StandIn
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.run.directory import MAKING, RunDirectory
from yogo.run.launch import Kind, Parent
from yogo_tui.errors import ClusterError, LaunchError, SettingsError, TemplateError
from yogo_tui.hosts.base import Entry, Question, Tell, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.session import Session
from yogo_tui.settings import load


@pytest.fixture
def slurm(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "bin")


@pytest.fixture
def session(slurm: StandIn, tmp_path: Path) -> Session:
    return slurm.session(tmp_path / "lab")


async def test_a_broken_definition_is_launched_by_no_front(slurm: StandIn, session: Session) -> None:
    definition = session.settings.workspace_folder / "dataset_defs/gone.yml"
    definition.write_text("class_names: [a]\ndataset_paths:\n  x: {image_path: nowhere, label_path: labels}\n")
    broken = plan(session, definition=PurePosixPath(definition))
    for refuses in (session.launcher.launch, session.launcher.check_plan):
        with pytest.raises(LaunchError, match="nowhere"):
            await refuses(broken)
    assert slurm.submitted == []
    assert not session.runs.folder.exists()


async def test_a_script_that_bash_cannot_read_is_launched_by_no_front(slurm: StandIn, tmp_path: Path) -> None:
    (tmp_path / "1gpu.sbatch").write_text("#!/bin/bash\nif true; then {{ yogo }} train\n")
    session = slurm.session(tmp_path / "lab")
    session = slurm.session_of(session.settings.model_copy(update={"templates": tmp_path}))
    for refuses in (session.launcher.launch, session.launcher.check_plan):
        with pytest.raises(TemplateError, match=r"bash cannot read the script of 1gpu\.sbatch: .*line"):
            await refuses(plan(session))
    assert slurm.submitted == []
    assert not session.runs.folder.exists()


class AllAtOnce(HereHost):
    """Answers nothing before so many things were asked."""

    def __init__(self, num_asked: int) -> None:
        super().__init__()
        self._asked = asyncio.Barrier(num_asked)

    async def ask(self, question: Question[Any], *, tell: Tell = silent) -> Any:
        await self._asked.wait()
        return await super().ask(question, tell=tell)

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        await self._asked.wait()
        return await super().list(path)


async def test_all_that_a_launch_must_know_is_asked_at_once(session: Session, slurm: StandIn) -> None:
    """Over a long line each question that waits for another's answer costs a round trip."""
    launcher = Session(session.settings, AllAtOnce(3), session.cluster).launcher
    async with asyncio.timeout(WITHIN_SECONDS):
        await launcher.check_plan(plan(session))
    assert slurm.submitted == []


async def test_labels_of_a_class_that_is_not_there_are_launched_by_no_front(slurm: StandIn, session: Session) -> None:
    label = session.settings.workspace_folder / "dataset_defs/labels/one.txt"
    label.write_text("0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1\n")
    for refuses in (session.launcher.launch, session.launcher.check_plan):
        with pytest.raises(LaunchError, match=r"one\.txt, line 2: .*class 7"):
            await refuses(plan(session))
    assert slurm.submitted == []


async def test_what_is_checked_is_what_a_launch_refuses(slurm: StandIn, session: Session) -> None:
    await session.launcher.launch(plan(session))
    size = session.settings.sizes[0].model_copy(update={"template": "none.sbatch"})
    for refused in (
        plan(session),
        plan(session, "my run"),
        plan(session, "a\nb"),
        plan(session, "second", definition=PurePosixPath("/none.yml")),
        plan(session, "second", size=size),
    ):
        with pytest.raises((LaunchError, TemplateError)) as checked:
            await session.launcher.check_plan(refused)
        with pytest.raises((LaunchError, TemplateError)) as launched:
            await session.launcher.launch(refused)
        assert str(checked.value) == str(launched.value)
    await session.launcher.check_plan(plan(session, "second"))


@pytest.mark.parametrize("sign", ["'", '"', "\\"])
async def test_a_workspace_that_sbatch_cannot_read_is_named_with_its_owner(
    slurm: StandIn, tmp_path: Path, sign: str
) -> None:
    session = slurm.session(tmp_path / f"it{sign}s")
    with pytest.raises(TemplateError, match="The folder of the run, in the workspace cannot be used: ") as caught:
        await session.launcher.launch(plan(session))
    assert "trained_models/first" in str(caught.value)
    assert ".sbatch" not in str(caught.value)


@pytest.mark.parametrize("name", ["account", "partition"])
def test_a_setting_that_no_script_can_hold_is_refused_where_it_is_read(tmp_path: Path, name: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f'cluster: slurm\n{name}: "a\'b"\n')
    with pytest.raises(SettingsError, match=f"{name}.*cannot be used in an #SBATCH line"):
        load(file)


async def test_a_variable_that_would_change_the_job_is_named_once_as_not_used(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_ACCOUNT", "cells")
    launched = await session.launcher.launch(plan(session))
    assert launched.job_id == "43"
    assert launched.notice.startswith("SBATCH_ACCOUNT in your environment is not used: ")
    assert "(account, partition, sizes)" in launched.notice
    assert (await session.launcher.launch(plan(session, "second"))).notice == ""


MOMENTS: list[Callable[[Path], bool]] = [
    lambda runs: runs.is_dir(),
    lambda runs: any(runs.glob(f"{MAKING}*")),
    lambda runs: any(runs.glob(f"{MAKING}*/.*")),
    lambda runs: any(runs.glob(f"{MAKING}*/job.sbatch")),
    lambda runs: any(runs.glob(f"{MAKING}*/launch.json")),
    lambda runs: any(runs.glob("kill*")),
]


@pytest.mark.parametrize("moment", range(len(MOMENTS)))
async def test_a_launch_killed_at_any_moment_leaves_a_run_that_is_shown_or_a_name_that_is_free(
    slurm: StandIn, session: Session, moment: int
) -> None:
    lab = session.settings.workspace_folder
    (lab / "settings.yaml").write_text(f"cluster: slurm\nworkspace: {lab}\nyogo_command: yogo\n")
    words = [sys.executable, "-m", "yogo_tui", "launch", "cells.yml", "--name", "killed"]
    environment = os.environ | {"PATH": f"{slurm.folder}:{os.environ['PATH']}"}
    environment |= {"YOGO_TUI_SETTINGS": str(lab / "settings.yaml")}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not MOMENTS[moment](session.runs.folder):
        time.sleep(0)
    process.kill()
    process.wait()
    refusal, job = "", None
    try:
        job = (await session.launcher.launch(plan(session, "killed"))).job_id
    except LaunchError as error:
        refusal = str(error)
    if refusal:
        assert "There is already a run named killed" in refusal
        assert [run.name for run in (await session.runs.look()).runs if run.path] == ["killed"]
    else:
        assert job == "43"


@pytest.mark.parametrize("left", [(), (".job.sbatch.abc.part",), ("job.sbatch",)])
async def test_what_an_older_console_left_of_a_killed_launch_takes_no_name(
    session: Session, left: tuple[str, ...]
) -> None:
    folder = session.runs.folder / "first"
    folder.mkdir(parents=True)
    for name in left:
        (folder / name).touch()
    assert (await session.launcher.launch(plan(session))).job_id == "43"


async def test_a_folder_that_is_no_run_keeps_its_name(session: Session) -> None:
    (session.runs.folder / "first").mkdir(parents=True)
    (session.runs.folder / "first/mine.txt").touch()
    with pytest.raises(LaunchError, match="first"):
        await session.launcher.launch(plan(session))
    assert [path.name for path in session.runs.folder.iterdir()] == ["first"]


async def test_what_killed_launches_left_is_swept_when_it_is_old(session: Session) -> None:
    old, young = (session.runs.folder / f"{MAKING}{name}" for name in ("old-1", "young-1"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "job.sbatch").touch()
    os.utime(old, (1, 1))
    await session.launcher.launch(plan(session))
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_refused_launch_says_so_and_keeps_its_script(slurm: StandIn, session: Session) -> None:
    slurm.say("echo 'sbatch: error: Batch job submission failed: Invalid account' >&2; exit 1", queues=False)
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.launcher.launch(plan(session))
    assert (session.runs.folder / "first/job.sbatch").exists()


async def test_a_fine_tune_that_tests_on_groups_of_its_parent_is_launched_by_force_alone(
    slurm: StandIn, session: Session
) -> None:
    definition = session.settings.workspace_folder / "dataset_defs/cells.yml"
    definition.write_text(definition.read_text() + "group_pattern: '.'\n")
    known = DatasetDefinition.from_yaml(definition, base=session.settings.workspace_folder)
    parent = session.runs.folder / "parent"
    parent.mkdir(parents=True)
    DataRecord.build(known, split(known)).write(RunDirectory(Path(parent)).data)
    definition.write_text(definition.read_text() + "dataset_split_fractions: {val: 1.0}\n")
    weights = Parent(checkpoint=f"{parent}/best.pth", sha256="0" * 64)
    tune = plan(session, kind=Kind.FINETUNE, definition=PurePosixPath(definition), parent=weights)

    with pytest.raises(LaunchError, match=r"parent, from which this starts, was trained on images of .* shared_groups"):
        await session.launcher.check_plan(tune)
    overridden = await session.launcher.check_chain([replace(tune, is_forced=True)])

    assert "was trained on images of 1 group" in overridden[0]
