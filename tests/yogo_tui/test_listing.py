"""The list of runs: its columns, its filter and its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.yogo_tui.fake_session import make_run
from yogo.recipe import Recipe
from yogo.run.events import Losses, Started, Step, Validated
from yogo.run.history import History
from yogo.run.holder import Holder
from yogo.run.launch import Parent
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes
from yogo_tui.errors import ConsoleError
from yogo_tui.listing.columns import COLUMNS, UnknownColumn, chosen, find, sortable
from yogo_tui.listing.groups import grouped, grouping
from yogo_tui.listing.order import DEFAULT, Order
from yogo_tui.listing.query import QueryError, parse
from yogo_tui.runs.model import Progress, Run, RunState
from yogo_tui.widgets.run_head import time_taken

NOW = datetime.now(UTC)


def _with(run: Run, **changes: object) -> Run:
    """The run with another recipe."""
    assert run.launch
    return replace(run, launch=run.launch.model_copy(update={"recipe": run.launch.recipe.model_copy(update=changes)}))


def _with_loss(name: str, loss: float, iou_weight: float) -> Run:
    run = _with(make_run(name, RunState.FINISHED, hours=1), iou_weight=iou_weight)
    assert run.progress
    return replace(run, progress=replace(run.progress, best_loss=loss))


OWL = _with(
    make_run(
        "calm-owl-1",
        RunState.FAILED,
        hours=1,
        map50=0.7,
        lod_per_ul=163_400.0,
        false_positives_per_ul=12.0,
        why="out of memory",
    ),
    learning_rate=0.01,
)
BOLD = make_run("bold-owl-2", RunState.FINISHED, hours=30, map50=0.8, lod_per_ul=91.7, false_positives_per_ul=3.25)
LYNX = _with(make_run("odd-lynx-3", RunState.RUNNING, hours=2), model="half_filters", image_hw=(193, 258))
RUNS = (OWL, LYNX, BOLD)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {OWL, BOLD, LYNX}),
        ("owl", {OWL, BOLD}),
        ("OWL failed", {OWL}),
        ("-owl", {LYNX}),
        ("state:failed", {OWL}),
        ("state:fail,run", {OWL, LYNX}),
        ("state=failed,finished", {OWL, BOLD}),
        ("state!=failed", {BOLD, LYNX}),
        ("-state:failed owl", {BOLD}),
        ('why:"of mem"', {OWL}),
        ('"out of"', {OWL}),
        ("mAP50>0.7", {BOLD}),
        ("map>=.7", {OWL, BOLD}),
        ("map50<1", {OWL, BOLD}),  # what is not known is not less
        ("lod<100", {BOLD}),
        ("false-positives>=12", {OWL}),
        ("age<90m", {OWL}),
        ("age>1d", {BOLD}),
        ("age<7000", {OWL}),
        ("lr>0.001", {OWL}),
        ("learning_rate:5e-4", {LYNX, BOLD}),
        ("model:half", {LYNX}),
        ("image-hw:258", {LYNX}),
        ("normalize_images:yes lynx", {LYNX}),
        ("data:cells.yml gpus=4", {OWL, BOLD, LYNX}),
        ("best_loss:21.4", {OWL, BOLD, LYNX}),
    ],
)
def test_a_filter_finds_what_it_says(words: str, found: set[Run]) -> None:
    wanted = parse(words)
    assert {run for run in RUNS if wanted.holds(run, NOW)} == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("stat:failed", 'There is no column "stat". Did you mean "state"'),
        ("state:", "state: needs a value after it."),
        ("lr>", "lr> needs a value after it."),
        ("state>failed", "state is text: say state:failed."),
        ("mAP50>high", "mAP50 is compared with a number, such as 0.5, and not with high."),
        ("age<2x", "age is compared with a number, such as 2d, 3h or 10m, and not with 2x."),
        ("epoch>2d", "epoch is compared with a number, such as 0.5, and not with 2d."),
    ],
)
def test_a_filter_that_says_nothing_is_answered_in_a_sentence(words: str, said: str) -> None:
    with pytest.raises((QueryError, UnknownColumn)) as caught:
        parse(words)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("age", [OWL, LYNX, BOLD]),
        ("-age", [BOLD, LYNX, OWL]),
        ("mAP50", [BOLD, OWL, LYNX]),  # what is not known comes last, either way
        ("-map", [OWL, BOLD, LYNX]),
        ("name", [BOLD, OWL, LYNX]),
        ("lr", [LYNX, BOLD, OWL]),
        ("LoD", [BOLD, OWL, LYNX]),
        ("-false-positives", [OWL, BOLD, LYNX]),
    ],
)
def test_runs_are_sorted_by_any_column(by: str, expected: list[Run]) -> None:
    assert [*Order.parse(by).of(RUNS, NOW)] == expected


def test_losses_with_other_settings_are_not_ranked_among_the_others() -> None:
    losses = {"a": (9.0, 5.0), "b": (3.0, 2.0), "c": (7.0, 5.0), "d": (1.0, 1.0)}
    runs = [_with_loss(name, *loss) for name, loss in losses.items()] + [make_run("e", RunState.WAITING, progress=None)]
    assert [run.name for run in Order.parse("loss").of(runs, NOW)] == ["c", "a", "d", "b", "e"]
    assert [run.name for run in Order.parse("-loss").of(runs, NOW)] == ["a", "c", "b", "d", "e"]


def test_numbers_in_names_are_sorted_as_numbers() -> None:
    runs = [make_run(name, RunState.FINISHED) for name in ("big-100", "big-11", "Big-9", "2", "a")]
    assert [run.name for run in Order.parse("name").of(runs, NOW)] == ["2", "a", "Big-9", "big-11", "big-100"]


def test_limits_of_detection_are_columns() -> None:
    shown = [[one.shown(run, NOW) for one in chosen(["LoD", "false positives"], 80)] for run in RUNS]
    assert shown == [["163k", "12"], ["", ""], ["92", "3.2"]]


def test_an_order_says_by_what_and_which_way() -> None:
    said = [str(one) for one in (DEFAULT, Order.parse("mAP50"), Order.parse("-mAP50"))]
    assert said == ["by age ↑", "by mAP50 ↓", "by mAP50 ↑"]


def test_columns_are_those_asked_for_or_what_the_width_shows() -> None:
    assert [one.key for one in chosen(["name", "LR", "best loss"], 80)] == ["name", "learning_rate", "best loss"]
    narrow, wide = ({one.key for one in chosen([], width)} for width in (80, 200))
    assert {"state", "name", "mAP50", "age"} <= narrow < wide
    with pytest.raises(UnknownColumn, match='There is no column "lrr"'):
        chosen(["lrr"], 80)


@pytest.mark.parametrize(
    ("preset", "changes", "words"),
    [
        ("pretrain", {}, "pretrain"),
        ("pretrain", {"learning_rate": 0.002, "batch_size": 32}, "pretrain, batch 32, lr .002"),
        ("pretrain", {"normalize_images": False, "rotate": True}, "pretrain, no normalize images, rotate"),
        ("", {}, "epochs 16, lr .0005, normalize images"),
        ("of the lab", {"seed": 3}, "of the lab, epochs 16, lr .0005, seed 3, normalize images"),
    ],
)
def test_a_recipe_is_told_by_its_preset_and_what_it_sets_otherwise(
    preset: str, changes: dict[str, object], words: str
) -> None:
    run = _with(make_run("calm-owl-1"), **changes)
    assert run.launch
    run = replace(run, launch=run.launch.model_copy(update={"preset": preset}))
    assert find("recipe").shown(run, NOW) == words
    assert parse("recipe:pretrain").holds(run, NOW) == (preset == "pretrain")


def test_the_recipe_of_a_fine_tune_leaves_out_what_its_parent_passes_on() -> None:
    run = _with(make_run("calm-owl-1"), model="half_filters", normalize_images=False, seed=3)
    assert run.launch
    parent = Parent(checkpoint="/lab/trained_models/bold-owl-2/best.pth")
    assert find("recipe").shown(run, NOW) == "pretrain, seed 3, model half_filters, no normalize images"
    run = replace(run, launch=run.launch.model_copy(update={"parent": parent}))
    assert find("recipe").shown(run, NOW) == "pretrain, seed 3"


def test_the_last_losses_and_the_pace_are_columns_while_it_runs_and_once_it_is_over() -> None:
    history = History(started=Started(epochs=4, steps_per_epoch=50, num_train=100, num_val=10))
    for step in (10, 20, 30):
        history.add(Step(step=step, epoch=0, losses=Losses(loss=90 / step), lr=1e-3, at=NOW + timedelta(seconds=step)))
    history.add(Validated(step=50, epoch=0, losses=Losses(loss=7.5)))
    running = replace(make_run("calm-owl-1"), progress=Progress.of(history))
    columns = [find(name) for name in ("train loss", "val loss", "epoch takes")]
    assert [column.shown(running, NOW) for column in columns] == ["3.000", "7.500", "50 s"]
    assert parse("epoch_takes<1m val_loss>7").holds(running, NOW)
    unknown = make_run("odd-lynx-3", progress=Progress(1.0, 4))
    assert [column.shown(unknown, NOW) for column in columns] == ["", "", ""]


def test_every_column_shows_every_run_and_says_what_it_is() -> None:
    for column in sortable():
        assert column.help.endswith(".")
        for run in (*RUNS, Run("a-job", RunState.UNKNOWN)):
            assert isinstance(column.shown(run, NOW), str)
    assert len({one.key for one in COLUMNS}) == len(COLUMNS)


def test_ages_go_by_the_clock_where_the_runs_are() -> None:
    """Both are an hour old there, where the clock is an hour ahead of this machine's or behind it."""
    for ahead in (timedelta(hours=1), timedelta(hours=-1)):
        created_at = NOW + ahead - timedelta(hours=1)
        run = make_run("calm-owl-1")
        assert run.launch
        assert run.job
        launch, job = run.launch.model_copy(update={"created_at": created_at}), replace(run.job, started_at=created_at)
        run = replace(run, launch=launch, job=job, clock_ahead=ahead)
        assert [find(name).shown(run, NOW) for name in ("age", "spent")] == ["1 h", "1 h"]


def test_a_run_that_goes_on_in_a_job_not_seen_yet_has_taken_what_that_job_took() -> None:
    begun = Manifest(
        name="owl",
        definition="/lab/d.yml",
        classes=("a",),
        recipe=Recipe(),
        precision="fp32",
        started_at=NOW - timedelta(hours=5),
    )
    holder = Holder(host="gpu1", boot_id="b", pid=4, process_started="1", job_id="18", since=NOW - timedelta(minutes=1))
    run = make_run("owl", job=None, manifest=begun, holder=holder)
    assert find("spent").shown(run, NOW) == "1 m"
    taken = time_taken(run)
    assert taken is not None
    assert taken < (datetime.now(UTC) - begun.started_at).total_seconds() - timedelta(hours=4).total_seconds()


def _after(run: Run, parent: str) -> Run:
    """The run as a fine-tune of another one."""
    assert run.launch
    folder = f"/lab/trained_models/{parent}"
    return replace(
        run, launch=run.launch.model_copy(update={"parent": Parent(checkpoint=f"{folder}/best.pth", run=folder)})
    )


def test_runs_are_grouped_by_their_chains_tags_and_columns_of_text() -> None:
    second, third = _after(LYNX, "calm-owl-1"), _after(make_run("fast-elk-4"), "odd-lynx-3")
    orphan = _after(make_run("lone-fox-5"), "gone-cat-6")
    tagged = replace(BOLD, notes=Notes(tags=("paper", "draft")))
    runs = (third, tagged, OWL, second, orphan)

    def names(by: str, some: tuple[Run, ...] = runs) -> list[tuple[str, list[str]]]:
        return [(one.name, [run.name for run in one.runs]) for one in grouped(some, grouping(by), runs, NOW)]

    chain = ("calm-owl-1", ["calm-owl-1", "odd-lynx-3", "fast-elk-4"])
    assert names("chain") == [chain, ("gone-cat-6", ["lone-fox-5"]), ("in no chain", ["bold-owl-2"])]
    assert names("chain", (third, tagged)) == [("calm-owl-1", ["fast-elk-4"]), ("in no chain", ["bold-owl-2"])]
    assert [name for name, _ in names("tag")] == ["paper", "no tag"]
    assert names("state")[1:] == [("finished", ["bold-owl-2"]), ("failed", ["calm-owl-1"])]
    assert [str(one) for one in grouped(runs, grouping("kind"), runs, NOW)] == ["pretrain · 5 runs"]
    with pytest.raises(ConsoleError, match='cannot be grouped by "age", only by chain, tag, sweep, state'):
        grouping("age")


def test_a_chain_is_drawn_as_a_tree_in_the_lists_order() -> None:
    runs = (
        _after(make_run("new"), "base"),
        _after(make_run("deep"), "old"),
        _after(make_run("old"), "base"),
        _after(make_run("deeper"), "deep"),
        make_run("base"),
        _after(make_run("late"), "old"),
    )

    def drawn(some: tuple[Run, ...]) -> list[list[str]]:
        groups = grouped(some, grouping("chain"), runs, NOW)
        return [[f"{group.drawn.get(run.key, '')}{run.name}" for run in group.runs] for group in groups]

    assert drawn(runs) == [["base", "├ new", "└ old", "  ├ deep", "  │ └ deeper", "  └ late"]]
    without_old = tuple(run for run in runs if run.name != "old")
    assert drawn(without_old) == [["deep", "└ deeper", "base", "└ new", "late"]]


def test_a_group_of_a_run_is_headed_by_its_title_as_its_row_is() -> None:
    titled = replace(OWL, notes=Notes(title="the long one"))
    runs = (_after(LYNX, "calm-owl-1"), titled, replace(BOLD, notes=Notes(title="the long one")))
    chains = grouped(runs, grouping("chain"), runs, NOW)
    assert [(str(one), one.name) for one in chains] == [
        ("the long one · 2 runs", "calm-owl-1"),
        ("in no chain · 1 run", "in no chain"),
    ]
    assert str(grouped(runs, grouping("parent"), runs, NOW)[0]) == "the long one · 1 run"


def test_runs_that_name_each_other_as_parents_are_still_grouped() -> None:
    runs = (_after(OWL, "bold-owl-2"), _after(BOLD, "calm-owl-1"), _after(LYNX, LYNX.name))
    assert sum(len(one.runs) for one in grouped(runs, grouping("chain"), runs, NOW)) == 3
