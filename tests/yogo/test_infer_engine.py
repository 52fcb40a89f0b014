"""`yogo infer --engine`: OpenVINO finds what torch finds, is chosen where it pays, and is kept for the next time."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.architectures import ARCHITECTURES
from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.errors import InferenceError
from yogo.infer import predict
from yogo.infer.kept_networks import KeptNetworks
from yogo.infer.openvino_engine import NoOpenVINO, OpenVINOEngine
from yogo.infer.predictor import FEWEST_IMAGES, Predictor
from yogo.infer.request import EngineName
from yogo.model import YOGO, get_model_func
from yogo.model.boxes import format_preds

if find_spec("openvino") is None:
    pytest.skip("openvino is not installed", allow_module_level=True)

ROWS = [name for name, one in ARCHITECTURES.items() if one.builder == "blocks"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "yogo" / "networks"


def weights(folder: Path, name: str = "quarter_filters", hw: tuple[int, int] = (64, 96), *, rgb: bool = False) -> Path:
    """A checkpoint of random weights, with running statistics as uneven as training leaves them."""
    torch.manual_seed(3)
    model = YOGO(hw, 0.1, 0.1, 3, is_rgb=rgb, normalize_images=True, model_func=get_model_func(name))
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
    path = folder / f"{name}.pth"
    save_checkpoint(path, model, epoch=1, step=2, classes=("red", "white", "platelet"), run_name="run")
    return path


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return weights(tmp_path)


def images(folder: Path, number: int, hw: tuple[int, int] = (64, 96)) -> Path:
    folder.mkdir()
    draw = np.random.default_rng(1)
    for index in range(number):
        Image.fromarray(draw.integers(0, 255, hw, dtype=np.uint8)).save(folder / f"p{index:03}.png")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Seven images, the third of which is no image, and the last of another size."""
    folder = images(tmp_path / "images", 7)
    (folder / "p002.png").write_bytes(b"not an image")
    Image.open(folder / "p006.png").resize((200, 130)).save(folder / "p006.png")
    return folder


def in_full(pth: Path, images: Path, engine: EngineName, **more: Any) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*(is left out|could not be read|of another shape)", RuntimeWarning)
        found = predict(pth, images, device="cpu", engine=engine, return_full_predictions=True, **more)
    assert isinstance(found, torch.Tensor)
    return found


def engine_of(pth: Path, asked: EngineName = "openvino", number: int = 1, *, half: bool = False) -> Predictor:
    predictor = Predictor(pth, device="cpu", half=half)
    predictor.choose_engine(asked, number, notice=print, tell=print)
    return predictor


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_layers_gives_what_it_gives_in_torch(name: str, tmp_path: Path) -> None:
    folder = images(tmp_path / "images", 2, (72, 104))
    path = weights(tmp_path, name, (72, 104))
    torch.testing.assert_close(in_full(path, folder, "openvino"), in_full(path, folder, "torch"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("crop", [None, 0.5])
def test_the_boxes_are_torchs_and_a_broken_image_shifts_none(pth: Path, pictures: Path, crop: float | None) -> None:
    asked: dict[str, Any] = {"batch_size": 2, "vertical_crop_height": crop}
    ours, torchs = in_full(pth, pictures, "openvino", **asked), in_full(pth, pictures, "torch", **asked)
    assert len(ours) == 7
    assert ours[2].isnan().all()
    torch.testing.assert_close(ours, torchs, rtol=1e-4, atol=1e-4, equal_nan=True)
    for one, other in zip(ours, torchs, strict=True):
        boxes = format_preds(one, obj_thresh=0.2), format_preds(other, obj_thresh=0.2)
        torch.testing.assert_close(*boxes, rtol=1e-4, atol=1e-4)


def test_colour_and_a_store_are_looked_at_alike(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    frames = np.random.default_rng(2).integers(0, 255, (5, 64, 96), dtype=np.uint8)
    store = str(tmp_path / "frames.zarr")
    zarr.save_array(store, frames)
    path = weights(tmp_path, rgb=True)
    found = [
        predict(
            path,
            path_to_zarr=store,
            device="cpu",
            engine=engine,
            batch_size=2,
            zarr_axes="tyx",
            return_full_predictions=True,
        )
        for engine in ("openvino", "torch")
    ]
    assert isinstance(found[0], torch.Tensor)
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-4)


def test_the_same_files_are_written(pth: Path, pictures: Path, tmp_path: Path) -> None:
    rows = {}
    for engine in ("openvino", "torch"):
        out = tmp_path / engine
        words = [
            "--save-preds",
            "--output-dir",
            str(out),
            "--engine",
            engine,
            "--obj-thresh",
            "0.2",
            "--batch-size",
            "3",
        ]
        assert main(["infer", str(pth), "--path-to-images", str(pictures), "--device", "cpu", *words]) == 0
        rows[engine] = {path.name: np.loadtxt(path, ndmin=2) for path in sorted(out.iterdir())}
    assert list(rows["openvino"]) == list(rows["torch"]) == [f"p{index:03}.txt" for index in (0, 1, 3, 4, 5, 6)]
    for name, boxes in rows["openvino"].items():
        np.testing.assert_allclose(boxes, rows["torch"][name], atol=1e-4)


def test_half_stays_as_near_as_it_does_in_torch(pth: Path, pictures: Path) -> None:
    whole, half = (
        in_full(pth, pictures / "p000.png", "torch"),
        in_full(pth, pictures / "p000.png", "openvino", half=True),
    )
    torch.testing.assert_close(half[0, :2], whole[0, :2], rtol=0, atol=2e-2)


def test_auto_is_openvino_where_it_pays(pth: Path) -> None:
    assert engine_of(pth, "auto", FEWEST_IMAGES - 1).engine is None
    assert engine_of(pth, "auto", FEWEST_IMAGES).engine is not None
    assert engine_of(pth, "torch", FEWEST_IMAGES).engine is None
    assert engine_of(pth, "openvino", 1).engine is not None


def test_without_the_package_auto_is_torch(
    pth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    folder = images(tmp_path / "many", FEWEST_IMAGES)
    assert main(["infer", str(pth), "--path-to-images", str(folder), "--device", "cpu"]) == 0
    assert "OpenVINO" not in capsys.readouterr().err
    with pytest.raises(InferenceError, match=r"pip install 'yogo-tui\[export\]'"):
        in_full(pth, folder, "openvino")


def test_a_network_that_it_is_not_built_for_goes_on_in_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("timm")
    path = weights(tmp_path, "convnext_small")
    assert engine_of(path, "auto", FEWEST_IMAGES).engine is None
    assert "convnext_small cannot be given to OpenVINO" in capsys.readouterr().out
    with pytest.raises(InferenceError, match="a layer of the kind"):
        engine_of(path)


def test_other_answers_than_torchs_are_refused(pth: Path, cache: Path) -> None:
    predictor = Predictor(pth, device="cpu")
    with pytest.raises(NoOpenVINO, match=r"differ from torch's by .*, where 0\.0001 is allowed"):
        OpenVINOEngine.of(predictor.model, predictor.frame, lambda frames: predictor(frames) + 1e-3, None, cache)
    assert not cache.exists()


def test_what_is_compiled_is_kept_and_a_damaged_file_is_made_again(pth: Path, cache: Path, pictures: Path) -> None:
    expected = in_full(pth, pictures / "p000.png", "openvino")
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns, kept.stat().st_ino
    assert torch.equal(in_full(pth, pictures / "p000.png", "openvino"), expected)
    assert kept.stat().st_ino == written[1]
    for damaged in (kept.read_bytes()[:-100], b"", b"x" * 1000):
        kept.write_bytes(damaged)
        assert torch.equal(in_full(pth, pictures / "p000.png", "openvino"), expected)
        assert kept.stat().st_size > 1000
    in_full(pth, pictures / "p000.png", "openvino", vertical_crop_height=0.5)
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_error(pth: Path, cache: Path, pictures: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder would be")
    in_full(pth, pictures / "p000.png", "openvino")


def test_the_networks_used_least_recently_make_room(tmp_path: Path) -> None:
    kept = KeptNetworks(tmp_path / "networks", most_bytes=2500)
    for name in "ab":
        kept.put(name, name.encode() * 1000)
    os.utime(tmp_path / "networks" / "b.network", (1, 1))
    kept.put("c", b"c" * 1000)
    assert [name for name in "abc" if kept.get(name)] == ["a", "c"]
    assert KeptNetworks(None).get("a") is None
