"""Launch: what is chosen makes a script, and one yes submits it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeLauncher, FakeLibrary, FakeSession, make_run, see, shown, until
from yogo.presets import Preset, builtin
from yogo.run.launch import Kind
from yogo_tui.app import Console
from yogo_tui.cluster.base import Machine, Resources
from yogo_tui.errors import HostError
from yogo_tui.launch.machine import own_sizes
from yogo_tui.launch.plan import Launched, LaunchPlan
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.screens.launch_form import preview_of
from yogo_tui.session.wanted import Wanted

ROOT = Path("/lab/dataset_defs")
FILES = tuple(DefinitionFile(ROOT / name, ROOT) for name in ("a/cells.yml", "fine-tuning/all.yml", "fine-tuning/x.yml"))


@asynccontextmanager
async def launch_screen(
    session: FakeSession,
    files: tuple[DefinitionFile, ...] = FILES,
    mode: str = "launch",
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Pilot[None]]:
    session.definition_files = files
    app = Console(session, mode=mode)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "3 Launch" in shown(pilot))
        yield pilot


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
        assert plan.kind is Kind.TRAIN
        assert (str(plan.definition), plan.size.gpus, plan.parent) == ("/lab/dataset_defs/fine-tuning/all.yml", 2, None)
        await see(pilot, "── runs ──")


class SlowLauncher(FakeLauncher):
    """Launches once it may."""

    def __init__(self, session: FakeSession) -> None:
        super().__init__(session)
        self.may = asyncio.Event()

    async def launch(self, plan: LaunchPlan) -> Launched:
        await self.may.wait()
        return await super().launch(plan)


async def test_a_launch_under_way_is_told_and_another_enter_does_not_end_it() -> None:
    session = FakeSession()
    session.launcher = launcher = SlowLauncher(session)
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001")
        await pilot.press("y")
        await see(pilot, "submitting chaos-cat-0001 …")
        await pilot.press("enter")
        await see(pilot, "still under way")
        launcher.may.set()
        await see(pilot, "── runs ──")
    assert [plan.name for plan in session.launched] == ["chaos-cat-0001"]


async def test_a_run_of_the_recipe_for_pre_training_is_of_that_kind() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("r")
        await see(pilot, "type to narrow")
        await pilot.press(*"pre-train", "enter")
        await see(pilot, "r recipe Pre-train", "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001")
        await pilot.press("y")
        await until(pilot, lambda: session.launched)
    assert session.launched[0].kind is Kind.PRETRAIN


async def test_nothing_is_submitted_without_data_nor_after_a_no() -> None:
    session = FakeSession()
    async with launch_screen(session) as pilot:
        await see(pilot, "choose the data first")
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet")
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit")
        await pilot.press("n")
        await until(pilot, lambda: "Submit" not in shown(pilot))

    assert session.launched == []


async def test_a_fine_tune_is_queued_behind_the_run() -> None:
    session = FakeSession()
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        await pilot.press("n")
        await see(pilot, "then fine-tune on")
        await pilot.press("enter")
        await see(pilot, "with the recipe")
        await pilot.press("enter")
        await until(pilot, lambda: "with the recipe" not in shown(pilot))
        await pilot.press("enter")
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
        await pilot.press("p")
        await see(pilot, "fine-tune from this .pth")
        await pilot.press(*"/lab/cat.jpg", "enter")
        await see(pilot, "this file cannot be fine-tuned from", "/lab/cat.jpg is not a checkpoint")
        await pilot.press("escape")
        await until(pilot, lambda: "is not a checkpoint" not in shown(pilot))
        await pilot.press("p")
        await see(pilot, "fine-tune from this .pth")
        await pilot.press(*"/lab/best.pth", "enter")
        await see(pilot, "half_filters", "Fine-tune")


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
    session.plan_problem = "bash cannot read the script of 1gpu.sbatch: line 3: unexpected end of file"
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✖ bash cannot read")
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
        await see(pilot, "3 of 8 GPUs were free", "✔ fits the partition")


@pytest.mark.parametrize(
    ("of_nodes", "max_nodes", "words"),
    [
        ((4, 4), None, "fits the partition"),
        ((4, 4), 2, "fits the partition"),
        ((4, 4), 1, "the partition allows 1 node a job"),
        ((4, 2, 2), None, "only 1 node of the partition has 4 GPUs"),
        ((2, 2, 2, 2), None, "no node of the partition has 4 GPUs"),
        ((), None, "fits the partition"),
    ],
)
async def test_a_size_fits_where_enough_nodes_have_its_gpus(
    of_nodes: tuple[int, ...], max_nodes: int | None, words: str
) -> None:
    session = FakeSession()
    wanted = Wanted("both", size=session.settings.size(8), preset=builtin()[0], definition=FILES[0].path)
    known = Resources(free_gpus=3, total_gpus=8, max_nodes=max_nodes, gpus_of_nodes=of_nodes)
    preview = await preview_of(session, wanted, FILES, known)
    assert words in [check.words for check in preview.checks]


async def test_the_only_pre_training_definition_is_there_from_the_start() -> None:
    files = (*FILES, DefinitionFile(ROOT / "pre-training/cells.yml", ROOT))
    async with launch_screen(FakeSession(), files) as pilot:
        await see(pilot, "pre-training/cells.yml", "✔ bash -n")


async def test_what_launch_would_refuse_is_said_beside_the_script_and_not_submitted() -> None:
    session = FakeSession()
    session.plan_problem = f"{FILES[0].path}, line 21: There is no class 7."
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✖ a/cells.yml, line 21")
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet")
    assert session.launched == []


async def test_enter_looks_again_whether_what_stopped_a_launch_still_does() -> None:
    session = FakeSession()
    session.plan_problem = "The connection to lab was lost."
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✖ The connection to lab was lost.")
        session.plan_problem = ""
        await pilot.press("enter")
        await see(pilot, "it cannot be launched yet", "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "Submit ")
    assert session.launched == []


async def test_a_machine_without_gpus_shows_what_it_has() -> None:
    session = FakeSession()
    session.machine = Machine(num_gpus=0, num_cpus=2, num_slots=1)
    session.settings = session.settings.model_copy(
        update={"sizes": own_sizes(session.machine, session.settings.sizes), "wandb": "disabled"}
    )
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "2 CPUs, 24 h", "This machine has no GPU; one job", "W&B is off")
        await pilot.press("g")
        await see(pilot, "there is only one size")
        await pilot.press("w")
        await see(pilot, "✔ fits this machine")
        assert "A100" not in shown(pilot).upper()
        assert "GPUs are free" not in shown(pilot)
        await pilot.press("enter")
        await see(pilot, "Submit chaos-cat-0001 (cells.yml, ", "this machine's", "2 CPUs, 24 h)?")


async def test_a_size_without_gpus_on_a_cluster_tells_its_cpus_once() -> None:
    session = FakeSession()
    size = session.settings.sizes[0].model_copy(update={"gpus": 0, "cpus": 3, "hours": 2})
    session.settings = session.settings.model_copy(update={"sizes": (size,)})
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "size   3 CPUs, 2 h")
        assert "3 CPUs, 2 h, 3 CPUs" not in shown(pilot)


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
        await see(pilot, "still-voice-4405 as", "written", "6 differences")


async def test_a_wide_terminal_shows_the_whole_path_of_the_data() -> None:
    path = "pre-training/a-definition-with-a-name.yml"
    files = (DefinitionFile(ROOT / path, ROOT),)
    async with launch_screen(FakeSession(), files) as pilot:
        await see(pilot, "pre-trai…")
        await pilot.resize_terminal(160, 45)
        await see(pilot, f"d data   {path}")
    async with launch_screen(FakeSession(), files, size=(160, 45)) as pilot:
        await see(pilot, f"d data   {path}")


async def test_what_is_said_of_a_choice_is_not_broken_off_without_a_sign() -> None:
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await see(pilot, "a/cells.yml")
        await pilot.press("r")
        await see(pilot, "type to narrow", "A few hundred images")
        (line,) = (line for line in shown(pilot).splitlines() if "A few hundred images" in line)
        assert "…" in line


class AwayLibrary(FakeLibrary):
    """Its recipes lie behind a line that was cut."""

    async def presets(self) -> tuple[Preset, ...]:
        raise HostError("The connection to lab was lost.")


async def test_recipes_and_templates_that_cannot_be_read_are_told_and_the_form_stays() -> None:
    session = FakeSession()
    session.library = AwayLibrary(session)
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "The connection to lab was lost.")
        await pilot.press("r")
        await see(pilot, "Pre-train", "Fine-tune")
        await pilot.press("escape")
        session.host.away = "The connection to lab was lost."
        await pilot.press("t")
        await see(pilot, "the templates were not listed")


async def test_recipes_that_nobody_asked_for_and_that_cannot_be_read_take_no_keys() -> None:
    session = FakeSession()
    session.library = AwayLibrary(session)
    async with Console(session, mode="recipes").run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "the recipes were not read", "The connection to lab was lost.")
        await pilot.press("4")
        await see(pilot, "Runs appear here")


async def test_a_chain_of_which_nothing_was_submitted_is_not_said_to_be_launched_in_part() -> None:
    session = FakeSession()
    session.refusal = "sbatch: error: invalid account"
    async with launch_screen(session, FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        for shows in ("then fine-tune on", "with the recipe"):
            await pilot.press("n" if shows == "then fine-tune on" else "enter")
            await see(pilot, shows)
        await pilot.press("enter")
        await see(pilot, "with Fine-tune", "✔ bash -n")
        await pilot.press("enter")
        await see(pilot, "and behind it")
        await pilot.press("y")
        await see(pilot, "chaos-cat-0001 was not launched", "invalid account")


async def test_a_choice_stays_on_one_line_in_a_list_that_scrolls() -> None:
    choices = [
        Choice(f"by column {number}", "What it holds, in more words than there is room for. " * 2)
        for number in range(40)
    ]
    async with launch_screen(FakeSession(), FILES[:1]) as pilot:
        await see(pilot, "✔ bash -n")
        pilot.app.push_screen(dialog := Choose("sort the runs", choices))
        await see(pilot, "sort the runs")
        await pilot.pause()
        assert dialog.options.virtual_size.height == len(choices)
