"""A run's curves go on through a host that is away for a while."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.yogo_tui.fake_session import MemoryHost
from yogo_tui.errors import HostError
from yogo_tui.runs.follow import follow_history


async def test_nothing_is_told_of_a_run_before_it_could_be_looked_at() -> None:
    looks: list[str] = []

    async def is_over() -> bool:
        looks.append("look")
        if len(looks) == 1:
            raise HostError("the folder of runs is away")
        return True

    async for _ in follow_history(MemoryHost(), PurePosixPath("/runs/a"), is_over):
        assert len(looks) == 2


async def test_a_run_that_cannot_be_looked_at_for_a_while_is_followed_on() -> None:
    looks = iter([HostError("the folder of runs is away"), True])

    async def is_over() -> bool:
        match next(looks):
            case HostError() as error:
                raise error
            case answer:
                return bool(answer)

    histories = [history async for history in follow_history(MemoryHost(), PurePosixPath("/runs/a"), is_over)]
    assert len(histories) == 1
