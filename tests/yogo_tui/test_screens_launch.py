"""Launch: what is chosen makes a script, and one yes submits it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, shown, until
from yogo.run.launch import Kind
from yogo_tui.app import Console
from yogo_tui.launch.machine import Machine, own_sizes
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.session import DefinitionFile

ROOT = Path("/lab/dataset_defs")
FILES = tuple(DefinitionFile(ROOT / name, ROOT) for name in ("a/cells.yml", "fine-tuning/all.yml", "fine-tuning/x.yml"))


@asynccontextmanager
async def launch_screen(
    session: FakeSession, files: tuple[DefinitionFile, ...] = FILES, mode: str = "launch"
) -> AsyncIterator[Pilot[None]]:
    session.definition_files = files
    app = Console(session, mode=mode)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "3 Launch" in shown(pilot))
        yield pilot


async def see(pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_the_chosen_data_and_size_are_what_is_submitted() -> None:
    session = FakeSession()
    async with launch_screen(session) as pilot:
        await see(pilot, "choose the data first")
        await pilot.press("d")
        await see(pilot, "type to narrow")
        await pilot.press(*"all", "enter")
        await see(pilot, "fine-tuning/all.yml", "✔ bash -n", "#SBATCH --job-name=chaos-cat-0001")
        await pilot.press("g", "enter")
        await see(pilot, "Submit chaos-cat-0001 (all.yml, ", "2 GPUs, 16 h)?")
        await pilot.press("y")
        await until(pilot, lambda: session.launched)

        plan = session.launched[0]
        assert (str(plan.definition), plan.size.gpus, plan.parent) == ("/lab/dataset_defs/fine-tuning/all.yml", 2, None)
        await see(pilot, "── runs ──")


async def test_nothing_is_submitted_without_data_nor_after_a_no() -> None:
    session = FakeSession()
    async with launch_screen(session) as pilot:
        await see(pilot, "choose the data first")
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet")
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("enter", "n")
        await pilot.pause()

    assert session.launched == []


async def test_a_fine_tune_is_queued_behind_the_run() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("n")
        await see(pilot, "then fine-tune on")
        await pilot.press("enter")
        await see(pilot, "with the recipe")
        await pilot.press("enter", "enter")
        await see(pilot, "Submit chaos-cat-0001 (cells.yml, ", "behind it the fine-tune chaos-cat-0002 (cells.yml, ")
        await pilot.press("y")
        await until(pilot, lambda: len(session.launched) == 2)

    first, second = session.launched
    assert (first.kind, second.kind) == (Kind.PRETRAIN, Kind.FINETUNE)
    assert second.parent
    assert second.parent.run
    assert second.parent.run.endswith(first.name)
    assert second.after == f"job-{first.name}"


async def test_c_on_a_run_fills_the_form_with_what_it_passes_forward() -> None:
    session = FakeSession(make_run("calm-bear-1"))
    async with launch_screen(session, FILES[:1], mode="runs") as pilot:
        await see(pilot, "calm-bear-1", "c fine-tune from it")
        await pilot.press("c")
        await see(pilot, "inherits half_filters,", "normalised, grey, 772×1032", "calm-bear-1's best.pth")
        await pilot.press("enter")
        await see(pilot, "behind calm-bear-1, to start once")
        await pilot.press("y")
        await until(pilot, lambda: session.launched)

    plan = session.launched[0]
    assert plan.kind is Kind.FINETUNE
    assert plan.recipe.model == "half_filters"


async def test_a_pth_of_unknown_origin_is_checked_and_a_picture_is_refused_in_a_sentence() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("p", *"/lab/cat.jpg", "enter")
        await see(pilot, "this file cannot be fine-tuned from", "/lab/cat.jpg is not a checkpoint")
        await pilot.press("escape", "p", *"/lab/best.pth", "enter")
        await see(pilot, "half_filters", "finetune")


async def test_a_refusal_stays_on_screen_until_it_is_read() -> None:
    session = FakeSession()
    session.refusal = "sbatch: error: invalid account"
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit")
        await pilot.press("y")
        await see(pilot, "chaos-cat-0001 was not launched", "sbatch: error: invalid account")
        await pilot.press("x", "down")
        assert "was not launched" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "was not launched" not in shown(pilot))
        await see(pilot, "chaos-cat-0001", "enter launch")


async def test_a_script_that_bash_refuses_cannot_be_launched() -> None:
    session = FakeSession()
    session.script_problem = "line 3: unexpected end of file"
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✖ line 3: unexpected end of")
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet")


async def test_a_name_that_cannot_name_a_run_is_refused_as_it_is_typed() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await pilot.press("a", *"/x")
        await see(pilot, "cannot name a run")


async def test_when_each_size_would_start_is_asked_on_demand() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await see(pilot, "w asks when each would start")
        await pilot.press("w")
        await see(pilot, "3 of 8 GPUs are free now", "✔ fits the partition")


async def test_the_only_pre_training_definition_is_there_from_the_start() -> None:
    files = (*FILES, DefinitionFile(ROOT / "pre-training/cells.yml", ROOT))
    async with launch_screen(FakeSession(), files) as pilot:
        await see(pilot, "pre-training/cells.yml", "✔ bash -n")


async def test_what_launch_would_refuse_is_said_beside_the_script_and_not_submitted() -> None:
    session = FakeSession()
    session.plan_problem = "labels/one.txt, line 21: There is no class 7."
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✖ labels/one.txt, line 21")
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet")
    assert session.launched == []


async def test_a_machine_without_gpus_shows_what_it_has() -> None:
    session = FakeSession()
    session.machine = Machine(num_gpus=0, num_cpus=2, num_slots=1)
    session.settings = session.settings.model_copy(
        update={"sizes": own_sizes(session.machine, session.settings.sizes), "wandb": "disabled"}
    )
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "2 CPUs, 24 h", "This machine has no GPU; one job", "W&B is off")
        assert "A100" not in shown(pilot).upper()
        assert "GPUs are free" not in shown(pilot)
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001 (cells.yml, ", "this machine's", "CPU, 24 h)?")


async def test_a_list_that_is_narrowed_has_titles_before_descriptions() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        choices = [Choice("A few hundred", "tried on bccd"), Choice("My bccd"), Choice("BCCD quick"), Choice("other")]
        answers: list[int | None] = []
        pilot.app.push_screen(Choose("recipe", choices), answers.append)
        await see(pilot, "type to narrow")
        await pilot.press(*"bccd")
        lines = [line for line in shown(pilot).splitlines() if "bccd" in line.lower()]
        assert [
            line.strip(" │┃▌").startswith(start)
            for line, start in zip(lines[-3:], ("BCCD", "My", "A few"), strict=True)
        ]
        await pilot.press("enter")
        await until(pilot, lambda: answers == [2])


async def test_a_recipe_with_a_long_name_is_not_hidden_by_a_count() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("r")
        await see(pilot, "type to narrow")
        await pilot.press(*"written", "enter")
        await see(pilot, "as-written", "6 differences")
