"""The list of slow work: what goes on, how far it is, and how it is stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see, shown, until
from yogo_tui.app import Console
from yogo_tui.hosts.base import Question, Tell, silent
from yogo_tui.questions.definitions import DefinitionFile, Survey, SurveySoFar


class SlowHost(MemoryHost):
    """Counts for ever."""

    left = False

    async def ask(self, question: Question[Any], *, tell: Tell = silent) -> Any:
        if isinstance(question, SurveySoFar):
            return None
        if isinstance(question, Survey):
            tell("counting images", 1200, 41210)
            try:
                await asyncio.Event().wait()
            finally:
                self.left = True
        return await super().ask(question, tell=tell)


async def test_slow_work_is_listed_with_its_progress_and_stopped(tmp_path: Path) -> None:
    session = FakeSession(make_run("chaos-cat-0727"), folder=tmp_path)
    session.host = host = SlowHost()
    session.definition_files = (DefinitionFile(tmp_path / "cells.yml", tmp_path),)
    async with Console(session, mode="datasets").run_test(size=(100, 30)) as pilot:
        await see(pilot, "1,200 of 41,210 · esc leaves it")
        await pilot.press("f10")
        await see(pilot, "slow work under way", "counting cells.yml · counting images 1,200 of 41,210")
        await pilot.press("x")
        await see(pilot, "Nothing slow is under way.")
        assert host.left
        await pilot.press("escape")
        await until(pilot, lambda: "slow work" not in shown(pilot))
        await see(pilot, "left · c counts it again")
