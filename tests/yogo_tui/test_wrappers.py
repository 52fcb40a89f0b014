"""`yogo-tui wrappers`: the published guide's scripts for this site; runs begun so are whole runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.yogo.training.tiny import TINY, write_dataset
from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.test_discovery import lab
from tests.yogo_tui.test_questions import host
from yogo_tui.cli import main
from yogo_tui.cluster.base import Machine
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.session import Session
from yogo_tui.session.wrappers import WRAPPERS, WrapperState, wrappers, write
from yogo_tui.settings import Settings, SizePreset

__all__ = ["host", "lab"]

BIN = Path(sys.executable).parent


async def test_one_for_each_size_that_there_is_wherever_the_console_works(host: Any, lab: Path) -> None:
    sizes = tuple(SizePreset(gpus=gpus, cpus=4, hours=2, template="1gpu.sbatch") for gpus in (1, 4))
    settings = Settings(workspace=lab, sizes=sizes, partition="big", gpu_type="h100", account="cells", cluster="slurm")
    session, folder = Session(settings, host, FakeCluster()), PurePosixPath(lab / "scripts")
    found = await wrappers(session, folder)
    assert [one.state for one in found] == [WrapperState.NEW, WrapperState.NO_SIZE, WrapperState.NEW]
    assert [await write(host, one, replace=False) for one in found] == [True, False, True]
    assert sorted(path.name for path in Path(folder).iterdir()) == ["submit_cmd.sh", "submit_cmd_multi_gpu.sh"]
    text = (lab / "scripts/submit_cmd_multi_gpu.sh").read_text()
    for line in ("--partition=big", "--gpus-per-node=h100:4", "--account=cells", "--cpus-per-task=4"):
        assert f"#SBATCH {line}\n" in text
    assert "WANDB_MODE" not in text, "whether somebody is logged in may change after it was written"
    assert [one.state for one in await wrappers(session, folder)][::2] == [WrapperState.SAME] * 2
    (lab / "scripts/submit_cmd.sh").write_text("mine\n")
    changed = (await wrappers(session, folder))[0]
    assert changed.state is WrapperState.OTHER
    assert not await write(host, changed, replace=False)
    assert (lab / "scripts/submit_cmd.sh").read_text() == "mine\n"
    assert await write(host, changed, replace=True)
    assert "sbatch THIS" in (lab / "scripts/submit_cmd.sh").read_text()


async def test_a_machine_without_slurm_has_none(lab: Path) -> None:
    session = Session(Settings(workspace=lab, cluster="local"), HereHost(), FakeCluster(machine=Machine(0, 2, 1)))
    with pytest.raises(LaunchError, match="without Slurm"):
        await wrappers(session, PurePosixPath(lab))


def test_the_command_says_what_it_wrote_and_replaces_nothing_unless_told(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["wrappers", "--cluster", "slurm"]
    assert main(words) == 0
    out = capsys.readouterr().out
    for name, gpus in WRAPPERS.items():
        assert f"{lab}/scripts/{name}: {gpus} GPU" in out
    script = lab / "scripts/submit_cmd.sh"
    kept = script.read_text()
    script.write_text("mine\n")
    assert main(words) == 1
    assert f"{script}: left as it is" in capsys.readouterr().err
    assert main([*words, "--json"]) == 1
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["other", "same", "same"]
    assert script.read_text() == "mine\n"
    assert main([*words, "--replace"]) == 0
    assert script.read_text() == kept
    assert main([*words, "elsewhere"]) == 0
    assert (lab / "elsewhere/submit_cmd.sh").read_text() == kept


class Lab:
    """A workspace on the real Slurm, with the real trainer."""

    def __init__(self, folder: Path, slurm: Any) -> None:
        self.folder = folder
        hidden = ("VIRTUAL_ENV", "WANDB_API_KEY")
        self.environment = {name: value for name, value in os.environ.items() if name not in hidden}
        self.environment |= slurm.environment | {"PATH": f"{slurm.environment['PATH']}:/usr/bin:/bin"}

    def run(self, *words: str | Path) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tui(self, *words: str) -> str:
        return self.run(BIN / "yogo-tui", *words)

    def listed(self, name: str) -> dict[str, Any]:
        return next((run for run in json.loads(self.tui("runs", "--json")) if run["name"] == name), {})


async def test_a_run_begun_by_a_wrapper_is_a_whole_run_also_when_slurm_has_forgotten_its_job(
    lab: Path, slurm: Any, until: Any
) -> None:
    definition = write_dataset(lab / "data")
    there = Lab(lab, slurm)
    there.tui("wrappers")
    train = ("yogo", "train", definition, *TINY, "-bs", "2", "--epochs", "900", "--name", "guide")
    there.run("sbatch", "scripts/submit_cmd_multi_gpu_light.sh", *train)
    run = await until(lambda: (one := there.listed("guide")).get("epoch") and one, seconds=90, every_seconds=0.5)
    assert (run["state"], run["epochs"], run["job"]["gpus"]) == ("running", 900, 2)
    log = Path(run["log"])
    assert log.parent == lab
    there.tui("cancel", "guide", "--yes")
    await until(lambda: there.listed("guide")["state"] == "cancelled", seconds=60, every_seconds=0.5)
    slurm.forget_after(2)
    try:
        await until(lambda: not slurm.run("squeue", "-h", "-t", "all"), seconds=60, what="Slurm has forgotten")
    finally:
        slurm.forget_after(300)
    forgotten = there.listed("guide")
    assert (forgotten["state"], forgotten["log"]) == ("cancelled", str(log))
    assert "Go on: yogo train --resume" in there.tui("logs", "guide")
    there.tui("resume", "guide")
    await until(lambda: there.listed("guide")["state"] == "running", seconds=90, every_seconds=0.5)
    assert there.listed("guide")["log"].startswith(str(lab / "trained_models/guide"))
    there.tui("cancel", "guide", "--yes")
    await until(lambda: there.listed("guide")["state"] == "cancelled", seconds=60, every_seconds=0.5)
