"""The run directory: what a killed writer, a second job and a newer version leave is read rightly."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.errors import RunError
from yogo.files.atomic import replacing, write_atomically
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory, check_name, propose_name
from yogo.run.events import Checkpointed, Losses, Resumed, Started, Step, Validated
from yogo.run.history import History
from yogo.run.launch import Kind, Launch, Size
from yogo.run.result import Result, sha256, verify


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    directory = RunDirectory(tmp_path / "chaos-cat-0727")
    directory.path.mkdir()
    return directory


def finish(run: RunDirectory) -> Result:
    with zipfile.ZipFile(run.best, "w") as archive:
        archive.writestr("archive/data.pkl", b"weights")
    result = Result(outcome="finished", best_sha256=sha256(run.best), best_loss=2.5, epochs=3)
    result.write(run.result)
    return result


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, "old")
    with pytest.raises(OSError, match="no space"), replacing(path) as file:  # noqa: PT012 the write comes first
        file.write(b"half of the new")
        raise OSError("no space")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "n" * 240 + "[1].txt"])
def test_the_longest_name_that_a_file_may_have_can_be_written(tmp_path: Path, name: str) -> None:
    for text in ("old", "new"):
        write_atomically(tmp_path / name, text)
        assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(name, text)]


def test_the_file_before_can_be_kept_and_is_another_file(tmp_path: Path) -> None:
    path, previous = tmp_path / "state.json", tmp_path / "state.previous.json"
    for number in range(4):
        with replacing(path, previous=previous) as file:
            file.write(str(number).encode())
        if number == 1:  # killed before the new file took its place: both names are the old file's
            previous.unlink()
            os.link(path, previous)
    assert (path.read_text(), previous.read_text()) == ("3", "2")
    path.write_text("torn")
    assert previous.read_text() == "2"
    assert sorted(os.listdir(tmp_path)) == ["state.json", "state.previous.json"]


def test_a_receipt_holds_while_its_checkpoint_is_the_one_that_was_written(run: RunDirectory) -> None:
    assert finish(run) == verify(run)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda run: run.result.unlink(), "has not finished"),
        (lambda run: run.result.write_text("{"), "damaged"),
        (lambda run: run.best.unlink(), "does not exist"),
        (lambda run: run.best.write_bytes(run.best.read_bytes()[:-30]), "cut short"),
        (lambda run: run.best.write_bytes(b"PK" + run.best.read_bytes()), "digest differs"),
        (lambda run: Result(outcome="failed", reason="NaN in the loss").write(run.result), "NaN in the loss"),
    ],
)
def test_a_receipt_that_does_not_hold_says_why(run: RunDirectory, spoil: object, says: str) -> None:
    finish(run)
    spoil(run)  # type: ignore[operator]
    with pytest.raises(RunError, match=says):
        verify(run)


def test_a_newer_record_is_read_with_its_unknown_keys_and_never_overwritten(run: RunDirectory) -> None:
    launch = Launch(
        name="a", kind=Kind.TRAIN, token="t", definition="/d.yml", recipe=Recipe(), size=Size(gpus=1, cpus=1, hours=1)
    )
    newer = json.loads(launch.model_dump_json()) | {"schema_version": 2, "shade": "green"}
    run.launch.write_text(json.dumps(newer))

    read = Launch.read(run.launch)

    assert read.is_newer
    assert read.model_extra == {"shade": "green"}
    with pytest.raises(RunError, match="newer"):
        read.write(run.launch)
    assert json.loads(run.launch.read_text()) == newer


def test_a_torn_line_is_passed_over_and_the_next_attempt_starts_on_a_new_one(run: RunDirectory) -> None:
    started = Started(epochs=2, steps_per_epoch=3, num_train=6, num_val=1)
    events.append(run.events, started)
    with run.events.open("ab") as file:
        file.write(b'{"event": "step", "st')
    assert events.parse(run.events.read_bytes())[0] == [started]

    events.append(run.events, Resumed(attempt=1, epoch=0, step=0))

    assert [event.event for event in events.parse(run.events.read_bytes())[0]] == ["started", "resumed"]


def test_an_event_of_a_later_version_is_passed_over() -> None:
    assert events.parse_line(b'{"event": "dreamt", "at": "2026-01-01T00:00:00Z"}') is None


@given(st.floats())
def test_a_loss_that_is_not_finite_is_written_as_null(loss: float) -> None:
    step = Step(step=1, epoch=0, lr=1e-3, losses=Losses(loss=loss))
    again = events.parse_line(step.model_dump_json().encode())
    assert isinstance(again, Step)
    assert again.losses.loss == (loss if abs(loss) < float("inf") else None)


def step_at(step: int, attempt: int, loss: float) -> Step:
    return Step(step=step, epoch=0, lr=0.1, attempt=attempt, losses=Losses(loss=loss))


def test_a_resumed_attempt_takes_the_place_of_what_it_went_back_over() -> None:
    history = History()
    history.extend([Started(epochs=2, steps_per_epoch=4, num_train=4, num_val=1)])
    history.extend(step_at(step, 0, 9.0) for step in range(1, 6))
    history.add(Validated(step=4, epoch=0, losses=Losses(loss=3.0)))
    history.add(Checkpointed(step=4, epoch=0, file="best.pth"))
    history.extend([Resumed(attempt=1, epoch=0, step=2), step_at(3, 1, 1.0), step_at(4, 1, 1.0)])

    assert [(event.step, event.losses.loss) for event in history.steps] == [(1, 9.0), (2, 9.0), (3, 1.0), (4, 1.0)]
    assert not history.validations
    assert not history.checkpoints
    assert history.step == 4
    assert history.epochs_done == 1.0


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x", "a\nb", "ü", "a" * 101, "."])
def test_a_name_that_could_leave_its_folder_or_its_quotes_names_no_run(name: str) -> None:
    with pytest.raises(RunError, match="cannot name a run"):
        check_name(name)


def test_proposed_names_can_name_runs(tmp_path: Path) -> None:
    assert check_name(propose_name(tmp_path))
