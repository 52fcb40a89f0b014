"""What never answers holds up nothing else, and no end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.dead_mount import CannotMount, dead_mount
from tests.made_runs import finished_run
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host, Piece
from yogo_tui.runs.folder import Scanner


@pytest.fixture
def dead(tmp_path: Path) -> Iterator[Path]:
    """A folder that never answers."""
    try:
        with dead_mount(tmp_path / "dead") as folder:
            yield folder
    except CannotMount as error:
        pytest.skip(f"needs root and FUSE: {error}")


async def test_what_hangs_is_told_and_the_others_are_read(host: Host, dead: Path, tmp_path: Path) -> None:
    well = PurePosixPath(tmp_path / "file")
    Path(well).write_text("well")
    told, listed, *pieces = await asyncio.gather(
        host.read(PurePosixPath(dead / "file")),
        host.list(PurePosixPath(dead)),
        host.read(well),
        host.read(well),
        host.read(well),
        return_exceptions=True,
    )
    assert isinstance(told, HostError)
    assert isinstance(listed, HostError)
    assert "gave no answer" in str(told)
    assert [piece.data for piece in pieces if isinstance(piece, Piece)] == [b"well"] * 3


async def test_a_folder_is_listed_although_one_thing_in_it_hangs(host: Host, dead: Path, tmp_path: Path) -> None:
    for name in ("before", "within", "zlast"):
        (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "folder" / "link").symlink_to(dead / "elsewhere")
    listed = await host.list(PurePosixPath(tmp_path / "folder"))
    assert [entry.name for entry in listed] == ["before", "link", "within", "zlast"]
    with pytest.raises(HostError, match=r"does not answer|gave no answer"):
        await host.list(PurePosixPath(tmp_path / "folder" / "link"))


@pytest.mark.parametrize("name", ["launch.json", "events.jsonl", "a-1.log", ""])
async def test_a_run_in_which_something_hangs_hides_no_other(host: Host, dead: Path, tmp_path: Path, name: str) -> None:
    finished_run(tmp_path / "runs" / "well")
    bad = tmp_path / "runs" / "bad"
    if name:
        finished_run(bad)
        (bad / name).unlink(missing_ok=True)
        (bad / name).symlink_to(dead / "file")
    else:
        bad.symlink_to(dead)
    scanner = Scanner(host, [PurePosixPath(tmp_path / "runs")])
    found = {run.name: run for run in await scanner.scan()}
    assert found["well"].is_over
    assert "bad" in found
    if name in ("", "launch.json"):
        assert "answer" in found["bad"].problems[0]


def test_a_command_ends_though_a_disk_is_away(dead: Path, tmp_path: Path) -> None:
    finished_run(tmp_path / "trained_models" / "well")
    (tmp_path / "trained_models" / "bad").symlink_to(dead)
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "yogo_tui", "--settings", "settings.yaml", "--workspace", ".", "runs"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "well  ✔ finished" in done.stdout, done.stderr
    assert "bad   ? unknown" in done.stdout
    assert "waiting for the folders of runs" in done.stderr


def test_a_folder_of_the_settings_that_does_not_answer_is_told_and_holds_up_no_command(
    dead: Path, tmp_path: Path
) -> None:
    finished_run(tmp_path / "trained_models" / "well")
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"workspace: {tmp_path}\ncluster: local\nruns: [{dead / 'lab'}]\n")
    command = [sys.executable, "-m", "yogo_tui", "--settings", str(settings), "runs"]
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "well" in done.stdout
    assert "which `runs` names, does not answer" in done.stderr
