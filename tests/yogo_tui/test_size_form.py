"""The form of a size in the screen of the settings: its fields, and sizes added, duplicated and deleted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ssh_server import Server
from tests.yogo_tui.fake_session import see, shown, until
from yogo.recipe import UnfitValues
from yogo_tui.app import Console
from yogo_tui.opening import Place
from yogo_tui.screens.form_dialog import FormDialog
from yogo_tui.session.setting_form import SettingForm, text_of
from yogo_tui.session.size_form import SizeForm, copy_of
from yogo_tui.settings import SizePreset, load
from yogo_tui.settings.changing import changed

TEXT = """\
partition: big  # ours
sizes:
# the small one
- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}
- gpus: 4  # many
  cpus: 32
  hours: 12   # at most
  template: 4gpu.sbatch
  name: large
  setup: ["a; b", module load cuda]
profiles:
  lab: {account: ours}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "settings.yaml"
    found.write_text(TEXT)
    return found


def form_of(file: Path) -> SettingForm:
    return SettingForm(load(file, workspace=file.parent))


def size_of(file: Path, line: str = "sizes-1") -> SizeForm:
    form = form_of(file)
    return SizeForm(form, form.texts, line)


def after(file: Path, line: str, typed: Mapping[str, str]) -> str:
    """The text of the file once this was typed into the form of a size."""
    form = form_of(file)
    size = SizeForm(form, form.texts, line)
    made = size.made({**size.texts, **typed})
    return changed(file.read_text(), file, form.made({**form.texts, line: text_of(made)}))


def test_the_form_has_every_field_of_a_size_and_says_what_holds_where_one_is_empty(file: Path) -> None:
    size = size_of(file)
    assert size.texts.keys() == SizePreset.model_fields.keys()
    assert next(iter(size.texts)) == "name"
    assert (size.texts["hours"], size.texts["partition"], size.usual()["partition"]) == ("12", "", "big")
    assert size.made(size.texts) == size.before
    assert "gpus" not in size.usual()


@pytest.mark.parametrize(
    ("typed", "before", "now"),
    [
        ({"hours": "8"}, "hours: 12 ", "hours: 8 "),
        ({"name": ""}, "  name: large\n", ""),
        ({"partition": "a100"}, "cuda]\n", "cuda]\n  partition: a100\n"),
        ({"memory_gib": "64", "gpus": "2"}, "", ""),
        ({"sbatch": "--exclusive; --mail-type=END,FAIL"}, "", ""),
        ({"setup": ""}, '  setup: ["a; b", module load cuda]\n', ""),
        ({"setup": "none"}, 'setup: ["a; b", module load cuda]', "setup: []"),
    ],
)
def test_what_is_typed_changes_the_keys_of_that_size_alone(
    file: Path, typed: dict[str, str], before: str, now: str
) -> None:
    written = after(file, "sizes-1", typed)
    if before:
        assert written == TEXT.replace(before, now)
    else:
        kept = [line for line in TEXT.splitlines() if "gpus: 4" not in line]
        assert [line for line in written.splitlines() if line in kept] == kept
    if "sbatch" in typed:
        assert '  sbatch: [--exclusive, "--mail-type=END,FAIL"]\n' in written
    if "memory_gib" in typed:
        assert "- gpus: 2  # many\n" in written
        assert "  memory_gib: 64\n" in written


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"hours": "soon"}, "hours", "must be a number"),
        ({"gpus": ""}, "gpus", "is missing"),
        ({"nodes": "3"}, "gpus", "4 cannot be shared equally by 3 nodes"),
        ({"sbatch": "--job-name=x"}, "sbatch.0", "yogo-tui sets --job-name itself"),
        ({"partition": "it's"}, "partition", "it holds a quote"),
        ({"memory_gib": "8", "sbatch": "--mem-per-cpu=2"}, "", "has memory_gib, and its sbatch has --mem-per-cpu"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(file: Path, typed: dict[str, str], field: str, said: str) -> None:
    size = size_of(file)
    with pytest.raises(UnfitValues) as caught:
        size.made({**size.texts, **typed})
    assert caught.value.faults[0].name == field
    assert said in caught.value.faults[0].message


def test_two_sizes_cannot_have_one_name(file: Path) -> None:
    size = size_of(file, "sizes-0")
    with pytest.raises(UnfitValues, match="Another size has this name"):
        size.made({**size.texts, "name": "large"})


def test_a_copy_has_a_name_of_its_own() -> None:
    one = {"gpus": 4, "hours": 2}
    copy = copy_of(one, {"sizes-0": one})
    assert copy == {"gpus": 4, "hours": 2, "name": "4-copy"}
    assert copy_of(one, {"sizes-0": one, "sizes-1": copy})["name"] == "4-copy2"


def test_a_default_size_is_deleted_where_the_file_names_none(tmp_path: Path) -> None:
    (file := tmp_path / "settings.yaml").write_text("partition: big  # ours\n")
    form = form_of(file)
    written = changed(file.read_text(), file, form.made({**form.texts, "sizes-0": "", "sizes-3": ""}))
    assert written.startswith("partition: big  # ours\nsizes:\n")
    assert [line for line in written.splitlines() if line.startswith("-")] == [
        "- {gpus: 2, cpus: 32, hours: 16, template: 2gpu.sbatch}",
        "- {gpus: 4, cpus: 64, hours: 24, template: 4gpu.sbatch}",
    ]


def field(app: Console, name: str) -> Input:
    return app.screen.query_one(f"#knob-{name}", Input)


async def open_size(pilot: Pilot[None], app: Console, line: str) -> None:
    await until(pilot, lambda: app.is_open)
    await pilot.press("f6")
    await see(pilot, "── settings ─", "workspace")
    app.screen.set_focus(field(app, line))
    await see(pilot, "enter form")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, FormDialog))


async def change(pilot: Pilot[None], app: Console, file: Path) -> None:
    """Change a size in its form: what is wrong is told, undone, asked about, kept, and written at last."""
    await open_size(pilot, app, "sizes-1")
    await see(pilot, "size large", "Name of the size for `--size`", "GPUs")
    app.screen.set_focus(field(app, "hours"))
    await see(pilot, "Time limit in hours, such as 24 or 0.5. A number, more than 0")
    await pilot.press("x")
    await see(pilot, "✖ must be a number")
    await pilot.press("ctrl+z")
    await until(pilot, lambda: field(app, "hours").value == "12")
    await pilot.press("9")
    await see(pilot, "ctrl+s keep 1 change")
    await pilot.press("escape")
    await see(pilot, "Leave the changes that you typed?")
    await pilot.press("n", "ctrl+s")
    await see(pilot, "1 change: ctrl+s keeps it")
    assert file.read_text().endswith(TEXT)
    await pilot.press("ctrl+z")
    await until(pilot, lambda: "hours: 12" in field(app, "sizes-1").value)
    await pilot.press("ctrl+y", "ctrl+s")
    await until(pilot, lambda: file.read_text().endswith(TEXT.replace("hours: 12 ", "hours: 9 ")))
    await until(pilot, lambda: "── settings ─" not in shown(pilot))
    assert app.session.settings.sizes[1].hours == 9


async def test_a_size_is_changed_in_a_form_by_keys(file: Path, tmp_path: Path) -> None:
    there = Place("here", file, tmp_path, "local").reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(80, 24)) as pilot:
        await change(pilot, app, file)
    await there.host.close()


async def test_sizes_are_added_duplicated_and_deleted_by_keys(file: Path, tmp_path: Path) -> None:
    there = Place("here", file, tmp_path, "local").reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(160, 45)) as pilot:
        await open_size(pilot, app, "sizes-1")
        await pilot.press("escape")
        await see(pilot, "f2 duplicate", "f3 delete", "ctrl+n add a size")
        await pilot.press("f2")
        await see(pilot, "size large-copy")
        app.screen.set_focus(field(app, "hours"))
        await pilot.press("3", "ctrl+s")
        await see(pilot, "sizes.3", "1 change: ctrl+s keeps it")
        await pilot.press("ctrl+n")
        await see(pilot, "a new size", "✖ is missing")
        for name, text in {"gpus": "2", "cpus": "16", "hours": "5", "template": "2gpu.sbatch"}.items():
            app.screen.set_focus(field(app, name))
            await pilot.press(*(sign if sign != "." else "full_stop" for sign in text))
        await see(pilot, "ctrl+s keep 4 changes")
        await pilot.press("ctrl+s")
        await see(pilot, "sizes.4", "2 changes: ctrl+s keeps them")
        app.screen.set_focus(field(app, "sizes-0"))
        await pilot.press("f3")
        await see(pilot, "Delete the size 1? ctrl+z brings it back.")
        await pilot.press("y")
        await see(pilot, "3 changes")
        await pilot.press("ctrl+z")
        await see(pilot, "2 changes")
        await pilot.press("f3")
        await see(pilot, "Delete the size 1?")
        await pilot.press("enter")
        await see(pilot, "deleted: ctrl+z brings it back", "3 changes")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "hours: 5" in file.read_text())
    assert file.read_text() == TEXT.replace("- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}\n", "").replace(
        "cuda]\n",
        'cuda]\n- {gpus: 4, cpus: 32, hours: 3, setup: ["a; b", module load cuda], template: 4gpu.sbatch, '
        "name: large-copy}\n- {gpus: 2, cpus: 16, hours: 5, template: 2gpu.sbatch}\n",
    )
    await there.host.close()


async def test_keys_of_sizes_are_offered_where_they_can_act(file: Path, tmp_path: Path) -> None:
    there = Place("here", file, tmp_path, "local").reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(160, 60), notifications=True) as pilot:
        await open_size(pilot, app, "sizes-0")
        await pilot.press("escape")
        await see(pilot, "f2 duplicate", "f3 delete", "enter form")
        app.screen.set_focus(field(app, "partition"))
        await see(pilot, "enter next field")
        assert "f3 delete" not in shown(pilot)
        await pilot.press("f3")
        await see(pilot, "The cursor is on no size.")
        app.screen.set_focus(field(app, "sizes-2"))
        await see(pilot, "enter form")
        assert "f2 duplicate" not in shown(pilot)
        app.screen.set_focus(field(app, "sizes-0"))
        await pilot.press("end", ",", " ", "[")
        await until(pilot, lambda: "enter form" not in shown(pilot))
        await pilot.press("enter")
        await see(pilot, "This line cannot be read as a size.")
        await pilot.press("f1")
        await see(pilot, "keys that work here", "the fields of this size, as a form")
        await pilot.press("escape")
        field(app, "sizes-1").value = ""
        await until(pilot, lambda: "f3 delete" not in shown(pilot))
        await pilot.press("f3")
        await see(pilot, "This is the only size, and one is needed.")
    await there.host.close()


@pytest.mark.far
async def test_a_size_of_another_machine_is_changed_there(ssh_server: Server, tmp_path: Path, file: Path) -> None:
    here = tmp_path / "here.yaml"
    here.write_text(
        f"hosts:\n- name: far\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n  settings: {file}\n  workspace: {tmp_path}\n"
    )
    file.write_text(f"cluster: slurm\n{TEXT}")
    there = Place("far", here).reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(80, 24)) as pilot:
        await change(pilot, app, file)
    await there.host.close()
