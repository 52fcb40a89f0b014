"""Odd surroundings: no home, no name, no folder to stand in, closed streams, a terminal that can do nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.terminal import Terminal
from yogo.files.places import NoHome, expanded, folder_of, home, user_name
from yogo.run.events import Losses, Started, Step
from yogo_tui.settings import Settings

NOBODY = 54_321
"""A user's number that no system has a name for."""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A workspace with a run that has curves, and one without."""
    data = tmp_path / "lab/dataset_defs"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels/one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images/one.png").write_bytes(b"")
    (data / "cells.yml").write_text(
        "class_names: [a]\ndataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    )
    run = tmp_path / "lab/trained_models/first"
    run.mkdir(parents=True)
    (run / "events.jsonl").write_text(
        Started(epochs=2, steps_per_epoch=2, num_train=4, num_val=1).model_dump_json()
        + "".join(
            f"\n{Step(step=step, epoch=0, losses=Losses(loss=9 - step), lr=1e-3).model_dump_json()}"
            for step in range(1, 5)
        )
        + "\n"
    )
    (tmp_path / "lab/settings.yaml").write_text(f"cluster: local\nworkspace: {tmp_path}/lab\n")
    (tmp_path / "home").mkdir()
    return tmp_path / "lab"


def environment(lab: Path, **changes: str | None) -> dict[str, str]:
    """This process's own, with a home of its own; None takes a variable away."""
    hidden = {"XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NO_COLOR", "COLUMNS", "FORCE_COLOR"}
    values: dict[str, str | None] = {name: one for name, one in os.environ.items() if name not in hidden}
    values |= {"YOGO_TUI_SETTINGS": f"{lab}/settings.yaml", "HOME": f"{lab.parent}/home", "TERM": "xterm-256color"}
    values |= changes
    return {name: value for name, value in values.items() if value is not None}


def told(lab: Path, *words: str, before: tuple[str, ...] = (), **changes: str | None) -> tuple[int, str, str]:
    command = [*before, sys.executable, "-m", "yogo_tui", *words]
    done = subprocess.run(
        command,
        cwd=lab,
        env=environment(lab, **changes) | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("state", [None, "state"])
def test_a_user_without_name_and_home_works_or_is_told_what_to_set(lab: Path, state: str | None) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("needs root, to become nobody")
    powers = "+dac_override,+dac_read_search"
    before = (
        *(setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *(f"--inh-caps={powers}", f"--ambient-caps={powers}"),
    )
    nobody: dict[str, str | None] = dict.fromkeys(("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"))
    if state:
        nobody["XDG_STATE_HOME"] = str(lab.parent / state)
    status, out, err = told(lab, "runs", before=before, **nobody)
    if state:
        assert (status, err) == (0, "")
        assert "first" in out
    else:
        assert status == 1
        assert "HOME is not set" in err
        assert str(NOBODY) in err
        assert "XDG_STATE_HOME" in err
    assert told(lab, "recipes", before=before, **nobody)[0] == 0
    assert told(lab, "config", "show", before=before, **nobody)[0] == 0


@pytest.mark.parametrize("odd", ["", "rel", "/dev/null", "/nonexistent/deep"])
def test_an_odd_home_keeps_nobody_from_looking(lab: Path, odd: str) -> None:
    status, out, _ = told(lab, "runs", HOME=odd)
    assert status == 0
    assert "first" in out
    status, _, err = told(lab, "launch", "cells.yml", "--name", "second", HOME="/dev/null")
    assert status == 1
    assert "/dev/null" in err


def test_a_state_that_no_folder_can_hold_is_told_in_words(lab: Path) -> None:
    _, _, err = told(lab, "runs", HOME="/etc/passwd")
    assert "/etc/passwd/.local/state/yogo-tui/local cannot be read: Not a directory" in err
    assert "Errno" not in err


@pytest.mark.parametrize("name", ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("odd", ["", "rel", "/dev/null"])
def test_odd_xdg_folders_are_no_traceback(lab: Path, name: str, odd: str) -> None:
    changes: dict[str, Any] = {name: odd}
    assert told(lab, "runs", **changes)[0] == 0
    assert told(lab, "config", "path", **changes)[0] == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"COLUMNS": "0", "LINES": "0"},
        {"COLUMNS": "many"},
        {"COLUMNS": "-5"},
        {"TMPDIR": "/nonexistent"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "xx_YY.nothing"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": ""},
        {"USER": "", "LOGNAME": ""},
    ],
    ids=str,
)
def test_odd_variables_change_no_outcome(lab: Path, odd: dict[str, Any]) -> None:
    for words in (["runs"], ["plot", "first"], ["datasets"]):
        status, _, err = told(lab, *words, **odd)
        assert (status, err) == (0, "")


@pytest.mark.parametrize(
    "words",
    ["runs", "logs first", "logs nobody", "render cells.yml", "chain x.pth cells.yml", "launch cells.yml", "jobs",
     "runs --settings other.yaml", "runs --workspace inner", "datasets", "recipes", "config", "plot first", "demo"],
)  # fmt: skip
@pytest.mark.parametrize("pinned", [True, False])
def test_a_folder_that_is_gone_under_ones_feet_is_told(lab: Path, tmp_path: Path, words: str, pinned: bool) -> None:
    settings = lab / "settings.yaml" if pinned else tmp_path / "none.yaml"
    settings.touch()
    script = f'mkdir "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "{tmp_path}/gone" && exec "$@"'
    before = ("sh", "-c", script, "sh")
    status, out, err = told(lab, *words.split(), before=before, YOGO_TUI_SETTINGS=str(settings))
    assert status == 1 or (pinned and status == 0)
    if status:
        assert any(words in err for words in ("The current folder no longer exists", "No log", "image_path cannot"))
        assert "A file cannot be used" not in err
        assert out == ""


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_traceback(lab: Path, closing: str) -> None:
    before = ("sh", "-c", f'exec "$@" {closing}', "sh")
    assert told(lab, "runs", before=before)[0] == 0
    assert told(lab, "cancel", "first", before=before)[0] == 2
    assert told(lab, before=before)[0] == 2


@pytest.mark.parametrize(("changes", "has_colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
@pytest.mark.parametrize("words", [["plot", "first"], ["logs", "first"], ["datasets", "cells.yml"], ["runs"]])
def test_colour_and_cursor_are_used_only_where_they_are_wanted(
    lab: Path, words: list[str], changes: Mapping[str, str], has_colour: bool
) -> None:
    (lab / "trained_models/first/first-1.log").write_bytes(b"\x1b[31mred\x1b[0m\n")
    with Terminal([sys.executable, "-m", "yogo_tui", *words], environment(lab, **changes), lab) as terminal:
        terminal.end()
    colours = [code for code in (b"\x1b[3", b"\x1b[9", b"\x1b[1;") if code in terminal.sent]
    if not has_colour:
        assert not colours
    elif words[0] in ("plot", "logs"):
        assert colours
    if changes.get("TERM") == "dumb":
        assert b"\x1b" not in terminal.sent


def test_the_console_says_that_a_dumb_terminal_cannot_show_it(lab: Path) -> None:
    with Terminal([sys.executable, "-m", "yogo_tui"], environment(lab, TERM="dumb"), lab) as terminal:
        assert terminal.end() == 2
    assert "TERM=dumb" in terminal.text
    assert b"\x1b" not in terminal.sent


def test_the_home_is_told_from_the_environment_or_named_as_missing() -> None:
    assert home({"HOME": "/a"}) == Path("/a")
    assert expanded(Path("~/b"), {"HOME": "/a"}) == Path("/a/b")
    assert folder_of("XDG_X", ".x", {"HOME": "/a", "XDG_X": "rel"}) == Path("/a/.x")
    with pytest.raises(NoHome, match="no-such-user"):
        expanded(Path("~no-such-user/x"))
    assert user_name()
    assert Settings().file.name == "settings.yaml"
