"""The demo, with the real trainer: made once, run without a terminal, and its results told."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from yogo_tui.cli import demo_chain, main
from yogo_tui.cli.demo import come_back


def test_the_demo_is_made_once_and_its_chain_finishes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    workspace = tmp_path / "demo"
    assert asyncio.run(demo_chain.prepare(workspace)).notices == ()
    made = (workspace / "synthetic/synthetic.json").stat().st_mtime_ns
    for slug in demo_chain.RECIPES:
        file = workspace / "recipes" / f"{slug}.yaml"
        file.write_text(re.sub(r"epochs: \d+", "epochs: 1", file.read_text()))
    capsys.readouterr()
    assert main(["demo", "--headless", "--workspace", str(workspace)]) == 0
    assert (workspace / "synthetic/synthetic.json").stat().st_mtime_ns == made
    out = capsys.readouterr().out
    assert out.count("✔ finished · epoch 1 of 1") == 2
    pretrain, finetune, come_back = out.splitlines()[-3:]
    assert "pretrain finished, best validation loss" in pretrain
    assert "finetune finished, best validation loss" in finetune
    assert "test loss" in finetune
    assert finetune.endswith("/best.pth")
    assert f"--workspace {workspace} demo" in come_back


def test_pictures_that_cannot_be_made_are_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "settings.yaml").write_text(f"yogo_command: {sys.executable} -c 'raise SystemExit(3)'\n")
    assert main(["demo", "--workspace", str(tmp_path)]) == 1
    assert capfd.readouterr().err == (
        "yogo-tui: The demo's images could not be made: yogo synth ended with status 3.\n"
    )


def test_the_way_back_names_a_command_of_the_path_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin/yogo-tui"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    monkeypatch.setattr(sys, "argv", [str(command), "demo"])
    told = come_back(tmp_path / "demo")
    assert f"Open it again: yogo-tui --workspace {tmp_path / 'demo'} demo." in told
