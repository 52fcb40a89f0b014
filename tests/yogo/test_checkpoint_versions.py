"""Checkpoints across versions: older ones open, or are refused in a sentence; published yogo opens what we write."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.golden_files import golden_file
from yogo.architectures import ARCHITECTURES
from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.model import YOGO, get_model_func


def saved(path: Path, name: str = "quarter_filters", **options: Any) -> YOGO:
    torch.manual_seed(0)
    model = YOGO((64, 96), 0.1, 0.1, 2, model_func=get_model_func(name), **options).eval()
    save_checkpoint(path, model, epoch=1, step=2, classes=("red", "white"), run_name="old")
    return model


@pytest.mark.parametrize("version", ["base_model", None])
def test_a_network_with_larger_kernels_is_refused_in_a_sentence_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str | None
) -> None:
    path = tmp_path / "old.pth"
    saved(path, "base_model")
    contents = torch.load(path, weights_only=True)
    for key, value in contents["model_state_dict"].items():
        if value.ndim == 4 and value.shape[-1] == 3:
            contents["model_state_dict"][key] = torch.nn.functional.pad(value, (1, 1, 1, 1))
    contents["model_version"] = version
    torch.save(contents, path)
    assert main(["infer", str(path), "--path-to-images", str(tmp_path), "--device", "cpu"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "old.pth" in said
    assert "kernels" in said
    assert "5x5" in said


def test_a_file_of_only_epoch_step_weights_and_version_answers_as_the_whole_one(tmp_path: Path) -> None:
    model = saved(tmp_path / "whole.pth", normalize_images=True)
    whole = torch.load(tmp_path / "whole.pth", weights_only=True)
    least = {key: whole[key] for key in ("epoch", "step", "model_state_dict", "model_version")}
    torch.save(least, tmp_path / "least.pth")
    opened, info = YOGO.from_pth(tmp_path / "least.pth")
    assert (info["epoch"], info["step"], info["class_names"], info["normalize_images"]) == (1, 2, None, True)
    frames = torch.rand(1, 1, 64, 96)
    with torch.no_grad():
        assert torch.equal(opened.eval()(frames), model(frames))


@pytest.mark.parametrize("normalizes", [True, False])
def test_weights_from_before_the_flag_are_normalised_as_the_file_says(tmp_path: Path, normalizes: bool) -> None:
    saved(tmp_path / "a.pth")
    contents = torch.load(tmp_path / "a.pth", weights_only=True)
    for key in ("normalize_images", "is_rgb", "clip_value", "height_multiplier", "width_multiplier"):
        del contents["model_state_dict"][key]
    torch.save(contents | {"normalize_images": normalizes}, tmp_path / "a.pth")
    model, info = YOGO.from_pth(tmp_path / "a.pth")
    assert bool(model.normalize_images) is info["normalize_images"] is normalizes
    assert model.clip_value == model.height_multiplier == model.width_multiplier == 1
    assert not model.is_rgb


def test_a_flag_that_was_saved_on_a_gpu_is_read_without_one(tmp_path: Path) -> None:
    saved(tmp_path / "cpu.pth")
    contents = torch.load(tmp_path / "cpu.pth", weights_only=True)
    torch.save(contents | {"normalize_images": torch.tensor(True)}, tmp_path / "cpu.pth")
    on_cpu, on_gpu = b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    with (
        zipfile.ZipFile(tmp_path / "cpu.pth") as source,
        zipfile.ZipFile(tmp_path / "gpu.pth", "w") as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("data.pkl"):
                assert on_cpu in data
                data = data.replace(on_cpu, on_gpu)
            target.writestr(name, data)
    model, info = YOGO.from_pth(tmp_path / "gpu.pth")
    assert info["normalize_images"] is True
    assert model.device.type == "cpu"


@pytest.mark.parametrize("is_rgb", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("name", [name for name, one in ARCHITECTURES.items() if one.blocks])
def test_what_is_written_holds_the_published_keys_and_types(tmp_path: Path, name: str, is_rgb: bool) -> None:
    golden = json.loads(golden_file("state_dicts.json").read_text())[f"{name}_rgb" if is_rgb else name]
    model = YOGO((772, 1032), 0.04, 0.05, 7, is_rgb=is_rgb, normalize_images=True, model_func=get_model_func(name))
    model = model.to(memory_format=torch.channels_last)  # as it is trained
    classes = [f"class {number}" for number in range(7)]
    save_checkpoint(tmp_path / "a.pth", model, epoch=3, step=7, classes=classes, run_name="calm-owl-0001")
    contents = torch.load(tmp_path / "a.pth", weights_only=True)
    state = {
        key: [str(value.dtype).removeprefix("torch."), list(value.shape)]
        for key, value in contents["model_state_dict"].items()
    }
    assert state == golden["state_dict"]
    assert list(state) == list(golden["state_dict"])
    facts = {key: contents[key] for key in ("epoch", "step", "normalize_images", "classes", "model_name")}
    assert facts == {
        "epoch": 3,
        "step": 7,
        "normalize_images": True,
        "classes": classes,
        "model_name": "calm-owl-0001",
    }
    assert contents["model_version"] == golden["model_version"]
    assert isinstance(contents["optimizer_state_dict"], dict)
