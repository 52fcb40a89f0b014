"""The themes: what is written can be read in each of them, and without colours everything is still told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color
from textual.widget import Widget
from textual.widgets import Input, OptionList

from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo_tui.app import Console
from yogo_tui.modes import MODES
from yogo_tui.runs.model import RunState
from yogo_tui.screens.choose_theme import ABOUT
from yogo_tui.widgets.theme import THEMES, theme_for
from yogo_tui.words import GLYPHS, state_words

FULL = ("dark", "light", "colour-blind")
_MARKS = ("chart--", "preview--")
"""What is drawn and not read: it needs a contrast of 3 only (WCAG 2, 1.4.11)."""


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours (WCAG 2, 1.4.3), from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = ((part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4) for part in color.normalized)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def styles(widget: Widget) -> Iterator[tuple[str, Style]]:
    """Each style that the widget writes with, and what it is for."""
    name = type(widget).__name__
    yield name, widget.rich_style
    for part in sorted(widget._get_component_classes()):
        yield f"{name} .{part}", widget.get_component_rich_style(part)


def unreadable(app: Console) -> set[str]:
    found = set()
    for widget in app.screen.walk_children(Widget):
        for name, style in styles(widget):
            if "guides" in name or "separator" in name:
                continue  # lines that only adorn
            if style.color is None or style.bgcolor is None or not style.color.triplet or not style.bgcolor.triplet:
                continue
            ratio = contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
            if ratio < (3 if any(mark in name for mark in _MARKS) else 4.5):
                found.add(f"{name}: {style} has {ratio:.2f}")
    return found


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with all colours."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", FULL)
async def test_all_that_is_written_can_be_read(name: str) -> None:
    runs = [make_run(f"{state}-owl-1", state) for state in RunState]
    session = FakeSession(*runs)
    session.settings = session.settings.model_copy(update={"theme": name})
    app = Console(session)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await see(pilot, "finished-owl-1")
        assert app.theme == THEMES[name].name
        for mode in MODES:
            await pilot.press(mode.key)
            await until(pilot, lambda mode=mode: app.current_mode == mode.name and app.screen.is_current)  # type: ignore[misc]
            for severity in ("information", "warning", "error"):
                app.notify("words", title="a title", severity=severity)
            await until(pilot, lambda: len(app.screen.query("Toast")) >= 3)
            assert unreadable(app) == set(), mode.name
            await pilot.press("colon")
            await until(pilot, lambda: app.screen.query(OptionList) and app.screen.query(Input))
            assert unreadable(app) == set(), "the palette"
            await pilot.press("escape")
            await until(pilot, lambda: not app.screen.query("Palette") and not app.screen.is_modal)


@pytest.mark.usefixtures("full")
async def test_a_theme_is_shown_while_it_is_chosen_and_kept_or_taken_back(tmp_path: Path) -> None:
    app = Console(FakeSession(make_run("chaos-cat-0727"), folder=tmp_path))
    app.session.settings._file = tmp_path / "settings.yaml"
    async with app.run_test(size=(100, 40)) as pilot:
        await see(pilot, "chaos-cat")
        await pilot.press("f8")
        await see(pilot, "the theme, shown as you move")
        await pilot.press("down", "down")
        await until(pilot, lambda: app.theme == "yogo-light")
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == "yogo")
        await pilot.press("f8", "down", "down", "down", "enter")
        await until(pilot, lambda: "theme: colour-blind" in (tmp_path / "settings.yaml").read_text())
        assert app.theme == "yogo-colour-blind"
        assert app.session.settings.theme == "colour-blind"


def test_the_setting_is_chosen_from_what_the_terminal_has() -> None:
    assert set(ABOUT) == {"auto", *THEMES}
    assert theme_for("auto", "truecolor", {}).name == "yogo"
    assert theme_for("auto", "truecolor", {"COLORFGBG": "0;15"}).name == "yogo-light"
    assert theme_for("auto", "standard", {"COLORFGBG": "0;default;15"}).name == "yogo-16-light"
    assert theme_for("light", "standard", {}).name == "yogo-16-light"
    assert theme_for("colour-blind", None, {}).name == "yogo-16"
    assert theme_for("light", "truecolor", {"NO_COLOR": "1"}).name == "yogo-no-colour"


def drawn(folder: Path, settings: str, **variables: str) -> Terminal:
    (folder / "settings.yaml").write_text(f"cluster: local\n{settings}")
    (folder / "dataset_defs").mkdir()
    command = (*CONSOLE, "--workspace", str(folder), "--settings", str(folder / "settings.yaml"))
    terminal = Terminal(command, environment(folder, **variables), folder)
    terminal.see("4 Runs")
    return terminal


def codes(terminal: Terminal) -> set[bytes]:
    return set(re.findall(rb"\x1b\[([0-9;]*)m", terminal.sent))


def test_without_colours_none_are_sent_and_the_cursor_is_underlined(tmp_path: Path) -> None:
    with drawn(tmp_path, "theme: light\n", NO_COLOR="1", COLORTERM="truecolor") as terminal:
        terminal.press("2")
        terminal.see("Learning rate")
        terminal.leave()
        sent = {int(code or 0) for some in codes(terminal) for code in some.split(b";")}
        assert not {code for code in sent if 30 <= code <= 37 or 40 <= code <= 48 or code in range(90, 108)}
        assert any(code.startswith(b"1;4") for code in codes(terminal)), "the cursor in the list"


def test_in_sixteen_colours_the_cursor_of_a_list_to_choose_from_is_seen(tmp_path: Path) -> None:
    with drawn(tmp_path, "", TERM="xterm") as terminal:
        before = len(terminal.sent)
        terminal.press(":")
        terminal.see("type to narrow")
        terminal.see("key enter")
        assert re.search(rb"\x1b\[(?:1;)?30;47m *(?:\x1b\[[0-9;]*m)? *open", terminal.sent[before:])


def test_a_notice_in_sixteen_colours_is_on_the_terminals_own_paper(tmp_path: Path) -> None:
    with drawn(tmp_path, "", TERM="xterm") as terminal:
        terminal.press("M")
        terminal.see("the mouse was given to the terminal")
        terminal.press("M")
        terminal.leave()
        assert not any(b"40" in some.split(b";") for some in codes(terminal))


def test_each_state_has_a_word_of_its_own() -> None:
    assert len({state_words(make_run("owl", state)) for state in RunState}) == len(RunState) == len(GLYPHS)
