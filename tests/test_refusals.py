"""Whatever either program refuses, it says in whole sentences, the last of which ends."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from yogo.cli import main as yogo
from yogo_tui.cli import main as console

Program = Callable[[Sequence[str]], int]

OF_YOGO = [
    "train",
    "train nowhere.yml",
    "train empty.yml",
    "train folder",
    "train empty.yml --name a/b",
    "train empty.yml --epochs 0",
    "train empty.yml --recipe nobodys",
    "train empty.yml --half --precision fp32",
    "train --resume nowhere",
    "train --resume folder",
    "anchors nowhere.yml",
    "inspect nowhere.pth",
    "inspect folder",
    "inspect empty.yml",
    "verify nowhere",
    "infer nowhere.pth --path-to-images folder",
    "infer empty.yml --path-to-zarr nowhere",
    "export nowhere.pth",
    "test nowhere.pth empty.yml",
    "synth empty.yml",
    "synth",
    "nothing",
    "check empty.yml --jsno",
]

OF_CONSOLE = [
    "launch nowhere.yml",
    "launch empty.yml",
    "launch empty.yml --name a/b",
    f"launch empty.yml --name {'n' * 101}",
    "launch empty.yml --size 9",
    "launch empty.yml --set epochs=0",
    "chain nowhere empty.yml",
    "chain nowhere.pth empty.yml",
    "resume nowhere",
    "logs nowhere",
    "plot nowhere",
    "results nowhere",
    "cancel nowhere --yes",
    "forget nowhere --yes",
    "test nowhere",
    "infer nowhere folder",
    "export nowhere",
    "datasets nowhere.yml",
    "recipes nobodys",
    "runs -n 0",
    "config nothing",
    "nothing",
    "--workspace nowhere runs",
    "--settings nowhere.yaml runs",
    "--settings folder runs",
    "--settings binary.yml runs",
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one stands: a folder with an empty file, one that is no text, and an empty folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.yml").touch()
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00a")
    (tmp_path / "settings.yaml").write_text("cluster: local\ndefinitions: [.]\n")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path


@pytest.mark.parametrize(
    ("program", "words"),
    [(program, words) for program, cases in ((yogo, OF_YOGO), (console, OF_CONSOLE)) for words in cases],
    ids=[f"{name} {words[:40]}" for name, cases in (("yogo", OF_YOGO), ("yogo-tui", OF_CONSOLE)) for words in cases],
)
@pytest.mark.usefixtures("desk")
def test_a_refusal_is_a_sentence_that_ends(program: Program, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = program(words.split())
    except SystemExit as left:
        status = int(left.code or 0)
    err = capsys.readouterr().err
    assert status in (1, 2)
    assert "Traceback" not in err
    assert err.rstrip("\n")[-1:] in (".", "?", "!")
