"""Locks on files, as the caches and the jobs of this machine take them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from yogo.files import locks


def test_a_lock_is_had_by_one_and_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holds = "import sys; from yogo.files import locks; print(locks.try_take(sys.argv[1]), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline().strip().isdecimal()
        assert locks.is_held(lock)
        assert locks.try_take(lock) is None
        with locks.attempt(lock) as is_ours:
            assert not is_ours
        other.kill()
    assert not locks.is_held(lock)
    with locks.attempt(lock) as is_ours:
        assert is_ours
        assert locks.is_held(lock)
    assert not locks.is_held(lock)


def test_those_who_share_a_lock_keep_out_whoever_wants_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.touch()
    with path.open("rb") as one, path.open("rb") as two, path.open("rb+") as alone:
        locks.share(one)
        assert locks.taken(two, shared=True)
        assert not locks.taken(alone)
        one.close()
        two.close()
        assert locks.taken(alone)


def test_there_is_no_holder_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "none")
    assert os.listdir(tmp_path) == []
