"""The command that Launch copies: run with --dry-run, it prints the scripts that the form would submit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from tests.yogo_tui.test_cli import FIRST, lab
from tests.yogo_tui.test_launch_changes import open_form, type_into
from tests.yogo_tui.test_screens_launch import FILES, launch_screen
from yogo.presets import Preset, builtin
from yogo.recipe import Recipe
from yogo_tui.cli import main
from yogo_tui.opening import Place
from yogo_tui.session import Session
from yogo_tui.session.launch_line import LaunchLine
from yogo_tui.session.wanted import Then, Wanted
from yogo_tui.settings import SizePreset, load

__all__ = ["lab"]  # a fixture

SIZE = SizePreset(gpus=1, cpus=1, hours=1, template="1gpu.sbatch")
OF_A_RUN = Preset("first", "As first had it.", Recipe(epochs=3, normalize_images=True), path=None, slug="pretrain")


def preset(slug: str) -> Preset:
    return next(one for one in builtin() if one.slug == slug)


def forms(lab: Path) -> Iterator[Wanted]:
    cells, others = lab / "dataset_defs/cells.yml", lab / "dataset_defs/others.yml"
    plain = Wanted("one", SIZE, preset("pretrain"), cells)
    yield plain
    yield replace(plain, own_recipe=Recipe(image_hw=(20, 30), learning_rate=1.5e-7, flips=False, epochs=3))
    setup = ("export A='b; c'", 'echo "it is me"')
    yield replace(plain, own_size=SIZE.model_copy(update={"hours": 0.5, "setup": setup, "processes": 2}))
    yield replace(plain, size=SizePreset(gpus=3, cpus=5, hours=7, template="2gpu.sbatch"), preset=OF_A_RUN)
    for one in builtin():
        yield replace(plain, preset=replace(OF_A_RUN, recipe=one.recipe))
    then = Then(others, preset("finetune"), "two", preset("finetune").recipe.model_copy(update={"epochs": 9}))
    yield replace(plain, then=then, reset_head=True)
    yield replace(plain, then=replace(then, definition=cells), own_recipe=Recipe(model="half_filters"))


async def scripts(form: Wanted, *, from_run: str = "", edit: str = "") -> tuple[str, list[str]]:
    """The scripts of the form, and the command."""
    session = await Session.open(load())
    try:
        if from_run:
            parent = await session.planner.parent_of(await session.runs.find(from_run))
            form = replace(form, parent=parent)
        if edit:
            text = await session.launcher.render((await session.planner.plans(form))[0])
            form = replace(form, script=text.replace("\nset -u\n", f"\n{edit}\nset -u\n"))
        made = [await session.launcher.render(plan) for plan in await session.planner.plans(form)]
        line = LaunchLine(session.settings, await session.library.presets())
        file = PurePosixPath(session.settings.workspace_folder / "edited.sbatch") if edit else None
        if file:
            await session.host.write(file, form.script.encode())
        return "".join(made), line.words(form, file)
    finally:
        await session.close()


def check(capsys: pytest.CaptureFixture[str], form: Wanted, **how: str) -> list[str]:
    wanted, words = asyncio.run(scripts(form, **how))
    capsys.readouterr()
    assert main([*words, "--dry-run"]) == 0, words
    assert capsys.readouterr().out == wanted, words
    return words


@pytest.mark.parametrize("number", range(6 + len(builtin())))
def test_the_command_makes_the_scripts_of_the_form(lab: Path, capsys: pytest.CaptureFixture[str], number: int) -> None:
    every = [*forms(lab)]
    assert len(every) == 6 + len(builtin())
    check(capsys, every[number])


def test_a_recipe_of_ones_own_is_named_where_it_is_called_as_a_built_in_one(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / "recipes").mkdir()
    own = lab / "recipes/pretrain.yaml"
    own.write_text("title: Mine\nepochs: 5\n")
    form = next(forms(lab))
    assert "epochs=16" in check(capsys, form)
    mine = Preset("Mine", "", Recipe(epochs=5), own, slug="pretrain")
    assert "--set" not in check(capsys, replace(form, preset=mine))


def test_a_fine_tune_and_what_follows_it_are_one_command(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FIRST, "--wait"]) == 0
    form = replace([*forms(lab)][-1], preset=preset("finetune"), own_recipe=preset("finetune").recipe, name="tuned")
    words = check(capsys, form, from_run="first")
    assert words[:2] == ["chain", str(lab / "trained_models/first")]
    assert words[words.index("--then-name") + 1] == "two"
    others = replace(form, definition=lab / "dataset_defs/others.yml", reset_head=True, then=None)
    assert "--reset-head" in check(capsys, others, from_run="first")


def test_an_edited_script_is_read_from_its_file(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = check(capsys, next(forms(lab)), edit="echo mine alone")
    assert words[-2:] == ["--script", str(lab / "edited.sbatch")]


def test_the_command_says_where_it_works_whatever_folder_it_is_typed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(host="here", file=Path("own.yaml"), workspace=Path("lab"), cluster="local")
    said = ("--settings", f"{tmp_path}/own.yaml", "--workspace", f"{tmp_path}/lab", "--cluster", "local")
    assert place.words == ("--host", "here", *said)
    assert Place(host="me@lab", workspace=Path("/data")).words == ("--host", "me@lab", "--workspace", "/data")


async def test_a_key_of_launch_copies_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = FakeSession(make_run("calm-bear-1"))
    async with launch_screen(session, FILES[:1]) as pilot:
        await open_form(pilot)
        await type_into(pilot, "epochs", "3")
        await pilot.press("ctrl+s")
        await see(pilot, "epochs 3 (64)")
        await pilot.press("Y")
        await until(pilot, lambda: pilot.app.clipboard)
    said = pilot.app.clipboard
    begun = "yogo-tui launch /lab/dataset_defs/a/cells.yml --recipe defaults --size 1 --name chaos-cat-0001"
    assert said == f"{begun} --set epochs=3"


async def test_the_key_asks_for_the_file_of_an_edited_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        screen = pilot.app.screen
        screen.show_form(replace(screen._form, script="#!/bin/bash\necho mine\n"))  # type: ignore[attr-defined]
        await see(pilot, "· edited")
        await pilot.press("Y")
        await see(pilot, "reads the edited script from this file", "chaos-cat-0001.sbatch")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.clipboard)
        (path,) = [path for path in session.host.files if path.name == "chaos-cat-0001.sbatch"]
        assert f"--script {path}" in pilot.app.clipboard
        assert session.host.files[path] == b"#!/bin/bash\necho mine\n"
