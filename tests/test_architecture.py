"""The layering, the sizes and the safety rules of the code, as failing tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from yogo.cli import COMMANDS

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for folder in ("yogo", "yogo_tui", "tests", "benchmarks", "tools") for path in (ROOT / folder).rglob("*.py")
)
SCRIPTS = sorted([*(ROOT / "sbatch_templates").iterdir(), *ROOT.glob("*.sh"), *(ROOT / "tests").rglob("*.sh")])


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_no_file_of_ours_is_a_link() -> None:
    """An archive, or a checkout elsewhere, may have turned it into a file that holds a name."""
    assert [path for path in [*SOURCES, *SCRIPTS, *(ROOT / "docs").rglob("*")] if path.is_symlink()] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_40_lines(path: Path) -> None:
    too_long = {
        function.name: lines
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > 40
    }
    assert not too_long


def calls(code: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call, and the name of what is called, as it is known where it comes from."""
    tree, known = ast.parse(code), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {name.asname: name.name for name in node.names if name.asname}
        elif isinstance(node, ast.ImportFrom):
            known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, dot, rest = ast.unparse(node.func).partition(".")
            yield f"{known.get(head, head)}{dot}{rest}", node


def imports_openvino(code: str) -> list[int]:
    """The lines that import openvino, or have it imported, by themselves."""
    found = []
    for node in ast.walk(ast.parse(code)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("importorskip", "import_module")):
            names = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
        if isinstance(node, ast.stmt | ast.expr) and any(name.partition(".")[0] == "openvino" for name in names):
            found.append(node.lineno)
    return found


def test_openvino_is_imported_in_one_place() -> None:
    """That place keeps its package from sending events to its makers."""
    texts = {path.name: path.read_text() for path in SOURCES}
    assert [name for name, text in texts.items() if "openvino" in text and imports_openvino(text)] == [
        "openvino_package.py"
    ]


FORBIDDEN = {"yaml.load", "yaml.unsafe_load", "pickle.load", "pickle.loads", "eval", "exec", "os.system"}


def can_run_code(code: str) -> list[int]:
    """The lines of calls that can run what they read, or that ask a shell."""
    found = []
    for name, call in calls(code):
        arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        is_unsafe = name in ("torch.load", "torch.serialization.load") and arguments.get("weights_only") != "True"
        if is_unsafe or name in FORBIDDEN or arguments.get("shell") == "True":
            found.append(call.lineno)
    return found


PACKAGES = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in {"yogo", "yogo_tui", "benchmarks"}]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_can_run_code(path: Path) -> None:
    if path.name == "reference.py":
        pytest.skip("the yardstick is not ours")
    assert can_run_code(path.read_text()) == []


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import torch as t\nt.load(path)",
        "from torch import load as read\nread(path)",
        "from torch.serialization import load\nload(path)",
        "import pickle as p\np.loads(data)",
        "from yaml import unsafe_load\nunsafe_load(text)",
        "from os import system\nsystem(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
    ],
)
def test_what_can_run_code_is_found_under_any_name(code: str) -> None:
    assert can_run_code(code) == [2]
    assert can_run_code("import torch\ntorch.load(path, weights_only=True)") == []


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_error_of_the_system_is_told_in_pythons_own_words(path: Path) -> None:
    """`[Errno 20] Not a directory: '/a'` is nothing for people: yogo.files.places says it."""
    for handler in ast.walk(ast.parse(path.read_text())):
        if not isinstance(handler, ast.ExceptHandler) or "OSError" not in ast.unparse(handler.type or ast.Constant("")):
            continue
        for node in ast.walk(handler):
            told = node.value if isinstance(node, ast.FormattedValue) else node
            bare = {handler.name} if isinstance(node, ast.FormattedValue) else {f"str({handler.name})"}
            assert ast.unparse(told) not in bare, f"line {handler.lineno}"


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
    "module",
    [
        "yogo.recipe",
        "yogo.presets",
        "yogo.definition",
        "yogo.review.ranking",
        "yogo.run.history",
        "yogo.run.lease",
        "yogo.cli",
    ],
)
def test_the_light_modules_import_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_yogo_command_stands_without_torch(command: str) -> None:
    assert not modules_after(run_command("yogo", command, "--help")) & HEAVY


def test_the_console_with_all_its_screens_never_imports_torch() -> None:
    everything = (
        "import pkgutil, importlib, yogo_tui\nfor m in pkgutil.walk_packages(yogo_tui.__path__, 'yogo_tui.'):\n"
    )
    everything += "    if not m.name.endswith('__main__'): importlib.import_module(m.name)"
    assert not modules_after(everything) & {"torch", "torchvision", "wandb"}


IMPORTS = grimp.build_graph("yogo", "yogo_tui")
"""Of every module, those inside functions and under TYPE_CHECKING included."""


def circle(imports: Mapping[str, Set[str]]) -> list[str]:
    """The names along one circle; empty where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_files_import_one_another_in_a_circle() -> None:
    assert not circle({name: IMPORTS.find_modules_directly_imported_by(name) for name in IMPORTS.modules})


@pytest.mark.parametrize("package", sorted(name for name in IMPORTS.modules if IMPORTS.find_children(name)))
def test_nothing_in_a_package_imports_in_a_circle(package: str) -> None:
    parts = {part: {part} | IMPORTS.find_descendants(part) for part in IMPORTS.find_children(package)}
    home = {name: part for part, names in parts.items() for name in names}
    imports = {
        part: {home.get(found, part) for name in names for found in IMPORTS.find_modules_directly_imported_by(name)}
        - {part}
        for part, names in parts.items()
    }
    assert not circle(imports)


def test_a_circle_is_found() -> None:
    assert circle({"one": {"two"}, "two": {"three"}, "three": {"one"}})


OF_SCHEDULERS = ("SLURM_", "SBATCH_", "squeue", "scontrol", "YOGO_LOCAL_")
MAY_ASK = ("yogo/run/job.py", "yogo/distributed/rank_info.py", "yogo_tui/cluster/")
"""The second reads the variables of srun's ranks."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each string but the docstrings."""
    code = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(code) if isinstance(node, ast.Expr)}
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_schedulers_are_asked_in_their_own_modules_alone(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = [line for line, text in texts(path) if any(word in text for word in OF_SCHEDULERS)]
    assert not found or name.startswith((*MAY_ASK, "benchmarks/")), f"lines {found}"


CLUSTER_CLASSES = {"LocalCluster", "SlurmCluster"}


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_outside_the_cluster_package_no_kind_of_cluster_is_named(path: Path) -> None:
    """What differs between them is said by the protocol, and which there are by the table."""
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert str(path.relative_to(ROOT)).startswith(("yogo_tui/cluster/", "benchmarks/")) or not names & CLUSTER_CLASSES


def class_names(code: str) -> Iterator[str]:
    """Of its classes, but the private ones and the messages of widgets: those are named with their widget, as Textual's
    own are (`Input.Changed`)."""
    tree = ast.parse(code)
    messages = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.ClassDef)
        for inner in outer.body
        if isinstance(inner, ast.ClassDef) and "Message" in map(ast.unparse, inner.bases)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and id(node) not in messages:
            yield node.name


def test_no_two_classes_have_the_same_name() -> None:
    homes = dict[str, list[str]]()
    for path in [path for path in PACKAGES if path.relative_to(ROOT).parts[0] != "benchmarks"]:
        for name in class_names(path.read_text()):
            homes.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert not {name: where for name, where in homes.items() if where[1:]}


def test_of_the_classes_in_others_only_messages_may_have_a_name_again() -> None:
    code = "class A:\n    class Changed(Message): ...\n    class B(Base):\n        class C: ...\n    class _D: ..."
    assert sorted(class_names(code)) == ["A", "B", "C"]
    assert [*class_names("def make():\n    class E: ...")] == ["E"]
