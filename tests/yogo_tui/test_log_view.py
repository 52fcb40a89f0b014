"""The log on screen: its end as it grows, any other place on demand, and nothing that drives the terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import PurePosixPath

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import MemoryHost, shown, until
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Piece
from yogo_tui.runs.logfile import BLOCK
from yogo_tui.widgets.log_view import LogView

PATH = PurePosixPath("/runs/a/a-1.log")


class LogApp(App[None]):
    def __init__(self, host: MemoryHost) -> None:
        super().__init__()
        self.host = host
        self.words: list[str] = []

    def compose(self) -> ComposeResult:
        yield LogView(self.host, PATH)

    def on_log_view_moved(self, event: LogView.Moved) -> None:
        self.words.append(event.words)

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)


@asynccontextmanager
async def log_of(data: bytes | None, host: MemoryHost | None = None) -> AsyncIterator[tuple[Pilot[None], LogApp]]:
    host = host or MemoryHost()
    if data is not None:
        host.files[PATH] = data
    app = LogApp(host)
    async with app.run_test(size=(60, 10)) as pilot:
        app.view.focus()
        yield pilot, app


def numbered(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(start, start + count))


async def test_the_end_is_shown_and_followed_as_it_grows() -> None:
    async with log_of(numbered(1000)) as (pilot, app):
        await until(pilot, lambda: "line 999" in shown(pilot))
        assert "line 980" not in shown(pilot)
        app.host.files[PATH] += numbered(5, 1000)
        await until(pilot, lambda: "line 1004" in shown(pilot))
        assert app.words[-1].startswith("following")


async def test_scrolling_up_stays_there_while_the_log_grows_and_end_goes_back() -> None:
    async with log_of(numbered(1000)) as (pilot, app):
        await until(pilot, lambda: "line 999" in shown(pilot))
        await pilot.press("pageup", "up")
        await until(pilot, lambda: "line 980" in shown(pilot) and not app.view.following)
        app.host.files[PATH] += numbered(50, 1000)
        await until(pilot, lambda: app.words[-1].startswith("at 9"))
        assert "line 980" in shown(pilot)
        await pilot.press("end")
        await until(pilot, lambda: "line 1049" in shown(pilot))


async def test_home_shows_the_start_and_scrolling_down_to_the_end_follows_again() -> None:
    async with log_of(numbered(25)) as (pilot, app):
        await until(pilot, lambda: "line 24" in shown(pilot))
        await pilot.press("home")
        await until(pilot, lambda: "line 0 " in shown(pilot).replace("\n", " \n"))
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: "line 24" in shown(pilot) and app.view.following)


async def test_a_progress_bar_is_one_line_that_changes() -> None:
    async with log_of(b"begin\n 10%|# |\r 20%|##|") as (pilot, app):
        await until(pilot, lambda: "20%" in shown(pilot))
        assert "10%" not in shown(pilot)
        app.host.files[PATH] += b"\r 30%|##|"
        await until(pilot, lambda: "30%" in shown(pilot) and "20%" not in shown(pilot))


async def test_escapes_other_than_colours_do_not_reach_the_screen() -> None:
    async with log_of(b"\x1b]52;c;aGk=\x07\x1b[31mred\x1b[0m \x1b[2Jstays\n") as (pilot, _):
        await until(pilot, lambda: "red" in shown(pilot))
        assert "52;c" not in shown(pilot)
        assert "\x1b" not in shown(pilot)


async def test_searching_goes_up_to_the_line_and_says_when_there_is_none() -> None:
    async with log_of(numbered(5000)) as (pilot, app):
        await until(pilot, lambda: "line 4999" in shown(pilot))
        app.view.find("line 123\n".strip())
        await until(pilot, lambda: "line 1239" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "line 1238" in shown(pilot) and "line 1240" in shown(pilot))
        app.view.find("nowhere")
        await until(pilot, lambda: "“nowhere” is not found · " in app.words[-1])


async def test_a_search_says_which_match_of_how_many_it_shows_and_when_there_is_no_more() -> None:
    async with log_of(b"loss 1\nnote\nLoss 2\nnote\nloss 3 and loss 4\n" + numbered(50)) as (pilot, app):
        await until(pilot, lambda: "line 49" in shown(pilot))
        app.view.find("loss")
        await until(pilot, lambda: app.words[-1].startswith("match 3 of 3 · "))
        await pilot.press("n", "n")
        await until(pilot, lambda: app.words[-1].startswith("match 1 of 3 · "))
        await pilot.press("n")
        await until(pilot, lambda: app.words[-1].startswith("no more above · match 1 of 3"))
        await pilot.press("N")
        await until(pilot, lambda: app.words[-1].startswith("match 2 of 3 · "))
        app.host.files[PATH] += b"loss 5\n"
        await until(pilot, lambda: app.words[-1].startswith("match 2 of 4 · "))
        await pilot.press("escape")
        await until(pilot, lambda: app.words[-1].startswith("at "))
        assert app.view.words == ""


class SlowStart(MemoryHost):
    """Does not answer what is at the start of a file until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if offset == 0 and limit > BLOCK:
            await self.may.wait()
        return await super().read(path, offset=offset, limit=limit)


async def test_that_matches_are_being_counted_is_said_until_they_are() -> None:
    async with log_of(b"loss 1\n" + b"nothing\n" * (1 << 18) + b"loss 2\n", host := SlowStart()) as (pilot, app):
        await until(pilot, lambda: "loss 2" in shown(pilot))
        app.view.find("loss")
        await until(pilot, lambda: app.words[-1].startswith("counting … · "))
        host.may.set()
        await until(pilot, lambda: app.words[-1].startswith("match 2 of 2 · "))


async def test_the_lines_that_the_mouse_marks_are_what_is_copied() -> None:
    async with log_of(numbered(1000)) as (pilot, app):
        await until(pilot, lambda: "line 999" in shown(pilot))
        await pilot.mouse_down(LogView, offset=(5, 2))
        await pilot.hover(LogView, offset=(8, 4))
        await pilot.mouse_up(LogView, offset=(8, 4))
        app.host.files[PATH] += numbered(5, 1000)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.clipboard)
        assert app.clipboard == "992\nline 993\nline 994"


async def test_a_log_that_is_not_there_yet_is_waited_for() -> None:
    async with log_of(None) as (pilot, app):
        await until(pilot, lambda: "appears here once the job writes a-1.log" in shown(pilot))
        app.host.files[PATH] = b"hello\n"
        await until(pilot, lambda: "hello" in shown(pilot))


async def test_a_log_that_is_replaced_starts_again() -> None:
    async with log_of(numbered(100)) as (pilot, app):
        await until(pilot, lambda: "line 99" in shown(pilot))
        app.host.files[PATH] = b"second attempt\n"
        await until(pilot, lambda: "second attempt" in shown(pilot) and "line 99" not in shown(pilot))


class FlakyHost(MemoryHost):
    is_away = False

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        if self.is_away:
            raise HostError("login1 is out of reach")
        return await super().read(path, offset=offset, limit=limit)


async def test_a_host_that_is_away_leaves_the_lines_and_says_so() -> None:
    host = FlakyHost()
    async with log_of(numbered(100), host) as (pilot, app):
        await until(pilot, lambda: "line 99" in shown(pilot))
        host.is_away = True
        await until(pilot, lambda: app.words[-1] == "! login1 is out of reach")
        assert "line 99" in shown(pilot)
        host.is_away = False
        await until(pilot, lambda: app.words[-1].startswith("following"))


async def test_of_a_log_that_could_never_be_read_it_is_not_said_that_it_is_not_there() -> None:
    host = FlakyHost()
    host.is_away = True
    async with log_of(numbered(100), host) as (pilot, app):
        await until(pilot, lambda: app.words[-1] == "! login1 is out of reach")
        assert "It is not known yet what is in a-1.log." in shown(pilot)
        assert not any("not written" in words for words in app.words)
        host.is_away = False
        await until(pilot, lambda: "line 99" in shown(pilot))


async def test_keys_and_searches_on_a_host_that_is_away_say_so_and_no_more() -> None:
    host = FlakyHost()
    async with log_of(numbered(100_000), host) as (pilot, app):
        await until(pilot, lambda: "line 99999" in shown(pilot))
        host.is_away = True
        await pilot.press("home")
        await until(pilot, lambda: app.words[-1] == "! login1 is out of reach")
        app.view.find("line 1234")
        searching = "searching · esc leaves it"
        await until(pilot, lambda: searching in app.words and app.words[-1] == "! login1 is out of reach")
        host.is_away = False
        await until(pilot, lambda: app.words[-1].startswith("at "))
        assert not any("is not found" in words for words in app.words)
        assert "line 99999" in shown(pilot)


async def test_a_log_of_any_name_is_waited_for_without_driving_the_terminal() -> None:
    async with log_of(None) as (pilot, app):
        app.view.path = PurePosixPath("/runs/a/odd\x1b[31m.log")
        await until(pilot, lambda: "odd\\x1b[31m.log" in shown(pilot))


async def test_long_lines_wrap_by_a_key_and_none_of_their_rows_is_lost_on_the_way() -> None:
    lines = [f"line {number} " + "x" * 100 + f" tail {number}" for number in range(40)]
    async with log_of("\n".join(lines).encode() + b"\n") as (pilot, app):
        await until(pilot, lambda: "line 39" in shown(pilot))
        assert "tail 39" not in shown(pilot)
        await pilot.press("W")
        await until(pilot, lambda: "tail 39" in shown(pilot) and "line 35" in shown(pilot))
        assert "line 34" not in shown(pilot)
        await pilot.press("up")
        await until(pilot, lambda: "tail 34" in shown(pilot) and "line 39" not in shown(pilot))
        await pilot.press("down", "down")
        await until(pilot, lambda: "tail 39" in shown(pilot) and app.view.following)
        await pilot.press("W")
        await until(pilot, lambda: "line 30" in shown(pilot) and "tail 39" not in shown(pilot))


async def test_e_goes_to_the_last_error_and_again_to_the_one_before() -> None:
    first = b'Traceback (most recent call last):\n  File "a.py", line 1\nRuntimeError: CUDA out of memory\n'
    log = (
        numbered(50) + first + b"note: 3 errors in labels\n" + numbered(50) + b"yogo: the disk is full\n" + numbered(50)
    )
    async with log_of(log) as (pilot, app):
        await until(pilot, lambda: "line 49" in shown(pilot))
        await pilot.press("e")
        await until(pilot, lambda: "the disk is full" in shown(pilot) and "error 3 of 3" in app.words[-1])
        await pilot.press("e")
        await until(pilot, lambda: "RuntimeError" in shown(pilot) and "error 2 of 3" in app.words[-1])
        await pilot.press("n")
        await until(pilot, lambda: "error 1 of 3" in app.words[-1])
        await pilot.press("N", "N")
        await until(pilot, lambda: "error 3 of 3" in app.words[-1])


async def test_a_log_without_an_error_says_so() -> None:
    async with log_of(numbered(50)) as (pilot, app):
        await until(pilot, lambda: "line 49" in shown(pilot))
        await pilot.press("e")
        await until(pilot, lambda: "no error is found" in app.words[-1])


class OldHost(MemoryHost):
    """Whose log was written to ten minutes ago."""

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        return tuple(replace(entry, modified=time.time() - 610) for entry in await super().list(path))


async def test_a_log_that_has_not_grown_for_long_says_for_how_long_until_it_grows_or_its_run_is_over() -> None:
    async with log_of(numbered(50), OldHost()) as (pilot, app):
        await until(pilot, lambda: "! silent for 10 m · following" in app.words[-1])
        app.view.is_over = True
        await until(pilot, lambda: "silent" not in app.words[-1])
        app.view.is_over = False
        await until(pilot, lambda: "silent" in app.words[-1])
        app.host.files[PATH] += b"one more\n"
        await until(pilot, lambda: "silent" not in app.words[-1] and "one more" in shown(pilot))


async def test_lines_are_marked_and_copied_by_keys_beyond_the_page_too() -> None:
    async with log_of(numbered(100)) as (pilot, app):
        await until(pilot, lambda: "line 99" in shown(pilot))
        await pilot.press("V")
        await until(pilot, lambda: "marking lines" in app.words[-1])
        await pilot.press("pageup", "up", "up", "up")
        await until(pilot, lambda: "line 87" in shown(pilot) and "line 86" not in shown(pilot))
        app.host.files[PATH] += numbered(5, 100)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard != "")
        assert app.clipboard == "".join(f"line {number}\n" for number in range(87, 100))
        await until(pilot, lambda: "marking" not in app.words[-1])
        assert not app.view.following
        await pilot.press("V", "down", "escape")
        await until(pilot, lambda: "marking" not in app.words[-1])
        await pilot.press("end")
        await until(pilot, lambda: "line 104" in shown(pilot))
