"""W&B gets a run's curves, with a network or without, and never stops it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny import TINY, Yogo

from yogo.recipe import Recipe
from yogo.run.manifest import Manifest, WandbRun
from yogo.run.result import verify
from yogo.training.listeners.weights_and_biases import run_id
from yogo.training.recorded import as_recorded
from yogo.training.request import Request

BLOCK = 32768


def records(path: Path) -> Iterator[Any]:
    """W&B's own records: protobuf in a LevelDB log, after seven bytes of header."""
    from wandb.proto.wandb_internal_pb2 import Record

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
    assert any(record.HasField("exit") for record in found)
    recorded = Manifest.read(yogo.run("calm-cat").manifest).wandb
    assert recorded is not None
    assert (recorded.mode, recorded.id) == ("offline", begun.run_id)


def test_a_run_of_a_name_that_was_taken_elsewhere_is_another_one_to_wandb(tmp_path: Path) -> None:
    request = Request(runs=tmp_path, name="baseline")
    assert run_id("baseline", request) != run_id("baseline", request)
    launched = request.model_copy(update={"token": "abc"})
    assert run_id("baseline", launched) == run_id("baseline", launched)


def test_a_run_that_goes_on_is_the_same_one_to_wandb(tmp_path: Path) -> None:
    recorded = WandbRun(mode="online", id="baseline-1f2e3d")
    manifest = Manifest(
        name="baseline", definition="d.yml", classes=("a",), recipe=Recipe(), precision="fp32", wandb=recorded
    )
    manifest.write(tmp_path / "run.json")
    assert run_id("baseline", as_recorded(Request(runs=tmp_path, resume=tmp_path))) == recorded.id


def test_a_server_that_cannot_be_reached_is_reported_once_and_the_run_goes_on(yogo: Yogo, definition: Path) -> None:
    done = yogo.finish(
        *(definition, *TINY, "--name", "cut-off", "--epochs", "1", "--wandb", "online"),
        WANDB_API_KEY="a" * 40,
        WANDB_BASE_URL="http://127.0.0.1:9",
        WANDB_INIT_TIMEOUT="2",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("W&B failed") == 1
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
