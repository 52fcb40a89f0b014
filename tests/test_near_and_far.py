"""The console reads and writes through its Host, so that it works on another machine as on its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

OF_THIS_MACHINE = {
    "yogo_tui/hosts": "does it for all others",
    "yogo_tui/questions": "answers where the files are",
    "yogo_tui/cluster/local": "keeps the jobs of the machine that it runs on",
    "yogo_tui/settings": "reads the settings of the machine that it runs on",
    "yogo_tui/opening.py": "finds this machine's own SSH configuration",
    "yogo_tui/launch/questions.py": "answers where the files are",
    "yogo_tui/sweeps/questions.py": "answers where the files are",
    "yogo_tui/launch/script.py": "fills in templates for those answers",
    "yogo_tui/launch/templates.py": "finds templates for those answers",
    "yogo_tui/runs/logsave.py": "saves a log to the machine of the person who looks at it",
    "yogo_tui/doctor/declined.py": "remembers on this machine what its person was shown",
    "yogo_tui/editors.py": "finds the editor that runs on the person's own terminal",
    "yogo_tui/cli/config_changes.py": "keeps a draft on the machine of the person who edits it",
    "yogo_tui/screens/clipboard.py": "keeps what was copied on the machine of the person who copies",
    "yogo_tui/screens/editor.py": "finds the editor that runs on the person's own terminal",
    "yogo_tui/cli/demo_chain.py": "makes a workspace of its own on this machine",
    "yogo_tui/entry.py": "looks whether yogo is installed",
    "yogo_tui/leaving.py": "finds the command that has started this console",
}
"""What may ask the file system of the machine that it runs on, and why."""

METHODS = frozenset(
    "absolute chmod cwd exists expanduser glob hardlink_to home is_dir is_file is_mount is_symlink iterdir lstat mkdir "
    "read_bytes read_text readlink resolve rglob rmdir samefile stat symlink_to touch unlink walk write_bytes "
    "write_text".split()
)
"""Of pathlib's paths: those that ask it. `open` is told by its mode."""

NAMES = frozenset(
    (
        "open",
        "io.open",
        "yogo.definition.DatasetDefinition",
        "yogo.files.places.expanded",
        *(f"os.path.{name}" for name in "abspath exists expanduser getatime getctime getmtime getsize".split()),
        *(f"os.path.{name}" for name in "isdir isfile islink ismount lexists realpath relpath samefile".split()),
        *(f"os.{name}" for name in "access chdir chmod getcwd link listdir lstat makedirs mkdir open readlink".split()),
        *(f"os.{name}" for name in "remove removedirs rename replace rmdir scandir stat symlink truncate".split()),
        *(f"os.{name}" for name in "unlink utime walk".split()),
        *(f"shutil.{name}" for name in "copy copy2 copyfile copytree disk_usage move rmtree which".split()),
        *(f"yogo.definition.{name}" for name in "check read_labels read_notes split survey".split()),
        *(f"yogo_tui.launch.script.{name}" for name in "render render_use render_wrapper".split()),
        *(f"yogo_tui.hosts.here.{name}" for name in "listed part_of".split()),
        *(f"yogo_tui.settings.{name}" for name in "file_of hosts_in load".split()),
        *(f"yogo.presets.{name}" for name in "find fingerprint load_all save".split()),
    )
)
WHOLE = (
    "glob.",
    "tempfile.",
    "yogo.datasets.",
    "yogo.images.",
    "yogo.files.atomic.write",
    "yogo.files.yaml12.read",
    "yogo_tui.launch.templates.",
)
"""Of these, every name asks it."""


def imported(tree: ast.Module) -> dict[str, str]:
    """What each imported name is called where it comes from."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {name.asname: name.name for name in node.names if name.asname}
            known |= {head: head for name in node.names if not name.asname and (head := name.name.partition(".")[0])}
        elif isinstance(node, ast.ImportFrom):
            known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return known


def asking(code: str) -> Iterator[tuple[int, str]]:
    """Line and name of all that asks the file system of this machine, called or handed on to be called."""
    tree = ast.parse(code)
    known = imported(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = {id(node) for call in calls for node in (call.func, *call.args, *(word.value for word in call.keywords))}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        head, dot, rest = ast.unparse(node).partition(".")
        name = f"{known.get(head, head)}{dot}{rest}"
        is_method = isinstance(node, ast.Attribute) and node.attr in METHODS and id(node) in given and head not in known
        if name in NAMES or name.startswith(WHOLE) or is_method:
            yield node.lineno, name
    for call in calls:
        name = ast.unparse(call.func)
        opens = name.endswith(".open") and call.args and isinstance(call.args[0], ast.Constant)
        if opens or name.startswith(("Path.", "pathlib.Path.")):
            yield call.lineno, name


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def place_of(path: Path) -> str:
    """The entry of the list above that a file belongs to; empty where it is in none."""
    return next(
        (name for one in (path, *path.parents) if (name := str(one)[len(str(ROOT)) + 1 :]) in OF_THIS_MACHINE), ""
    )


CONSOLE = sorted((ROOT / "yogo_tui").rglob("*.py"))


@pytest.mark.parametrize("path", [path for path in CONSOLE if not place_of(path)], ids=named)
def test_files_are_asked_for_through_the_host_alone(path: Path) -> None:
    assert list(asking(path.read_text())) == []


@pytest.mark.parametrize("place", OF_THIS_MACHINE)
def test_what_may_ask_by_itself_does(place: str) -> None:
    assert any(list(asking(path.read_text())) for path in CONSOLE if place_of(path) == place)


@pytest.mark.parametrize(
    "code",
    [
        "text = open(name)",
        "text = path.open('rb')",
        "text = (folder / name).read_text()",
        "is_there = Path(name).exists()",
        "found = list(folder.glob('*.yml'))",
        "there = Path.cwd()",
        "from os import listdir as names\nfound = names(folder)",
        "import os.path\npath = os.path.abspath(text)",
        "from os import path as paths\nis_there = paths.isfile(name)",
        "import asyncio\nanswer = asyncio.to_thread(path.read_bytes)",
        "import asyncio, os\nanswer = asyncio.to_thread(os.stat, path)",
        "from yogo import presets\nfound = presets.load_all(folders)",
        "def late():\n    from yogo.definition import check\n    return check(path)",
        "from yogo.images.checking import full_survey as survey\nfound = survey(path)",
    ],
)
def test_asking_is_found_under_any_name(code: str) -> None:
    assert list(asking(code))


def test_what_looks_like_asking_is_left_alone() -> None:
    assert not list(
        asking("import os\nname = os.path.basename(path)\nif log.exists: self.line.open()\nx = a.replace(b, c)")
    )
