"""Launch, `t` and `e`: which script template is filled in, and the user's own copies of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, see, shown, until
from yogo_tui.app import Console
from yogo_tui.errors import TemplateError
from yogo_tui.launch import script, templates
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.reading import difference
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.settings import load


class Rendering(FakeSession):
    """Fills in real templates."""

    def render(self, plan: LaunchPlan) -> str:
        return script.render(self.settings, plan, script.PREVIEW_TOKEN)

    def difference_of(self, plan: LaunchPlan, text: str) -> str | None:
        shipped = script.render_shipped(self.settings, plan, script.PREVIEW_TOKEN)
        return None if shipped is None else difference(text, shipped)


@pytest.fixture
def session(tmp_path: Path) -> Rendering:
    session = Rendering(folder=tmp_path)
    file = tmp_path / "config" / "settings.yaml"
    file.parent.mkdir()
    file.write_text(f"workspace: {tmp_path}\n")
    session.settings = load(file)
    session.definition_files = (DefinitionFile(tmp_path / "defs/cells.yml", tmp_path / "defs"),)
    return session


@asynccontextmanager
async def launch_screen(session: FakeSession) -> AsyncIterator[Pilot[None]]:
    app = Console(session, mode="launch")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "e edit script", "t template", "── 1gpu.sbatch ──")
        yield pilot


async def test_a_template_of_the_user_s_is_chosen_shown_and_submitted(session: Rendering) -> None:
    own = session.settings.templates_folder
    own.mkdir()
    (own / "night.sbatch").write_text("#!/bin/bash\necho night shift of {{ name }}\n")
    async with launch_screen(session) as pilot:
        await pilot.press("t")
        await see(pilot, "4gpu.sbatch", "night.sbatch  yours")
        await pilot.press(*"night", "enter")
        await see(pilot, "── night.sbatch ──", "echo night shift of chaos-cat-0001", "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001")
        await pilot.press("y")
        await until(pilot, lambda: session.launched)
        assert (session.launched[0].size.template, session.launched[0].size.gpus) == ("night.sbatch", 1)


@pytest.mark.parametrize(
    ("line", "said"), [("{{ nonsense }}", "'nonsense' is undefined"), ("{% if %}", "Expected an expression")]
)
async def test_what_is_wrong_in_a_template_is_shown_with_its_line(session: Rendering, line: str, said: str) -> None:
    templates.own_copy("1gpu.sbatch", session.settings.templates_folder).write_text(f"#!/bin/bash\n\n{line}\n")
    async with launch_screen(session) as pilot:
        # The sentence begins with the file's path, however long, and so is wrapped anywhere.
        await until(pilot, lambda: f"line 3: {said}" in " ".join(shown(pilot).split()))


@pytest.mark.parametrize(
    ("script", "is_refused"),
    [
        ("#!/bin/bash\n#SBATCH --time=1\necho mine\n#SBATCH --gpus=4\n", True),
        ("#!/bin/bash\necho mine\n# note\n\n#SBATCH --gpus=4\ncat <<end\nend\n", True),
        ("#!/bin/bash\n  # indented\n\n#SBATCH --gpus=4\necho mine\n  #SBATCH is read nowhere\n", False),
        ("#!/bin/bash\n#SBATCH --gpus=4\ncat > other.sh <<end\n#SBATCH --gpus=1\nend\n", False),
    ],
)
def test_a_line_to_slurm_below_the_first_command_is_refused(tmp_path: Path, script: str, is_refused: bool) -> None:
    (tmp_path / "4gpu.sbatch").write_text(script)
    said = r"`#SBATCH --gpus=4` on line \d, below the command `echo mine`"
    with pytest.raises(TemplateError, match=said) if is_refused else contextlib.nullcontext():
        assert templates.fill("4gpu.sbatch", {}, own=tmp_path) == script


def test_an_edited_copy_is_rendered_and_an_unchanged_one_is_not_kept(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    path = templates.own_copy("2gpu.sbatch", own)
    assert path.read_text().startswith("#!/bin/bash\n")  # the whole script, though the shipped one only includes it
    templates.drop_unchanged(path)
    assert not path.exists()
    templates.own_copy("2gpu.sbatch", own).write_text("echo mine\n")
    templates.drop_unchanged(templates.own_copy("2gpu.sbatch", own))
    assert templates.fill("2gpu.sbatch", {}, own=own) == "echo mine\n"


def test_pieces_and_the_wrapper_are_not_offered(tmp_path: Path) -> None:
    assert templates.names(tmp_path / "none") == ("1gpu.sbatch", "2gpu.sbatch", "2nodes.sbatch", "4gpu.sbatch")


async def test_the_script_is_read_in_short_then_as_a_whole_then_by_what_is_not_as_shipped(session: Rendering) -> None:
    own = templates.own_copy("1gpu.sbatch", session.settings.templates_folder)
    own.write_text(own.read_text().replace("#SBATCH --requeue", "#SBATCH --requeue\n#SBATCH --exclusive"))
    async with launch_screen(session) as pilot:
        await see(pilot, "#SBATCH --job-name=chaos-cat-0001", "#SBATCH --exclusive")
        assert "# A training run on" not in shown(pilot)
        await pilot.press("v")
        await see(pilot, "1gpu.sbatch · all of it", "# A training run on one GPU")
        await pilot.press("v")
        await see(pilot, "1gpu.sbatch · what is not as shipped", "+#SBATCH --exclusive")
        assert "--job-name" not in shown(pilot)
        own.unlink()
        await pilot.press("a", *"x", "enter")
        await see(pilot, "The script is what the shipped")
        await pilot.press("v")
        await see(pilot, "── 1gpu.sbatch ──", "#SBATCH --job-name=x")


async def test_a_template_that_is_not_shipped_has_nothing_to_be_compared_with(session: Rendering) -> None:
    session.settings.templates_folder.mkdir()
    (session.settings.templates_folder / "night.sbatch").write_text("#!/bin/bash\necho night\n")
    async with launch_screen(session) as pilot:
        await pilot.press("t", *"night", "enter", "v", "v")
        await see(pilot, "No shipped template is like")
