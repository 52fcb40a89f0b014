"""The pane beside the list of runs: what it says of the run under the cursor, where it is shown, and what it reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see, shown, until
from tests.yogo_tui.test_quick_typing import at_once
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_runs import console
from tests.yogo_tui.test_why import TORN
from yogo.run.directory import RunDirectory
from yogo.run.events import Event, Losses, Resumed, Started, Step, Validated
from yogo.run.notes import Notes
from yogo_tui.hosts.base import A, Question, Tell, silent
from yogo_tui.questions.losses import LossCurves, ReadLosses
from yogo_tui.runs.model import RunState
from yogo_tui.settings import Settings, load

CURVES = LossCurves(((0.1, 40.0), (1.0, 30.0)), ((1.0, 35.0),))
WIDE = (120, 24)


def pane(text: str) -> str:
    """What is right of the list, as running text."""
    return " ".join(" ".join(line.partition("│")[2] for line in text.splitlines()).split())


async def test_the_pane_says_what_one_wants_to_know_of_the_run_under_the_cursor() -> None:
    notes = Notes(title="the long one", note="for the talk", tags=("paper",))
    run = make_run("calm-owl", map50=0.75, notes=notes, doubts=("mAP50 is 0 in all epochs",))
    assert run.path
    lab = FakeSession(run)
    lab.host.losses[run.path] = CURVES
    async with console(lab, size=(160, 45)) as pilot:
        await see(pilot, "── train", "┄┄ validation")
        said = pane(shown(pilot))
        for words in ("the long one", "calm-owl", "▶ running 2 h 15 m", "9.6 of 16 · ends in about 1 h 31 m"):
            assert words in said
        for words in ("best 21.4, epoch 9", "mAP50 ! .750", "! mAP50 is 0 in all epochs", "recipe pretrain"):
            assert words in said
        for words in ("data cells.yml", "tags paper", "note for the talk"):
            assert words in said


async def test_the_error_that_ended_a_run_is_found_in_its_log() -> None:
    run = make_run("calm-owl", RunState.FAILED, why="job 7 ended", progress=None)
    assert run.log
    lab = FakeSession(run)
    lab.host.files[run.log] = TORN.encode()
    async with console(lab, size=WIDE) as pilot:
        await until(pilot, lambda: "✖ failed job 7 ended ValueError: no box (/lab/a.py, line 4)" in pane(shown(pilot)))


@pytest.mark.parametrize(("width", "is_shown"), [(119, False), (120, True)])
async def test_it_is_shown_from_120_columns_on_and_the_list_keeps_the_columns_of_80(width: int, is_shown: bool) -> None:
    async with console(FakeSession(make_run("calm-owl")), size=(width, 24)) as pilot:
        await see(pilot, "▶ running", "age↑")
        assert ("of 16 · ends in" in shown(pilot)) is is_shown
        head = next(line for line in shown(pilot).splitlines() if "age↑" in line)
        assert all(name in head for name in ("state", "name", "epoch", "ends in", "best loss", "mAP50"))
        await pilot.resize_terminal(239 - width, 24)
        await until(pilot, lambda: ("of 16 · ends in" in shown(pilot)) is not is_shown)


async def test_a_key_hides_it_and_that_is_kept(tmp_path: Path) -> None:
    lab = FakeSession(make_run("calm-owl"))
    lab.settings._file = tmp_path / "settings.yaml"
    async with console(lab, size=WIDE) as pilot:
        await see(pilot, "of 16 · ends in")
        await pilot.press("p")
        await until(pilot, lambda: "of 16 · ends in" not in shown(pilot) and "kind" in shown(pilot))
        assert load(lab.settings.file, workspace=tmp_path).preview is False
        await pilot.press("p")
        await see(pilot, "of 16 · ends in")
        assert load(lab.settings.file, workspace=tmp_path).preview is True


COLUMNS = ("state", "name", "data", "recipe", "note")


@pytest.mark.parametrize(
    ("width", "why"),
    [
        (120, "The columns leave the preview no room: C chooses fewer."),
        (100, "The preview needs 120 columns: this terminal"),
    ],
)
async def test_the_key_says_why_it_is_not_shown(width: int, why: str, tmp_path: Path) -> None:
    lab = FakeSession(make_run("calm-owl"))
    lab.settings = Settings.model_validate({"workspace": tmp_path, "columns": COLUMNS, "preview": False})
    lab.settings._file = tmp_path / "settings.yaml"
    async with console(lab, size=(width, 24)) as pilot:
        await see(pilot, "cells.yml")
        await pilot.press("p")
        await until(pilot, lambda: why in text(pilot))


@dataclass
class SlowHost(MemoryHost):
    """Answers what the losses of a run are once the test says so."""

    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        if isinstance(question, ReadLosses):
            self.asked.append(question.path.name)
            try:
                await self.may_answer.wait()
            except asyncio.CancelledError:
                self.left.append(question.path.name)
                raise
        return await super().ask(question, tell=tell)


def slow_lab(*names: str) -> tuple[FakeSession, SlowHost]:
    lab = FakeSession(*(make_run(name, hours=hours) for hours, name in enumerate(names, 1)))
    lab.host = host = SlowHost(files=lab.host.files)
    host.losses = {PurePosixPath("/lab/trained_models") / name: CURVES for name in names}
    return lab, host


async def test_what_is_read_is_left_when_the_cursor_moves_on_and_read_once() -> None:
    lab, host = slow_lab("a-owl", "b-owl", "c-owl", "d-owl")
    async with console(lab, size=WIDE) as pilot:
        await until(pilot, lambda: host.asked == ["a-owl"])
        await see(pilot, "Reading its losses …")
        at_once(pilot, "j", "j", "j")
        await until(pilot, lambda: host.asked == ["a-owl", "d-owl"])
        assert host.left == ["a-owl"]
        host.may_answer.set()
        await see(pilot, "┄┄ validation")
        await pilot.press("k")
        await until(pilot, lambda: host.asked == ["a-owl", "d-owl", "c-owl"] and "c-owl" in pane(shown(pilot)))
        await pilot.press("j")
        await until(pilot, lambda: "d-owl" in pane(shown(pilot)) and "┄┄ validation" in shown(pilot))
        assert host.asked == ["a-owl", "d-owl", "c-owl"]


async def test_where_it_is_hidden_nothing_is_read() -> None:
    lab, host = slow_lab("a-owl", "b-owl")
    async with console(lab) as pilot:
        await see(pilot, "b-owl")
        await pilot.press("j")
        await until(pilot, lambda: "/lab/trained_models/b-owl" in shown(pilot))
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: host.asked == ["b-owl"])


async def test_what_cannot_be_read_is_told_in_the_pane() -> None:
    lab = FakeSession(make_run("calm-owl"))
    lab.host.away = "The line to lab is cut."
    async with console(lab, size=WIDE) as pilot:
        await until(pilot, lambda: "! The line to lab is cut." in pane(shown(pilot)))
        assert "9.6 of 16" in pane(shown(pilot))


def record(folder: Path, *found: Event) -> Path:
    folder.mkdir()
    lines = "".join(f"{event.model_dump_json()}\n" for event in found)
    RunDirectory(folder).events.write_text(lines)
    return folder


def step(number: int, loss: float | None, attempt: int = 0) -> Step:
    return Step(step=number, epoch=0, losses=Losses(loss=loss), lr=1.0, attempt=attempt)


def test_losses_are_read_by_epoch_and_what_was_trained_again_counts_once(tmp_path: Path) -> None:
    run = record(
        tmp_path / "owl",
        Started(epochs=2, steps_per_epoch=10, num_train=1, num_val=1),
        *(step(number, 50.0) for number in range(1, 8)),
        Resumed(epoch=0, step=5, attempt=1),
        step(6, 40.0, 1),
        step(7, None, 1),
        Validated(step=10, epoch=0, losses=Losses(loss=45.0), attempt=1),
    )
    found = ReadLosses(run).answer(silent)
    assert found.train == (*((number / 10, 50.0) for number in range(1, 6)), (0.6, 40.0), (0.7, None))
    assert (found.validation, found.is_by_epoch) == (((1.0, 45.0),), True)
    assert ReadLosses(tmp_path / "nowhere").answer(silent) == LossCurves()


def test_of_a_long_run_a_few_hundred_points_are_told_and_each_validation(tmp_path: Path) -> None:
    steps = [step(number, 100.0 - number / 1000) for number in range(1, 20_001)]
    validations = [Validated(step=number, epoch=0, losses=Losses(loss=number)) for number in range(1000, 20_001, 1000)]
    every: list[Step | Validated] = [*steps, *validations]
    every.sort(key=lambda event: event.step)
    run = record(tmp_path / "owl", Started(epochs=20, steps_per_epoch=1000, num_train=1, num_val=1), *every)
    told: list[tuple[str, int, int]] = []
    found = ReadLosses(run).answer(lambda *words: told.append(words))
    assert 100 < len(found.train) <= 202
    assert all(loss == 100.0 - x for x, loss in found.train)
    assert [x for x, _ in found.train] == sorted(x for x, _ in found.train)
    assert found.train[-1][0] == 20.0
    assert found.validation == tuple((number, number * 1000.0) for number in range(1, 21))
    assert len(told) > 1
