"""Which tests `make quick` runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.quick import selected

FILES = {
    "yogo/loss.py": "import torch\n",
    "yogo_tui/app.py": "",
    "tests/test_light.py": "from yogo.recipe import Recipe\n",
    "tests/test_loss.py": "import torch\nfrom yogo.loss import loss\n",
    "tests/test_screen.py": "async def test_it(pilot: Pilot[None]): ...\n",
    "tests/test_queue.py": "from yogo.loss import loss\nfrom yogo_tui import app\ndef test_it(slurm: Slurm): ...\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    commit = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "First")
    for words in (("init", "-qb", "main"), ("add", "."), commit, ("checkout", "-qb", "mine")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    return tmp_path


def test_without_a_change_they_are_the_light_ones(root: Path) -> None:
    assert selected(root) == ["tests/test_light.py"]


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("yogo/loss.py", ["tests/test_loss.py"]),
        ("yogo_tui/app.py", ["tests/test_screen.py"]),
        ("tests/test_queue.py", ["tests/test_queue.py"]),
        ("tests/test_new.py", ["tests/test_new.py"]),
    ],
)
def test_a_change_adds_what_it_touches(root: Path, changed: str, touched: list[str]) -> None:
    with (root / changed).open("a") as file:
        file.write("import torch\n")
    assert selected(root) == sorted([*touched, "tests/test_light.py"])
