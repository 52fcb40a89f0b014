"""Published YOGO in the same environment, and packages that are missing: both are named, with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from yogo.distribution import NAME, VERSION, conflict

ROOT = Path(__file__).parent.parent


def run(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-m", *arguments], env=environment, cwd=path, capture_output=True, text=True, check=False
    )


def test_the_distribution_is_called_as_its_metadata_say() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == (NAME, VERSION)
    assert not any(
        "yogo[" in requirement for extra in project["optional-dependencies"].values() for requirement in extra
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages in which published YOGO was installed over ours: its `yogo/__init__.py` took our place."""
    (tmp_path / "yogo-1.0.0.dist-info").mkdir()
    (tmp_path / "yogo").mkdir()
    (tmp_path / "yogo" / "__init__.py").write_text("")
    for ours in (ROOT / "yogo").iterdir():
        if ours.name != "__init__.py":
            (tmp_path / "yogo" / ours.name).symlink_to(ours)
    for name in ("yogo_tui", "sbatch_templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_a_published_yogo_that_cannot_even_be_imported_is_named(site: Path) -> None:
    (site / "yogo" / "__init__.py").write_text("import scipy_that_published_yogo_wants\n")
    done = run("yogo_tui", "--version", path=site)
    assert done.returncode == 1
    assert "Published YOGO (the package yogo 1.0.0) is installed in" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["yogo", "yogo_tui"])
def test_published_yogo_beside_it_is_named_and_what_to_do(command: str, site: Path) -> None:
    done = run(command, "--version", path=site)
    assert done.returncode == 0
    assert done.stdout.split()[1] == VERSION
    assert "Published YOGO (the package yogo 1.0.0) is installed in" in done.stderr
    assert "pip uninstall yogo" in done.stderr


def test_nothing_is_said_where_only_ours_is_installed(tmp_path: Path) -> None:
    (tmp_path / "yogo_tui-2.0.0.dist-info").mkdir()
    (tmp_path / "yogo").mkdir()
    assert conflict([str(tmp_path), str(tmp_path / "not there")]) == ""


def test_a_package_that_is_missing_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')")
    done = run("yogo", "inspect", "best.pth", path=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    said = "yogo: This needs the package torch, which is not installed: pip install 'yogo-tui[train]'."
    assert done.stderr.splitlines()[-1] == said
    assert "Traceback" not in done.stderr
