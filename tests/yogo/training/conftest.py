"""The tests of training share a tiny dataset and a way to run `yogo train`: see tiny.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.yogo.training.planted_errors import IMAGE_HW, made_cells
from tests.yogo.training.tiny import Yogo, write_dataset


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in another order differ in their last bit; and for tiny images one thread is quicker than two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("dataset"))


@pytest.fixture
def yogo(tmp_path: Path) -> Iterator[Yogo]:
    command = Yogo(tmp_path)
    yield command
    for process in command.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of a run that knows made-up cells fairly well."""
    home = tmp_path_factory.mktemp("learned")
    recipe = ("--model", "quarter_filters", "--image-hw", *IMAGE_HW, "--normalize-images", "--precision", "fp32")
    schedule = ("--epochs", "24", "--batch-size", "4", "--lr", "1e-2", "--wandb", "disabled", "--no-worst-images")
    definition = made_cells(home / "data", seed=1, pictures=64)
    done = Yogo(home).train(definition, "--name", "cells", *recipe, *schedule)
    assert done.returncode == 0, done.stderr
    return home / "runs/cells/best.pth"
