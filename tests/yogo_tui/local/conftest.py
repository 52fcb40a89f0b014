"""The bench that the local cluster's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.yogo_tui.local.local_bench import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.cluster.cancel(bench.submitted)
    for job_id in bench.submitted:
        await bench.over(job_id)
