"""Logs of any size, read from either end, while they grow and when they are replaced."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host, Piece
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.logfile import BLOCK, LogFile, LogLine
from yogo_tui.runs.logfollow import follow, tail

Until = Callable[..., Awaitable[object]]
WITHIN_SECONDS = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job.log"


async def opened(path: Path) -> LogFile:
    log = LogFile(HereHost(), PurePosixPath(path))
    await log.refresh()
    return log


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text.plain for line in lines]


async def test_the_end_of_a_log_is_read_backwards(path: Path) -> None:
    path.write_text("".join(f"line {number}\n" for number in range(100_000)))
    log = await opened(path)
    assert texts(await log.lines_before(log.size, 3)) == ["line 99997", "line 99998", "line 99999"]


@pytest.mark.parametrize("length", [BLOCK + 1, 5_000_000])
async def test_as_many_lines_as_asked_for_come_from_behind_one_that_is_very_long(
    host: Host, path: Path, length: int
) -> None:
    before, after = [f"a{number}" for number in range(100)], [f"b{number}" for number in range(10)]
    path.write_text("\n".join([*before, "long" + "x" * length, *after]) + "\n")
    lines = texts(await tail(host, PurePosixPath(path), 60))
    assert [lines[:49], lines[50:]] == [before[-49:], after]
    assert lines[49].startswith("longxxx")


async def test_a_bar_that_has_drawn_over_itself_for_long_is_told_by_what_it_shows_last(host: Host, path: Path) -> None:
    bar = "".join(f"\repoch {number}" for number in range(50_000))
    path.write_text(f"before\n{bar}\nafter\n")
    assert texts(await tail(host, PurePosixPath(path), 3)) == ["before", "epoch 49999", "after"]


async def test_one_pages_up_and_down_without_a_gap(path: Path) -> None:
    path.write_text("".join(f"line {number}\n" for number in range(1000)))
    log = await opened(path)
    page = await log.lines_before(log.size, 10)
    above = await log.lines_before(page[0].offset, 10)
    assert texts(above) == [f"line {number}" for number in range(980, 990)]
    assert await log.lines_at(above[0].offset, 10) == above
    assert await log.lines_at(above[-1].end, 10) == page
    assert await log.lines_at(above[3].offset + 2, 1) == [above[3]]
    assert texts(await log.lines_at(0, 2)) == ["line 0", "line 1"]
    assert await log.lines_before(0, 10) == []
    assert await log.lines_at(log.size, 10) == []


async def test_lines_are_the_same_from_both_ends_whatever_their_length(path: Path) -> None:
    chance = random.Random(7)
    lengths = [chance.choice([0, 1, 20, 300, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]) for _ in range(60)]
    path.write_bytes(b"\n".join(bytes([97 + length % 26]) * length for length in lengths) + b"\n" * 3 + b"the end")
    log = await opened(path)
    downwards = await log.lines_at(0, 10_000)
    upwards: list[LogLine] = []
    while before := await log.lines_before(upwards[0].offset if upwards else log.size, 7):
        upwards = before + upwards
    assert [(line.offset, line.end) for line in upwards] == [(line.offset, line.end) for line in downwards]
    assert downwards[0].offset == 0
    assert downwards[-1].end == log.size
    assert all(one.end == next_one.offset for one, next_one in pairwise(downwards))
    assert all(line.end - line.offset <= 2 * BLOCK for line in downwards)
    assert texts(downwards[-3:]) == ["", "", "the end"]


async def test_a_log_that_grows_is_followed_and_an_unfinished_line_says_so(path: Path) -> None:
    log = await opened(path)
    assert (log.exists, log.size) == (False, 0)
    path.write_bytes("épo".encode())
    assert await log.refresh()
    (line,) = await log.lines_before(log.size, 5)
    assert (line.text.plain, line.is_finished) == ("épo", False)
    with path.open("ab") as file:
        file.write("que é".encode()[:-1])
    assert await log.refresh()
    assert texts(await log.lines_before(log.size, 5)) == ["époque "]
    with path.open("ab") as file:
        file.write("é".encode()[-1:] + b"!\r\n")
    assert await log.refresh()
    (line,) = await log.lines_before(log.size, 5)
    assert (line.text.plain, line.is_finished) == ("époque é!", True)
    assert not await log.refresh()
    assert log.generation == 0


async def test_growth_by_more_than_a_block_at_once_is_seen_whole(path: Path) -> None:
    path.write_text("begin")
    log = await opened(path)
    await log.lines_at(0, 1)
    with path.open("a") as file:
        file.write("ning\n" + "x\n" * BLOCK + "end\n")
    assert await log.refresh()
    assert texts(await log.lines_at(0, 2)) == ["beginning", "x"]
    assert texts(await log.lines_before(log.size, 2)) == ["x", "end"]


@pytest.mark.parametrize("new", ["short\n", "something else, and longer than what was there before\n"])
async def test_a_truncated_log_starts_again(path: Path, new: str) -> None:
    path.write_text("what was there\nbefore\n")
    log = await opened(path)
    await log.lines_at(0, 2)
    path.write_text(new)
    assert await log.refresh()
    assert log.generation == 1
    assert texts(await log.lines_at(0, 2)) == [new.strip()]


async def test_a_replaced_log_starts_again(path: Path) -> None:
    path.write_text("old\n")
    log = await opened(path)
    other = path.with_name("other")
    other.write_text("old\nand new\n")
    os.replace(other, path)
    assert await log.refresh()
    assert log.generation == 1
    path.unlink()
    assert await log.refresh()
    assert await log.lines_before(log.size, 5) == []


class CountingHost(HereHost):
    """This machine, counting the bytes that are asked of it."""

    num_bytes = 0

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        piece = await super().read(path, offset=offset, limit=limit)
        self.num_bytes += len(piece.data)
        return piece


async def test_four_gigabytes_open_at_once(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(4 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast but one\nlast\n")
    host = CountingHost()
    log = LogFile(host, PurePosixPath(path))
    await log.refresh()
    assert texts(await log.lines_before(log.size, 2)) == ["last but one", "last"]
    assert host.num_bytes < 4 << 20
    assert log.size > 4 << 30


async def test_bars_drawn_over_one_another_are_one_line_from_both_sides(path: Path) -> None:
    outer = "".join(f"\r inner {number}\x1b[A\router {number}\n" for number in range(300))
    path.write_text(f"before\nouter\n{outer}\nafter\n")
    log = await opened(path)
    shown = ["before", "outer 299", " inner 299", "after"]
    lines = await log.lines_at(0, 10)
    assert texts(lines) == shown
    assert texts(await log.lines_before(log.size, 10)) == shown
    assert [line.end for line in lines] == [*(line.offset for line in lines[1:]), log.size]


async def test_bars_that_draw_over_one_another_for_a_megabyte_still_fill_a_page(path: Path) -> None:
    bars = "".join(f"\rinner {number:60}\x1b[A\router {number:60}\n" for number in range(8_000))
    path.write_text(f"before\nouter\n{bars}\nafter\n")
    log = await opened(path)
    assert log.size > 1 << 20
    below = await log.lines_before(log.size, 10)
    above = await log.lines_at(0, 10)
    assert len(below) == len(above) == 10
    assert texts(below)[-3:] == [f"outer {7999:60}", f"inner {7999:60}", "after"]
    assert above[0].text.plain == "before"
    for lines in (above, below):
        assert all(one.end == next_one.offset for one, next_one in pairwise(lines))
    assert below[-1].end == log.size


async def test_a_bar_without_a_newline_for_hours_stays_small(path: Path) -> None:
    path.write_text("start\n" + "".join(f"\r{number:7} of 100000" for number in range(100_000)))
    log = await opened(path)
    lines = await log.lines_before(log.size, 3)
    assert lines[-1].text.plain == "  99999 of 100000"
    assert all(len(line.text.plain) < 100 for line in lines)


async def test_the_tail_of_a_log_is_text_fit_for_a_terminal(host: Host, path: Path) -> None:
    path.write_text("one\n\x1b]52;c;ZXZpbA==\x07two\n\x1b[31mthree\x1b[0m\n")
    assert texts(await tail(host, PurePosixPath(path), 2)) == ["two", "three"]
    assert await tail(host, PurePosixPath(path.with_name("none")), 2) == []


async def test_following_gives_the_last_lines_then_each_new_one_and_ends(host: Host, path: Path) -> None:
    path.write_text("one\ntwo\nthree\n")
    is_over = False
    stream = follow(host, PurePosixPath(path), num_lines=2, every_seconds=0.01, is_over=lambda: is_over)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert [(await anext(stream)).text.plain for _ in range(2)] == ["two", "three"]
        with path.open("a") as file:
            file.write(" 10%")
        line = await anext(stream)
        assert (line.text.plain, line.is_finished) == (" 10%", False)
        with path.open("a") as file:
            file.write("\r100%\nfour\n")
        is_over = True
        assert [(line.text.plain, line.is_finished) async for line in stream] == [("100%", True), ("four", True)]


async def test_following_a_log_that_is_written_all_the_time_loses_and_doubles_nothing(host: Host, path: Path) -> None:
    lines = [f"{number} " + "é" * (number % 97) for number in range(8_000)]

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            data = "\n".join([*lines, ""]).encode()
            for start in range(0, len(data), 7_001):
                file.write(data[start : start + 7_001])

    writing = asyncio.create_task(asyncio.to_thread(write))
    stream = follow(host, PurePosixPath(path), num_lines=10**6, every_seconds=0.0, is_over=writing.done)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert [line.text.plain async for line in stream if line.is_finished] == lines


async def test_following_waits_for_a_log_and_starts_again_with_a_new_one(host: Host, path: Path) -> None:
    is_over = False
    stream = follow(host, PurePosixPath(path), every_seconds=0.01, is_over=lambda: is_over)
    async with asyncio.timeout(WITHIN_SECONDS):
        first = asyncio.ensure_future(anext(stream))
        path.write_text("first attempt\n")
        assert (await first).text.plain == "first attempt"
        path.write_text("second\n")
        assert (await anext(stream)).text.plain == "second"
        is_over = True
        assert [line async for line in stream] == []


async def test_following_goes_on_once_the_log_can_be_read_again(host: Host, tmp_path: Path, until: Until) -> None:
    log, folder, path = tmp_path / "first.log", tmp_path / "folder", tmp_path / "link.log"
    folder.mkdir()
    log.write_text("one\n")
    path.symlink_to(log)
    told: list[HostError] = []
    is_over = False
    stream = follow(host, PurePosixPath(path), every_seconds=0.01, is_over=lambda: is_over, lost=told.append)
    assert (await anext(stream)).text.plain == "one"
    coming = asyncio.ensure_future(anext(stream))
    (tmp_path / "away").symlink_to(folder)
    (tmp_path / "away").replace(path)
    await until(lambda: told, what="the log to be away")
    with log.open("a") as file:
        file.write("two\n")
    (tmp_path / "back").symlink_to(log)
    (tmp_path / "back").replace(path)
    assert (await coming).text.plain == "two"
    is_over = True
    assert [line async for line in stream] == []
    assert len(told) == 1
