"""The page of a log on show, without a screen: it follows, moves, searches, and keeps still while its host is away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest

from tests.yogo_tui.fake_session import MemoryHost
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Piece
from yogo_tui.runs.logfile import LogFile
from yogo_tui.runs.logpager import LogPager, Search

PATH = PurePosixPath("/runs/a/a-1.log")
HEIGHT = 10


class AwayHost(MemoryHost):
    num_reads_left: int | None = None
    """After so many it is out of reach; None for never."""

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if self.num_reads_left is not None:
            if not self.num_reads_left:
                raise HostError("login1 is out of reach")
            self.num_reads_left -= 1
        return await super().read(path, offset=offset, limit=limit)


def numbered(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(start, start + count))


async def opened(host: MemoryHost, data: bytes) -> LogPager:
    host.files[PATH] = data
    pager = LogPager(LogFile(host, PATH))
    await pager.look(HEIGHT)
    return pager


def texts(pager: LogPager) -> list[str]:
    return [line.text.plain for line in pager.lines]


def lines(numbers: Sequence[int]) -> list[str]:
    return [f"line {number}" for number in numbers]


async def found(pager: LogPager, words: str, *, is_upwards: bool = True) -> list[Search]:
    """Each thing that the search said of itself."""
    told: list[Search] = []

    def tell() -> None:
        assert pager.search
        told.append(pager.search)

    await pager.find(words, is_upwards=is_upwards, tell=tell)
    return told


async def test_the_page_follows_the_end_until_it_is_moved_up_and_again_from_the_end() -> None:
    pager = await opened(host := MemoryHost(), numbered(100))
    host.files[PATH] += numbered(5, 100)
    await pager.look(HEIGHT)
    assert texts(pager) == lines(range(95, 105))
    pager.move(-1)
    await pager.turn(HEIGHT)
    host.files[PATH] += numbered(5, 105)
    await pager.look(HEIGHT)
    assert texts(pager) == lines(range(94, 104))
    assert not pager.following
    pager.move(50)
    await pager.turn(HEIGHT)
    assert texts(pager) == lines(range(100, 110))
    assert not pager.following
    pager.move(1)
    await pager.turn(HEIGHT)
    assert pager.following
    assert pager.percent == 100


async def test_moves_that_are_asked_for_before_the_next_turn_add_up() -> None:
    pager = await opened(MemoryHost(), numbered(100))
    for step in (-9, -9, 3):
        pager.move(step)
    await pager.turn(HEIGHT)
    assert texts(pager) == lines(range(75, 85))
    pager.move(-1000)
    await pager.turn(HEIGHT)
    assert texts(pager) == lines(range(10))


async def test_a_move_that_is_asked_for_after_a_place_counts_from_there() -> None:
    pager = await opened(MemoryHost(), numbered(100))
    pager.move(-50)
    pager.show(0)
    pager.move(2)
    await pager.turn(HEIGHT)
    assert texts(pager) == lines(range(2, 12))


async def test_another_height_shows_the_same_place_and_nothing_is_read_where_nothing_was_asked_for() -> None:
    pager = await opened(host := AwayHost(), numbered(100))
    pager.move(-20)
    await pager.turn(HEIGHT)
    pager.draw_again()
    await pager.turn(4)
    assert texts(pager) == lines(range(70, 74))
    host.num_reads_left = 0
    await pager.turn(4)
    assert not pager.away


async def test_a_log_that_is_replaced_starts_again_and_so_does_another_one() -> None:
    pager = await opened(host := MemoryHost(), numbered(100))
    await found(pager, "line 33")
    await pager.turn(HEIGHT)
    host.files[PATH] = b"second attempt\n"
    await pager.look(HEIGHT)
    assert texts(pager) == ["second attempt"]
    assert pager.following
    host.files[other := PATH.with_name("a-2.log")] = b"third attempt\n"
    pager.open(LogFile(host, other))
    assert pager.search == Search("line 33", is_on=False)
    await pager.look(HEIGHT)
    assert texts(pager) == ["third attempt"]


async def test_without_a_log_there_is_nothing_and_nothing_goes_wrong() -> None:
    pager = LogPager(None)
    pager.move(-1)
    await pager.look(HEIGHT)
    await pager.turn(HEIGHT)
    await pager.find("loss", is_upwards=True, tell=lambda: None)
    assert (pager.lines, pager.search, pager.away, pager.percent) == ((), None, "", 100)


async def test_a_search_shows_what_it_finds_and_says_which_match_of_how_many_it_is() -> None:
    pager = await opened(MemoryHost(), b"loss 1\nnote\nLoss 2\nnote\nloss 3\n" + numbered(100))
    first, *_, last = await found(pager, "loss")
    assert first == Search("loss")
    assert last.counted == (3, 3)
    await pager.turn(HEIGHT)
    assert "loss 3" in texts(pager)
    assert not pager.following
    assert (await found(pager, "loss"))[-1].counted == (2, 3)
    assert (await found(pager, "loss"))[-1].counted == (1, 3)
    last = (await found(pager, "loss"))[-1]
    assert (last.end, last.counted) == ("above", (1, 3))
    for number in (2, 3):
        assert (await found(pager, "loss", is_upwards=False))[-1].counted == (number, 3)
    last = (await found(pager, "loss", is_upwards=False))[-1]
    assert (last.end, last.counted) == ("below", (3, 3))


async def test_matches_in_what_is_added_are_counted_once_the_log_was_looked_at() -> None:
    pager = await opened(host := MemoryHost(), b"loss 1\n" + numbered(100))
    await found(pager, "loss")
    assert (await found(pager, "loss", is_upwards=False))[-1].end == "below"
    assert not pager.is_to_count
    host.files[PATH] += b"loss 2\nlo"
    await pager.look(HEIGHT)
    assert pager.is_to_count
    await pager.count(lambda: None)
    assert pager.search
    assert (pager.search.counted, pager.search.end, pager.is_to_count) == ((1, 2), "", False)


async def test_what_was_found_in_a_log_that_was_replaced_is_not_said_of_the_new_one() -> None:
    pager = await opened(host := MemoryHost(), b"loss 1\n" + numbered(100))
    await found(pager, "loss")
    host.files[PATH] = b"second attempt\n"
    await pager.count(lambda: None)
    await pager.look(HEIGHT)
    assert pager.search == Search("loss", is_on=False)
    assert (await found(pager, "loss"))[-1].counted == (0, 0)


async def test_other_words_are_looked_for_from_the_end_again() -> None:
    pager = await opened(MemoryHost(), numbered(100) + b"the end\n")
    await found(pager, "line 3")
    last = (await found(pager, "the end"))[-1]
    assert (last.end, last.counted) == ("", (1, 1))
    last = (await found(pager, "nowhere"))[-1]
    assert (last.found, last.end, last.counted) == (None, "", (0, 0))


async def test_a_long_search_says_how_far_it_is() -> None:
    pager = await opened(MemoryHost(), b"first\n" + b"x" * (3 << 20))
    percents = [search.percent for search in await found(pager, "first") if search.percent is not None]
    assert percents == sorted(percents, reverse=True)
    assert len(percents) > 2
    assert 0 <= percents[-1] < percents[0] < 100


@pytest.mark.parametrize("num_reads", [0, 1, 2])
async def test_a_search_that_the_host_cuts_short_does_not_say_that_there_is_nothing(num_reads: int) -> None:
    pager = await opened(host := AwayHost(), b"first\n" + b"x" * (3 << 20))
    host.num_reads_left = num_reads
    last = (await found(pager, "first"))[-1]
    assert last == Search("first", is_on=False)
    assert pager.away == "login1 is out of reach"


async def test_a_host_that_is_away_leaves_the_page_and_is_told_until_it_is_back() -> None:
    pager = await opened(host := AwayHost(), numbered(100_000))
    host.num_reads_left = 0
    pager.show(0)
    for attempt in (pager.turn, pager.look):
        await attempt(HEIGHT)
        assert pager.away == "login1 is out of reach"
        assert texts(pager) == lines(range(99_990, 100_000))
    host.num_reads_left = None
    await pager.look(HEIGHT)
    assert not pager.away
