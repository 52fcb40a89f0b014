"""No more threads than there are cores, and none where the network has use for all of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cgroups import quota_of_cores
from yogo.device.cores import reading_threads, visible_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux gives a process some of the cores")
def test_cores_are_those_that_the_job_was_given() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from yogo.device.cores import reading_threads, visible_cores; "
        "print(visible_cores(), reading_threads(cached=False), reading_threads(cached=False, has_gpu=True))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 0 1\n"


@pytest.mark.parametrize("visible", [None, 4, 16, 192])
@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("local_ranks", [1, 2, 4, 1000])
def test_all_ranks_threads_together_fit_the_cores(cached: bool, local_ranks: int, visible: int | None) -> None:
    threads = reading_threads(cached=cached, local_ranks=local_ranks, visible=visible)
    assert threads * local_ranks <= (visible or visible_cores())
    assert threads <= 32, "published yogo asked for up to 192 processes"


def test_a_quota_of_the_cgroup_counts_as_that_many_cores() -> None:
    """As in a container, which sees all cores of its machine."""
    code = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()))\n"
    code += "from yogo.device.cores import granted_cores; print(granted_cores())"
    with quota_of_cores(1.5) as procs:
        done = subprocess.run([sys.executable, "-c", code, str(procs)], capture_output=True, text=True, check=True)
    assert done.stdout == 'GrantedCores(number=1, why="its cgroup\'s quota is 1.5")\n'
