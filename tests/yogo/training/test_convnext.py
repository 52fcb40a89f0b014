"""convnext_small, the one network that is another package's: trained, kept, opened and exported as the others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import Yogo, write_dataset
from yogo.checkpoint import load_checkpoint
from yogo.model import YOGO, get_model_func, open_model

pytest.importorskip("timm", reason="convnext_small needs timm: pip install 'yogo-tui[convnext]'")

FLAGS = ("--model", "convnext_small", "--precision", "fp32", "--epochs", "1", "-bs", "2", "--wandb", "disabled")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The best.pth of a run of one step. The folder goes at once: its files are of half a gigabyte."""
    folder = tmp_path_factory.mktemp("convnext")
    definition = write_dataset(folder / "data", num_pictures=2, fractions="{train: 1.0}")
    yogo = Yogo(folder)
    done = yogo.train(definition, *FLAGS, "--image-hw", "64", "96", "--name", "large")
    assert (done.returncode, done.stderr) == (0, "")
    yogo.run("large").last.unlink()
    yield yogo.run("large").best
    shutil.rmtree(folder)


def test_its_weights_have_the_published_names(trained: Path) -> None:
    state = load_checkpoint(trained).model_state_dict
    head = {key: tuple(value.shape) for key, value in state.items() if "format time!" in key}
    assert head == {
        "model.format time!.0.weight": (7, 768, 1, 1),
        "model.format time!.0.bias": (7,),
        "model.format time!.1.weight": (7, 7, 4, 4),
        "model.format time!.1.bias": (7,),
    }
    assert state["model.0.0.weight"].shape == (96, 1, 4, 4)
    assert {key.split(".")[1] for key in state if key.startswith("model.")} == {"0", "1", "format time!"}


def test_it_opens_with_the_weights_that_were_trained_also_where_its_name_is_lost(trained: Path) -> None:
    checkpoint = load_checkpoint(trained)
    frames = torch.rand(1, 1, 64, 96)
    model, info = YOGO.from_pth(trained, inference=True)
    assert info["model_version"] == "convnext_small"
    with torch.no_grad():
        found = model(frames)
    assert found.shape == (1, 7, model.Sy, model.Sx) == (1, 7, 8, 12)
    again, notices = open_model(replace(checkpoint, model_version=""), inference=True)
    assert "convnext_small" in notices[0]
    with torch.no_grad():
        torch.testing.assert_close(again(frames), found)


def test_it_serves_the_instruments_crop() -> None:
    model = YOGO((772, 1032), 0.04, 0.05, 7, model_func=get_model_func("convnext_small")).eval()
    assert (model.Sx, model.Sy) == (128, 96)
    model.resize_model(img_height=193)
    with torch.no_grad():
        assert model(torch.rand(1, 1, 193, 1032)).shape == (1, 12, 24, 128)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:openvino.*")
@pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")  # SWIG
def test_it_is_exported_and_answers_the_same(trained: Path, tmp_path: Path) -> None:
    for package in ("onnxruntime", "onnxslim", "openvino"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    yogo = Yogo(tmp_path)
    done = yogo.command("export", trained, "--output-filename", trained.with_name("large.onnx"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("differs from torch by at most") == 2
