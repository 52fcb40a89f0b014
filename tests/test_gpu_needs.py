"""A machine with a GPU and few packages is told which it lacks: those that are declared, wherever that is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

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
