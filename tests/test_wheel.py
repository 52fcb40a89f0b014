"""The wheel: what is in it, and that a clean environment with nothing else of ours runs the whole demo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from yogo.presets import Preset, save
from yogo_tui.cli.demo_chain import RECIPES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=folder, env=environment or None, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with what is installed here, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_all_that_the_packages_read_and_what_others_ask_of_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = {*opened.namelist()}
        (metadata,) = (opened.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    for package in ("yogo", "yogo_tui"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert str(path.relative_to(ROOT)) in names
        assert f"{package}/py.typed" in names
    for path in (ROOT / "sbatch_templates").iterdir():
        assert f"yogo_tui/sbatch_templates/{path.name}" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "License-Expression: BSD-3-Clause\n" in metadata
    assert "Author: the yogo authors\n" in metadata
    assert not any(name.startswith(("tests", "benchmarks", "docs")) for name in names)


def clean_environment(folder: Path, wheel: Path) -> Path:
    """The `bin` of an environment with the wheel and, by a path, the packages that it needs, of ours nothing else."""
    run(sys.executable, "-m", "venv", "--without-pip", "env", folder=folder)
    python = folder / "env/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=folder)
    (site,) = folder.glob("env/lib/python*/site-packages")
    (site / "needed.pth").write_text("".join(f"{path}\n" for path in sys.path if path.endswith("site-packages")))
    found = run(python, "-c", "import yogo, yogo_tui; print(yogo.__file__, yogo_tui.__file__)", folder=folder)
    assert found.split() == [str(site / package / "__init__.py") for package in ("yogo", "yogo_tui")]
    return python.parent


def test_a_clean_environment_with_the_wheel_runs_the_demo_to_its_end(wheel: Path, tmp_path: Path) -> None:
    bin = clean_environment(tmp_path, wheel)
    workspace = tmp_path / "demo"
    (workspace / "recipes").mkdir(parents=True)
    for slug, (title, note, recipe) in RECIPES.items():
        path = workspace / "recipes" / f"{slug}.yaml"
        save(Preset(title, note, recipe.model_copy(update={"epochs": 1}), path), path, seen=None)
    environment = {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    out = run(bin / "yogo-tui", "demo", "--headless", "--workspace", workspace, folder=tmp_path, **environment)
    assert re.search(r": pretrain finished, best validation loss [\d.]+ in epoch 1", out)
    assert re.search(r": finetune finished, best validation loss [\d.]+ in epoch 1, test loss", out)
    assert "Open it again: yogo-tui " in out


def locked() -> dict[str, dict[str, str]]:
    """What the lock was made for: each group's requirements, by name."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (ours,) = (package for package in lock["package"] if package["name"] == PROJECT["project"]["name"])
    kept: dict[str, dict[str, str]] = {"": {}}
    for one in ours["metadata"]["requires-dist"]:
        extra = re.fullmatch(r"extra == '(\w+)'", one.get("marker", ""))
        kept.setdefault(extra[1] if extra else "", {})[one["name"]] = one.get("specifier", "")
    kept["dev"] = {one["name"]: one.get("specifier", "") for one in ours["metadata"]["requires-dev"]["dev"]}
    return kept


def asked() -> dict[str, dict[str, str]]:
    """The same, as pyproject.toml says it."""
    groups = {"": PROJECT["project"]["dependencies"], **PROJECT["project"]["optional-dependencies"]}
    groups["dev"] = PROJECT["dependency-groups"]["dev"]
    return {
        group: {
            re.sub(r"[-_.]+", "-", match[1]).lower(): match[2]
            for one in requirements
            if (match := re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?(.*)", one))
        }
        for group, requirements in groups.items()
    }


def pieces(groups: dict[str, dict[str, str]]) -> dict[tuple[str, str], set[str]]:
    return {
        (group, name): {part.strip() for part in specifier.split(",")}
        for group, names in groups.items()
        for name, specifier in names.items()
        if name != PROJECT["project"]["name"]
    }


def test_the_lock_is_of_what_the_project_asks_for_now() -> None:
    assert pieces(locked()) == pieces(asked()), "run: make lock"


def test_the_lock_names_the_public_index_alone() -> None:
    addresses = re.findall(r'"(\w+://[^/"]+)', (ROOT / "uv.lock").read_text())
    assert {*addresses} == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert not re.search(r'path = |source = \{ (?!registry|editable = "\.")', (ROOT / "uv.lock").read_text())
