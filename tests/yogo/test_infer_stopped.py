"""`yogo infer` stopped in the middle: what was found stays found, and no file is torn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.waiting import until
from yogo.checkpoint import save_checkpoint
from yogo.model import YOGO, get_model_func

HEIGHT, WIDTH = 64, 96
NUM_READY = 4


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 2, normalize_images=True, model_func=get_model_func("quarter_filters"))
    path = tmp_path / "best.pth"
    save_checkpoint(path, model, epoch=1, step=2, classes=("red", "white"), run_name="run")
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four images, and then one that nobody ever finishes reading."""
    folder = tmp_path / "run_7" / "images"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    for index in range(NUM_READY):
        Image.fromarray(draw.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)).save(folder / f"p{index}.png")
    os.mkfifo(folder / f"p{NUM_READY}.png")
    return folder


@pytest.mark.parametrize("engine", ["torch", "openvino"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_was_found_before_a_stop_is_kept(
    pth: Path, pictures: Path, tmp_path: Path, how: signal.Signals, engine: str
) -> None:
    out = tmp_path / "out"
    outputs = (
        "--save-npy",
        "--save-preds",
        "--output-dir",
        out,
        "--obj-thresh",
        "0.2",
        "--batch-size",
        "1",
        "--engine",
        engine,
    )
    command = [sys.executable, "-m", "yogo", "infer", pth, "--path-to-images", pictures, "--device", "cpu", *outputs]
    process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True)
    try:
        last = out / f"p{NUM_READY - 1}.txt"
        until(lambda: process.poll() is not None or (last.exists() and set(_columns(out)[0]) == set(range(NUM_READY))))
        assert process.poll() is None, process.communicate()[1]
        process.send_signal(how)
        if how == signal.SIGINT:
            (pictures / f"p{NUM_READY}.png").write_bytes(b"")  # lets go of the thread that reads it
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert "Traceback" not in said
    array = _columns(out)
    texts = [np.loadtxt(out / f"p{index}.txt", ndmin=2) for index in range(NUM_READY)]
    assert np.bincount(array[0].astype(int)).tolist() == [len(text) for text in texts]
    np.testing.assert_array_equal(array[6], np.concatenate(texts)[:, 0])
    assert json.loads((out / "run_7.json").read_text())["complete"] is False
    assert sorted(path.name for path in out.iterdir() if path.suffix not in {".txt"}) == ["run_7.json", "run_7.npy"]


def _columns(out: Path) -> np.ndarray:
    columns: np.ndarray = np.load(out / "run_7.npy")
    return columns
