"""An assay of a run is asked for by a form or a command, is made in a job, and is opened once it is over."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.made_assay import made_assay
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.results import metrics
from tests.yogo_tui.test_use import Until, ended, lab, submitted
from tests.yogo_tui.test_use_form import definition_of
from yogo.errors import DefinitionError
from yogo.run.assay import AssayFile
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.base import silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.use import made_in
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.uses import LookForRoles
from yogo_tui.runs.model import RunState

__all__ = ["lab"]  # a fixture

ROLES = "roles: {total: [cell], target: [cell], per_microlitre: 5.0e+6}\n"


def with_roles(definition: Path) -> Path:
    definition.write_text(definition.read_text() + ROLES)
    return definition


def samples_in(folder: Path, roles: str = ROLES) -> Path:
    file = folder / "samples.yml"
    file.write_text(f"{roles}samples:\n  slide-1: {{images: images, target_per_microlitre: 0}}\n")
    return file


def test_data_without_roles_are_refused_unless_the_run_knows_them(tmp_path: Path) -> None:
    definition = definition_of(tmp_path / "defs", "{train: 0, val: 0, test: 1}")
    asked = LookForRoles(definition, tmp_path, tmp_path)
    with pytest.raises(LaunchError, match=r"^cells\.yml has no roles: an assay has to know what is counted"):
        asked.answer(silent)
    samples = samples_in(definition.parent, roles="")
    with pytest.raises(LaunchError, match=r"^samples\.yml has no roles"):
        replace(asked, source=samples).answer(silent)
    metrics().model_copy(update={"assay": made_assay()}).write(tmp_path / "metrics.json")
    assert asked.answer(silent)
    assert not replace(asked, source=samples).answer(silent)
    (tmp_path / "metrics.json").unlink()
    assert replace(asked, source=with_roles(definition)).answer(silent)
    assert not replace(asked, source=samples_in(definition.parent)).answer(silent)
    definition.write_text("class_names: []\n")
    with pytest.raises(DefinitionError):
        asked.answer(silent)


async def test_an_assay_is_asked_for_by_keys_of_a_definition_or_of_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare = definition_of(tmp_path / "bare", "{train: 0, val: 0, test: 1}")
    own = with_roles(definition_of(tmp_path / "own", "{train: 0, val: 0, test: 1}"))
    samples = samples_in(own.parent)
    made = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    run = replace(made, launch=made.launch and made.launch.model_copy(update={"definition": str(own)}))
    session = FakeSession(run, folder=tmp_path)
    session.definition_files = tuple(DefinitionFile(path, tmp_path) for path in (bare, own, samples))
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("u")
        await see(pilot, "assay it", "limits and estimates per µL; of a definition, or samples")
        await pilot.press(*"assay", "enter")
        await see(pilot, "assay tidy-fox-0001", "own/cells.yml", "samples, which need no labels")
        await pilot.press("ctrl+o")
        await see(pilot, "assay it on", "bare/cells.yml", "own/samples.yml")
        await pilot.press(*"bare", "enter")
        await see(pilot, "✖ cells.yml has no roles: an assay has to know what is counted")
        await pilot.press("ctrl+s")
        await pilot.pause(0.3)
        assert "Submit a job" not in shown(pilot)
        await pilot.press("ctrl+u", *str(samples))
        await until(pilot, lambda: "has no roles" not in shown(pilot))
        await pilot.press("ctrl+s")
        await see(pilot, "Submit a job that assays tidy-fox-0001 on own/samples.yml")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        then = "Once it is over, O opens it, as does: yogo-tui results tidy-fox-0001"
        await until(pilot, lambda: any(then in one.message for one in pilot.app._notifications))
    script = " ".join(session.host.files[session.cluster.submitted[0]].decode().split())
    assert f"assay {run.path}/best.pth {samples} --dump-to-disk" in script


async def test_only_what_the_job_itself_has_made_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "fox/uses/assay-1"
    folder.mkdir(parents=True)
    file = tmp_path / "fox/best-assay-samples.json"
    AssayFile(report=made_assay()).write(file)
    makes = folder / "makes.txt"
    makes.write_text(str(file))
    os.utime(makes, (2e9, 2e9))
    found = await made_in(HereHost(), PurePosixPath(folder))
    assert (found.purpose, found.files) == (None, ())
    os.utime(makes, (1e9, 1e9))
    found = await made_in(HereHost(), PurePosixPath(folder))
    assert (found.purpose, found.path) == (Purpose.ASSAY, PurePosixPath(file))
    assert found.next == "yogo-tui results fox"


async def test_what_an_assay_has_made_is_opened_by_o(tmp_path: Path) -> None:
    run = tmp_path / "tidy-fox-0001"
    (folder := run / "uses/assay-1").mkdir(parents=True)
    (folder / "makes.txt").write_text(str(run / "best-assay-samples.json"))
    AssayFile(report=made_assay()).write(run / "best-assay-samples.json")
    session = FakeSession(make_run(run.name, RunState.FINISHED, has_best=True, path=PurePosixPath(run)))
    for path in (folder / "makes.txt", run / "best-assay-samples.json"):
        session.host.files[PurePosixPath(path)] = path.read_bytes()
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("O")
        await see(pilot, "tidy-fox-0001 · assay of samples", "LoD 92 (64 to 120) per µL at 0.85")


def test_a_job_makes_an_assay_and_the_results_of_the_run_tell_it(
    lab: Path, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    definition = lab / "dataset_defs/cells.yml"
    said = json.loads(definition.read_text())
    definition.write_text(
        json.dumps(said | {"roles": {"total": ["a", "b"], "target": ["b"], "per_microlitre": 5e6, "cells": 1000}})
    )
    told = submitted(capsys, "assay", "tidy-fox-0001", "cells.yml", "--", "--cells", "2000")
    run = lab / "trained_models/tidy-fox-0001"
    assert told["results"] == str(run / "best-assay-cells.json")
    asyncio.run(ended(lab, until, told))
    report = AssayFile.read(run / "best-assay-cells.json").report
    assert (report.roles.cells, report.num_images) == (2000, 2)
    assert main(["results", "tidy-fox-0001"]) == 0
    assert "assay of cells" in capsys.readouterr().out


def test_samples_are_looked_at_without_labels(lab: Path, capsys: pytest.CaptureFixture[str], until: Until) -> None:
    file = lab / "samples.yml"
    file.write_text(
        "roles: {total: [a, b], target: [b], per_microlitre: 5.0e+6}\nsamples:\n"
        "  slide-1: {images: others, target_per_microlitre: 0}\n  slide-2: {images: more, group: monday}\n"
    )
    shutil.copytree(lab / "others", lab / "more")
    told = submitted(capsys, "assay", "tidy-fox-0001", "samples.yml")
    assert told["results"] == str(lab / "trained_models/tidy-fox-0001/best-assay-samples.json")
    told = submitted(capsys, "infer", "tidy-fox-0001", "samples.yml")
    asyncio.run(ended(lab, until, told))
    names = {path.name for path in Path(told["folder"]).iterdir()}
    assert {"samples.csv", "images.csv", "samples.json"} <= names


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("samples: {x: {images: gone}}\n", [], "samples.yml, line 1: images does not exist: gone"),
        ("samples: {x: {images: others}}\n", ["--draw-boxes"], "are counted only: leave out --draw-boxes"),
        ("samples: {x: {images: others}}\n", ["--thresholds", "counts"], "leave out --thresholds counts"),
    ],
)
def test_samples_that_cannot_be_counted_are_refused_before_a_job_waits(
    lab: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], expected: str
) -> None:
    (lab / "samples.yml").write_text(text)
    assert main(["infer", "tidy-fox-0001", "samples.yml", "--", *options]) != 0
    assert expected in " ".join(capsys.readouterr().err.split())
    assert not (lab / "trained_models/tidy-fox-0001/uses").exists()
