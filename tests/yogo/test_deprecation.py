"""What older callers say is understood, and warned about once a process."""

from __future__ import annotations

import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from yogo.deprecation import SAID
from yogo.model.boxes import format_preds


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
    with warnings.catch_warnings(record=True, action="always") as heard:
        runpy.run_path(str(script))
    assert [(one.filename, one.lineno) for one in heard] == [(str(script), 5), (str(script), 6)]
