"""`yogo inspect`, as a person and as the console ask it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.model import YOGO, get_model_func


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    model = YOGO((64, 96), 0.05, 0.06, 2, normalize_images=True, model_func=get_model_func("quarter_filters"))
    save_checkpoint(
        tmp_path / "best.pth", model, epoch=3, step=120, classes=("red", "wh\x1b[2Jite"), run_name="calm-owl-0001"
    )
    return tmp_path / "best.pth"


def test_a_program_reads_what_a_fine_tune_would_inherit(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(checkpoint), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["model"] == "quarter_filters"
    assert facts["image_hw"] == [64, 96]
    assert facts["num_classes"] == len(facts["classes"]) == 2
    assert (facts["rgb_images"], facts["normalize_images"]) == (False, True)
    assert (facts["epoch"], facts["step"]) == (3, 120)
    assert facts["path"] == str(checkpoint)
    assert len(facts["sha256"]) == 64
    assert facts["num_parameters"] > 30_000


def test_a_person_reads_it_in_lines_that_cannot_drive_the_terminal(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(checkpoint)]) == 0
    out = capsys.readouterr().out
    assert "quarter_filters" in out
    assert "64 x 96 pixels" in out
    assert "\x1b" not in out


def test_a_picture_named_as_a_checkpoint_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cells.pth").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    assert main(["inspect", str(tmp_path / "cells.pth"), "--json"]) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.count("\n") == 1
    assert "cells.pth is not a checkpoint" in streams.err


def test_notices_reach_the_reader(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(torch.load(checkpoint, weights_only=True) | {"model_version": "quartre"}, checkpoint)
    assert main(["inspect", str(checkpoint)]) == 0
    assert "'quartre'; its weights are those of quarter_filters" in capsys.readouterr().out
