"""What helps those who carry on: the workflow and the hooks run the Makefile's commands, and words are checked."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from yogo.files import yaml12

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def opened(path: Path) -> Any:
    return yaml12.load(path).data


def commands_of(target: str) -> list[str]:
    """What `make TARGET` runs, without what makes the environment."""
    shown = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if line.startswith(".venv/bin/")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_the_makefiles_targets_and_nothing_else(path: Path) -> None:
    steps = [step for job in opened(path)["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    assert {"make check", "make test"} <= {*commands}
    for command in commands:
        make, target = command.split()
        assert make == "make"
        assert commands_of(target)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_tests_on_each_python_that_the_package_names_and_demands_slurm(path: Path) -> None:
    named = {
        name.rpartition(" ")[2]
        for name in PROJECT["project"]["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
    }
    workflow = opened(path)
    assert {*workflow["jobs"]["test"]["strategy"]["matrix"]["python"]} == named
    assert PROJECT["project"]["requires-python"] == ">=" + min(named, key=lambda name: int(name.rpartition(".")[2]))
    assert workflow["env"]["YOGO_REQUIRE_SLURM"] == "1"


def test_the_hooks_before_a_commit_are_the_steps_of_make_check() -> None:
    (here,) = opened(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [hook["entry"] for hook in here["hooks"]] == commands_of("check")
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )


def spelling(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


TERMS = [line.split("->") for line in (ROOT / ".codespell/terms.txt").read_text().splitlines()]


def test_a_misspelt_word_and_each_term_that_is_not_ours_fail_the_check(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    words = ["teh", *(wrong for wrong, _ in TERMS)]  # codespell:ignore teh
    page.write_text("\n".join(words))
    done = spelling(page)
    assert done.returncode != 0
    told = [line.rpartition(": ")[2] for line in done.stdout.splitlines()]
    assert told[1:] == [f"{wrong} ==> {right}" for wrong, right in TERMS]
    assert told[0].endswith("==> the")
    page.write_text("".join(f"{right}\n" for _, right in TERMS))
    assert spelling(page).returncode == 0


PHRASES = [line.split("->") for line in (ROOT / ".codespell/phrases.txt").read_text().splitlines()]


@pytest.fixture(scope="module")
def programs() -> dict[Path, str]:
    files = [path for package in ("yogo", "yogo_tui", "sbatch_templates") for path in (ROOT / package).rglob("*")]
    return {path: path.read_text() for path in files if path.suffix in {".py", ".sbatch", ".yaml", ".tcss"}}


@pytest.mark.parametrize(("phrase", "plain"), PHRASES, ids=[phrase for phrase, _ in PHRASES])
def test_a_phrase_that_has_a_plainer_one_is_nowhere_in_the_programs(
    programs: dict[Path, str], phrase: str, plain: str
) -> None:
    assert len(programs) > 100
    words = r"[\s#\"]+".join(map(re.escape, phrase.split()))
    found = re.compile(rf"(?<!there )\b{words}\b", re.IGNORECASE)  # "there is no run" is plain
    assert [str(path) for path, text in programs.items() if found.search(text)] == [], f"write: {plain}"
