"""W&B gets a run's curves, with a network or without, and never stops it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from tests.yogo.training.tiny import TINY, Yogo
from yogo import signals
from yogo.definition import Splits
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest, WandbRun
from yogo.run.metrics import ClassCurves, Metrics, Thresholds
from yogo.run.result import verify
from yogo.training.listeners.weights_and_biases import WeightsAndBiases, run_id
from yogo.training.plan import TrainingPlan
from yogo.training.planning.recorded_request import as_recorded
from yogo.training.progress import Measured
from yogo.training.request import TrainingRequest

BLOCK = 32768


def records(path: Path) -> Iterator[Any]:
    """W&B's own records: protobuf in a LevelDB log, after seven bytes of header."""
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]  # made at run time

    data = path.read_bytes()
    assert data[:4] == b":W&B"
    offset, parts = 7, b""
    while offset + 7 <= len(data):
        if BLOCK - offset % BLOCK < 7:
            offset += BLOCK - offset % BLOCK
            continue
        length, kind = struct.unpack("<4xHB", data[offset : offset + 7])
        parts += data[offset + 7 : offset + 7 + length]
        offset += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield Record.FromString(parts)
            parts = b""


def test_offline_leaves_files_that_wandb_reads(yogo: Yogo, definition: Path) -> None:
    arguments = (
        "--name",
        "calm-cat",
        "--epochs",
        "2",
        "-bs",
        "4",
        "--wandb",
        "offline",
        "--note",
        "why",
        "--tags",
        "a",
    )
    done = yogo.finish(definition, *TINY, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = yogo.run("calm-cat").path.glob("wandb/offline-run-*/*.wandb")
    found = list(records(file))
    (begun,) = (record.run for record in found if record.HasField("run"))
    assert (begun.display_name, begun.notes, list(begun.tags)) == ("calm-cat", "why", ["a"])
    keys = {
        item.key or "/".join(item.nested_key)
        for record in found
        if record.HasField("history")
        for item in record.history.item
    }
    assert {"train loss", "val loss", "test loss", "lr"} <= keys
    assert "test confusion" in tables(file)
    assert any(record.HasField("exit") for record in found)
    recorded = Manifest.read(yogo.run("calm-cat").manifest).wandb
    assert recorded is not None
    assert (recorded.mode, recorded.id) == ("offline", begun.run_id)


def test_a_run_of_a_name_that_was_taken_elsewhere_is_another_one_to_wandb(tmp_path: Path) -> None:
    request = TrainingRequest(runs=tmp_path, name="baseline")
    assert run_id("baseline", request) != run_id("baseline", request)
    launched = request.model_copy(update={"token": "abc"})
    assert run_id("baseline", launched) == run_id("baseline", launched)


def test_a_run_that_goes_on_is_the_same_one_to_wandb(tmp_path: Path) -> None:
    recorded = WandbRun(mode="online", id="baseline-1f2e3d")
    manifest = Manifest(
        name="baseline", definition="d.yml", classes=("a",), recipe=Recipe(), precision="fp32", wandb=recorded
    )
    manifest.write(tmp_path / "run.json")
    assert run_id("baseline", as_recorded(TrainingRequest(runs=tmp_path, resume=tmp_path))) == recorded.id


def test_a_server_that_cannot_be_reached_is_reported_once_and_the_run_goes_on(yogo: Yogo, definition: Path) -> None:
    done = yogo.finish(
        *(definition, *TINY, "--name", "cut-off", "--epochs", "1", "--wandb", "online"),
        WANDB_API_KEY="a" * 40,
        WANDB_BASE_URL="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("W&B is offline, as W&B failed to begin online: http://127.0.0.1:9 cannot be reached") == 1
    verify(yogo.run("cut-off"))
    assert list(yogo.run("cut-off").path.glob("wandb/offline-run-*/*.wandb"))


@pytest.mark.parametrize(
    ("environment", "word"), [({}, "nobody is logged in"), ({"WANDB_MODE": "disabled"}, "WANDB_MODE")]
)
def test_without_a_word_on_wandb_the_run_says_what_it_does(
    environment: dict[str, str], word: str, yogo: Yogo, definition: Path
) -> None:
    done = yogo.train(definition, *TINY, "--name", "silent", "--epochs", "1", **environment)
    assert done.returncode == 0
    assert word in done.stdout
    assert not (yogo.run("silent").path / "wandb").exists()


def processes_of(session: int) -> list[int]:
    """All that live in this session."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                found.append(int(folder.name))
        except ProcessLookupError:
            continue
    return found


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def everyone(pid: int) -> list[int]:
    """A process, and all that it and they have started."""
    try:
        return [pid, *(one for child in children_of(pid) for one in everyone(child))]
    except (FileNotFoundError, ProcessLookupError):
        return []


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A W&B run of a training that has no steps yet, by its mode; and what is said of it."""
    for name in [name for name in os.environ if name.startswith("WANDB")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("HOME", str(tmp_path))
    run = RunDirectory(tmp_path / "calm cat")
    run.path.mkdir()
    plan = TrainingPlan(run, tmp_path / "d.yml", ("red", "white"), Recipe(), Splits((), (), ()), "fp32")
    begun: list[WeightsAndBiases] = []

    def begin(mode: Any) -> tuple[WeightsAndBiases, list[str]]:
        said: list[str] = []
        begun.append(WeightsAndBiases(mode, plan, TrainingRequest(runs=tmp_path), said.append))
        return begun[-1], said

    yield begin
    for one in begun:
        one.close()


def measured() -> Metrics:
    """What a test of a perfect and a never found class has measured."""
    nothing, halves = (None, None), (0.25, 0.75)
    red = ClassCurves(
        precision=(1.0, 0.5),
        roc_false_positive_rate=(0.0, 1.0),
        roc_true_positive_rate=(0.5, 1.0),
        calibration_count=(3, 4),
        calibration_confidence=halves,
        calibration_accuracy=(0.2, 0.8),
    )
    white = ClassCurves(
        precision=nothing,
        roc_false_positive_rate=nothing,
        roc_true_positive_rate=nothing,
        calibration_count=(0, 0),
        calibration_confidence=nothing,
        calibration_accuracy=nothing,
    )
    thresholds = Thresholds(objectness=0.5, suppression_iou=0.5, match_iou=0.5, ranked_objectness=0.01, most_boxes=100)
    return Metrics(
        classes=("red", "white"),
        num_images=2,
        num_objects=12,
        num_boxes=9,
        thresholds=thresholds,
        figures={"mAP": 0.5},
        confusion=((7, 1, 0), (0, 0, 3), (2, 0, 0)),
        names=("red", "white", "background"),
        curves={"red": red, "white": white},
    )


def step(number: int) -> events.Step:
    return events.Step(step=number, epoch=0, losses=events.Losses(loss=1.0), lr=1e-3)


def told(said: list[str]) -> list[str]:
    """What is said on whatever machine: a slow one also says that W&B is slow."""
    return [sentence for sentence in said if "W&B is slow to" not in sentence]


def test_offline_says_how_to_upload_later(board: Any) -> None:
    one, said = board("offline")
    one.hear(step(1))
    one.close()
    (sentence,) = told(said)
    before, _, folder = sentence.partition("wandb sync ")
    assert before == "W&B is offline. Upload later: "
    (file,) = Path(folder.strip("'")).glob("*.wandb")
    assert any(record.HasField("history") for record in records(file))


def tables(file: Path) -> dict[str, list[list[Any]]]:
    """The rows that each chart draws, by the chart's name."""
    found = {}
    for record in records(file):
        for item in record.history.item if record.HasField("history") else ():
            if list(item.nested_key)[1:] == ["path"]:
                table = file.parent / "files" / json.loads(item.value_json)
                found[item.nested_key[0].removesuffix("_table")] = json.loads(table.read_text())["data"]
    return found


def test_the_charts_of_a_test_hold_its_figures(board: Any, tmp_path: Path) -> None:
    one, _ = board("offline")
    one.hear(Measured(measured()))
    one.close()
    (file,) = tmp_path.glob("calm cat/wandb/offline-run-*/*.wandb")
    drawn = tables(file)
    confusion = {(actual, predicted): count for actual, predicted, count in drawn.pop("test confusion")}
    assert len(confusion) == 9
    assert {pair: count for pair, count in confusion.items() if count} == {
        ("red", "red"): 7,
        ("red", "white"): 1,
        ("white", "background"): 3,
        ("background", "red"): 2,
    }
    assert drawn == {  # nothing of the class that was never found
        "test precision over recall": [[0.0, "red", 1.0], [0.01, "red", 0.5]],
        "test ROC": [[0.0, "red", 0.5], [1.0, "red", 1.0]],
        "test calibration": [[0.25, "red", 0.2], [0.75, "red", 0.8]],
    }


def test_nothing_is_left_in_the_temporary_folder(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = yogo.finish(
        *(definition, *TINY, "--name", "tidy", "--epochs", "1", "--wandb", "offline"), TMPDIR=str(temporary)
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in temporary.iterdir() if "wandb" in path.name] == []


def test_a_server_that_never_answers_is_not_waited_for(board: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("WANDB_BASE_URL", url)
        one, said = board("online")
    assert one.record.mode == "offline"
    assert f"W&B failed to begin online: {url} cannot be reached: timed out. Upload later: wandb sync " in said[-1]


def test_a_w_and_b_that_dies_is_told_once_and_left_out(board: Any) -> None:
    others = children_of(os.getpid())  # of tests before this one
    one, said = board("offline")
    (session,) = {pid for pid in children_of(os.getpid()) if pid not in others and os.getsid(pid) == pid}
    for pid in processes_of(session):
        os.kill(pid, signal.SIGKILL)

    def has_failed() -> bool:
        one.hear(step(1))
        return len(told(said)) > 1

    until(has_failed)
    one.hear(step(2))
    one.close()
    begun, failed = told(said)
    assert begun.startswith("W&B is offline")
    assert "its process has ended" in failed


def test_a_run_that_is_cancelled_ends_without_a_traceback_of_w_and_b(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(
        *(definition, *TINY, "--name", "cut", "--epochs", "100000", "-bs", "1", "--wandb", "offline", "--no-cache")
    )
    until(lambda: yogo.run("cut").last.exists() or process.poll() is not None)
    for pid in reversed(everyone(process.pid)):  # as a cluster does it
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (signals.RESUMABLE, "")
    assert "Traceback" not in out
    assert "Stopped; saved after step" in out
