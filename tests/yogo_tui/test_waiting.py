"""Waiting for a run to end, by what a cluster says of it, look after look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.yogo_tui.fake_session import make_run
from yogo.run.result import Result
from yogo_tui.cli.waiting import until_over, wait_for
from yogo_tui.cluster.base import Queue
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.watcher import Runs
from yogo_tui.session import Session

FIRST_LOOK = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Looks:
    """The runs of a session that sees these, one look after another, each of a queue half a minute older."""

    def __init__(self, *looks: Run) -> None:
        self._looks = looks
        self.num_seen = 0

    async def watch(self) -> AsyncIterator[Runs]:
        for number, run in enumerate(self._looks):
            self.num_seen += 1
            yield Runs((run,), Queue(seen_at=FIRST_LOOK + timedelta(seconds=30 * number)))


async def waited(*looks: Run) -> tuple[int, int]:
    seen = Looks(*looks)
    session = cast("Session", cast("Any", SimpleNamespace(runs=seen)))
    return await wait_for(session, ["first"], quiet=True), seen.num_seen


WAITS = make_run("first", RunState.WAITING)
GONE = make_run("first", RunState.FAILED, job=None)
ENDED = make_run("first", RunState.FAILED)
FINISHED = replace(make_run("first", RunState.FINISHED), job=None, result=Result(outcome="finished"))


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ((WAITS, GONE, WAITS, FINISHED), (0, 4)),
        ((WAITS, GONE, GONE), (1, 3)),
        ((WAITS, ENDED), (1, 2)),
        ((FINISHED,), (0, 1)),
    ],
)
async def test_a_run_is_over_once_a_receipt_or_a_job_says_so_or_two_looks_do(
    looks: tuple[Run, ...], expected: tuple[int, int]
) -> None:
    assert await waited(*looks) == expected


async def test_the_runs_are_given_as_they_ended() -> None:
    session = cast("Session", cast("Any", SimpleNamespace(runs=Looks(WAITS, FINISHED))))
    (run,) = await until_over(session, ["first"], quiet=True)
    assert run.state is RunState.FINISHED
