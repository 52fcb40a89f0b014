"""Trains as the one rank of a process group, for torch does not make a group of one by itself.

Usage: python -m tests.gpu.one_rank MEETING_FILE < REQUEST.json
"""

from __future__ import annotations

import sys

from yogo.distributed.rank_info import RankInfo
from yogo.launcher.run import run
from yogo.training.request import TrainingRequest

if __name__ == "__main__":
    request = TrainingRequest.model_validate_json(sys.stdin.buffer.read())
    sys.exit(run(request, RankInfo(init_method=f"file://{sys.argv[1]}")))
