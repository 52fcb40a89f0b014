"""The setting `keymap`: other keys for actions, shown wherever keys are shown; what cannot work is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo_tui.app import Console
from yogo_tui.errors import SettingsError
from yogo_tui.screens.keymap import keymap, remappable
from yogo_tui.settings.parsing import parse


def console(keys: str, tmp_path: Path) -> Console:
    session = FakeSession(make_run("chaos-cat-0727"))
    session.settings = parse(f"keymap:\n{keys}", tmp_path / "settings.yaml")
    return Console(session)


async def test_another_key_does_it_and_is_shown_in_the_line_of_keys_help_and_palette(tmp_path: Path) -> None:
    async with console("  runs.cancel: X\n", tmp_path).run_test(size=(100, 60)) as pilot:
        await see(pilot, "chaos-cat-0727", "X cancel")
        assert "x cancel" not in shown(pilot)
        await pilot.press("question_mark")
        await until(
            pilot,
            lambda: any(
                line.split("│")[1:2] and {"X", "cancel"} <= {*line.split()} for line in shown(pilot).splitlines()
            ),
        )
        await pilot.press("escape")
        await pilot.press("colon", *"cancel")
        await see(pilot, "key X")
        await pilot.press("escape")
        await until(pilot, lambda: "key X" not in shown(pilot))
        await pilot.press("x")
        await pilot.press("X")
        await see(pilot, "Cancel chaos-cat-0727?")


async def test_two_keys_are_shown_as_they_are_typed(tmp_path: Path) -> None:
    async with console('  runs.cancel: ", x"\n  runs.why: ", w"\n', tmp_path).run_test(
        size=(100, 40), notifications=True
    ) as pilot:
        await see(pilot, "chaos-cat-0727", ", x cancel")
        await pilot.press("comma")
        await see(pilot, ", …   x cancel   w why   esc leave")
        await pilot.press("k")
        await see(pilot, ", k does nothing here")
        await until(pilot, lambda: ", …" not in shown(pilot))
        await pilot.press("comma", "x")
        await see(pilot, "Cancel chaos-cat-0727?")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "runs.cancelx: X",
            'line 2: keymap: There is no action "runs.cancelx" that can have another key. Did you mean "runs.cancel"',
        ),
        ("ask.yes: X", 'There is no action "ask.yes"'),
        (
            "runs.cancel: w",
            "line 2: keymap: runs.cancel: w is the key of `runs.why` (why it waits or failed, and what to do)",
        ),
        ("runs.cancel: M", "runs.cancel: M is the key of `app.mouse`"),
        ("runs.cancel: 4", "runs.cancel: 4 is the key of `app.runs`"),
        ("runs.cancel: space", "runs.cancel: space is the key of `runs.mark`"),
        ("runs.cancel: w x", "runs.cancel: w is the key of `runs.why`"),
        ("runs.cancel: escap", 'runs.cancel: "escap" is not a key. Did you mean "escape"'),
        ("runs.cancel: hyper+x", 'runs.cancel: "hyper+x" is not a key'),
        ("runs.cancel: a b c", "one key is expected, or two with a blank between"),
        ("app.quit: x", "app.quit: x is the key of `"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line_and_a_proposal(line: str, words: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        keymap(parse(f"keymap:\n  {line}\n", Path("/lab/settings.yaml")), Console)
    assert words in str(wrong.value)


def test_keys_that_are_exchanged_are_no_conflict() -> None:
    settings = parse("keymap:\n  runs.cancel: w\n  runs.why: x\n  log.save: b\n", Path("/lab/settings.yaml"))
    assert keymap(settings, Console) == {"runs.cancel": "w", "runs.why": "x", "log.save": "b"}


def test_signs_are_read_as_they_are_typed() -> None:
    settings = parse('keymap:\n  runs.cancel: "!"\n  runs.hold: ctrl+h\n  runs.why: "@"\n', Path("/lab/settings.yaml"))
    assert keymap(settings, Console) == {"runs.cancel": "exclamation_mark", "runs.hold": "ctrl+h", "runs.why": "at"}


def test_every_key_there_is_can_be_given_as_it_is() -> None:
    """No action is refused the key that it has."""
    for name, action in remappable(Console).items():
        for key in action.keys:
            keymap(parse(f"keymap: {{{name}: {key}}}", Path("s")), Console)


async def test_keys_are_not_looked_at_where_none_are_set() -> None:
    sys.modules.pop("yogo_tui.screens.keymap", None)
    async with Console(FakeSession(make_run("chaos-cat-0727"))).run_test(size=(100, 40)) as pilot:
        await see(pilot, "chaos-cat-0727")
        assert "yogo_tui.screens.keymap" not in sys.modules
