"""The images of the console: taken of the demo by keys alone, here with a trainer that only pretends."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from tests.yogo_tui.lab import PRETEND
from tools.screenshots import take
from yogo_tui.cli.demo_chain import prepare

IMAGES = Path(__file__).parent.parent / "docs/images"


async def test_a_picture_of_each_screen_is_taken_and_no_job_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))  # no recipes but the built-in ones
    monkeypatch.setenv("PRETEND_END", "signal")  # so that the first job runs until it is cancelled
    settings = await prepare(tmp_path / "demo")
    changes = {"yogo_command": f"{sys.executable} {PRETEND}", "poll_seconds": 0.2}
    await take(settings.model_copy(update=changes), tmp_path / "images", epochs=0)
    taken = {path.name: "".join(xml.parse(path).getroot().itertext()) for path in (tmp_path / "images").iterdir()}
    assert taken.keys() == {path.name for path in IMAGES.iterdir()}
    assert "gametocyte" in taken["datasets.svg"]
    assert "#SBATCH" in taken["launch.svg"]
    assert "Submit" in taken["launch-question.svg"]
    assert "running" in taken["runs.svg"]
    assert "waiting" in taken["runs.svg"]
    assert "training" in taken["run.svg"]
