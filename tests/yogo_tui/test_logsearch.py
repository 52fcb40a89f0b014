"""What is found in a log, and how often, by grep where the log lies or by reading it here: both ways say the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.logfile import LogFile
from yogo_tui.runs.loggrep import LogChanged, LogGrep, LogGrows
from yogo_tui.runs.logmatch import Match, is_error
from yogo_tui.runs.logsearch import LogSearch, Parts

Until = Callable[..., Awaitable[object]]
GREP = Parts(read=64, grep_least=0, grep_most=512)
READ = Parts(read=64, grep_least=1 << 30, grep_most=64)
PIECES = [
    *("loss", "Loss", "LOSS", "los", "s", " ", "\r", "\0", "é", "É", "ß", "\x1b[31m", "\x1b[0m", ".", "*", "[", "-e"),
    *("error", "Error", ": ", "\r\n", "\n", "\n", "\n", "Killed", "CUDA out of memory", "Traceback (most recent"),
]
WORDS = [
    "loss",
    "Loss",
    "LOSS",
    "s",
    ".",
    "*",
    "[",
    "-e",
    "é",
    "É",
    "\\",
    "'; exit 1 #",
    '"$(false)"',
    "\x1b[31m",
    "s\ns",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's a - job.log"


class ReadLog(LogFile):
    """Remembers how much was read of it here."""

    num_bytes = 0

    async def bytes_at(self, offset: int, limit: int) -> bytes:
        data = await super().bytes_at(offset, limit)
        self.num_bytes += len(data)
        return data


async def opened(path: Path, host: Host | None = None) -> ReadLog:
    log = ReadLog(host or HereHost(), PurePosixPath(path))
    await log.refresh()
    return log


def lines_with(match: Match, data: bytes) -> list[int]:
    """Where the lines begin that hold it, by the plainest way."""
    found, at = list[int](), 0
    for line in data.split(b"\n"):
        if match.is_errors:
            holds = is_error(line.decode(errors="replace"))
        else:
            text = match.text.encode()
            holds = text in (line.lower() if match.text == match.text.lower() else line)
        found += [at] if holds else []
        at += len(line) + 1
    return found


async def looked_through(path: Path, match: Match, parts: Parts, up_to: int) -> tuple[object, ...]:
    search = LogSearch(log := await opened(path), match, parts)
    middle = await log.line_start(up_to)
    below, above = await search.find(middle), await search.find(middle, backwards=True)
    return below, above, await search.count(up_to), await search.count(-1), await search.count(log.size)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=400),
    st.sampled_from([*map(Match, WORDS), Match(is_errors=True)]),
    st.floats(0, 1),
    st.integers(1, 8),
)
def test_grep_and_reading_find_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], match: Match, where: float, times: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(data := "".join(pieces).encode() * times + b"\xff")
    up_to = int(where * (len(data) - 1))
    ways = [asyncio.run(looked_through(path, match, parts, up_to)) for parts in (GREP, READ)]
    assert ways[0] == ways[1]
    if "\n" not in match.text:
        starts = lines_with(match, data)
        begin = data.rfind(b"\n", 0, up_to) + 1
        below, above = [at for at in starts if at >= begin], [at for at in starts if at < begin]
        before = (len([at for at in starts if at <= up_to]), len(starts))
        expected = (next(iter(below), None), next(reversed(above), None), before, (0, len(starts)), (len(starts),) * 2)
        assert ways[0] == expected


@pytest.mark.parametrize("match", [Match("needle"), Match(is_errors=True)], ids=["words", "errors"])
async def test_a_large_log_is_looked_through_where_it_lies(host: Host, path: Path, match: Match) -> None:
    filler = b"nothing of this kind here, in these lines\n" * 30_000
    path.write_bytes(b"needle error: 1\n" + filler * 4 + b"Needle Error: 2\n" + filler * 2 + b"the end\n" * 9)
    search = LogSearch(log := await opened(path, host), match)
    second = 16 + 4 * len(filler)
    assert await search.find(log.size, backwards=True) == second
    assert await search.find(16) == second
    assert await search.find(second, backwards=True) == 0
    assert await search.count(second) == (2, 2)
    assert log.num_bytes < 4 << 20 < log.size
    log.num_bytes = 0
    assert await search.count(0) == (1, 2)
    assert log.num_bytes < 1 << 18


@pytest.mark.parametrize("programs", [(), ("sh",), ("sh", "stat", "dd"), ("sh", "stat", "grep")])
async def test_without_grep_or_what_it_needs_the_log_is_read(path: Path, programs: tuple[str, ...]) -> None:
    (folder := path.parent / "bin").mkdir()
    for name in programs:
        (folder / name).symlink_to(f"/bin/{name}")
    path.write_bytes(b"needle\n" + b"nothing\n" * 500_000 + b"needle\n")
    search = LogSearch(log := await opened(path, HereHost({"PATH": str(folder)})), Match("needle"))
    assert await search.find(log.size - 7, backwards=True) == 0
    assert await search.count(0) == (1, 2)
    assert log.num_bytes > log.size


async def test_what_is_added_is_counted_and_nothing_again(path: Path) -> None:
    path.write_bytes(b"needle\n" * 1000 + b"nee")
    search = LogSearch(log := await opened(path), Match("needle"), Parts(grep_least=1 << 30, grep_most=1 << 10))
    assert await search.count(-1) == (0, 1000)
    log.num_bytes = 0
    with path.open("ab") as file:
        file.write(b"dle\nneedle")
    assert await search.count(-1) == (0, 1000)  # as the log was when it was looked at
    await log.refresh()
    assert await search.count(log.size) == (1002, 1002)
    assert log.num_bytes < 100


async def test_a_log_that_has_grown_since_is_counted_as_it_was_when_it_was_looked_at(path: Path) -> None:
    path.write_bytes(b"needle\n" * 1000 + b"nee")
    for parts in (GREP, READ):
        search = LogSearch(log := await opened(path), Match("needle"), parts)
        with path.open("ab") as file:
            file.write(b"dle\n" + b"needle\n" * 500 + b"nee")
        assert await search.count(-1) == (0, log.size // 7)


async def test_a_line_that_is_too_long_for_grep_is_read(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"needle\nneedle and")
        file.seek(400_000_000)
        file.write(b"needle\nneedle\n")
    search = LogSearch(log := await opened(path), Match("needle"))
    assert await search.count(-1) == (0, 3)
    assert log.num_bytes > log.size


async def test_what_is_not_in_a_log_is_not_looked_for_again_to_count_it(path: Path) -> None:
    path.write_bytes(b"nothing\n" * 10_000)
    search = LogSearch(log := await opened(path), Match("needle"), Parts(grep_least=1 << 30, grep_most=1 << 10))
    assert await search.find(log.size, backwards=True) is None
    log.num_bytes = 0
    assert await search.count(-1) == (0, 0)
    assert log.num_bytes == 0
    with path.open("ab") as file:
        file.write(b"needle\n")
    await log.refresh()
    assert await search.count(-1) == (0, 1)


@pytest.mark.parametrize("parts", [GREP, READ, Parts()])
async def test_a_log_that_was_replaced_or_cut_is_not_counted(path: Path, parts: Parts) -> None:
    path.write_bytes(b"needle\n" * 1000)
    for change in ("cut", "replaced", "looked at"):
        log = await opened(path)
        search = LogSearch(log, Match("needle"), parts)
        if change == "cut":
            path.write_bytes(b"needle\n" * 10)
        else:
            path.with_name("new").write_bytes(b"needle\n" * (1000 if change == "replaced" else 10))
            path.with_name("new").replace(path)
        if change == "looked at":
            await log.refresh()
        with pytest.raises(LogChanged):
            await search.count(-1)
        path.write_bytes(b"needle\n" * 1000)


@pytest.mark.parametrize("match", [Match("needle"), Match(is_errors=True)], ids=["words", "errors"])
async def test_grep_counts_in_no_log_but_the_one_that_was_looked_at(host: Host, path: Path, match: Match) -> None:
    path.write_bytes(b"needle error: 1\n" * 3)
    log = await opened(path, host)
    grep = LogGrep(host, log.path, log.identity, match)
    assert (await grep.count(0, 48), await grep.count_to_end(16, 48), await grep.find(16, 48, last=True)) == (3, 2, 32)
    with pytest.raises(LogGrows):
        await grep.count_to_end(0, 40)
    for change in ("cut", "replaced"):
        if change == "cut":
            path.write_bytes(b"needle error: 1\n" * 2)
        else:
            path.with_name("new").write_bytes(b"needle error: 1\n" * 3)
            path.with_name("new").replace(path)
        for counting in (grep.count, grep.count_to_end):
            with pytest.raises(LogChanged):
                await counting(0, 48)


async def test_a_line_without_an_end_is_counted_once_and_not_held(path: Path) -> None:
    chance = random.Random(3)
    long = b"".join(b"\rstep %d needle" % chance.randrange(9) for _ in range(5000))
    path.write_bytes(data := b"needle\n" + long + b"\nneedle\nnothing\n" + long)
    small = Parts(read=1 << 10, grep_least=1 << 30, grep_most=1 << 10, line_most=1 << 12)
    search = LogSearch(await opened(path), Match("needle"), small)
    assert await search.count(7) == (2, 4)
    assert (await search.count(len(data)))[0] == 4
    assert await LogSearch(await opened(path), Match("step 9"), small).count(-1) == (0, 0)


async def test_what_grep_does_ends_with_the_search(host: Host, path: Path, until: Until) -> None:
    with path.open("wb") as file:
        file.truncate(64 << 30)
    search = LogSearch(log := await opened(path, host), Match("never"))
    searching = asyncio.ensure_future(search.find(log.size, backwards=True))
    await until(lambda: running(path))
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching
    await until(lambda: not running(path))


def running(path: Path) -> list[bytes]:
    """The commands that name the file."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes()
        except OSError:  # it has ended
            continue
        found += [words] if bytes(path) in words else []
    return found


async def test_search_finds_lines_downwards_and_upwards(path: Path) -> None:
    filler = "nothing here\n" * 200_000
    path.write_text(f"{filler}the Loss is 1\n{filler}the loss is 2\n{filler}")
    search, progress = LogSearch(log := await opened(path), Match("loss")), list[int]()
    first = await search.find(0, on_progress=progress.append)
    assert first == len(filler)
    assert progress == sorted(progress) != []
    (line,) = await log.lines_at(first, 1)
    second = await search.find(line.end)
    assert second == line.end + len(filler)
    assert await search.find(second, backwards=True) == first
    assert await search.find(first, backwards=True) is None
    assert await LogSearch(log, Match("Loss")).find(line.end) is None
    assert await search.find(log.size, backwards=True) == second


async def test_a_match_across_two_chunks_is_found_from_both_sides(path: Path) -> None:
    start = (1 << 20) - 3
    path.write_bytes(b"\n" * start + b"needle\n" + b"\n" * ((1 << 20) - 4))
    search = LogSearch(log := await opened(path), Match("needle"))
    assert await search.find(0) == start
    assert await search.find(log.size, backwards=True) == start


async def test_a_search_can_be_given_up(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 << 30)
    searched: list[int] = []

    def give_up(at: int) -> None:
        searched.append(at)
        searching.cancel()

    looking = LogSearch(await opened(path), Match("never"))
    searching = asyncio.ensure_future(looking.find(0, on_progress=give_up))
    with pytest.raises(asyncio.CancelledError):
        await searching
    assert len(searched) == 1
