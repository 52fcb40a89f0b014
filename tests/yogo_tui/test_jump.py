"""From a line of the log to its step in the plots, and back."""

from __future__ import annotations

from io import StringIO
from pathlib import PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see, shown, until
from tests.yogo_tui.test_screens_lists import text
from tests.yogo_tui.test_screens_run import opened
from yogo.run import events
from yogo.run.events import Losses
from yogo.training.listeners.terminal import Lines
from yogo.training.progress import Progressed
from yogo_tui.runs.logfile import LogFile
from yogo_tui.runs.logsteps import StepFinder, step_of

LOG = PurePosixPath("/lab/owl.log")


def log_of(*found: events.Event | Progressed) -> str:
    """What `yogo train` writes into a log of these events."""
    stream = StringIO()
    lines = Lines(stream, every_seconds=0)
    lines.epochs = 3
    for event in found:
        lines.hear(event)
    return stream.getvalue()


def trained(step: int, attempt: int = 0) -> list[events.Event | Progressed]:
    """A step of an epoch of ten."""
    epoch = (step - 1) // 10
    return [
        Progressed("train", epoch, step - 10 * epoch, 10),
        events.Step(step=step, epoch=epoch, losses=Losses(loss=1.0), lr=0.1, attempt=attempt),
    ]


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (trained(12), 12),
        ([events.Validated(step=20, epoch=1, losses=Losses(loss=1.0))], 20),
        ([events.Resumed(epoch=1, step=12_345, attempt=1)], 12_345),
        ([events.Signalled(signal="SIGTERM", step=1_205)], 1_205),
        ([events.Finished(step=30, epoch=3)], 30),
        ([events.Checkpointed(step=20, epoch=1, file="best.pth", loss=1.0)], None),
        ([Progressed("validate", 1, 3, 10)], None),
    ],
)
def test_a_line_of_the_trainer_tells_its_step(found: list[events.Event | Progressed], step: int | None) -> None:
    assert step_of(log_of(*found).splitlines()[0], 10) == step


def test_a_line_with_labels_and_one_that_draws_over_itself_tell_the_last_step() -> None:
    assert step_of("0: epoch 2/3  50 % | 5/10  loss 1", 10) == 15
    assert step_of("epoch 1/3 ━━━  10 % 1/10  loss 3\repoch 1/3 ━━━  40 % 4/10  loss 1", 10) == 4
    assert step_of("epoch 2/3  12 % | 1/8", 10) == 11.25
    assert step_of("epoch 99", 10) is None


async def finder(content: str) -> StepFinder:
    log = LogFile(MemoryHost(files={LOG: content.encode()}), LOG)
    await log.refresh()
    return StepFinder(log, 10)


async def test_the_line_nearest_to_a_step_is_found_in_a_log_of_any_size() -> None:
    filling = "a warning of a library, which tells nothing\n" * 30_000
    content = filling.join(log_of(*trained(step)) for step in range(2, 30, 3))
    find = await finder(content)

    async def line_of(step: float) -> str:
        found = await find.nearest(step)
        assert found
        return content[found.offset :].partition("\n")[0]

    for step, line in ((2, "epoch 1/3  20 % | 2/10"), (12, "epoch 2/3  10 % | 1/10"), (13, "epoch 2/3  40 % | 4/10")):
        assert (await line_of(step)).startswith(line)
    assert (await line_of(0)).startswith("epoch 1/3  20 % | 2/10")
    assert (await line_of(1000)).startswith("epoch 3/3  90 % | 9/10")


async def test_of_steps_that_were_trained_again_the_later_line_is_found() -> None:
    first = [event for step in range(1, 9) for event in trained(step)]
    again = [event for step in range(6, 11) for event in trained(step, 1)]
    content = log_of(*first, events.Resumed(epoch=0, step=5, attempt=1), *again)
    find = await finder(content)
    resumed = content.index("resumes after step 5")
    for step in (6, 7, 8):
        assert (found := await find.nearest(step))
        assert found.offset > resumed
    assert (found := await find.nearest(4))
    assert (found.step, found.offset < resumed) == (4, True)


async def test_a_line_without_a_step_takes_the_nearest_above() -> None:
    content = "Loading\n" + log_of(*trained(3)) + "a warning\nanother\n" + log_of(*trained(6))
    find = await finder(content)
    assert (found := await find.above(content.index("another")))
    assert found.step == 3
    assert await find.above(len("Loading\n")) is None


def lab_with_log(content: str) -> FakeSession:
    """A run of four epochs of a hundred steps, of which this is the log."""
    run = make_run("calm-owl")
    assert run.log
    lab = FakeSession(run)
    lab.host.files[run.log] = content.encode()
    return lab


LONG = "".join(
    f"epoch {1 + step // 100}/4  {step % 100:3d} % | {step % 100}/100  loss {60 / step**0.5:.4g}\n"
    for step in range(1, 400)
)


async def test_a_key_goes_from_the_log_to_the_plot_and_from_the_crosshair_to_the_log() -> None:
    lab = lab_with_log(LONG)
    async with opened(make_run("calm-owl"), lab, size=(160, 45), log=None) as (pilot, _):
        await see(pilot, "epoch 4/4   99 % | 99/100", "best loss")
        await pilot.press("slash", *"2/4   50 %", "enter")
        await until(pilot, lambda: "match 1 of 1" in shown(pilot))
        await pilot.press("J")
        await see(pilot, "at epoch 1.5")
        await pilot.press("plus", "plus", *["right"] * 2, "J")
        await until(pilot, lambda: "── step 15" in shown(pilot).replace("nearest to ", ""))
        await pilot.press("J")
        await see(pilot, "at epoch 1.5")


async def test_where_one_of_them_fills_the_screen_the_key_shows_the_other() -> None:
    async with opened(make_run("calm-owl"), lab_with_log(LONG), log=None) as (pilot, _):
        await see(pilot, "epoch 4/4   99 % | 99/100", "best loss")
        await pilot.press("f", "slash", *"2/4   50 %", "enter")
        await until(pilot, lambda: "match 1 of 1" in shown(pilot))
        await pilot.press("J")
        await until(pilot, lambda: "at epoch 1.5" in shown(pilot) and "── log" not in shown(pilot))
        await pilot.press("J")
        await until(pilot, lambda: "── step 150 " in shown(pilot) and "epoch 2/4   50 % | 50/100" in shown(pilot))


async def test_it_is_said_where_there_is_nothing_to_go_to() -> None:
    lab = lab_with_log("Loading\nnothing of a step\n")
    async with opened(make_run("calm-owl"), lab, log=None) as (pilot, _):
        await see(pilot, "nothing of a step", "best loss")
        await pilot.press("J")
        await until(pilot, lambda: "No line from here up tells its step." in text(pilot))
        await pilot.press("tab", "J")
        await until(pilot, lambda: "Set the crosshair first, with v" in text(pilot))
        await pilot.press("v", "J")
        await until(pilot, lambda: "No line of the log tells its step." in text(pilot))
