"""What a command prints on decides nothing: not its encoding, not whether anybody reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLOSED = ("sh", "-c", 'exec "$@" >&-', "sh")
ALL_CLOSED = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A definition and a run whose names are of many scripts."""
    root = tmp_path / "größe 細胞"
    (root / "dataset_defs").mkdir(parents=True)
    (root / "images").mkdir()
    (root / "labels").mkdir()
    (root / "dataset_defs" / "red.yml").write_text(
        "class_names: [rød, 細胞]\ndataset_paths:\n  a: {image_path: ../images, label_path: ../labels}\n"
    )
    (root / "trained_models" / "größe").mkdir(parents=True)
    (root / "trained_models" / "größe" / "best.pth").write_bytes(b"weights")
    return root


def run(*argv: object, cwd: Path, wrapper: tuple[str, ...] = (), stdout: int | None = None, **environment: str) -> Done:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [*wrapper, sys.executable, "-m", *map(str, argv)],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "PATH": "/nowhere:/usr/bin:/bin", "PYTHONPATH": os.getcwd()} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        timeout=100,
        check=False,
    )
    return done


Done = subprocess.CompletedProcess[bytes]

LIGHT = [
    ("yogo", "check", "dataset_defs/red.yml"),
    ("yogo", "--help"),
    ("yogo_tui", "datasets"),
    ("yogo_tui", "recipes"),
    ("yogo_tui", "--help"),
    ("yogo_tui", "runs"),
]


@pytest.mark.parametrize("command", LIGHT, ids=" ".join)
def test_no_encoding_is_too_poor_for_what_is_printed(command: tuple[str, ...], workspace: Path) -> None:
    rich = run(*command, cwd=workspace, PYTHONIOENCODING="utf-8")
    assert rich.returncode in (0, 1), rich.stderr
    for encoding in ("ascii", "cp1252"):
        poor = run(*command, cwd=workspace, PYTHONIOENCODING=encoding)
        assert b"Traceback" not in poor.stderr
        assert poor.returncode == rich.returncode, poor.stderr
        assert poor.stdout.count(b"\n") == rich.stdout.count(b"\n")
    poorest = run(*command, cwd=workspace, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (poorest.returncode, b"Traceback" in poorest.stderr) == (rich.returncode, False)


@pytest.mark.parametrize("command", LIGHT, ids=" ".join)
@pytest.mark.parametrize("wrapper", [CLOSED, ALL_CLOSED], ids=["closed", "all closed"])
def test_closed_streams_change_no_outcome(wrapper: tuple[str, ...], command: tuple[str, ...], workspace: Path) -> None:
    told, silent = run(*command, cwd=workspace), run(*command, cwd=workspace, wrapper=wrapper)
    assert silent.returncode == told.returncode, silent.stderr
    assert b"Traceback" not in silent.stderr


def test_a_verdict_stands_where_it_cannot_be_printed(workspace: Path) -> None:
    told = run("yogo", "check", "dataset_defs/red.yml", cwd=workspace)
    with open("/dev/full", "wb") as full:
        done = run("yogo", "check", "dataset_defs/red.yml", cwd=workspace, stdout=full.fileno())
    assert (done.returncode, done.stderr) == (told.returncode, told.stderr)


@pytest.mark.parametrize(
    "command",
    [
        ("yogo_tui", "recipes"),
        ("yogo_tui", "config", "show"),
        ("yogo", "check", "--json", "dataset_defs/red.yml"),
        ("yogo", "--help"),
        ("yogo", "--version"),
        ("yogo", "check", "--help"),
        ("yogo_tui", "--help"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_printed_is_a_failure_in_one_sentence(command: tuple[str, ...], workspace: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = run(*command, cwd=workspace, stdout=full.fileno())
    assert done.returncode == 1
    program = command[0].replace("_", "-")
    assert done.stderr.decode() == f"{program}: Standard output cannot be written to: No space left on device.\n"


@pytest.mark.parametrize("command", LIGHT, ids=" ".join)
def test_a_reader_that_has_gone_is_no_traceback(command: tuple[str, ...], workspace: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = run(*command, cwd=workspace, stdout=writes)
    finally:
        os.close(writes)
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_a_pipe_that_is_full_for_a_moment_is_waited_for(workspace: Path) -> None:
    """As where another process has made the terminal, or the pipe, one that does not wait."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    code = "import sys; from yogo.text.output import steady; steady(); print('x' * 300_000); sys.exit(0)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=writes, stderr=subprocess.PIPE)
    os.close(writes)
    got = b""
    while part := os.read(reads, 1 << 16):
        got += part
    os.close(reads)
    _, err = child.communicate()
    assert (child.returncode, err, len(got)) == (0, b"", 300_001)
