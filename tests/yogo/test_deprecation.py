"""What older callers say is understood, and warned about once a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from yogo.boxes import format_preds
from yogo.deprecation import SAID


@pytest.fixture(autouse=True)
def _nothing_said() -> Iterator[None]:
    said = set(SAID)
    SAID.clear()
    yield
    SAID.clear()
    SAID.update(said)


def test_a_loop_over_pictures_hears_of_an_old_spelling_once() -> None:
    pred = torch.zeros(7, 3, 4)
    with pytest.warns(DeprecationWarning, match="obj_thresh") as heard:
        assert [len(format_preds(pred, thresh=0.3)) for _ in range(3)] == [0, 0, 0]
    assert len(heard) == 1
    with pytest.warns(DeprecationWarning, match="heatmap_mask"):
        format_preds(pred, heatmap_mask=None)
    assert heard[0].filename == __file__


def test_a_script_hears_once_of_each_old_name_where_it_says_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\n"
        "from yogo.utils import format_preds\n"
        "import yogo.data.dataset_definition_file as module\n"
        "for _ in range(3):\n"
        "    format_preds(torch.zeros(7, 3, 4), thresh=0.5)\n"
        "    module.InvalidDatasetDescriptionFile\n"
        "format_preds(torch.zeros(7, 3, 4), thresh=0.5)\n"
        "from yogo.data.dataset_definition_file import InvalidDatasetDescriptionFile\n"
    )
    done = subprocess.run([sys.executable, "-W", "always", script], capture_output=True, text=True, check=True)
    said = [line for line in done.stderr.splitlines() if "DeprecationWarning" in line]
    assert len(said) == 2
    assert all(line.startswith(f"{script}:{number}:") for line, number in zip(said, (5, 6), strict=True))
