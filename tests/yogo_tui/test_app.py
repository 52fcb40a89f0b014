"""The app around the screens: modes, help, palette, the terminal's size."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from textual.dom import DOMNode
from textual.widgets import Static

from tests.yogo_tui.fake_session import FakeSession, make_run, shown, until
from yogo_tui.app import Console
from yogo_tui.modes import MODES
from yogo_tui.runs.model import RunState
from yogo_tui.widgets.mode_bar import ModeBar


def make_console(*names: str) -> Console:
    return Console(FakeSession(*(make_run(name) for name in names)))


async def test_help_lists_every_key_of_the_screen_from_its_bindings() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 120)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        entries = [entry.binding for entry in app.screen.active_bindings.values() if entry.binding.id]
        await pilot.press("question_mark")
        await until(pilot, lambda: "keys that work here" in shown(pilot))

        assert len(entries) > 10
        for binding in entries:
            assert (binding.tooltip or binding.description) in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "keys that work here" not in shown(pilot))


async def test_help_says_everything_in_the_consoles_own_words() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 70)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        theirs = [one.binding.description for one in app.screen.active_bindings.values() if not one.binding.id]
        await pilot.press("question_mark")
        await until(pilot, lambda: "keys that work here" in shown(pilot))

        assert "Copy selected text" in theirs
        assert not [words for words in theirs if words and words in shown(pilot)]
        assert "copy what the mouse has marked" in shown(pilot)


async def test_the_palette_does_what_a_key_does() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        await pilot.press("colon")
        await pilot.press(*"cancel")
        await until(pilot, lambda: "key x" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Cancel chaos-cat-0727?" in shown(pilot))


async def test_the_palette_has_an_action_once_though_it_has_several_keys() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 45)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        await pilot.press("colon")
        await pilot.press(*"the first run")
        await until(pilot, lambda: "the first run  key" in shown(pilot) and "choose the columns" not in shown(pilot))
        assert shown(pilot).count("the first run  key") == 1


async def test_the_palette_begins_with_what_is_done_on_this_screen_and_ends_with_moves() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 200)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        await pilot.press("colon")
        await until(pilot, lambda: "fine-tune from it" in shown(pilot) and "a page up" in shown(pilot))
        order = ("fine-tune from it", "move it to the trash", "leave the console", "a page up")
        places = [shown(pilot).index(words) for words in order]
        assert places == sorted(places)


async def test_a_small_terminal_is_told_so() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "this terminal is 60×20" in shown(pilot))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "this terminal is" not in shown(pilot))


async def test_a_worker_that_waits_while_the_console_is_left_does_not_look_for_widgets_that_are_gone() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        screen = app.screen

        async def look() -> None:
            while screen.query(ModeBar):
                await asyncio.sleep(0)
            screen.query_one(ModeBar)

        screen.run_worker(look())


async def test_the_jobs_that_go_on_without_the_console_are_counted_for_its_last_words() -> None:
    app = Console(FakeSession(*(make_run(f"{state}-owl-1", state) for state in RunState)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "waiting-owl-1" in shown(pilot))
        assert app.last_words.startswith("4 jobs go on. Come back: ")  # waiting, held, running, suspended


class LateWork(Static):
    """Its work begins when it goes already."""

    def on_unmount(self) -> None:
        self.app.run_worker(self._look())

    async def _look(self) -> None:
        self.app.query_one("#gone")


async def test_work_that_begins_while_the_console_ends_is_no_crash() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test() as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        await app.screen.mount(LateWork())
    assert app.return_code in (None, 0)


def ours(base: type[object]) -> Iterator[type[object]]:
    kind: type[object]
    for kind in base.__subclasses__():
        if kind.__module__.startswith("yogo_tui."):
            yield kind
        yield from ours(kind)


async def test_every_binding_of_the_console_has_an_id() -> None:
    app = make_console("chaos-cat-0727")
    async with app.run_test() as pilot:
        await until(pilot, lambda: "chaos-cat" in shown(pilot))
        await pilot.press("enter")  # so that the run's screen is imported too
        for one in MODES:
            await pilot.press(one.key)
            await until(pilot, partial(lambda mode: app.current_mode == mode, one.name))
    bindings = [binding for kind in ours(DOMNode) for binding in vars(kind).get("BINDINGS", ())]

    assert len(bindings) > 40
    assert all(binding.id for binding in bindings)
