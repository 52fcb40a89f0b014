"""A conversion that was killed leaves a folder beside OUT. The next one to OUT removes it, and nothing in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.yogo.label_sets import make_set
from yogo.cli import main

WRITER = """
import sys
from pathlib import Path
from yogo.formats.output import new_folder
with new_folder(Path(sys.argv[1])) as folder:
    folder.write("labels/a.txt", "0 0.5 0.5 0.1 0.1")
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of writing `out`."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "out")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


def left(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.part"))


def test_what_a_killed_conversion_left_is_removed_and_said(
    writer: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_set(tmp_path / "in")
    words = ["labels", "convert", str(path), str(tmp_path / "out"), "--to", "yolo"]
    writer.kill()
    writer.wait()
    [torn] = left(tmp_path)
    assert main([*words, "--dry-run"]) == 0
    assert left(tmp_path) == [torn]
    assert "Removed" not in capsys.readouterr().out
    assert main(words) == 0
    assert f"Removed what a conversion that was killed had left: {torn}\n" in capsys.readouterr().out
    assert left(tmp_path) == []


def test_what_somebody_is_writing_stays(writer: subprocess.Popen[str], tmp_path: Path) -> None:
    path = make_set(tmp_path / "in")
    [theirs] = left(tmp_path)
    others = [tmp_path / ".out.0123abcd.part", tmp_path / ".out.more.0123abcd.part"]
    for one in others:
        one.mkdir()
    (others[1] / "lock").touch()
    assert main(["labels", "convert", str(path), str(tmp_path / "out"), "--to", "coco"]) == 0
    assert left(tmp_path) == sorted([theirs, *others])
    assert (theirs / "made/labels/a.txt").is_file()
