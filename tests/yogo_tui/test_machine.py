"""On this machine alone, sizes are what it has; a launch is told with all that matters."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui import lab
from yogo.recipe import Recipe
from yogo.run.launch import Kind, Size
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.machine import fitted, launch_words, size_words
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset, load

CPU = Machine(num_gpus=0, num_cpus=2, num_slots=1)


def test_a_machine_without_a_gpu_says_so() -> None:
    assert str(CPU) == "This machine has no GPU; one job runs at a time."
    assert str(Machine(0, 2, 3)) == "This machine has no GPU; 3 jobs run at a time."
    assert str(Machine(1, 8, 1)) == "This machine has 1 GPU; one job runs at a time."
    assert str(Machine(4, 64, 4)) == "This machine has 4 GPUs; jobs on 4 GPUs run at a time."


@pytest.mark.parametrize(
    ("size", "machine", "words"),
    [
        (Size(gpus=1, cpus=64, hours=24), None, "1 GPU, 24 h"),
        (Size(gpus=4, cpus=64, hours=0.5), None, "4 GPUs, 0.5 h"),
        (Size(gpus=8, cpus=64, hours=24, nodes=2), None, "8 GPUs on 2 nodes, 24 h"),
        (Size(gpus=0, cpus=8, hours=1), None, "8 CPUs, 1 h"),
        (Size(gpus=1, cpus=8, hours=1, memory_gib=64), None, "1 GPU, 64 GiB, 1 h"),
        (Size(gpus=1, cpus=64, hours=24), CPU, "this machine's 2 CPUs, 24 h"),
        (Size(gpus=0, cpus=2, hours=24), CPU, "this machine's 2 CPUs, 24 h"),
        (Size(gpus=2, cpus=2, hours=1), CPU, "this machine's 2 CPUs in 2 processes, 1 h"),
        (Size(gpus=0, cpus=2, hours=1), Machine(0, 8, 1), "2 of this machine's 8 CPUs, 1 h"),
        (Size(gpus=0, cpus=2, hours=1), Machine(0, 1, 1), "this machine's CPU, 1 h"),
        (Size(gpus=1, cpus=2, hours=1), Machine(1, 8, 1), "this machine's GPU, 1 h"),
        (Size(gpus=1, cpus=2, hours=1), Machine(4, 8, 4), "1 of this machine's 4 GPUs, 1 h"),
        (Size(gpus=8, cpus=2, hours=1), Machine(4, 8, 4), "this machine's 4 GPUs, 1 h"),
    ],
)
def test_a_size_is_what_a_job_gets(size: Size, machine: Machine | None, words: str) -> None:
    assert size_words(size, machine) == words


def test_a_launch_is_told_with_data_recipe_and_epochs() -> None:
    recipe, size = Recipe(epochs=16), Size(gpus=1, cpus=2, hours=24)
    data = PurePosixPath("/lab/bccd.yml")
    told = launch_words("bccd-pre-1", definition=data, preset="pretrain", recipe=recipe, size=size, machine=CPU)
    assert told == "bccd-pre-1 (bccd.yml, pretrain, 16 epochs; this machine's 2 CPUs, 24 h)"


def test_sizes_that_nobody_has_set_are_what_the_machine_has() -> None:
    (size,) = fitted(Settings(), CPU).sizes
    assert (size.gpus, size.cpus, size.template) == (0, 2, "1gpu.sbatch")
    assert [size.gpus for size in fitted(Settings(), Machine(2, 16, 2)).sizes] == [1, 2]
    assert [size.gpus for size in fitted(Settings(), Machine(8, 64, 8)).sizes] == [1, 2, 4]
    said = Settings(sizes=Settings().sizes)
    assert fitted(said, CPU).sizes == said.sizes


async def test_the_script_for_a_machine_without_a_gpu_asks_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("YOGO_TUI_SETTINGS", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    session = await Session.open(load(cluster="local"))
    size = session.settings.sizes[0]
    plan = LaunchPlan("first", Kind.TRAIN, PurePosixPath("/d.yml"), Recipe(), size)
    script = await session.launcher.render(plan)
    assert "a100" not in script
    assert "--gpus" not in script
    assert "one GPU" not in script
    assert "--partition" not in script
    assert "--processes 1 " in script
    assert str(session.machine) == "This machine has no GPU; one job runs at a time."


async def test_a_size_of_several_nodes_is_refused_on_one_machine_before_anything_is_written(tmp_path: Path) -> None:
    session = Session(lab.workspace(tmp_path / "lab"), HereHost(), LocalCluster(tmp_path / "state", slots=1))
    size = SizePreset(gpus=2, cpus=2, hours=1, nodes=2, template="2nodes.sbatch")
    for refuses in (session.launcher.launch, session.launcher.check_plan):
        with pytest.raises(LaunchError, match="The size 2 trains on 2 nodes, and this machine is one"):
            await refuses(lab.plan(session, size=size))
    assert not session.runs.folder.exists()
