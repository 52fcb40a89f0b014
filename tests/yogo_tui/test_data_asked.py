"""The difference between the data of two definitions or runs, as the console asks for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.made_runs import trained_run
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown
from yogo.cli import main as yogo
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo.run.manifest import Manifest
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question
from yogo_tui.questions.data import DiffData
from yogo_tui.runs.model import Progress, Run, RunState


def of_data(folder: Path) -> list[Question[Any]]:
    return [DiffData(folder / "cells.yml", folder / "cells.yml", folder, 3)]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two definitions, of which the second has another class in one label and an image more, and a run on each."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    folder = tmp_path / "dataset_defs"
    for kind in ("images", "labels"):
        (folder / "data/one" / kind).mkdir(parents=True)
    for number in range(6):
        (folder / "data/one/images" / f"{number}.png").write_bytes(bytes([number]))
        (folder / "data/one/labels" / f"{number}.txt").write_text("0 .5 .5 .2 .2\n")
    shutil.copytree(folder / "data/one", folder / "data/two")
    (folder / "data/two/labels/3.txt").write_text("1 .5 .5 .2 .2\n")
    (folder / "data/two/images/6.png").write_bytes(b"six")
    (folder / "data/two/labels/6.txt").write_text("0 .5 .5 .2 .2\n")
    for name in ("one", "two"):
        pair = f"{{image_path: data/{name}/images, label_path: data/{name}/labels}}"
        path = folder / f"{name}.yml"
        path.write_text(f"class_names: [ring, wbc]\ndataset_paths:\n  all: {pair}\n")
        made = trained_run(tmp_path / "trained_models" / f"{name}-run")
        definition = DatasetDefinition.from_yaml(path)
        DataRecord.build(definition, split(definition)).write(made.data)
    return tmp_path


def test_two_definitions_are_compared_by_the_same_words_as_by_the_detector(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "diff", "one.yml", "two.yml"]) == 0
    told = capsys.readouterr().out
    assert yogo(["data", "diff", f"{lab}/dataset_defs/one.yml", f"{lab}/dataset_defs/two.yml"]) == 0
    assert capsys.readouterr().out == told
    assert "class changed: ring to wbc 1" in told


def test_two_runs_are_compared_by_name_and_a_run_with_a_definition(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for pair in (("one-run", "two-run"), ("one-run", "two.yml")):
        assert main(["data", "diff", *pair, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["num_changes"] == {"image added": 1, "label changed": 1}
        assert found["class_changes"] == {"ring to wbc": 1}
    assert main(["data", "diff", "one-run", "three-run"]) == 1
    assert "There is no run three-run" in capsys.readouterr().err
    (lab / "trained_models/one-run/data.json.gz").unlink()
    assert main(["data", "diff", "one-run", "two-run"]) == 1
    assert "does not say what it was trained on" in capsys.readouterr().err


def run_in(lab: Path, name: str) -> Run:
    path = lab / "trained_models" / name
    manifest = Manifest.read(path / "run.json")
    return make_run(
        name, RunState.FINISHED, path=PurePosixPath(path), launch=None, manifest=manifest, progress=Progress(2, 2)
    )


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_compare_shows_what_differs_in_the_data_of_two_runs(lab: Path, size: tuple[int, int]) -> None:
    session = FakeSession(run_in(lab, "one-run"), run_in(lab, "two-run"), folder=lab)
    async with Console(session).run_test(size=size) as pilot:
        await see(pilot, "one-run", "two-run")
        await pilot.press("asterisk", "equals_sign")
        await see(pilot, "validation loss", "d data")
        await pilot.press("d")
        await see(pilot, "A  one-run, as the run had it: 6 images", "class changed: ring to wbc 1", "image added · 1")
        await pilot.press("escape")
        await see(pilot, "validation loss")
        assert "image added" not in shown(pilot)


async def test_compare_says_which_run_has_no_record_of_its_data(lab: Path) -> None:
    (lab / "trained_models/two-run/data.json.gz").unlink()
    session = FakeSession(run_in(lab, "one-run"), run_in(lab, "two-run"), folder=lab)
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, "one-run", "two-run")
        await pilot.press("asterisk", "equals_sign")
        await see(pilot, "validation loss")
        await pilot.press("d")
        await see(pilot, "the data were not compared", "does not say what it was trained on")
