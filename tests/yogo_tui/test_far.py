"""The commands from a laptop: a second home, a real SSH server, a real Slurm behind it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.ssh_server import Server
from tests.yogo_tui.test_truth_slurm import Lab, Until, lab

__all__ = ["lab"]  # a fixture

pytestmark = pytest.mark.slurm


@dataclass
class Laptop(Lab):
    """Another home, from which the lab's login node is reached as `lab`."""

    def command(self, *words: str, **environment: str) -> Any:
        return super().command("--host", "lab", *words, **environment)


@pytest.fixture
def laptop(lab: Lab, slurm: Any, ssh_server: Server, tmp_path: Path) -> Laptop:
    ssh_server.kill()
    there = {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "PRETEND_END": "signal"}
    ssh_server.set_environment(slurm.environment | there)
    ssh_server.start()
    home = tmp_path / "laptop"
    settings = home / ".config" / "yogo-tui" / "settings.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"hosts:\n- name: lab\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n"
        f"  workspace: {lab.folder}\n  settings: {lab.folder}/settings.yaml\n"
    )
    own = {name: value for name, value in lab.environment.items() if name not in slurm.environment}
    del own["YOGO_TUI_SETTINGS"]
    return replace(Laptop(**vars(lab)), environment=own | {"HOME": str(home)})


async def test_a_run_is_launched_watched_and_cancelled_from_a_laptop(laptop: Laptop, lab: Lab, until: Until) -> None:
    job = laptop.launch("first")
    assert lab.list()["first"]["job"]["id"] == job, "the login node sees the same"
    await until(lambda: laptop.list()["first"]["state"] == "running", seconds=100)
    await until(lambda: "training" in laptop.command("logs", "first").stdout, seconds=60)
    done = laptop.command("cancel", "first", "--yes")
    assert done.returncode == 0, done.stderr
    await until(lambda: laptop.list()["first"]["state"] == "cancelled", seconds=60)
    assert laptop.command("wait", "first").returncode == 3, "it was cancelled"
    asked = json.loads(laptop.command("commands", "--json").stdout)["commands"]
    assert {"squeue", "scontrol"} <= {one["words"][0] for one in asked if one["status"] == 0}
    assert "first" in laptop.command("--once", "runs", "--size", "100x30").stdout


def test_what_lies_there_is_what_the_commands_tell_of(laptop: Laptop, lab: Lab) -> None:
    shown = json.loads(laptop.command("config", "--json").stdout)
    assert (shown["file"], shown["workspace"]) == (f"{lab.folder}/settings.yaml", str(lab.folder))
    (one,) = json.loads(laptop.command("datasets", "--json").stdout)
    assert one["path"] == f"{lab.folder}/dataset_defs/cells.yml"
    (lab.folder / "recipes").mkdir()
    (lab.folder / "recipes" / "night.yaml").write_text("epochs: 7\n")
    assert json.loads(laptop.command("recipes", "night", "--json").stdout)["recipe"]["epochs"] == 7
    script = laptop.command("render", "cells.yml", "--recipe", "night", "--name", "first").stdout
    assert f"{lab.folder}/trained_models/first" in script
    assert "--epochs 7" in script
    copied = laptop.command("recipes", "copy", "night", "Day shift", "--set", "lr=0.01")
    assert (lab.folder / "recipes/day-shift.yaml").exists(), copied.stderr
    line = "sbatch job.sh yogo train cells.yml -bs 8"
    imported = json.loads(laptop.command("recipes", "import", "Ours", line, "--json").stdout)
    assert (imported["path"], imported["recipe"]["batch_size"]) == (f"{lab.folder}/recipes/ours.yaml", 8)
    assert laptop.command("recipes", "delete", "ours", "--yes").returncode == 0
    assert not (lab.folder / "recipes/ours.yaml").exists()
    assert laptop.command("recipes", "delete", "--undo").returncode == 0
    assert (lab.folder / "recipes/ours.yaml").exists()
    changed = laptop.command(
        "launch", "cells.yml", "--recipe", "day-shift", "--set", "epochs=3", "hours=2", "--dry-run"
    )
    assert "--epochs 3" in changed.stdout, changed.stderr
    assert "#SBATCH --time=02:00:00" in changed.stdout
    assert "For this launch alone: epochs 3, and not 7; hours 2, and not " in changed.stderr
    refused = laptop.command("launch", "cell.yml")
    assert refused.returncode == 1
    assert 'Did you mean "cells.yml"?' in refused.stderr


def test_a_machine_that_cannot_be_reached_is_told_in_one_sentence(laptop: Laptop) -> None:
    done = Lab.command(laptop, "--host", "nobody@no.such.host.invalid", "runs")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "no.such.host.invalid" in done.stderr


def test_this_machine_is_here_whatever_the_settings_say(laptop: Laptop) -> None:
    settings = Path(laptop.environment["HOME"]) / ".config/yogo-tui/settings.yaml"
    settings.write_text(settings.read_text() + "host: lab\n")
    far = json.loads(Lab.command(laptop, "config", "--json").stdout)
    near = json.loads(Lab.command(laptop, "config", "--json", "--host", "here").stdout)
    assert far["settings"]["poll_seconds"] == 0.5
    assert near["settings"]["poll_seconds"] == 30.0
