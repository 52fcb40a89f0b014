"""The log of what the scheduler was asked."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.lab import workspace
from tests.yogo_tui.stand_in_slurm import StandIn
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.cluster.asked import CommandLog
from yogo_tui.errors import ClusterError, HostError
from yogo_tui.hosts.base import Completed


async def test_each_command_is_kept_with_its_time_its_status_and_the_size_of_its_answer(tmp_path: Path) -> None:
    slurm = StandIn(tmp_path / "bin")
    slurm.program("sacct", "echo no >&2; exit 3")
    (tmp_path / "lab").mkdir()
    session = slurm.session(tmp_path / "lab")
    await session.runs.look()
    with pytest.raises(ClusterError):
        await session.cluster.find("nobody")
    log = session.commands
    assert log
    kept = {one.words[0]: one for one in log.last}
    assert kept["squeue"].status == 0
    assert kept["squeue"].num_bytes == len((tmp_path / "bin/queue").read_text())
    assert kept["squeue"].seconds > 0
    assert kept["sacct"].status == 3
    assert {total.program: total.times for total in log.totals}["squeue"] == 2


async def fails() -> Completed:
    raise HostError("away")


async def answers() -> Completed:
    return Completed(0, "ä")


async def test_the_log_has_an_end_and_the_sums_have_none() -> None:
    log = CommandLog()
    with pytest.raises(HostError):
        await log.keep(["squeue"], fails())
    assert log.last[0].status is None
    for _ in range(600):
        await log.keep(["squeue"], answers())
    assert len(log.last) == 500
    assert log.totals[0].times == 601


async def test_the_screen_shows_them_and_says_so_where_no_scheduler_is_asked(tmp_path: Path) -> None:
    session = FakeSession(make_run("chaos-cat-0727"))
    async with Console(session).run_test(size=(100, 30)) as pilot:
        await see(pilot, "chaos-cat")
        await pilot.press("f7")
        await see(pilot, "no scheduler is asked")
        await pilot.press("escape")
        await until(pilot, lambda: "no scheduler" not in shown(pilot))
        log = CommandLog()
        await log.keep(["squeue", "--me"], answers())
        session.cluster.commands = log  # type: ignore[attr-defined]
        await pilot.press("f7")
        await see(pilot, "squeue --me", "took in all", "1 in")


def test_the_command_asks_once_and_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slurm = StandIn(tmp_path / "bin")
    (tmp_path / "lab").mkdir()
    workspace(tmp_path / "lab")
    monkeypatch.setenv("PATH", f"{slurm.folder}:{os.environ['PATH']}")
    words = ["--workspace", str(tmp_path / "lab"), "--cluster", "slurm"]
    assert main(["commands", *words]) == 0
    out = capsys.readouterr().out
    assert "squeue" in out
    assert main(["commands", "--json", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["words"][0] for one in told["commands"]} >= {"scontrol", "squeue"}
    assert shlex.join(told["commands"][0]["words"]) in out
    slurm.program("squeue", "echo down >&2; exit 1")
    assert main(["commands", *words]) == 1
