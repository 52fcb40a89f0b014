"""A full memory is known by what torch and numpy really raise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from yogo.device.memory import full_memory_said, is_full
from yogo.errors import TrainingError


@pytest.mark.parametrize(
    "fill",
    [
        lambda: torch.empty(2**50, dtype=torch.uint8),
        lambda: np.empty(2**60, dtype=np.uint8),
        lambda: bytearray(2**62),
    ],
    ids=["torch", "numpy", "python"],
)
def test_a_full_memory_is_known_as_one(fill: Callable[[], object]) -> None:
    with (
        pytest.raises(TrainingError, match=r"^the memory of cpu is full: take a smaller one$"),
        full_memory_said("cpu", "take a smaller one", TrainingError),
    ):
        fill()


def test_another_error_is_none() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.zeros(2) + torch.zeros(3)
    assert not is_full(raised.value)
