"""Recipes as files: renamed with their comments, moved to a trash and back, and used by runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_session import make_run
from tests.yogo_tui.lab import workspace
from tests.yogo_tui.served import SERVE
from yogo.errors import RecipeError
from yogo.presets import Preset, load
from yogo.recipe import Recipe
from yogo_tui.hosts.base import Host, Question
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.questions.recipes import (
    ListRemovedRecipes,
    RemoveRecipe,
    RenameRecipe,
    RestoreRecipe,
    SaveRecipe,
    UsesOfRecipes,
)
from yogo_tui.session.library import Library, used_by

NIGHT = Preset("Night shift", "Slow.", Recipe(epochs=12), None)


def of_recipes(folder: Path) -> list[Question[Any]]:
    """One of each kind; at the end all is as after the first."""
    place = folder / "recipes-of-night"
    night, day, kept = place / "night.yaml", place / "day.yaml", place / ".trash" / "20261127T1200-night.yaml"
    return [
        SaveRecipe(NIGHT, night, None),
        RemoveRecipe(night, None, kept),
        ListRemovedRecipes((place,)),
        RestoreRecipe(kept),
        RenameRecipe(NIGHT, night, day, None),
        RenameRecipe(NIGHT, day, night, None),
        UsesOfRecipes((folder,)),
        RemoveRecipe(night, None, place / ".gone" / "night.yaml"),
    ]


@pytest.fixture(params=["here", pytest.param("ssh", marks=pytest.mark.far)])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    """This machine, and one behind a real SSH server that is asked by `yogo-tui serve`."""
    if request.param == "here":
        yield HereHost()
        return
    there = SshHost("login", config=request.getfixturevalue("ssh_server").config, serve=SERVE)
    yield there
    await there.close()


@pytest.fixture
def library(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Library(host, workspace(tmp_path / "lab"))


async def test_a_title_and_a_note_are_changed_and_comments_stay(library: Library) -> None:
    added = await library.add("Night shift", Recipe(epochs=12), "Slow.")
    path = added.path
    assert path == library.presets_folder / "night-shift.yaml"
    path.write_text("# mine\ntitle: Night shift  # of the lab\nnote: Slow.\nepochs: 12  # enough\n")
    described = await library.describe(load(path), "Day shift", "Quick.\nAnd bold.")
    assert described.path == library.presets_folder / "day-shift.yaml"
    assert not path.exists()
    text = described.path.read_text()
    assert text.startswith("# mine\ntitle: Day shift  # of the lab\n")
    assert "epochs: 12  # enough\n" in text
    assert load(described.path) == described
    assert (described.title, described.note, described.slug) == ("Day shift", "Quick.\nAnd bold.", "day-shift")


async def test_a_file_of_a_name_of_its_own_keeps_it(library: Library) -> None:
    path = library.presets_folder / "paper.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("title: Night shift\nepochs: 12\n")
    described = await library.describe(load(path), "Day shift", "")
    assert (described.path, load(path).title) == (path, "Day shift")


async def test_a_title_that_another_file_has_is_refused_and_nothing_is_changed(library: Library) -> None:
    night = await library.add("Night shift", Recipe(epochs=12), "")
    day = await library.add("Day shift", Recipe(epochs=13), "")
    with pytest.raises(RecipeError, match=r"day-shift\.yaml already exists"):
        await library.describe(night, "Day shift", "")
    with pytest.raises(RecipeError, match=r"day-shift\.yaml already exists"):
        await library.add("Day, shift!", Recipe(epochs=14), "")
    with pytest.raises(RecipeError, match="needs a letter or a digit"):
        await library.add("…", Recipe(), "")
    assert night.path is not None
    assert day.path is not None
    assert (load(night.path), load(day.path)) == (night, day)


async def test_a_recipe_that_was_removed_comes_back_as_it_was(library: Library) -> None:
    night = await library.add("Night shift", Recipe(epochs=12), "")
    day = await library.add("Day shift", Recipe(epochs=13), "")
    assert night.path is not None
    assert day.path is not None
    for one in (night, day):
        assert one.path is not None
        await library.remove(one.path, seen=one.seen)
    assert not night.path.exists()
    assert [one.title for one in await library.removed()] == ["Day shift", "Night shift"]
    assert await library.restore((await library.removed())[0]) == day
    assert load(day.path) == day
    again = await library.add("Night shift", Recipe(epochs=1), "")
    (removed,) = await library.removed()
    with pytest.raises(RecipeError, match="is another recipe by now"):
        await library.restore(removed)
    assert load(night.path) == again


async def test_built_in_and_broken_recipes_are_not_described(library: Library) -> None:
    builtin, *_ = await library.presets()
    with pytest.raises(RecipeError, match="Defaults is built in and read-only"):
        await library.describe(builtin, "Mine", "")
    with pytest.raises(RecipeError, match="cannot be read: line 1"):
        await library.describe(replace(NIGHT, problem="line 1"), "Mine", "")


async def test_the_runs_that_used_a_recipe_are_known_by_title_and_by_name(library: Library) -> None:
    runs = library.settings.own_runs_folder
    for name, preset, hours in (("old", "pretrain", 9), ("new", "Pre-train", 1), ("other", "Fine-tune", 2)):
        launch = make_run(name, hours=hours).launch
        assert launch is not None
        (runs / name).mkdir(parents=True)
        (runs / name / "launch.json").write_text(launch.model_copy(update={"preset": preset}).model_dump_json())
    (runs / "torn").mkdir()
    (runs / "torn/launch.json").write_text("{")
    uses = await library.uses()
    by_slug = {one.slug: used_by(one, uses) for one in await library.presets()}
    assert by_slug["finetune"] == ("other",)
    assert set(by_slug["pretrain"]) == {"old", "new"}
    assert by_slug["defaults"] == ()
