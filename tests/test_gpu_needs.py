"""A machine with a GPU and few packages is told which it lacks: those that are declared, wherever that is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.gpu.__main__ import environment
from tests.gpu.ranks import one_rank
from tests.yogo.training.conftest import definition
from tests.yogo.training.tiny import Steered
from yogo.run.result import verify

__all__ = ["definition"]

ROOT = Path(__file__).parents[1]


def test_where_nothing_is_installed_every_declared_package_of_training_and_export_is_named() -> None:
    done = subprocess.run([sys.executable, "-S", ROOT / "tests/gpu"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {one.partition(">")[0].partition("=")[0] for one in project["dependencies"] + extras["train"]}
    (command,) = (line for line in done.stdout.splitlines() if "pip install" in line)
    told = set(command.split()[2:])
    assert declared - told == {"wandb"}
    assert {"torch", "onnx", "pytest", "pytest-asyncio", "pytest-timeout"} <= told
    assert not {"textual", "openvino", "mypy", "yogo-tui", "yogo-tui[train]"} & told


def test_what_the_machine_brings_on_pythonpath_is_kept_behind_our_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/carried")
    assert environment()["PYTHONPATH"] == f"{ROOT}:/carried"
    monkeypatch.delenv("PYTHONPATH")
    assert environment()["PYTHONPATH"] == str(ROOT)


def test_a_process_group_of_one_rank_trains_on_the_cpu_too(tmp_path: Path, definition: Path) -> None:
    """The way by which the tests on a GPU start one: it is not to break unseen where there is none."""
    run = Steered(tmp_path, definition)
    done = one_rank(run.request(resume=False), tmp_path)
    assert done.returncode == 0, done.stderr
    assert verify(run.run).outcome == "finished"
