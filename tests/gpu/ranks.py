"""Starts a process group of one rank."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.yogo.training.tiny import Yogo
from yogo.training.request import TrainingRequest

ROOT = Path(__file__).parents[2]


def one_rank(request: TrainingRequest, folder: Path) -> subprocess.CompletedProcess[str]:
    """What came of training as the only rank; the group meets in a file of `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "tests.gpu.one_rank", folder / "meeting"],
        cwd=ROOT,
        input=request.model_dump_json(),
        env=Yogo(folder).environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
