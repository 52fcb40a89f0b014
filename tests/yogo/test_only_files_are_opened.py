"""Named pipes and devices in place of files that a run or a dataset leads to: a sentence, and nobody waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.yogo.holding import hold
from yogo.definition import DatasetDefinition, split
from yogo.definition.problem import Problem
from yogo.definition.record import DataRecord
from yogo.definition.stamps import stamps
from yogo.errors import DefinitionError, RunError
from yogo.images.headers import ImageHeader, look
from yogo.run.directory import RunDirectory
from yogo.run.history import History
from yogo.run.manifest import Manifest
from yogo.run.result import sha256


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return "a named pipe"


def device(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "a device"


def folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


KINDS = [pipe, device, folder]
Kind = Callable[[Path], str]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["data.json.gz", "run.json"])
def test_a_record_of_a_run_is_a_file(tmp_path: Path, kind: Kind, name: str) -> None:
    what = kind(tmp_path / name)

    with pytest.raises(RunError, match=f"cannot be read: this is {what}"):
        (DataRecord if name == "data.json.gz" else Manifest).read(tmp_path / name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_events_of_a_run_are_a_file(tmp_path: Path, kind: Kind) -> None:
    what = kind(tmp_path / "events.jsonl")

    with pytest.raises(OSError, match=f"this is {what}"):
        History.read(tmp_path / "events.jsonl")


@pytest.mark.parametrize("kind", KINDS)
def test_who_holds_a_run_waits_for_no_pipe_in_place_of_its_lease(tmp_path: Path, kind: Kind) -> None:
    run = RunDirectory(tmp_path)
    with hold(run) as lease:
        run.holder.unlink()
        what = kind(run.holder)

        with pytest.raises(OSError, match=f"this is {what}"):
            lease.check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_digest_is_of_a_file(tmp_path: Path, kind: Kind) -> None:
    what = kind(tmp_path / "x")

    with pytest.raises(OSError, match=f"this is {what}"):
        sha256(tmp_path / "x")
    with pytest.raises(DefinitionError, match=f"this is {what}"):
        stamps([str(tmp_path / "x")])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_has_become_something_else_is_gone_for_a_run_that_goes_on(tmp_path: Path, kind: Kind) -> None:
    for name in ("images/a.png", "labels/a.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("0 .5 .5 .1 .1\n")
    path = tmp_path / "d.yml"
    path.write_text("class_names: [a]\ndataset_paths: {x: {image_path: images, label_path: labels}}\n")
    definition = DatasetDefinition.from_yaml(path)
    record = DataRecord.build(definition, split(definition))
    (tmp_path / "labels/a.txt").unlink()
    what = kind(tmp_path / "labels/a.txt")

    (problem,) = record.verify()

    assert problem.missing
    assert f"this is {what}" in problem.message


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_is_of_a_file(tmp_path: Path, kind: Kind) -> None:
    what = kind(tmp_path / "x.png")

    (found,) = look([str(tmp_path / "x.png")])

    assert not isinstance(found, ImageHeader)
    assert isinstance(found, Problem)
    assert f"This image cannot be read: this is {what}" in str(found)
