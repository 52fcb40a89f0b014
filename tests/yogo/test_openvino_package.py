"""OpenVINO is used without the events that its package sends to its makers, and without the folder of these."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.checkpoint import save_checkpoint
from yogo.model import YOGO, get_model_func

for package in ("openvino", "openvino_telemetry", "onnx", "onnxruntime", "onnxslim"):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

WATCHED = """
import os, sys

def refuse(event, args):
    if event in ("urllib.Request", "socket.getaddrinfo", "socket.connect"):
        os.write(2, f"the network was asked: {event}\\n".encode())
        raise OSError("no network here")

sys.addaudithook(refuse)
"""
"""The hook stays in processes that are forked, in one of which an event would be sent."""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    torch.manual_seed(5)
    model = YOGO(
        (48, 64), 0.1, 0.1, 2, is_rgb=False, normalize_images=True, model_func=get_model_func("quarter_filters")
    )
    save_checkpoint(tmp_path / "best.pth", model, epoch=0, step=0, classes=("red", "white"), run_name="run")
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((48, 64), np.uint8)).save(tmp_path / "images" / "one.png")
    (tmp_path / "home").mkdir()
    yield tmp_path
    assert list((tmp_path / "home").glob("intel*")) == []


def run(work: Path, code: str) -> str:
    """What a process with a home of its own said; it fails where the network is asked."""
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + code],
        cwd=work,
        env=kept | {"HOME": str(work / "home"), "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the network was asked" not in done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("infer", "best.pth", "--path-to-images", "images", "--engine", "openvino", "--count"),
        ("export", "best.pth", "--output-filename", "a.onnx"),
    ],
)
def test_a_command_sends_nothing_and_leaves_no_folder_of_openvinos(work: Path, arguments: tuple[str, ...]) -> None:
    code = (
        f"from yogo.cli import main; code = main({list(arguments)!r}); assert 'openvino' in sys.modules; sys.exit(code)"
    )
    assert run(work, code)


def test_openvinos_own_conversion_works_and_sends_nothing(work: Path) -> None:
    """It has a stub of its own for where the package that sends is not installed."""
    run(work, "from yogo.cli import main; sys.exit(main(['export', 'best.pth', '--no-openvino']))")
    code = """
from yogo.infer.openvino_package import import_openvino
openvino = import_openvino()
print(openvino.convert_model("best.onnx").outputs[0].partial_shape)
"""
    assert "[1,7," in run(work, code)
