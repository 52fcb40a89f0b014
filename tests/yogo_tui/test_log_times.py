"""When the lines of a log were written: shown by a key, and only where it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from rich.text import Text

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see, shown, until
from tests.yogo_tui.test_jump import log_of, trained
from tests.yogo_tui.test_screens_run import opened
from yogo.run.events import Checkpointed, Event, Finished, Losses, Resumed, Started, Step, Validated
from yogo.run.history import History
from yogo.training.progress import Progressed
from yogo_tui.runs.logfile import LogFile, LogLine
from yogo_tui.runs.logtimes import WIDTH, LineTimes, WrittenAt

LOG = PurePosixPath("/lab/owl.log")
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTED = Started(epochs=3, steps_per_epoch=10, num_train=1, num_val=1)


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def timed(*found: Event | Progressed) -> list[Event | Progressed]:
    """The events, a minute apart."""
    return [
        one if isinstance(one, Progressed) else one.model_copy(update={"at": at(number)})
        for number, one in enumerate(found)
    ]


async def times_of(*found: Event | Progressed) -> list[tuple[str, datetime | None]]:
    """The lines of the log of these events, and when each was written."""
    log = LogFile(MemoryHost(files={LOG: log_of(*found).encode()}), LOG)
    await log.refresh()
    times = LineTimes()
    times.history.extend(one for one in found if not isinstance(one, Progressed))
    await times.look(log)
    lines = await log.lines_at(0, 1000)
    return [(line.text.plain, one.at if (one := times.of(line, None)) else None) for line in lines]


async def test_lines_of_steps_and_of_validations_have_the_time_of_their_events() -> None:
    validated = Validated(step=10, epoch=0, losses=Losses(loss=1.0))
    saved = Checkpointed(step=10, epoch=0, file="best.pth", loss=1.0)
    found = timed(STARTED, *trained(1), *trained(10), validated, saved, Finished(step=10, epoch=1))
    known = [(text.split("  ")[0], time) for text, time in await times_of(*found) if time]
    assert known == [
        ("epoch 1/3", at(2)),
        ("epoch 1/3 100 % | 10/10", at(4)),
        ("epoch 1: validation loss 1", at(5)),
        ("finished after 1 epoch, 10 steps", at(7)),
    ]


async def test_of_steps_that_were_trained_again_only_the_later_lines_have_a_time() -> None:
    again = Resumed(epoch=0, step=5, attempt=1)
    found = timed(STARTED, *trained(5), *trained(6), again, *trained(6, 1), *trained(7, 1))
    lines = [(text, time) for text, time in await times_of(*found) if "epoch 1/3" in text or "resumes" in text]
    assert [time for _, time in lines] == [at(2), None, at(5), at(7), at(9)]


async def test_no_time_is_told_that_is_not_that_of_the_very_step() -> None:
    times = LineTimes()
    times.history = History(started=STARTED)
    times.history.add(Step(step=5, epoch=0, losses=Losses(loss=1.0), lr=0.1, at=BEGIN))
    for text in ("epoch 1/3  60 % | 6/10", "epoch 1/3  55 % | 11/20", "step 5", "resumes after step 5, with epoch 1"):
        assert times.of(LogLine(0, 10, Text(text)), None) is None
    assert times.of(LogLine(0, 10, Text("epoch 1/3  50 % | 10/20")), None) == WrittenAt(BEGIN)


def test_a_time_is_told_with_its_date_unless_it_is_of_today() -> None:
    assert WrittenAt(BEGIN).words(BEGIN + timedelta(days=2)) == " 01 Mar 12:00:00 "
    assert WrittenAt(BEGIN, is_bound=True).words(BEGIN) == "≤       12:00:00 "
    assert len(WrittenAt(BEGIN).words(BEGIN)) == WIDTH


async def test_a_key_shows_when_lines_were_written_and_marks_those_that_were_seen_to_come() -> None:
    run = make_run("calm-owl", clock_ahead=timedelta(hours=1))
    assert run.log
    lab = FakeSession(run)
    lab.host.files[run.log] = b"Loading\nepoch 1/4   7 % | 7/100  loss 22.68\n"
    step = next(event for event in lab.history.steps if event.step == 7)
    async with opened(run, lab, log=None) as (pilot, _):
        await see(pilot, "7/100  loss 22.68", "best loss")
        await pilot.press("i")
        clock = f"{step.at.astimezone():%H:%M:%S}"
        await until(pilot, lambda: f" {clock} epoch 1/4   7 % | 7/100" in shown(pilot))
        assert any(line == " " * WIDTH + "Loading" for line in map(str.rstrip, shown(pilot).splitlines()))
        lab.host.files[run.log] += b"a line that came\n"
        await see(pilot, "a line that came")
        (line,) = (line for line in shown(pilot).splitlines() if "a line that came" in line)
        assert line.startswith("≤")
        came = datetime.strptime(line.split()[-5], "%H:%M:%S").time()
        ahead = (datetime.now().astimezone() + timedelta(hours=1)).time()
        assert abs((ahead.hour * 60 + ahead.minute) - (came.hour * 60 + came.minute)) % 1440 in (0, 1, 1439)
        await pilot.press("i")
        await until(pilot, lambda: clock not in shown(pilot))
