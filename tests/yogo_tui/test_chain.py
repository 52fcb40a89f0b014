"""Submitting runs one behind the other, for the screen and the commands alike."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.yogo_tui.fake_session import make_run
from yogo.recipe import Recipe
from yogo.run.launch import Kind
from yogo_tui.cli.submitting import say_chain
from yogo_tui.cluster.base import JobId
from yogo_tui.errors import ClusterError
from yogo_tui.launch.chain import launch_chain
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.settings import SizePreset


def plan(name: str, after: JobId | None = None) -> LaunchPlan:
    size = SizePreset(gpus=1, cpus=1, hours=1, template="1gpu.sbatch")
    return LaunchPlan(name, Kind.TRAIN, PurePosixPath("/lab/cells.yml"), Recipe(), size, after=after)


class Cluster:
    """Takes what it is given, but for runs of the names `refused` and `unanswered`."""

    def __init__(self, *, refused: str = "", unanswered: str = "") -> None:
        self._refused = refused
        self._unanswered = unanswered
        self.taken: list[LaunchPlan] = []

    async def submit(self, plan: LaunchPlan) -> Launched:
        if plan.name == self._refused:
            raise ClusterError("No such partition.")
        self.taken.append(plan)
        launch = make_run(plan.name).launch
        assert launch
        is_known = plan.name != self._unanswered
        job_id = JobId(f"job-{plan.name}") if is_known else None
        return Launched(launch, PurePosixPath("/lab") / plan.name, job_id, "" if is_known else "Nobody answered.")


async def test_each_run_waits_for_the_one_before_and_the_first_for_what_it_was_to() -> None:
    cluster = Cluster()
    chain = await launch_chain(cluster.submit, [plan("one", JobId("7")), plan("two"), plan("three")])
    assert [one.after for one in cluster.taken] == ["7", "job-one", "job-two"]
    assert (len(chain.launched), chain.problem) == (3, "")


async def test_nothing_is_queued_behind_a_run_that_may_not_be_queued() -> None:
    cluster = Cluster(unanswered="one")
    chain = await launch_chain(cluster.submit, [plan("one"), plan("two")])
    assert [one.name for one in cluster.taken] == ["one"]
    assert chain.problem == "Nobody answered. So two was not queued behind it."


async def test_a_refusal_behind_a_submitted_run_tells_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    chain = await launch_chain(Cluster(refused="two").submit, [plan("one"), plan("two"), plan("three")])
    assert chain.problem == "one is submitted, but two behind it is not: No such partition."
    assert not say_chain(chain, as_json=False)
    said = capsys.readouterr()
    assert "one is job job-one" in said.out
    assert said.err == f"! {chain.problem}\n"


async def test_a_refusal_of_the_first_is_raised_as_nothing_was_submitted() -> None:
    with pytest.raises(ClusterError, match="No such partition"):
        await launch_chain(Cluster(refused="one").submit, [plan("one"), plan("two")])
