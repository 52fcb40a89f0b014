"""The screen of the settings: lines drawn from the model, checked as they are typed, written into the file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ssh_server import Server
from tests.yogo_tui.fake_session import FakeSession, see, shown, until
from yogo.recipe import UnfitValues
from yogo_tui.app import Console
from yogo_tui.opening import Place
from yogo_tui.session.setting_form import SettingForm, text_of, value_of
from yogo_tui.settings import SettingChange, Settings, load
from yogo_tui.settings.changing import changed

TEXT = """\
# of the lab
partition: big  # ours
setup: [module load cuda, "a, b"]
sizes:
- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}
- gpus: 4  # many
  cpus: 32
  hours: 12
  template: 4gpu.sbatch
profiles:
  lab: {account: ours}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "settings.yaml"
    found.write_text(TEXT)
    return found


def form_of(file: Path, profile: str = "") -> SettingForm:
    return SettingForm(load(file, workspace=file.parent, profile=profile))


def test_every_setting_has_a_line_and_its_text_means_its_value(file: Path) -> None:
    form = form_of(file)
    assert {line.setting for line in form.lines.values()} == Settings.model_fields.keys()
    assert form.texts["sizes-1"] == "gpus: 4, cpus: 32, hours: 12, template: 4gpu.sbatch"
    assert (form.texts["sizes-2"], form.texts["hosts-0"]) == ("", "")
    for name, line in form.lines.items():
        if line.value is not None and not line.is_entry:
            said = value_of(line.setting, form.texts[name])
            assert text_of(said) == form.texts[name]
    assert form.made({**form.texts, "workspace": form.texts["workspace"]}) == ()
    assert form.where("partition") == f"{file}, line 2"
    assert form.where("account") == "default"
    assert form_of(file, "lab").where("account") == f"{file}, line 11, in the profile lab"


@pytest.mark.parametrize(
    ("typed", "before", "after"),
    [
        ({"partition": "x"}, "partition: big", "partition: x"),
        ({"partition": "gpu"}, "partition: big  # ours\n", ""),
        ({"partition": ""}, "partition: big  #", 'partition: ""  #'),
        ({"setup": ""}, 'setup: [module load cuda, "a, b"]\n', ""),
        ({"setup": "x, 010"}, '[module load cuda, "a, b"]', '[x, "010"]'),
        ({"sizes-1": "gpus: 4, cpus: 32, hours: 9, template: 4gpu.sbatch"}, "hours: 12", "hours: 9"),
        ({"sizes-0": ""}, "- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch}\n", ""),
        ({"preview": "no"}, "account: ours}\n", "account: ours}\npreview: false\n"),
        ({"hosts-0": "name: a, login: b"}, "account: ours}\n", "account: ours}\nhosts:\n- {name: a, login: b}\n"),
        ({"poll_seconds": "60"}, "account: ours}\n", "account: ours}\npoll_seconds: 60\n"),
    ],
)
def test_what_is_typed_changes_that_alone(file: Path, typed: dict[str, str], before: str, after: str) -> None:
    form = form_of(file)
    assert changed(TEXT, file, form.made({**form.texts, **typed})) == TEXT.replace(before, after)


def test_with_a_profile_its_own_settings_are_changed_in_it(file: Path) -> None:
    form = form_of(file, "lab")
    texts = {**form.texts, "account": "theirs", "partition": "x"}
    assert set(form.made(texts)) == {SettingChange("partition", "x"), SettingChange("profiles.lab.account", "theirs")}


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        ("poll_seconds", "soon", "must be a number"),
        ("poll_seconds", "0", "must be at least 0.2"),
        ("cluster", "slrum", "must be one of auto, slurm or local"),
        ("sizes-0", "gpus: 1", "cpus is missing"),
        ("sizes-0", "gpus: 1, cpus: 1, hours: 0, template: 1gpu.sbatch", "hours must be greater than 0"),
        ("sizes-2", "gpus: [", "This must be written as name: value"),
        ("sizes-0", "gpuz: 1", 'There is no setting "gpuz". Did you mean "gpus"?'),
        ("setup", "[", "This must be a list"),
        ("sbatch", "--job-name=x", "yogo-tui sets --job-name itself"),
        ("preview", "perhaps", "must be true or false"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(file: Path, line: str, text: str, said: str) -> None:
    form = form_of(file)
    with pytest.raises(UnfitValues) as caught:
        form.made({**form.texts, line: text})
    fault = caught.value.faults[0]
    assert fault.name.partition(".")[0] == line
    assert said in fault.message


async def open_settings(pilot: Pilot[None], app: Console) -> None:
    await until(pilot, lambda: app.is_open)
    await pilot.press("f6")
    await see(pilot, "── settings ─", "workspace")


def field(app: Console, name: str) -> Input:
    return app.screen.query_one(f"#knob-{name}", Input)


async def change(pilot: Pilot[None], app: Console, file: Path) -> None:
    """Change a setting on the screen: what is wrong is told, undone, asked about, and kept at last."""
    await open_settings(pilot, app)
    app.screen.set_focus(field(app, "partition"))
    await see(pilot, f"{file}, line 2", "If it is empty, jobs ask for none")
    await pilot.press(*"it's")
    await see(pilot, "✖ ", "it holds a quote")
    await pilot.press("ctrl+z")
    await until(pilot, lambda: field(app, "partition").value == "big")
    await pilot.press("end", *"ger")
    await see(pilot, "1 change: ctrl+s keeps it", "(gpu)")
    await pilot.press("escape")
    await see(pilot, "Leave the changes that you typed?")
    await pilot.press("n")
    await pilot.press("ctrl+s")
    await until(pilot, lambda: "partition: bigger  # ours" in file.read_text())
    await until(pilot, lambda: "── settings ─" not in shown(pilot))
    assert app.session.settings.lines["partition"] == 2


async def test_a_setting_is_changed_by_keys_and_holds_at_once(file: Path, tmp_path: Path) -> None:
    place = Place("here", file, tmp_path, "local")
    there = place.reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await change(pilot, app, file)
        await open_settings(pilot, app)
        assert field(app, "workspace").disabled
        await see(pilot, "--workspace")
        app.screen.set_focus(field(app, "partition"))
        await pilot.press("f5")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "partition" not in file.read_text())
    assert file.read_text() == TEXT.replace("partition: big  # ours\n", "")
    await there.host.close()


async def test_what_the_file_does_not_allow_is_told_and_nothing_is_lost(file: Path, tmp_path: Path) -> None:
    there = Place("here", file, tmp_path, "local").reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_settings(pilot, app)
        field(app, "keymap").value = "runs.cancel: w"
        await see(pilot, "✖ keymap: runs.cancel: w is the key of `runs.why`")
        field(app, "keymap").value = ""
        field(app, "sizes-0").value = "gpus: 1, cpus: 8, hours: 2, template: none.sbatch"
        await see(pilot, "1 change")
        await pilot.press("ctrl+s")
        await see(pilot, "the settings were not changed", "There is no script template")
        assert file.read_text() == TEXT
    await there.host.close()


async def test_a_palette_entry_leads_to_its_line() -> None:
    session = FakeSession()
    app = Console(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.open_setting("wandb_entity")
        await see(pilot, "Team or user at Weights & Biases")
        assert app.focused is field(app, "wandb_entity")
        await pilot.press("escape")
        await until(pilot, lambda: "wandb_entity" not in shown(pilot))


@pytest.mark.far
async def test_the_settings_of_another_machine_are_changed_there(
    ssh_server: Server, tmp_path: Path, file: Path
) -> None:

    here = tmp_path / "here.yaml"
    here.write_text(
        f"hosts:\n- name: far\n  login: login\n  ssh_config: {ssh_server.config}\n"
        f"  yogo_tui: {sys.executable} -m yogo_tui\n  settings: {file}\n  workspace: {tmp_path}\n"
    )
    file.write_text(f"cluster: slurm\n{TEXT}".replace("# of the lab\n", ""))
    there = Place("far", here).reach()
    app = Console(await there.open())
    app.there = there
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await change(pilot, app, file)
        await open_settings(pilot, app)
        assert not app.screen.query("#knob-host")
    await there.host.close()
