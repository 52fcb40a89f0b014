"""The layering, the sizes and the safety rules of the code, as failing tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for folder in ("yogo", "yogo_tui", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
SCRIPTS = sorted([*(ROOT / "sbatch_templates").iterdir(), *ROOT.glob("*.sh"), *(ROOT / "tests").rglob("*.sh")])


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_40_lines(path: Path) -> None:
    too_long = {
        function.name: lines
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > 40
    }
    assert not too_long


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


PACKAGES = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in {"yogo", "yogo_tui", "benchmarks"}]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_can_run_code(path: Path) -> None:
    if path.name == "reference.py":
        pytest.skip("the yardstick is not ours")
    for name, call in calls(path):
        arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name == "torch.load":
            assert arguments.get("weights_only") == "True", f"line {call.lineno}"
        assert name not in {"yaml.load", "yaml.unsafe_load", "pickle.load", "pickle.loads", "eval", "exec", "os.system"}
        assert arguments.get("shell") != "True", f"line {call.lineno}"


def modules_after(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in shown.stdout.split()}


def run_command(package: str, *argv: str) -> str:
    return f"import {package}.cli\ntry: {package}.cli.main({list(argv)!r})\nexcept SystemExit: pass"


HEAVY = {"torch", "torchvision", "numpy", "wandb", "textual", "asyncssh"}


@pytest.mark.parametrize(
    "module", ["yogo.recipe", "yogo.presets", "yogo.definition", "yogo.run.history", "yogo.run.lease", "yogo.cli"]
)
def test_the_light_modules_import_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & HEAVY


@pytest.mark.parametrize(
    "command", ["train", "synth", "check", "inspect", "claim", "verify", "infer", "export", "test"]
)
def test_the_help_of_every_yogo_command_stands_without_torch(command: str) -> None:
    assert not modules_after(run_command("yogo", command, "--help")) & HEAVY


def test_the_console_with_all_its_screens_never_imports_torch() -> None:
    everything = (
        "import pkgutil, importlib, yogo_tui\nfor m in pkgutil.walk_packages(yogo_tui.__path__, 'yogo_tui.'):\n"
    )
    everything += "    if not m.name.endswith('__main__'): importlib.import_module(m.name)"
    assert not modules_after(everything) & {"torch", "torchvision", "wandb"}
