"""Tests that run in several processes: which go together, and that none of them leaves a process behind unseen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from tests.yogo_tui.local.local_bench import is_gone

ROOT = Path(__file__).parents[1]
INI = "[pytest]\naddopts = --import-mode=importlib -p xdist -p tests.conftest -v\n"
TWO = "@pytest.mark.parametrize('n', range(2))\n"


def pytest_on(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(INI)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(folder)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "YOGO_TESTS_PATIENCE_SECONDS": "0.1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_files_tests_stay_together_and_so_do_those_of_the_real_slurm(tmp_path: Path) -> None:
    fixture = "@pytest.fixture\ndef slurm(): ...\n"
    for name in ("test_a", "test_c"):
        (tmp_path / f"{name}.py").write_text(f"import pytest\n{fixture}{TWO}def {name}(n, slurm: object): ...\n")
    for name in ("test_b", "test_d"):
        (tmp_path / f"{name}.py").write_text(f"import pytest\n{TWO}def {name}(n): ...\n")
    out = pytest_on(tmp_path, "-n", "2", "--dist", "loadfile").stdout
    workers: dict[str, set[str]] = {}
    for worker, name in re.findall(r"\[(gw\d)\] .* PASSED (test_\w)\.py", out):
        workers.setdefault(name, set()).add(worker)
    assert workers.keys() == {"test_a", "test_b", "test_c", "test_d"}, out
    assert all(len(found) == 1 for found in workers.values())
    assert workers["test_a"] == workers["test_c"]
    assert set.union(*workers.values()) == {"gw0", "gw1"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_process_that_outlives_its_test_fails_the_run_and_is_named_and_ended(tmp_path: Path, workers: str) -> None:
    body = (
        "import subprocess\n"
        "def test_one():\n"
        "    left = subprocess.Popen(['sleep', '987'], start_new_session=True)\n"
        "    while not open(f'/proc/{left.pid}/environ').read(): pass  # Popen returns before the kernel shows it\n"
    )
    (tmp_path / "test_one.py").write_text(body)
    done = pytest_on(tmp_path, "-n", workers)
    left = re.search(r"A test left process (\d+): sleep 987", done.stderr)
    assert left, done.stdout + done.stderr
    assert done.returncode == 1
    until(lambda: is_gone(int(left[1])))
