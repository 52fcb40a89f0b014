"""What is cancelled by which name or id, and what is said of it."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run
from tests.yogo_tui.lab import plan
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_slurm_answers import queue_row
from yogo_tui.cli import main
from yogo_tui.cluster.base import JobId, array_of, whole_of
from yogo_tui.errors import ClusterError, LaunchError
from yogo_tui.runs.cancelling import what_cancel_does
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session


@pytest.fixture
def slurm(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "bin")


@pytest.fixture
def session(slurm: StandIn, tmp_path: Path) -> Session:
    return slurm.session(tmp_path / "lab")


@pytest.fixture
def command(slurm: StandIn, session: Session, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The same for commands."""
    lab = session.settings.workspace_folder
    (lab / "settings.yaml").write_text(f"cluster: slurm\nworkspace: {lab}\nyogo_command: yogo\n")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(lab / "settings.yaml"))
    monkeypatch.setenv("PATH", str(slurm.folder), prepend=":")
    return slurm


@pytest.mark.parametrize(
    ("shown", "whole", "array"),
    [
        ("8", "8", "8"),
        ("8_2", "8_2", "8"),
        ("8_[2-3%2]", "8", "8"),
        ("7_[1-5,9,...]", "7", "7"),
        ("7_[1-5,9,.", "7", "7"),
        ("8_[0,3,6:2]", "8", "8"),
        ("123+0", "123", "123"),
    ],
)
def test_an_id_is_cancelled_as_scancel_reads_it(shown: str, whole: str, array: str) -> None:
    assert (whole_of(JobId(shown)), array_of(JobId(shown))) == (whole, array)


@pytest.mark.parametrize("shown", ["8_[2-3%2]", "8_[1-5,9,...]", "8+0"])
async def test_throttled_arrays_and_heterogeneous_jobs_are_cancelled_with_the_others(
    slurm: StandIn, session: Session, shown: str
) -> None:
    slurm.add(queue_row("7", name="plain"), queue_row(shown, "PENDING", name="odd"))
    await session.jobs.cancel([await session.runs.find_job("plain"), await session.runs.find_job(shown)])
    assert slurm.cancelled == ["--quiet 7 8"]


async def test_one_bad_id_keeps_no_other_from_being_cancelled(slurm: StandIn, session: Session) -> None:
    slurm.program(
        "scancel",
        f"""case " $* " in *" 8 "*) echo "scancel: error: Invalid job id 8" >&2; exit 1;; esac
        echo "$@" >> {slurm.folder}/cancelled""",
    )
    await session.launcher.launch(plan(session))
    slurm.add(queue_row("7", name="plain"), queue_row("8", name="odd"), queue_row("9", name="other"))
    runs = [await session.runs.find_job(name) for name in ("plain", "odd", "other", "first")]
    with pytest.raises(ClusterError, match=r"job 8: .*Invalid job id 8.* Cancelled: plain, other, first\."):
        await session.jobs.cancel(runs)
    for job_id in ("7", "9", "43"):
        assert f"--quiet {job_id}" in slurm.cancelled
    launch = (await session.runs.find("first")).launch
    assert launch
    assert launch.submissions[0].cancelled_at


async def test_an_arrays_id_means_all_of_it(slurm: StandIn, session: Session) -> None:
    slurm.add(queue_row("8_0", name="arr"), queue_row("8_1", name="arr"), queue_row("8_[2-3%2]", "PENDING", name="arr"))
    await session.jobs.cancel([await session.runs.find_job("8")])
    await session.jobs.cancel([await session.runs.find_job("8_1")])
    assert slurm.cancelled == ["--quiet 8", "--quiet 8_1"]


async def test_a_name_of_several_jobs_cancels_none_of_them(slurm: StandIn, session: Session) -> None:
    await session.launcher.launch(plan(session))
    slurm.add(queue_row("7", name="plain"), queue_row("8", name="plain"), queue_row("9", name="first"))
    slurm.add(queue_row("6", "COMPLETED", name="over"), queue_row("5", name="over"))
    with pytest.raises(LaunchError, match=r"2 jobs named plain: 7 \(running\), 8 \(running\)"):
        await session.runs.find_job("plain")
    with pytest.raises(LaunchError, match=r"2 jobs named first: .*43.*9|2 jobs named first: .*9.*43"):
        await session.runs.find_job("first")
    over = (await session.runs.find_job("over")).job
    assert over
    assert over.id == "5"


def test_the_command_looks_at_the_queue_once_for_all_names(command: StandIn) -> None:
    """A controller that does not answer is waited for at each look."""
    command.program("squeue", f"echo look >> {command.folder}/looks; cat {command.folder}/queue")
    command.add(*(queue_row(str(number), name=f"job-{number}") for number in (7, 8, 9)))
    assert main(["cancel", "job-7", "job-8", "9", "--yes"]) == 0
    assert command.cancelled == ["--quiet 7 8 9"]
    assert (command.folder / "looks").read_text() == "look\n"


def test_the_command_lists_the_ids_and_ends_with_1(command: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    command.add(queue_row("7", name="plain"), queue_row("8", name="plain"))
    assert main(["cancel", "plain", "--yes"]) == 1
    assert "7 (running), 8 (running)" in capsys.readouterr().err
    assert command.cancelled == []
    assert main(["cancel", "7", "--yes"]) == 0
    assert command.cancelled == ["--quiet 7"]


def test_a_chain_is_cancelled_with_its_parent_where_it_is_asked_for(
    command: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name, parent in (("43", "first", ""), ("44", "second", "first"), ("45", "third", "second")):
        after = f"afterok:{int(number) - 1}(unfulfilled)" if parent else "(null)"
        row = queue_row(number, "PENDING", "Dependency", name="NAME", comment="yogo:TOKEN", dependency=after)
        (command.folder / "row").write_text(row)
        command.say(f"echo {number}", queues=True)
        words = ["launch", "cells.yml"] if not parent else ["chain", parent, "cells.yml"]
        assert main([*words, "--name", name]) == 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["cancel", "first"]) == 2
    assert "third" in (said := capsys.readouterr().err)
    assert "behind it can then never start" in said
    assert main(["cancel", "first", "--chain", "--yes"]) == 0
    assert command.cancelled == ["--quiet 43 44 45"]


def test_what_a_cancel_does_is_said_as_it_is() -> None:
    running = what_cancel_does(make_run("first"))
    assert running == "It saves and stops, in epoch 9.6 of 16: yogo-tui resume first goes on from there."
    assert "loses its place" in what_cancel_does(make_run("first", RunState.WAITING))
    foreign = replace(make_run("notebook"), path=None, launch=None)
    assert "resume" not in what_cancel_does(foreign)
    for words in (running, what_cancel_does(replace(make_run("first"), progress=None))):
        assert "lost" not in words


@pytest.mark.parametrize("schema", [1, 2])
async def test_a_cancelled_run_says_so_unless_a_newer_console_wrote_its_launch(schema: int) -> None:
    run = make_run("chaos-cat-0727")
    session = FakeSession(run)
    file = PurePosixPath("/lab/trained_models/chaos-cat-0727/launch.json")
    before = json.dumps(json.loads(session.host.files[file]) | {"schema_version": schema}).encode()
    session.host.files[file] = before
    await session.jobs.cancel([run])
    assert session.cluster.cancelled == ["job-chaos-cat-0727"]
    (submission,) = json.loads(session.host.files[file])["submissions"]
    assert (submission["cancelled_at"] is None) == (schema == 2)
    assert (session.host.files[file] == before) == (schema == 2)
