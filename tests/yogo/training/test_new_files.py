"""What a run writes has the permissions and the group of any other new file there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.yogo.training.tiny import TINY, Yogo
from yogo.files.atomic import replacing, write_atomically


@pytest.fixture(params=[0o077, 0o002, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_replaced_file_has_the_permissions_that_the_umask_gives(umask: int, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for _ in range(2):
        write_atomically(path, "{}")
        assert mode(path) == 0o666 & ~umask
    with replacing(path, 0o640) as file:
        file.write(b"{}")
    assert mode(path) == 0o640, "unless others are asked for"


@pytest.mark.parametrize("umask", [0o077, 0o002], indirect=True)
def test_every_file_of_a_run_follows_umask_and_the_folders_group(umask: int, yogo: Yogo, definition: Path) -> None:
    group = other_group()
    yogo.runs.mkdir()
    os.chown(yogo.runs, -1, group)
    yogo.runs.chmod(0o2777 & ~umask)
    assert yogo.train(definition, *TINY, "--epochs", "1", "-bs", "4", "--name", "shared").returncode == 0
    found = [yogo.run("shared").path, *yogo.run("shared").path.rglob("*")]
    assert len(found) > 8
    for path in found:
        assert path.stat().st_gid == group, path
        assert mode(path) == (0o2777 if path.is_dir() else 0o666) & ~umask, path


def other_group() -> int:
    """One that files of this process would not have by themselves."""
    if os.getuid() == 0:
        return 54_321
    others = set(os.getgroups()) - {os.getgid()}
    if not others:
        pytest.skip("whoever is in one group only cannot give a folder another")
    return others.pop()
