"""The poller: how often it asks, and what it shows when nobody answers."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yogo_tui.fake_cluster import FakeCluster
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.cluster.watch import SLOWEST_SECONDS, Watcher, counted_seconds, pause_seconds

RUNNING = Job(JobId("1"), "probe", JobState.RUNNING)


async def test_a_watcher_shows_the_queue_again_and_again() -> None:
    cluster = FakeCluster(known=(RUNNING,))
    async with aclosing(Watcher(cluster, lambda: [JobId("7")], poll_seconds=0.01).queues()) as queues:
        first = await anext(queues)
        cluster.known = ()
        second = await anext(queues)
    assert (first.jobs, first.stale) == ((RUNNING,), "")
    assert (second.jobs, second.stale) == ((), "")
    assert first.seen_at is not None
    assert second.seen_at is not None
    assert first.seen_at < second.seen_at
    assert [ids for _, ids in cluster.asked] == [[JobId("7")]] * 2


async def test_when_the_cluster_does_not_answer_the_last_picture_stays_with_its_age_and_the_reason() -> None:
    cluster = FakeCluster(known=(RUNNING,))
    async with aclosing(Watcher(cluster, poll_seconds=0.01).queues()) as queues:
        seen = await anext(queues)
        cluster.down = "Slurm does not answer: Socket timed out."
        stale = await anext(queues)
        cluster.down = ""
        fresh = await anext(queues)
    assert (stale.jobs, stale.seen_at) == (seen.jobs, seen.seen_at)
    assert stale.stale == "Slurm does not answer: Socket timed out."
    assert fresh.stale == ""


async def test_look_now_does_not_wait_for_the_next_round() -> None:
    cluster = FakeCluster(known=(RUNNING,))
    watcher = Watcher(cluster, poll_seconds=1000.0)
    async with aclosing(watcher.queues()) as queues, asyncio.timeout(10):
        await anext(queues)
        next_look = asyncio.ensure_future(anext(queues))
        await asyncio.sleep(0)
        assert not next_look.done()
        watcher.look_now()
        await next_look
    assert len(cluster.asked) == 2


async def test_a_job_that_another_command_submitted_is_asked_for_at_the_pace_of_active_jobs() -> None:
    cluster = FakeCluster()
    watcher = Watcher(cluster, poll_seconds=1.0)
    async with aclosing(watcher.queues()) as queues:
        await anext(queues)
        next_look = asyncio.ensure_future(anext(queues))
        await asyncio.sleep(0)
        watcher.job_came()
        await next_look
    (first, _), (second, _) = cluster.asked
    assert 1.0 <= second - first < 4.0


async def test_a_line_that_is_back_does_not_wait_for_the_next_round_although_the_last_looks_failed() -> None:
    cluster = FakeCluster(known=(RUNNING,), down="lab cannot be reached.")
    watcher = Watcher(cluster, poll_seconds=1000.0)
    async with aclosing(watcher.queues()) as queues, asyncio.timeout(60):
        await anext(queues)
        next_look = asyncio.ensure_future(anext(queues))
        await asyncio.sleep(0)
        assert not next_look.done()
        cluster.down = ""
        watcher.line_is_back()
        assert (await next_look).stale == ""


async def test_a_slow_cluster_is_not_asked_sooner_than_five_times_its_answer_also_when_the_user_acts() -> None:
    cluster = FakeCluster(known=(RUNNING,), slow_seconds=0.05)
    watcher = Watcher(cluster, poll_seconds=0.01)
    async with aclosing(watcher.queues()) as queues:
        await anext(queues)
        watcher.look_now()
        await anext(queues)
    (first, _), (second, _) = cluster.asked
    assert second - first >= 6 * 0.05 * 0.99


@pytest.mark.parametrize(
    ("took", "counted"),
    [
        ([0.7, 60.0, 0.7], [0.7, 2.8, 0.7]),  # the line stood still once
        ([20.0, 20.0, 20.0], [20.0, 20.0, 20.0]),
        ([0.1, 30.0, 30.0, 30.0, 30.0], [0.1, 1.0, 4.0, 16.0, 30.0]),  # the cluster has become slow
    ],
)
def test_one_look_that_took_long_does_not_put_off_the_next_for_long(took: list[float], counted: list[float]) -> None:
    before, found = None, []
    for seconds in took:
        before = counted_seconds(seconds, before)
        found.append(before)
    assert found == pytest.approx(counted)


@pytest.mark.parametrize(
    ("is_active", "has_acted", "expected"), [(True, False, 30), (True, True, 10), (False, False, 120)]
)
def test_the_pace_is_the_one_that_centres_ask_for(is_active: bool, has_acted: bool, expected: float) -> None:
    pace = pause_seconds(30.0, is_active=is_active, has_acted=has_acted, took_seconds=0.1, num_failures=0)
    assert pace == pytest.approx(expected)


@given(st.floats(0.2, 100), st.booleans(), st.booleans(), st.floats(0, 1000), st.integers(0, 1_000_000))
def test_a_failing_cluster_is_asked_ever_less_often_but_never_given_up(
    poll_seconds: float, is_active: bool, has_acted: bool, took_seconds: float, num_failures: int
) -> None:
    def pause(failures: int) -> float:
        return pause_seconds(
            poll_seconds, is_active=is_active, has_acted=has_acted, took_seconds=took_seconds, num_failures=failures
        )

    assert pause(num_failures) <= pause(num_failures + 1) <= SLOWEST_SECONDS
    assert pause(num_failures) >= min(5 * took_seconds, SLOWEST_SECONDS)
