"""Launch, `t` and `e`: which script template is filled in, and the user's own copies of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, shown, until
from yogo_tui.app import Console
from yogo_tui.launch import script, templates
from yogo_tui.launch.plan import Plan
from yogo_tui.session import DefinitionFile
from yogo_tui.settings import load


class Rendering(FakeSession):
    """Fills in real templates."""

    def render(self, plan: Plan) -> str:
        return script.render(self.settings, plan, script.PREVIEW_TOKEN)


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
    app = Console(session, mode="launch")  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "e edit script", "t template", "── 1gpu.sbatch ──")
        yield pilot


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


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


def test_an_edited_copy_is_rendered_and_an_unchanged_one_is_not_kept(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    path = templates.own_copy("2gpu.sbatch", own)
    templates.drop_unchanged(path)
    assert not path.exists()
    templates.own_copy("2gpu.sbatch", own).write_text("echo mine\n")
    templates.drop_unchanged(templates.own_copy("2gpu.sbatch", own))
    assert templates.fill("2gpu.sbatch", {}, own=own) == "echo mine\n"


def test_pieces_and_the_wrapper_are_not_offered(tmp_path: Path) -> None:
    assert templates.names(tmp_path / "none") == ("1gpu.sbatch", "2gpu.sbatch", "4gpu.sbatch")
