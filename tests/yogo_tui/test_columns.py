"""The columns of the list of runs: chosen and ordered in a dialog, kept in the settings, filling the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_quick_typing import at_once
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo_tui.errors import SettingsError
from yogo_tui.hosts.base import silent
from yogo_tui.questions.settings import ChangeSettings
from yogo_tui.settings import SettingChange, Settings, load

CHOSEN = ("best loss", "learning_rate")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", "columns: [best loss, learning_rate]\n"),
        ("partition: a100  # ours", "partition: a100  # ours\ncolumns: [best loss, learning_rate]\n"),
        ("columns: [age]  # mine\n", "columns: [best loss, learning_rate]  # mine\n"),
        (
            "columns:\n  - state\n  - name\n# of the site\npartition: a100\n",
            "columns: [best loss, learning_rate]\n# of the site\npartition: a100\n",
        ),
        ("columns:\n- age\n\n# the end\n", "columns: [best loss, learning_rate]\n\n# the end\n"),
    ],
)
def test_columns_are_kept_in_the_settings_and_all_else_stays(text: str, kept: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    ChangeSettings(file, (SettingChange("columns", CHOSEN),)).answer(silent)
    assert file.read_text() == kept
    assert load(file, workspace=tmp_path).columns == CHOSEN
    ChangeSettings(file, (SettingChange("columns", ()),)).answer(silent)
    assert load(file, workspace=tmp_path).columns == ()
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]


def test_settings_that_cannot_be_read_are_left_as_they_are(tmp_path: Path) -> None:
    for text in ("{columns: [age]", "{columns: &a [age], runs: *a}", "gpus: 3\n"):
        file = tmp_path / "settings.yaml"
        file.write_text(text)
        with pytest.raises(SettingsError, match=r"settings\.yaml"):
            ChangeSettings(file, (SettingChange("columns", CHOSEN),)).answer(silent)
        assert file.read_text() == text


async def test_columns_are_chosen_and_ordered_by_keys_and_the_list_shows_them_at_once(tmp_path: Path) -> None:
    session = FakeSession(make_run("calm-owl-1", map50=0.75))
    session.settings = Settings.model_validate({"columns": ("name", "state", "mAP50"), "workspace": tmp_path})
    session.settings._file = tmp_path / "new/settings.yaml"
    async with console(session) as pilot:
        await see(pilot, "calm-owl-1")
        await pilot.press("C")
        await see(pilot, "columns of the list", "● name", "● mAP50", "enter keep")
        at_once(pilot, "j", "space", "j", "K", "K", "G", "space", "enter")
        await see(pilot, "kept in")
        await until(pilot, lambda: lines_of(pilot, "calm-owl-1")[0].split()[:2] == [".750", "calm-owl-1"])
        head = next(line for line in shown(pilot).splitlines() if "mAP50" in line)
        assert head.split() == ["mAP50", "name", "precision"]
        assert load(session.settings.file, workspace=tmp_path).columns == ("mAP50", "name", "precision")
        await pilot.press("C")
        await see(pilot, "columns of the list")
        await pilot.press("u", "enter")
        await until(pilot, lambda: "▶ running" in shown(pilot) and "ends in" in shown(pilot))
        assert load(session.settings.file, workspace=tmp_path).columns == ()


async def test_a_dialog_that_is_left_keeps_nothing(tmp_path: Path) -> None:
    session = FakeSession(make_run("calm-owl-1"))
    session.settings._file = tmp_path / "settings.yaml"
    async with console(session) as pilot:
        await see(pilot, "calm-owl-1")
        await pilot.press("C")
        await see(pilot, "columns of the list")
        await pilot.press("space", "escape")
        await until(pilot, lambda: "columns of the list" not in shown(pilot))
        assert "▶ running" in shown(pilot)
        assert not session.settings.file.exists()


@pytest.mark.parametrize("width", [80, 100, 120, 140, 160, 180, 200, 240])
async def test_the_table_fills_a_terminal_of_any_width(width: int) -> None:
    session = FakeSession(make_run("calm-owl-1", map50=0.75))
    session.settings = Settings(preview=False)
    async with console(session, size=(width, 24)) as pilot:
        await see(pilot, "calm-owl-1")
        (head,) = (line for line in shown(pilot).splitlines() if "ends in" in line)
        assert head.split()[-1] == "age↑"
        assert width - len(head.rstrip()) <= 2
