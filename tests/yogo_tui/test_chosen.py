"""The images that a model would have labelled next are shown with the reasons, and handed on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from PIL import Image

from tests.made_review import box
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo.errors import RunError
from yogo.review.chosen import ChosenImage, ChosenImages, write_chosen
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.hosts.base import Question, silent
from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.use import OutputFiles
from yogo_tui.questions.chosen import LookAtChosen, ReadChoice
from yogo_tui.questions.images import ImageView
from yogo_tui.runs.model import RunState
from yogo_tui.screens.chosen import ChosenScreen
from yogo_tui.widgets.picture import COLOURS

FIRST, SECOND = COLOURS[0], COLOURS[1]


def made_choice(folder: Path, *, checkpoint: str = "/lab/trained_models/tidy-fox-0001/best.pth") -> Path:
    """Three images were chosen; on the first the model is sure of a round cell and not of a long one."""
    pool = folder / "pool"
    pool.mkdir(parents=True)
    for number in range(3):
        Image.new("L", (80, 60), 40 + 60 * number).save(pool / f"cell_{number}.png")
    sure, faint = box(0.25, 0.5, 0.3, 0.4, 0, confidence=0.9), box(0.75, 0.5, 0.3, 0.4, 1, confidence=0.3)
    images = [
        ChosenImage(image=str(pool / f"cell_{number}.png"), errors=9 - number / 2, unlike=unlike, boxes=boxes)
        for number, unlike, boxes in ((2, 1.25, (sure, faint)), (0, 0.75, (sure,)), (1, 0.5, ()))
    ]
    chosen = ChosenImages(
        checkpoint=checkpoint,
        checkpoint_sha256="0" * 64,
        folder=str(pool),
        labelled=str(folder / "cells.yml"),
        classes=("round", "long"),
        num_images=40,
        num_labelled=12,
        problems=("torn.png is not an image",),
        images=tuple(images),
    )
    write_chosen(chosen, folder / "chosen")
    return folder / "chosen"


def of_chosen(folder: Path) -> list[Question[Any]]:
    """One of each kind."""
    made = made_choice(folder / "choice")
    return [ReadChoice("choice/chosen", folder), LookAtChosen(made, 1, 40, 40, COLOURS, ImageView(zoom=2))]


def colours_of(made: Path, number: int, view: ImageView | None = None) -> dict[tuple[int, ...], int]:
    found = LookAtChosen(made, number, 80, 60, COLOURS, view or ImageView()).answer(silent)
    pixels = list(zip(*[iter(found.pixels)] * 3, strict=True))
    return {colour: pixels.count(colour) for colour in set(pixels)}


def test_what_the_model_is_sure_of_is_a_line_and_what_it_is_not_is_dots(tmp_path: Path) -> None:
    made = made_choice(tmp_path)
    seen = colours_of(made, 1)
    assert seen[FIRST] > 1.8 * seen[SECOND] > 0
    assert SECOND not in colours_of(made, 2)
    assert FIRST not in colours_of(made, 1, ImageView(has_boxes=False))
    assert LookAtChosen(made, 1, 80, 60, COLOURS).answer(silent).boxes == ((0, 1),)


def test_an_image_that_is_gone_and_a_folder_without_a_choice_are_told(tmp_path: Path) -> None:
    made = made_choice(tmp_path)
    (tmp_path / "pool/cell_0.png").unlink()
    assert "cell_0.png" in LookAtChosen(made, 2, 80, 60, COLOURS).answer(silent).problem
    with pytest.raises(RunError, match="has 3 chosen images: open it again"):
        LookAtChosen(made, 4, 80, 60, COLOURS).answer(silent)
    with pytest.raises(RunError, match=r"pool holds no chosen images. yogo next PTH IMAGES --out FOLDER makes"):
        ReadChoice("pool", tmp_path).answer(silent)
    (made / "chosen.json.gz").write_bytes(b"no")
    with pytest.raises(RunError, match="cannot be read"):
        ReadChoice("chosen", tmp_path).answer(silent)


def test_they_are_listed_with_the_reasons_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = made_choice(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["chosen", "chosen", "--show"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[1].split() == ["1", "8.0", "1.2", str(tmp_path / "pool/cell_2.png")]
    assert f"3 chosen of 40 images without a label in {tmp_path}/pool, by /lab/" in told.err
    assert "! not read: torn.png is not an image" in told.err
    assert f"Links to them: {made}/images" in told.err
    assert main(["chosen", str(made), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    expected = dataclasses.asdict(ReadChoice(str(made), tmp_path).answer(silent))
    assert data == json.loads(json.dumps(expected, default=str))
    assert main(["chosen", "nowhere", "--show"]) == 1
    assert "nowhere holds no chosen images" in capsys.readouterr().err


async def test_they_are_looked_at_one_by_one_and_exactly_these_are_labelled_in_a_job(tmp_path: Path) -> None:
    run = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    made = made_choice(tmp_path, checkpoint=f"{run.path}/best.pth")
    session = FakeSession(run, folder=tmp_path)
    console = Console(session)
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        console.push_screen(ChosenScreen(str(made)))
        await see(pilot, "3 chosen of 40 images", "cell_2.png", "8.0 errors are to be expected", "■ round 1", "1 of 3")
        await pilot.press("down")
        await see(pilot, "2 · cell_0.png", "9.0 errors", "is .75 times as")
        await pilot.press("enter")
        await until(pilot, lambda: "cell_1.png" not in shown(pilot))
        await pilot.press("plus")
        await see(pilot, "2 of 3 · 2x")
        await pilot.press("down")  # moves over the image now
        await see(pilot, "2 of 3 · 2x")
        await pilot.press("equals_sign", "n")
        await see(pilot, "3 · cell_1.png", "no boxes on this image")
        await pilot.press("escape")
        await see(pilot, "3 chosen of 40 images", "cell_2.png")
        await pilot.press("l")
        await see(pilot, f"label images by {run.name}", "chosen/images")
        await pilot.press("ctrl+s")
        await see(pilot, "labels the images in the folder")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
    script = " ".join(session.host.files[session.cluster.submitted[0]].decode().split())
    assert f"yogo label {run.path}/best.pth {made}/images" in script.replace("'", "")


async def test_without_its_run_the_command_that_labels_them_is_named(tmp_path: Path) -> None:
    console = Console(FakeSession(make_run("calm-owl-0002", RunState.FINISHED), folder=tmp_path))
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, "calm-owl-0002")
        console.push_screen(ChosenScreen(str(made_choice(tmp_path))))
        await see(pilot, "3 chosen of 40 images", "1 of 3")
        await pilot.press("l")
        said = "yogo label /lab/trained_models/tidy-fox-0001/best.pth"
        await until(pilot, lambda: any(said in one.message for one in console._notifications))


async def test_what_the_jobs_of_a_run_made_is_opened_from_it(tmp_path: Path) -> None:
    run = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    made = PurePosixPath(made_choice(tmp_path))
    session = FakeSession(run, folder=tmp_path)
    uses = PurePosixPath(run.path or "") / "uses"
    console = Console(session)
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("O")
        none = f"No job of {run.name} has made an assay, a review, chosen images or labels: u submits one."
        await until(pilot, lambda: any(none in one.message for one in console._notifications))
        session.host.files[uses / "next-20261128-120000" / "makes.txt"] = str(made).encode()
        session.host.files[made / "chosen.json.gz"] = b""
        await pilot.press("O")
        await see(pilot, "3 chosen of 40 images")
        await pilot.press("escape")
        for purpose, name in (("review", "ranking.json.gz"), ("label", "labelled.json")):
            there = PurePosixPath(tmp_path / purpose)
            session.host.files[uses / f"{purpose}-20261128-130000" / "makes.txt"] = str(there).encode()
            session.host.files[there / name] = b""
        await pilot.press("O")
        await see(pilot, "open what its jobs made", "ranked labels", "labelled images", "images to label next")


async def test_what_a_job_made_is_opened_from_its_own_row(tmp_path: Path) -> None:
    made = PurePosixPath(made_choice(tmp_path))
    uses = PurePosixPath("/lab/trained_models/tidy-fox-0001/uses")
    job = Job(JobId("7"), "tidy-fox-0001-next", JobState.DONE, log=uses / "next-20261128-120000" / "job.log")
    session = FakeSession(make_run(job.name, RunState.DONE, path=None, launch=None, job=job), folder=tmp_path)
    console = Console(session)
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, job.name)
        await pilot.press("O")
        none = "It has not made an assay, a review, chosen images or labels."
        await until(pilot, lambda: any(none in one.message for one in console._notifications))
        session.host.files[uses / "next-20261128-120000" / "makes.txt"] = str(made).encode()
        session.host.files[made / "chosen.json.gz"] = b""
        session.host.files[uses / "review-20261128-130000" / "ranking.json.gz"] = b""
        await pilot.press("O")
        await see(pilot, "3 chosen of 40 images")


def test_each_kind_of_results_names_the_command_that_opens_it() -> None:
    folder = PurePosixPath("/lab/my choice")
    assert OutputFiles(folder, (), Purpose.NEXT).next == "yogo-tui chosen '/lab/my choice'"
    assert OutputFiles(folder, (), Purpose.LABEL).next == ""
