"""Checkpoints from before the published release: opened, or refused in a sentence that says why."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.model import YOGO, get_model_func


@pytest.mark.parametrize("version", ["base_model", None])
def test_a_network_with_larger_kernels_is_refused_in_a_sentence_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str | None
) -> None:
    path = tmp_path / "old.pth"
    model = YOGO((64, 96), 0.1, 0.1, 2, model_func=get_model_func("base_model"))
    save_checkpoint(path, model, epoch=1, step=2, classes=("red", "white"), run_name="old")
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
