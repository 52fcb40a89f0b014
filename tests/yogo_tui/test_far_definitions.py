"""Definitions and images of a machine that is reached over SSH. Their folder is another one for this process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from tests.ssh_server import Server
from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.fake_session import see, shown
from tests.yogo_tui.lab import SIZE, plan
from yogo.definition import DatasetDefinition
from yogo.presets import find
from yogo_tui.app import Console
from yogo_tui.errors import LaunchError, OtherClasses
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.launch import records
from yogo_tui.runs import parent
from yogo_tui.session import Session
from yogo_tui.session.wanted import Then, Wanted
from yogo_tui.settings import PinnedSettings, Settings

THERE = Path("/proc/self/cwd/defs")
"""Of each process, below the folder that it works in."""


@pytest.fixture
def far_folder(tmp_path: Path) -> Path:
    """Two definitions of three grey images, the first with a box of each class; the second of other classes."""
    folder = tmp_path / "far"
    for name in ("images", "labels"):
        (folder / "defs/data" / name).mkdir(parents=True)
    for number in range(3):
        Image.new("L", (40, 30), 128).save(folder / f"defs/data/images/{number}.png")
        rows = "0 0.25 0.5 0.3 0.4\n1 0.75 0.5 0.3 0.4\n" if number == 0 else ""
        (folder / f"defs/data/labels/{number}.txt").write_text(rows)
    for name, classes in (("cells", "healthy, ring"), ("others", "healthy, gametocyte")):
        (folder / f"defs/{name}.yml").write_text(
            f"class_names: [{classes}]\ndataset_paths:\n  a: {{image_path: data/images, label_path: data/labels}}\n"
        )
    assert not THERE.exists()
    return folder


@pytest.fixture
async def session(ssh_server: Server, far_folder: Path, tmp_path: Path) -> AsyncIterator[Session]:
    script = 'cd "$1" && shift && export XDG_CACHE_HOME=$PWD/cache && exec "$@" -m yogo_tui serve'
    host = SshHost("login", config=ssh_server.config, serve=("sh", "-c", script, "sh", str(far_folder), sys.executable))
    settings = Settings(workspace=tmp_path / "lab", definitions=(THERE,), sizes=(SIZE,), yogo_command="yogo")
    yield Session(PinnedSettings.of(settings).unpacked(), host, FakeCluster())
    await host.close()


async def test_definitions_are_listed_counted_and_looked_at(session: Session) -> None:
    async with Console(session, mode="datasets").run_test(size=(80, 24)) as pilot:
        await see(pilot, "cells.yml", "others.yml", "3 images in 1 folder · 2 classes", "50.0 %", "train 3 · val 0")
        await pilot.press("v")
        await see(pilot, "── 0.png", "1 of 3 · train · 2 cells", "▀▀▀▀", "■ healthy 1", "■ ring 1")
        await pilot.press("n")
        await see(pilot, "── 1.png", "2 of 3 · train · 0 cells")


async def test_roles_and_samples_are_shown(session: Session, far_folder: Path) -> None:
    path = far_folder / "defs/cells.yml"
    roles = "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e6}"
    path.write_text(f"{path.read_text()}{roles}\nfolders: {{a: {{sample: slide 1, target_per_microlitre: 0}}}}\n")
    async with Console(session, mode="datasets").run_test(size=(160, 45)) as pilot:
        await see(pilot, "looked for: ring by healthy, ring, 5,000,000 cells per µL · 1 sample")
        await see(pilot, "sample slide 1, 0 per µL")


async def test_what_is_known_stays_where_the_line_breaks(session: Session, ssh_server: Server) -> None:
    async with Console(session, mode="datasets").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "3 images in 1 folder · 2 classes")
        ssh_server.kill()
        await pilot.press("c")
        await see(pilot, "it is not counted", "not counted · c counts")
        assert "3 images in 1 folder" in shown(pilot)
        await pilot.press("v")
        await see(pilot, "✖", "login")


async def test_a_launch_checks_a_definition_there_and_records_what_it_said(session: Session, far_folder: Path) -> None:
    definition = PurePosixPath(THERE / "cells.yml")
    launched = await session.launcher.launch(plan(session, definition=definition))
    record = await records.read(session.host, launched.directory)
    assert record
    assert record.definition_sha256 == DatasetDefinition.from_yaml(far_folder / "defs/cells.yml").sha256
    (far_folder / "defs/data/labels/2.txt").write_text("7 0.5 0.5 0.1 0.1\n")
    with pytest.raises(LaunchError, match=r"2\.txt, line 1: .*class 7"):
        await session.launcher.launch(plan(session, "second", definition=definition))
    gone = PurePosixPath(THERE / "gone.yml")
    with pytest.raises(LaunchError, match=f"There is no dataset definition {gone}"):
        await session.launcher.check_plan(plan(session, "second", definition=gone))
    assert len(session.cluster.submitted) == 1  # type: ignore[attr-defined]


async def test_a_run_is_found_by_its_path_from_the_workspace_there(session: Session) -> None:
    await session.launcher.launch(plan(session, definition=PurePosixPath(THERE / "cells.yml")))
    assert (await session.runs.find("./trained_models/first")).name == "first"


async def test_the_classes_of_a_chain_are_those_of_there(session: Session) -> None:
    finetune = find("finetune", ())
    wanted = Wanted("first", SIZE, find("pretrain", ()), THERE / "cells.yml")
    first, second = await session.planner.plans(replace(wanted, then=Then(THERE / "cells.yml", finetune, "second")))
    assert (first.name, second.name, second.notice) == ("first", "second", "")
    with pytest.raises(OtherClasses, match=r"knows healthy, ring; .* names healthy, gametocyte"):
        await session.planner.plans(replace(wanted, then=Then(THERE / "others.yml", finetune, "second")))
    first_run = session.settings.run("first")
    behind = await parent.of_plan(session.host, first, first_run)
    with pytest.raises(LaunchError, match=r"gone\.yml"):
        await parent.other_classes(session.host, behind, THERE / "gone.yml", first_run.workspace)
