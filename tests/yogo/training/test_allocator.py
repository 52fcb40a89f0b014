"""Training on the CPU keeps its memory from one step to the next, instead of being given new pages each time."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.yogo.training.tiny import TINY, Yogo

AFTER_A_TRAINING = """
import resource, sys
from yogo.cli import main
assert main(sys.argv[1:]) == 0
import torch
torch.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no mallopt")
def test_freed_memory_is_used_again_without_new_pages(yogo: Yogo, definition: Path) -> None:
    command = ("train", definition, *TINY, "--epochs", "1", "-bs", "4", "--runs", yogo.runs, "--device", "cpu")
    done = subprocess.run(
        [sys.executable, "-c", AFTER_A_TRAINING, *map(str, command), "--wandb", "disabled"],
        env=yogo.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The heap may still grow once, for a tensor that fits in no hole of it.
    assert int(done.stdout.splitlines()[-1]) < 50_000, "ten tensors of 64 MiB are 164,000 pages"
