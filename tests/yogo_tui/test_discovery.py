"""The first start: what a site has is found out, and the settings file that follows from it is written once."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_cluster import FakeCluster
from yogo_tui.cli import main
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.site import Association, Partition, Site
from yogo_tui.doctor.discovery import discover, is_first, write_settings
from yogo_tui.doctor.finding import Sign
from yogo_tui.doctor.proposal import best_partition, proposed
from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import Question, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.settings import NewSettings
from yogo_tui.questions.surroundings import FindDefinitionFolders, LookAtMachine, LookAtPlace
from yogo_tui.session import Session
from yogo_tui.settings import Settings, load
from yogo_tui.settings.document import commented

DEFINITION = "class_names: [a]\ndataset_paths:\n  x: {image_path: i, label_path: l}\n"
LAB = Partition("gpu", True, True, 24.0, None, 2, 128, 1 << 38, {"a100": 8}, {"a100": 4})
BIG = Partition("big", False, True, 12.0, 1, 3, 32, 1 << 38, {"h100": 24}, {"h100": 8})
CPU = Partition("cpu", True, True, 2.0, None, 9, 16, 1 << 36)


def of_surroundings(folder: Path) -> list[Question[Any]]:
    """One of each kind."""
    return [
        FindDefinitionFolders(folder.parent, (folder / "nowhere",)),
        LookAtPlace(folder / "no/such/folder", "results"),
        LookAtMachine((("workspace", folder), ("runs", folder / "no/such/folder"))),
        NewSettings(folder.parent / "kept/new.yaml", commented({"partition": "big"})),
    ]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "YOGO_TUI_SETTINGS", "WANDB_API_KEY", "WANDB_MODE", "NETRC", "DDF_PATHS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path / "lab")
    return tmp_path / "lab"


def definition(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DEFINITION)


def test_a_site_like_the_defaults_needs_no_sizes_of_its_own() -> None:
    site = Site("Slurm 22", (CPU, LAB), (Association("lab", is_default=True),))
    assert proposed(site) == {"partition": "gpu", "gpu_type": "a100"}


def test_sizes_are_those_that_the_partition_with_the_most_gpus_can_start() -> None:
    found = proposed(Site("Slurm 22", (CPU, BIG)))
    assert (found["partition"], found["gpu_type"]) == ("big", "h100")
    sizes: Any = found["sizes"]
    assert [(size.gpus, size.cpus, size.hours, size.nodes) for size in sizes] == [
        (1, 4, 12.0, 1),
        (2, 8, 12.0, 1),
        (4, 16, 12.0, 1),
        (8, 32, 12.0, 1),
    ]
    wide: Any = proposed(Site(partitions=(replace(BIG, max_nodes=None),)))["sizes"]
    assert (wide[-1].title, wide[-1].gpus, wide[-1].cpus, wide[-1].nodes) == ("2nodes", 16, 64, 2)


def test_a_site_without_gpus_has_one_size_on_the_cpu() -> None:
    found = proposed(Site(partitions=(CPU,)))
    sizes: Any = found["sizes"]
    assert [(size.gpus, size.cpus, size.hours) for size in sizes] == [(0, 16, 2.0)]
    assert (found["partition"], found["gpu_type"]) == ("cpu", "")


def test_an_account_is_named_where_jobs_need_one_and_the_partition_admits_it() -> None:
    accounts = (Association("guests"), Association("cells", is_default=True))
    assert proposed(Site(partitions=(LAB,), associations=accounts, needs_account=True))["account"] == "cells"
    for_guests = replace(LAB, accounts=("guests",))
    assert proposed(Site(partitions=(for_guests,), associations=accounts))["account"] == "guests"
    theirs = replace(LAB, accounts=("theirs",))
    assert best_partition(Site(partitions=(theirs, BIG), associations=accounts)) == BIG
    assert best_partition(Site(partitions=(replace(LAB, is_up=False), replace(BIG, num_nodes=0)))) is None


def test_definitions_are_found_below_the_workspace_but_not_among_images_and_runs(lab: Path) -> None:
    definition(lab / "dataset_defs/a.yml")
    definition(lab / "defs/deep/b.yaml")
    definition(lab / "trained_models/run/c.yml")
    definition(lab / ".hidden/d.yml")
    (lab / "defs/recipe.yml").write_text("epochs: 3\n")
    (lab / "loop").symlink_to(lab)
    definition(lab / "images/e.yml")
    for number in range(600):
        (lab / f"images/{number:03}.png").touch()
    found = FindDefinitionFolders(lab, (lab / "dataset_defs",)).answer(silent)
    assert [(one.folder.name, one.number, one.is_known) for one in found if one.folder.name != "images"] == [
        ("dataset_defs", 1, True),
        ("defs", 1, False),
    ]


def test_folders_of_definitions_that_ddf_paths_names_count_as_roots(lab: Path) -> None:
    shared = lab.parent / "shared"
    definition(shared / "a.yml")
    env = {"HOME": str(lab.parent), "DDF_PATHS": f"{shared}:{shared}/one.yml:relative:"}
    assert load(env=env).definition_folders == (lab / "dataset_defs", shared)
    assert load(env={"HOME": str(lab.parent)}).definition_folders == (lab / "dataset_defs",)


def test_a_place_that_cannot_be_written_is_told_with_the_reason(lab: Path) -> None:
    (lab / "file").touch()
    found = LookAtMachine((("here", lab), ("below", lab / "new/deep"), ("no folder", Path("/proc/new")))).answer(silent)
    here, below, nowhere = found.places[:3]
    assert (here.is_there, here.problem, below.is_there, below.problem) == (True, "", False, "")
    assert here.free_bytes
    assert nowhere.problem
    assert [path.name for path in lab.iterdir()] == ["file"]


async def test_the_file_has_what_was_found_and_is_never_replaced(lab: Path) -> None:
    definition(lab / "defs/a.yml")
    cluster = FakeCluster(offers=Site("Slurm 22", (BIG,)))
    session = Session(load(), HereHost(), cluster)
    assert await is_first(session)
    found = await discover(session)
    assert [one.sign for one in found.findings] == [Sign.GOOD] * 4 + [Sign.NONE]
    file = session.settings.file
    await write_settings(session.host, file, found.proposal)
    read = load()
    assert (read.partition, read.gpu_type, len(read.sizes)) == ("big", "h100", 4)
    assert read.definition_folders == (lab / "dataset_defs", lab / "defs")
    assert read.notices == ()
    assert read.model_fields_set == {"partition", "gpu_type", "sizes", "definitions"}
    assert not await is_first(Session(read, HereHost(), cluster))
    await write_settings(session.host, file, found.proposal)  # asked once more, as over a line that was cut
    with pytest.raises(SettingsError, match="already exists"):
        await write_settings(session.host, file, {})
    assert load() == read


async def test_a_scheduler_that_does_not_answer_is_told_and_nothing_is_guessed(lab: Path) -> None:
    found = await discover(
        Session(Settings(cluster="slurm"), HereHost(), FakeCluster(down="Slurm does not answer: x."))
    )
    assert (found.findings[0].sign, found.findings[0].words) == (Sign.BAD, "Slurm does not answer: x.")
    assert found.proposal == {}


async def test_this_machine_alone_is_described_as_it_is(lab: Path) -> None:
    cluster = FakeCluster(machine=Machine(0, 2, 1))
    found = await discover(Session(Settings(cluster="local"), HereHost(), cluster))
    assert "This machine has no GPU; one job runs at a time." in found.findings[0].words
    assert found.proposal == {}


def test_the_command_tells_what_it_found_and_writes_it(
    lab: Path, slurm: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["config", "init", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"] == {"partition": "gpu", "gpu_type": "a100"}
    assert told["found"][1]["said"] == "gpu: 2 nodes of 128 CPUs, 8 GPUs (a100), at most 24 h a job"
    assert load().model_fields_set == {"partition", "gpu_type"}
    assert main(["config", "init"]) == 1
    os.unlink(told["file"])
    assert main(["config", "init"]) == 0
    out = capsys.readouterr().out
    assert f"wrote {told['file']}: every setting, partition and gpu_type as found, the others commented out" in out
