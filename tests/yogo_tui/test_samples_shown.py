"""A file of samples stands in Datasets beside the definitions: what it names is shown, and nothing asks for labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.yogo_tui.fake_session import FakeSession, see, until
from tests.yogo_tui.lab import in_force
from yogo.synth.png import png
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import silent
from yogo_tui.questions.definitions import CheckDefinition, CheckDefinitions, DefinitionFile


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset_defs"
    for name in ("one", "two"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.png").write_bytes(png(np.zeros((8, 8), np.uint8)))
    file = folder / "samples.yml"
    file.write_text(
        "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e+6}\nsamples:\n"
        "  slide-1: {images: one, target_per_microlitre: 200}\n  slide-2: {images: two, target_per_microlitre: 0}\n"
    )
    return file


async def test_its_samples_are_shown_and_it_is_not_launched_with(samples: Path, tmp_path: Path) -> None:
    session, said = FakeSession(folder=tmp_path), "is a file of samples, which have no labels. u on a run assays it."
    session.definition_files = (DefinitionFile(samples, samples.parent),)
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await pilot.press("1")
        await see(
            pilot, "✔ 2 samples · 2 images", "looked for: ring by healthy, ring", "slide-1", "known per µL", "200"
        )
        for key in ("l", "v", "h", "enter"):
            await pilot.press(key)
            await until(pilot, lambda: any(one.message == f"samples.yml {said}" for one in pilot.app._notifications))
            pilot.app.clear_notifications()


def test_it_is_checked_and_refused_for_a_training(samples: Path, tmp_path: Path) -> None:
    (found,) = CheckDefinitions((samples.parent,), tmp_path).answer(silent)
    assert found == (samples, [])
    with pytest.raises(LaunchError, match=r"samples\.yml is a file of samples: they have no labels to train on\."):
        CheckDefinition(samples, tmp_path).answer(silent)
    samples.write_text("samples: {one: {images: nowhere}}\n")
    ((_, problems),) = CheckDefinitions((samples.parent,), tmp_path).answer(silent)
    assert any(one.is_error for one in problems)


def test_a_command_tells_it(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(tmp_path, monkeypatch)
    assert main(["datasets", "samples.yml"]) == 0
    assert "2 samples · 2 images" in capsys.readouterr().out
    assert main(["datasets", "samples.yml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["samples"]] == ["slide-1", "slide-2"]
