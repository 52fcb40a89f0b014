"""How far a job is that uses a run is told in the list of runs, by what it writes into its log."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, MemoryHost, make_run, see
from yogo.text import terminal
from yogo_tui.app import Console
from yogo_tui.cli.output import run_json
from yogo_tui.cluster.base import Job, JobId, JobState
from yogo_tui.hosts.base import Host
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.model import Run, RunState, UseProgress
from yogo_tui.runs.use_progress import UseLogs

RUN = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)


def use_in(folder: PurePosixPath) -> Run:
    job = Job(JobId("7"), "tidy-fox-0001-review", JobState.RUNNING, log=folder / "uses/review-1/a-7.log")
    return Run(job.name, RunState.RUNNING, job=job)


async def told(logs: UseLogs, use: Run) -> UseProgress | None:
    (found,) = await logs.with_progress([use])
    return found.use_progress


@pytest.mark.parametrize("kind", [MemoryHost, HereHost])
async def test_the_last_whole_line_on_it_in_the_log_tells(kind: type[Host], tmp_path: Path) -> None:
    folder, host = PurePosixPath(tmp_path), kind()
    use, log = use_in(folder), folder / "uses/review-1/a-7.log"
    logs = UseLogs(host)
    assert await told(logs, use) is None, "there is no log yet"
    await host.write(
        log, text := b"CUDA is not there\nlooking at images \xc2\xb7 64 of 1,203\nlooking at images \xc2\xb7 1"
    )
    assert await told(logs, use) == UseProgress("looking at images", 64, 1203)
    await host.write(log, text + b",128 of 1,203\nstrange \x1b[2J line\n")
    assert await told(logs, use) == UseProgress("looking at images", 1128, 1203)
    assert await told(logs, replace(use, state=RunState.DONE)) is None


async def test_the_row_of_such_a_job_shows_how_far_it_is() -> None:
    use = replace(use_in(RUN.path or PurePosixPath()), use_progress=UseProgress("looking at images", 602, 1203))
    async with Console(FakeSession(use)).run_test(size=(80, 24)) as pilot:
        await see(pilot, "0001-review", "50 %", "looking at images · 602 of 1,203")
    assert run_json(use)["use_progress"] == {"what": "looking at images", "done": 602, "total": 1203}
    assert run_json(RUN)["use_progress"] is None


def test_a_command_writes_into_a_log_from_time_to_time_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "LOG_EVERY_SECONDS", 0.0)
    for in_logs, written in ((True, "looking at images · 64 of 1,203\n"), (False, "")):
        with terminal.progress_line(stream := io.StringIO(), in_logs=in_logs) as tell:
            tell("looking at images", 64, 1203)
        assert stream.getvalue() == written


def test_a_log_tells_the_end_of_what_it_has_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal.progress_line(stream := io.StringIO(), in_logs=True) as tell:
        tell("reading labels", 9, 9)
        monkeypatch.setattr(terminal, "LOG_EVERY_SECONDS", 0.0)
        tell("looking at images", 64, 99)
        monkeypatch.setattr(terminal, "LOG_EVERY_SECONDS", 1000.0)
        tell("looking at images", 90, 99)
        tell("looking at images", 99, 99)
        tell("looking at images", 99, 99)
    assert stream.getvalue() == "looking at images · 64 of 99\nlooking at images · 99 of 99\n"
