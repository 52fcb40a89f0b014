"""Which job a fine-tune waits for, where its parent is trained by another one than it was launched as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.yogo_tui.fake_session import MemoryHost, make_run
from yogo.recipe import Recipe
from yogo.run.holder import Holder
from yogo.run.manifest import Manifest
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.errors import LaunchError
from yogo_tui.runs.parent import of_run

MANIFEST = Manifest(name="first", definition="/lab/d.yml", classes=("a",), recipe=Recipe(), precision="fp32")


def holder(job_id: str) -> Holder:
    return Holder(host="gpu1", boot_id="b", pid=42, process_started="1", job_id=job_id, cluster="slurm", user=0)


@pytest.mark.parametrize("launched", [True, False])
async def test_a_fine_tune_waits_for_the_job_in_which_its_parent_goes_on(launched: bool) -> None:
    hand = Job(JobId("167"), "wrapper", JobState.RUNNING)
    run = replace(make_run("first"), manifest=MANIFEST, job=hand, holder=holder("167"))
    parent = await of_run(MemoryHost(), ["yogo"], run if launched else replace(run, launch=None))
    assert parent.after == "167"


async def test_no_fine_tune_waits_for_a_run_that_goes_on_in_a_shell() -> None:
    run = replace(make_run("first"), manifest=MANIFEST, job=None, holder=holder(""))
    with pytest.raises(LaunchError, match="no job that a fine-tune could wait for"):
        await of_run(MemoryHost(), ["yogo"], run)
