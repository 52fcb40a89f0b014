"""`yogo doctor`: what training would find here, also where torch is missing or broken."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
import torch

from yogo.cli import main


def test_it_names_torch_and_the_cpus(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["torch"], told["problem"]) == (torch.__version__, "")
    assert len(told["gpus"]) == torch.cuda.device_count()
    assert told["cpus"] >= 1
    assert main(["doctor"]) == 0
    assert f"torch {torch.__version__}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "torch is not installed: pip install"),
        (OSError("libcudart.so.13: cannot open"), "torch cannot be imported: libcudart.so.13: cannot open"),
    ],
)
def test_without_torch_it_says_so_in_a_sentence(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.import_module

    def missing(name: str, *rest: Any) -> Any:
        if name == "torch":
            raise error
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert main(["doctor"]) == 1
    assert words in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["torch"] is None
