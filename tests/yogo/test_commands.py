"""What holds for every command: published command lines, switches with their opposite, no abbreviations, and one
sentence for a file that is no checkpoint."""

from __future__ import annotations

import argparse
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import resnet18

from yogo.checkpoint import save_checkpoint
from yogo.cli import main, parser
from yogo.model import YOGO, get_model_func


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return found.choices


@pytest.mark.parametrize("name", commands())
def test_every_switch_has_its_opposite(name: str) -> None:
    switches = [action for action in commands()[name]._actions if action.nargs == 0 and action.dest != "help"]
    without = [
        action.dest for action in switches if not any(flag.startswith("--no-") for flag in action.option_strings)
    ]
    assert without == []


@pytest.mark.parametrize("name", commands())
def test_an_abbreviated_flag_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = {flag for action in commands()[name]._actions for flag in action.option_strings}
    short = {flag[:-1] for flag in flags if len(flag) > 2} - flags
    positional = [action for action in commands()[name]._actions if not action.option_strings]
    words = [next(iter(action.choices or ["x"])) for action in positional]
    for flag in sorted(short):
        with pytest.raises(SystemExit):
            main([name, *words, flag])
        assert "arguments" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train d.yml --epoch 3", ["yogo train: unrecognized arguments", 'Did you mean "--epochs"']),
        ("infer a.pth --path-to-image p --cont", ["yogo infer: unrecognized arguments", 'Did you mean "--count"']),
        ("check a.yml b.yml", ["usage: yogo check", "b.yml"]),
        ("trian d.yml", ['there is no trian. Did you mean "train"?']),
        ("train d.yml --model bas_model", ['there is no bas_model. Did you mean "base_model"']),
        ("train d.yml --num-workers -1", ["--num-workers: it must be at least 0, not '-1'"]),
        ("train d.yml --processes none", ["--processes: it must be a whole number, not 'none'"]),
    ],
)
def test_a_near_miss_is_told_with_what_was_meant(
    line: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize("name", commands())
def test_the_help_of_a_command_begins_with_a_sentence(name: str) -> None:
    said = " ".join((commands()[name].description or "").split())
    assert re.match(r"[A-Z][a-z]+ .*\.$", said)
    without = [action.dest for action in commands()[name]._actions if not action.help]
    assert without == []


def test_the_help_begins_with_what_the_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "Train, test and run a detector of cells.\n" in capsys.readouterr().out


class _Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Files that are no checkpoints, and all that a command needs besides."""
    root = tmp_path_factory.mktemp("foreign")
    hostile = _Hostile(root / "was-run")
    (root / "pickle.pth").write_bytes(pickle.dumps(hostile))
    torch.save({"epoch": 1, "step": 1, "model_state_dict": hostile, "model_version": "base_model"}, root / "zip.pth")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(root / "picture.jpg")
    (root / "picture.jpg").rename(root / "jpeg.pth")
    model = YOGO((64, 64), 0.1, 0.1, 2, model_func=get_model_func("quarter_filters"))
    save_checkpoint(root / "whole.pth", model, epoch=1, step=1, classes=("red", "white"), run_name="a")
    (root / "torn.pth").write_bytes((root / "whole.pth").read_bytes()[:-1000])
    torch.save(resnet18().state_dict(), root / "resnet.pth")
    torch.save({"model_state_dict": resnet18().state_dict(), "epoch": 1}, root / "wrapped.pth")
    torch.save(resnet18(), root / "module.pth")
    for name in ("images", "labels"):
        (root / name).mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(root / "images" / "a.png")
    (root / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (root / "set.yml").write_text(
        "class_names: [red, white]\ndataset_paths:\n  a: {image_path: images, label_path: labels}\n"
    )
    yield root
    shutil.rmtree(root)


COMMANDS = {
    "infer": ("infer", "PTH", "--path-to-images", "images", "--device", "cpu"),
    "test": ("test", "PTH", "set.yml", "--device", "cpu"),
    "review": ("review", "PTH", "set.yml", "--device", "cpu"),
    "label": ("label", "PTH", "images", "out", "--device", "cpu"),
    "next": ("next", "PTH", "images", "--device", "cpu"),
    "export": ("export", "PTH"),
    "train": ("train", "set.yml", "--from-pretrained", "PTH", "--device", "cpu", "--wandb", "disabled"),
    "inspect": ("inspect", "PTH"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "file", ["pickle", "zip", "jpeg", "torn", "resnet", "wrapped", "module", "nowhere"], ids=lambda name: f"{name}.pth"
)
def test_a_file_that_is_no_checkpoint_is_one_sentence_and_runs_nothing(
    folder: Path, file: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    assert main([f"{file}.pth" if word == "PTH" else word for word in COMMANDS[command]]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert f"{file}.pth" in shown.err
    assert sorted(folder.rglob("*")) == before


@pytest.fixture
def sealed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a checkpoint, into which nobody can write, not even root."""
    monkeypatch.chdir(folder)
    place = tmp_path / "sealed"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if os.geteuid() == 0 and not is_mounted:
        pytest.skip("root may write everywhere")
    shutil.copy(folder / "whole.pth", place / "whole.pth")
    place.chmod(0o500)
    if is_mounted:
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    yield place
    if is_mounted:
        subprocess.run(["umount", place], check=True)
    else:
        place.chmod(0o700)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("export SEALED/whole.pth", "SEALED cannot be written to: name a file elsewhere with --output-filename"),
        ("test SEALED/whole.pth set.yml --device cpu --dump-to-disk", "SEALED cannot be written to: leave out"),
        (
            "infer whole.pth --path-to-images images --device cpu --save-preds --output-dir SEALED",
            "SEALED/a.txt cannot",
        ),
        ("infer whole.pth --path-to-images images --device cpu --save-npy --output-dir SEALED", ".json cannot be used"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_one_sentence_that_names_it(
    line: str, sentence: str, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("SEALED", str(sealed)) for word in line.split()]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert sentence.replace("SEALED", str(sealed)) in shown.err
    assert ".part" not in shown.err
