"""Questions: answered on this machine, by a `yogo-tui serve`, and by one behind a real SSH server, all the same."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from tests.made_runs import trained_run
from tests.ssh_server import Server
from tests.yogo_tui.results import questions_of_results
from tests.yogo_tui.served import SERVE, LocalPipe, ServedHost
from tests.yogo_tui.test_changing import of_settings
from tests.yogo_tui.test_chosen import of_chosen
from tests.yogo_tui.test_converting import of_formats
from tests.yogo_tui.test_data_asked import of_data
from tests.yogo_tui.test_discovery import of_surroundings
from tests.yogo_tui.test_health_asked import of_health
from tests.yogo_tui.test_leftovers import of_leftovers
from tests.yogo_tui.test_recipe_files import of_recipes
from tests.yogo_tui.test_review_questions import of_reviews
from tests.yogo_tui.test_sweeps import of_sweeps
from tests.yogo_tui.test_trash import of_trash
from tests.yogo_tui.test_wandb_uploads import of_wandb
from yogo.distribution import VERSION
from yogo.errors import DefinitionError, RecipeError
from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.run.launch import Kind
from yogo_tui.errors import HostError, LaunchError
from yogo_tui.hosts.base import Question, Tell, silent
from yogo_tui.hosts.here import HereHost
from yogo_tui.hosts.served import Served
from yogo_tui.hosts.ssh import SshHost
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.questions import (
    CopyTemplate,
    DropTemplate,
    ListTemplates,
    ProofreadScript,
    RenderRun,
    RenderShipped,
    RenderUse,
    RenderWrapper,
)
from yogo_tui.questions.announcing import AnnounceEnd, RunEnd
from yogo_tui.questions.comparing import ReadRuns
from yogo_tui.questions.definitions import (
    CheckDefinition,
    CheckDefinitions,
    ClassesOf,
    FindDefinition,
    ListDefinitions,
    Survey,
    SurveySoFar,
)
from yogo_tui.questions.glance import GlanceAtRuns
from yogo_tui.questions.image_lists import filter_of
from yogo_tui.questions.images import DescribeImages, FindImage, ListImages, LookAtImage, LookAtPair
from yogo_tui.questions.leftovers import Leftovers
from yogo_tui.questions.losses import ReadLosses
from yogo_tui.questions.notes import ChangeNotes
from yogo_tui.questions.paths import FindPath, Found
from yogo_tui.questions.recipes import FindRecipe, ListRecipes, RemoveRecipe, SaveRecipe
from yogo_tui.questions.settings import ReadSettings
from yogo_tui.serving.table import QUESTIONS, kind_of
from yogo_tui.settings import PinnedSettings, Settings, load

OTHERS = (
    of_data,
    of_health,
    of_recipes,
    of_trash,
    of_wandb,
    of_leftovers,
    of_surroundings,
    of_settings,
    of_sweeps,
    of_reviews,
    of_chosen,
    of_formats,
)
COLOURS = ((255, 0, 0), (0, 255, 0))


@pytest.fixture(params=["here", "served", pytest.param("ssh", marks=pytest.mark.far)])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "here":
        yield HereHost()
    elif request.param == "served":
        pipe = await LocalPipe.begin("sh", "-c", 'echo "Welcome!"; exec "$@"', "sh", *SERVE)
        served = Served(pipe, "there")
        yield ServedHost(served)
        assert served.version in ("", VERSION)
        served.close()
        await pipe.ended()
    else:
        server = request.getfixturevalue("ssh_server")
        there = SshHost("login", config=server.config, serve=SERVE)
        yield there
        await there.close()


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    data = tmp_path / "defs" / "data"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    for number in range(5):
        Image.new("L", (60, 40), 40 * number).save(data / "images" / f"{number}.png")
        (data / "labels" / f"{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.2 0.2\n")
    path = tmp_path / "defs" / "cells.yml"
    path.write_text(
        "class_names: [round, long]\ndataset_paths:\n  all: {image_path: data/images, label_path: data/labels}\n"
        "dataset_split_fractions: {train: 0.6, val: 0.2, test: 0.2}\n"
    )
    return path


LAB = PurePosixPath("/lab")


def of_images(definition: Path) -> list[Question[Any]]:
    place = definition, definition.parent
    wanted = filter_of("class:long split:train")
    return [
        ListImages(*place),
        FindImage(*place, "4.PNG", 1),
        DescribeImages(*place, wanted, 0, 2),
        LookAtImage(*place, 3, 20, 20, COLOURS),
        LookAtPair(*place, (f"{definition.parent}/data/images/1.png", "/nowhere.png"), 20, 20, COLOURS),
    ]


def every_question(definition: Path) -> list[Question[Any]]:
    """One of each kind that changes nothing, or what it changes is removed by the next."""
    folder = definition.parent / "recipes"
    settings = definition.parent / "settings.yaml"
    settings.write_text("partition: big\nsizes: [{gpus: 0, cpus: 2, hours: 0.5, template: 1gpu.sbatch}]\n")
    mine = Preset("Night shift", "Slow.", Recipe(epochs=12), None)
    plan = LaunchPlan("calm-cat", Kind.TRAIN, PurePosixPath(definition), Recipe(), Settings().sizes[0])
    pinned = PinnedSettings.of(load(settings, workspace=definition.parent))
    return [
        ListDefinitions((definition.parent,)),
        CheckDefinitions((definition.parent,), definition.parent),
        FindDefinition("cells.yml", Path("/"), (definition.parent,), definition.parent, is_checked=True),
        CheckDefinition(definition, definition.parent),
        ClassesOf(definition, definition.parent),
        Survey(definition, definition.parent),
        SurveySoFar(definition, definition.parent),
        *of_images(definition),
        SaveRecipe(mine, folder / "night.yaml", None),
        ListRecipes((folder,)),
        FindRecipe("night", folder, (folder,)),
        RemoveRecipe(folder / "night.yaml", None, folder / ".trash" / "1-night.yaml"),
        ReadSettings(settings, definition.parent, "local"),
        ChangeNotes((definition.parent.parent,), title="ours", add=("paper",)),
        *(one for questions in OTHERS for one in questions(definition.parent)),
        FindPath(str(definition), definition.parent),
        GlanceAtRuns(settings, definition.parent),
        ReadRuns((trained_run(definition.parent / "calm-cat").path, Path("/nowhere"))),
        ReadLosses(definition.parent / "calm-cat"),
        RenderRun(pinned, plan, "t0ken", LAB / "trained_models/calm-cat"),
        RenderShipped(pinned, plan, "t0ken"),
        ProofreadScript("echo $NOWHERE\n"),
        RenderWrapper(pinned, plan.size),
        AnnounceEnd(RunEnd("calm-cat", "finished"), command="sh -c 'echo $YOGO_RUN >&2; exit 3'", webhook="$NOWHERE"),
        RenderUse(pinned, plan.size, "calm-cat-test", LAB / "uses", ("test", "a.pth"), LAB),
        CopyTemplate(pinned, "2gpu.sbatch"),
        ListTemplates(pinned),
        DropTemplate(pinned, definition.parent / "templates" / "2gpu.sbatch"),
        *questions_of_results(definition),
    ]


def own(answer: Any) -> Any:
    """Without what other tests do to the cache of this account meanwhile."""
    return replace(answer, found=(), cache_bytes=0) if isinstance(answer, Leftovers) else answer


async def test_every_question_has_the_same_answer_wherever_it_is_asked(host: Any, definition: Path) -> None:
    questions = every_question(definition)
    assert {type(question).__name__ for question in questions} == QUESTIONS.keys()
    there = [await host.ask(question) for question in questions]
    here = [question.answer(silent) for question in questions]
    assert list(map(own, there)) == list(map(own, here))
    assert there[4] == ("round", "long")
    assert (there[5].num_pictures, there[5].num_boxes) == (5, 10)
    assert (there[10].width, len(there[10].pixels), there[10].boxes) == (20, 20 * 13 * 3, ((0, 1), (1, 1)))
    assert (there[11].images[0].width, there[14].recipe.epochs) == (20, 12)
    read = there[16].unpacked()
    assert (read.partition, read.workspace_folder, read.sizes[0].hours) == ("big", definition.parent, 0.5)
    assert (there[-2][0].worst[0].missed, there[-1].width) == (1, 20)
    assert "sizes" in read.model_fields_set
    assert "gpu_type" not in read.model_fields_set
    assert read.own_presets_folder == definition.parent / "recipes"


@pytest.mark.parametrize(
    ("question", "error", "words"),
    [
        (
            FindDefinition("cell.yml", Path("/"), (Path("/nowhere"),), Path("/")),
            LaunchError,
            "There is no dataset definition cell.yml",
        ),
        (FindRecipe("pretrian", Path("/"), ()), RecipeError, 'Did you mean "pretrain"?'),
        (ClassesOf(Path("/nowhere/cells.yml"), Path("/")), DefinitionError, "/nowhere/cells.yml"),
        (
            RemoveRecipe(Path("/etc/hostname"), None, Path("/etc/hostname/.trash/hostname")),
            HostError,
            "/etc/hostname/.trash cannot be used",
        ),
    ],
    ids=lambda value: type(value).__name__ if dataclasses.is_dataclass(value) else "",
)
async def test_an_error_arrives_as_the_same_kind_with_the_same_sentence(
    host: Any, question: Question[Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace("?", r"\?")):
        await host.ask(question)


async def test_names_that_are_not_utf_8_keep_their_bytes(host: Any, definition: Path) -> None:
    odd = definition.with_name(os.fsdecode(b"g\xe9.yml"))
    odd.write_bytes(definition.read_bytes())
    named = definition.parent / "data/images" / os.fsdecode(b"g\xe9.png")
    (definition.parent / "data/images/4.png").rename(named)
    checked = CheckDefinitions((definition.parent,), definition.parent)
    assert await host.ask(checked) == checked.answer(silent)
    (found,) = [file.path for file in await host.ask(ListDefinitions((definition.parent,))) if file.path != definition]
    assert found == odd
    assert str(named) in (await host.ask(Survey(found, definition.parent))).unlabelled
    with pytest.raises(DefinitionError, match="gone"):
        await host.ask(ClassesOf(odd.with_name(os.fsdecode(b"gone\xe9.yml")), definition.parent))


async def test_a_path_is_found_as_a_person_types_it(host: Any, definition: Path) -> None:
    home = Path.home()
    assert await host.ask(FindPath(f" {definition.parent}/data/../cells.yml ", home)) == Found(definition, True, True)
    assert await host.ask(FindPath("~", definition)) == Found(home, True, False)
    assert await host.ask(FindPath("~/no/such.file", definition)) == Found(home / "no/such.file", False, False)


async def test_what_is_done_is_told_on_the_way(host: Any, definition: Path) -> None:
    told: list[tuple[str, int, int]] = []
    await host.ask(Survey(definition, definition.parent), tell=lambda *words: told.append(words))
    assert ("reading labels", 5, 5) in told


async def test_questions_that_nobody_waits_for_any_more_harm_no_other(host: Any, definition: Path) -> None:
    left = asyncio.create_task(host.ask(Survey(definition, definition.parent)))
    await asyncio.sleep(0)
    left.cancel()
    assert await host.ask(ClassesOf(definition, definition.parent)) == ("round", "long")
    with pytest.raises(asyncio.CancelledError):
        await left


async def test_a_program_that_answers_no_questions_is_told_with_its_own_words() -> None:
    pipe = await LocalPipe.begin("sh", "-c", "echo Welcome!; echo yogo-tui: command not found >&2; exit 127")
    with pytest.raises(HostError, match="yogo-tui on there does not answer questions: yogo-tui: command not found"):
        await Served(pipe, "there").ask(ClassesOf(Path("cells.yml"), Path("/")), silent)
    await pipe.ended()


async def test_who_waits_when_the_line_breaks_is_told_so(definition: Path) -> None:
    pipe = await LocalPipe.begin(*SERVE)
    served = Served(pipe, "there")
    waiting = asyncio.create_task(served.ask(Survey(definition, definition.parent), lambda *_: pipe.close()))
    with pytest.raises(HostError, match="there was lost"):
        await waiting
    with pytest.raises(HostError):
        await served.ask(ClassesOf(definition, definition.parent), silent)
    await pipe.ended()


async def test_the_names_of_many_files_are_packed_for_the_line(definition: Path) -> None:
    for number in range(5, 400):
        (definition.parent / f"data/images/{number}.png").touch()
    pipe = await LocalPipe.begin(*SERVE)
    served = Served(pipe, "there")
    found = await served.ask(Survey(definition, definition.parent), silent)
    assert len(found.unlabelled) == 395
    assert pipe.longest < len("".join(found.unlabelled)) / 4
    served.close()
    await pipe.ended()


async def test_an_answer_that_is_not_understood_is_told_to_who_asked_alone(definition: Path) -> None:
    hello = '{"version": "2.0.0", "protocol": 1}'
    odd = f"""echo 'yogo-answers {hello}'; read line; echo '{{"id": 1, "answer": "odd"}}'; read line"""
    pipe = await LocalPipe.begin("sh", "-c", f"""{odd}; echo '{{"id": 2, "error": ["DefinitionError", "No."]}}'; cat""")
    served = Served(pipe, "there")
    with pytest.raises(HostError, match="is not understood"):
        await served.ask(ClassesOf(definition, definition.parent), silent)
    with pytest.raises(DefinitionError, match="No"):
        await served.ask(ClassesOf(definition, definition.parent), silent)
    served.close()
    await pipe.ended()


@pytest.mark.parametrize("changes", ["", "the data was counted"])
async def test_a_question_is_asked_again_where_the_line_broke_under_it(
    ssh_server: Server, definition: Path, changes: str
) -> None:
    host = SshHost("login", config=ssh_server.config, serve=SERVE)
    surveyed: Any = type("Survey", (Survey,), {"changes": changes})(definition, definition.parent)
    told: list[str] = []

    def tell(what: str, done: int, total: int) -> None:
        if not told:
            ssh_server.restart()
        told.append(what)

    assert (await host.ask(surveyed, tell=tell)).num_boxes == 10
    await host.close()


def test_what_changes_something_says_so() -> None:
    changing = {name for name in QUESTIONS if getattr(kind_of(name), "changes", False)}
    known = (
        "PrepareArray RecordArray SaveRecipe RenameRecipe RemoveRecipe RestoreRecipe CopyTemplate "
        "DropTemplate NewSettings ChangeSettings ReplaceSettings ChangeNotes TrashRuns UndoTrash EmptyTrash "
        "UploadOffline RemoveLeftovers AnnounceEnd DecideSuspect UndoDecision TakeBeyondDoubt WriteReview "
        "ConvertLabels"
    )
    assert changing == set(known.split())


async def test_another_version_that_does_not_speak_as_we_do_is_told() -> None:
    hello = 'yogo-answers {"version": "9.0.0", "protocol": 99}'
    pipe = await LocalPipe.begin("sh", "-c", f"echo '{hello}'; cat")
    with pytest.raises(HostError, match=r"yogo 9\.0\.0 on there .* install the same version"):
        await Served(pipe, "there").ask(ClassesOf(Path("cells.yml"), Path("/")), silent)
    await pipe.ended()


@dataclasses.dataclass(frozen=True)
class Chatty:
    """Tells the same thing over and over, until nobody waits for it."""

    num: int
    begun: threading.Event
    ended: threading.Event

    def answer(self, tell: Tell) -> int:
        try:
            for done in range(self.num):
                tell("counting", done, self.num)
                self.begun.set()
        finally:
            self.ended.set()
        return self.num


async def test_what_is_done_is_told_only_a_few_times_a_second() -> None:
    told: list[int] = []
    await HereHost().ask(
        Chatty(20_000, threading.Event(), threading.Event()), tell=lambda _, done, __: told.append(done)
    )
    assert told[0] == 0
    assert len(told) < 2_000


async def test_who_gave_up_is_told_nothing_more_and_the_question_ends() -> None:
    told: list[int] = []
    question = Chatty(10**12, threading.Event(), threading.Event())
    left = asyncio.create_task(HereHost().ask(question, tell=lambda _, done, __: told.append(done)))
    await asyncio.sleep(0)
    question.begun.wait()  # told by now, but not heard: this is the event loop's own thread
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    await asyncio.to_thread(question.ended.wait)
    assert told == []
