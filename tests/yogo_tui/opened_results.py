"""A run's results on the screen, as a person opens them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see
from yogo_tui.app import Console
from yogo_tui.runs.model import RunState


@asynccontextmanager
async def results(folder: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    one = make_run(folder.name, RunState.FINISHED, has_best=True, path=PurePosixPath(folder))
    async with Console(FakeSession(one)).run_test(size=size) as pilot:
        await see(pilot, folder.name)
        await pilot.press("enter")
        await see(pilot, "best loss")
        await pilot.press("o")
        await see(pilot, "results")
        yield pilot
