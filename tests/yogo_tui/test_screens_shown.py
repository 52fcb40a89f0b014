"""Each screen as it is shown, in a small and a large terminal: rows of characters that can be read in golden/screens.

After a wanted change, write them anew and read what has changed:

    GOLDEN_UPDATE=1 .venv/bin/pytest tests/yogo_tui/test_screens_shown.py && git diff tests/yogo_tui/golden
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.made_assay import made_assay
from tests.made_review import made_review
from tests.made_runs import trained_run
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.results import metrics, worst
from yogo.run.assay import AssayFile
from yogo.run.manifest import Manifest
from yogo.run.notes import Notes
from yogo.synth.png import png
from yogo_tui.app import Console
from yogo_tui.cluster.site import Partition, Site
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.losses import LossCurves
from yogo_tui.runs.model import Progress, RunState

GOLDEN = Path(__file__).parent / "golden/screens"
Press = Callable[[Pilot[None]], Awaitable[None]]


def session(folder: Path) -> FakeSession:
    """Of five runs, and of one dataset of three small images that lies in `folder`."""
    running = make_run("chaos-cat-0727", has_best=True)
    failed = make_run("old-elm-0725", RunState.FAILED, hours=60, why="the disk is full", map50=0.702)
    made = FakeSession(
        running,
        make_run("calm-owl-0728", RunState.WAITING, hours=3, progress=None, why="Resources"),
        make_run("brave-fox-0726", RunState.FINISHED, hours=30, map50=0.7812, has_best=True),
        replace(failed, notes=Notes(title="the long one", note="with the new slides", tags=("paper", "slides"))),
        make_run("lost-lynx-0724", RunState.STOPPED, hours=90),
    )
    train = tuple((step / 50, 60 / (step + 1) ** 0.4) for step in range(480))
    for one in (running, failed):
        assert one.path
        made.host.losses[one.path] = LossCurves(train, tuple((epoch, 70 / epoch**0.5) for epoch in range(1, 10)))
    assert running.log
    made.host.files[running.log] = b"".join(b"epoch %d, loss %.3f\n" % (n, 60 / (n + 1)) for n in range(100))
    for name in ("images", "labels", "defs"):
        (folder / name).mkdir()
    for number in range(3):
        pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
        (folder / f"images/{number}.png").write_bytes(png(pixels))
        (folder / f"labels/{number}.txt").write_text(
            "".join(f"{row % 2} 0.{row + 2} 0.5 0.1 0.1\n" for row in range(number + 1))
        )
    definition = folder / "defs/cells.yml"
    definition.write_text(
        "class_names: [healthy, ring]\ndataset_paths:\n  a: {image_path: ../images, label_path: ../labels}\n"
    )
    made.definition_files = (DefinitionFile(definition, definition.parent),)
    return made


def compared(folder: Path) -> FakeSession:
    """Of two runs that have finished, one with another learning rate."""
    runs = trained_run(folder / "a-owl", map50=0.7), trained_run(folder / "b-fox", changes={"learning_rate": 0.01})
    return FakeSession(
        *(
            make_run(
                made.path.name,
                RunState.FINISHED,
                path=PurePosixPath(made.path),
                launch=None,
                manifest=Manifest.read(made.manifest),
                progress=Progress(2, 2, best_loss=2.0),
            )
            for made in runs
        )
    )


def one_tested(folder: Path) -> FakeSession:
    """Of one run that has finished, with its confusion matrix and its worst images."""
    run = folder / "tidy-fox-0001"
    run.mkdir()
    worst(run).write(run / "worst.json.gz")
    metrics(missed=7).write(run / "metrics.json")
    AssayFile(report=made_assay()).write(run / "best-assay-samples.json")
    return FakeSession(make_run(run.name, RunState.FINISHED, has_best=True, path=PurePosixPath(run)))


def of_a_site(folder: Path) -> FakeSession:
    """Of a cluster with GPUs."""
    made = FakeSession(folder=folder)
    made.cluster.offers = Site("Slurm 24.05", (Partition("gpu", True, True, 24.0, None, 2, 128, 1 << 40, {"a100": 8}),))
    return made


async def first_start(pilot: Pilot[None]) -> None:
    await see(pilot, "Runs appear here")
    await pilot.press("f4")
    await see(pilot, "settings.yaml would say", "esc not now")


async def compare(pilot: Pilot[None]) -> None:
    await see(pilot, "a-owl", "b-fox")
    await pilot.press("asterisk", "equals_sign")
    await see(pilot, "validation loss", "── a-owl", "┄┄ b-fox", "learning_rate", "0.01")


async def results(pilot: Pilot[None]) -> None:
    await see(pilot, "tidy-fox-0001")
    await pilot.press("enter")
    await see(pilot, "best loss")
    await pilot.press("o")
    await see(pilot, "worst image 1 of 2", "▀▀▀▀", "is ↓ found →")


async def assay(pilot: Pilot[None]) -> None:
    await results(pilot)
    await pilot.press("t")
    await see(pilot, "assay of samples")
    await pilot.press("down", "down", "enter")
    await see(pilot, "LoD elsewhere")


def reviewed(folder: Path) -> FakeSession:
    """Of a definition whose labels a model doubts."""
    made = FakeSession(folder=folder)
    definition = made_review(folder / "reviews", size=(160, 120)).definition
    made.definition_files = (DefinitionFile(definition, definition.parent),)
    return made


async def review(pilot: Pilot[None]) -> None:
    await pilot.press("1")
    await see(pilot, "cells.yml", "5 boxes")
    await pilot.press("d")
    await see(pilot, "1 · 0.png", "drawn twice", "▀▀▀▀")


OTHERS: dict[Press, Callable[[Path], FakeSession]] = {
    compare: compared,
    results: one_tested,
    assay: one_tested,
    review: reviewed,
}
OTHERS |= {first_start: of_a_site}
"""The screens that are not of the session above."""


async def runs(pilot: Pilot[None]) -> None:
    await see(pilot, "lost-lynx-0724")


async def preview(pilot: Pilot[None]) -> None:
    """Of a run that has failed, and is noted of; at 80 columns there is no room for it."""
    await runs(pilot)
    await pilot.press("down", "down", "down")
    await until(pilot, lambda: "Reading its losses" not in shown(pilot) and "disk is full" in shown(pilot))


async def run(pilot: Pilot[None]) -> None:
    await see(pilot, "chaos-cat-0727")
    await pilot.press("enter")
    await see(pilot, "best loss 3.500", "epoch 99")


async def details(pilot: Pilot[None]) -> None:
    await run(pilot)
    await pilot.press("d")
    await see(pilot, "learning rate")


async def datasets(pilot: Pilot[None]) -> None:
    await pilot.press("1")
    await see(pilot, "(median)")


async def definition(pilot: Pilot[None]) -> None:
    await datasets(pilot)
    await pilot.press("enter")
    await see(pilot, "[folders]", "✔ ──", "6 boxes")


async def health(pilot: Pilot[None]) -> None:
    await datasets(pilot)
    await pilot.press("h")
    await see(pilot, "near-duplicate images", "nothing was found")


async def pictures(pilot: Pilot[None]) -> None:
    await datasets(pilot)
    await pilot.press("v")
    await see(pilot, "1 of 3")


async def recipes(pilot: Pilot[None]) -> None:
    await pilot.press("2")
    await see(pilot, "Learning rate")


async def launch(pilot: Pilot[None]) -> None:
    await pilot.press("3")
    await see(pilot, "✔ bash -n")


async def question(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("x")
    await see(pilot, "Cancel chaos-cat-0727?")


async def help(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("question_mark")
    await see(pilot, "keys that work here", "bring back what was moved last")


async def settled(pilot: Pilot[None]) -> str:
    """What is on the screen, once that changes no more; without who looks, and how long ago the queue was seen."""
    before = ""
    while (now := re.sub(r" +\S+ · slurm.*", "  … · slurm · …", shown(pilot))) != before:
        before = now
        await pilot.pause(0.3)
    return "".join(f"{line.rstrip()}\n" for line in now.splitlines())


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize(
    "screen",
    [
        runs,
        preview,
        run,
        details,
        results,
        assay,
        compare,
        datasets,
        definition,
        health,
        pictures,
        review,
        recipes,
        launch,
        question,
        help,
        first_start,
    ],
    ids=lambda one: one.__name__,
)
async def test_each_screen_is_shown_as_it_was(
    screen: Press, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """See the top of this file for how to write them anew."""
    for name, value in {"HOME": tmp_path, "XDG_CACHE_HOME": tmp_path, "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, str(value))
    for name in ("WANDB_API_KEY", "WANDB_MODE", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    file = GOLDEN / f"{screen.__name__}-{size[0]}x{size[1]}.txt"
    async with Console(OTHERS.get(screen, session)(tmp_path)).run_test(size=size) as pilot:
        await screen(pilot)
        found = await settled(pilot)
    if os.environ.get("GOLDEN_UPDATE"):
        file.write_text(found)
    assert found.splitlines() == file.read_text().splitlines()
