"""Launches that sbatch answered in an odd way, or not at all: what is so is found out, and names come free again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.yogo_tui.lab import plan
from tests.yogo_tui.stand_in_slurm import StandIn
from tests.yogo_tui.test_slurm_answers import queue_row
from yogo.cli import main as yogo
from yogo.run.launch import Launch
from yogo.run.record import now
from yogo_tui.errors import ClusterError, LaunchError
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session


@pytest.fixture
def slurm(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "bin")


@pytest.fixture
def session(slurm: StandIn, tmp_path: Path) -> Session:
    return slurm.session(tmp_path / "lab")


def made_earlier(session: Session, minutes: float, name: str = "first") -> None:
    """As if the submission had been so long ago."""
    file = session.runs_folder / name / "launch.json"
    launch = Launch.read(file)
    last = launch.submissions[-1].model_copy(update={"at": now() - timedelta(minutes=minutes)})
    launch.model_copy(update={"submissions": (*launch.submissions[:-1], last)}).write(file)


REFUSED = "echo 'sbatch: error: Batch job submission failed: Invalid account' >&2; exit 1"
ODD = [
    "echo 'You must specify an account!' >&2; exit 1",
    "echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1",
    "echo 'sbatch: error: Batch job submission failed: I/O error writing script/environment to file' >&2; exit 1",
    "echo 'sbatch: error: Batch job submission failed: Unspecified error' >&2; exit 1",
    "exit 1",
]


@pytest.mark.parametrize("words", [REFUSED, *ODD, "echo 43; echo 1234", "echo Submitted batch job 43", "echo 1234"])
async def test_a_job_that_the_queue_shows_for_our_token_is_the_job_whatever_sbatch_says(
    slurm: StandIn, session: Session, words: str
) -> None:
    slurm.say(words, queues=True)
    launched = await session.launch(plan(session))
    assert (launched.job_id, launched.notice) == ("43", "")
    assert (await session.find("first")).state is RunState.WAITING


async def test_a_child_waits_for_the_job_that_the_queue_shows(slurm: StandIn, session: Session) -> None:
    slurm.say("echo 43; echo 1234", queues=True)
    await session.launch(plan(session))
    parent = await session.parent_of(await session.find("first"))
    assert parent.after == "43"


async def test_an_id_that_is_another_jobs_is_not_taken(slurm: StandIn, session: Session) -> None:
    slurm.add(queue_row("42", name="notebook"))
    slurm.say("echo 42", queues=False)
    launched = await session.launch(plan(session))
    assert launched.job_id is None
    assert "42, as was said, is another one" in launched.notice


@pytest.mark.parametrize("words", ODD)
async def test_what_no_job_came_of_is_not_accepted_after_a_while_in_sbatchs_own_words(
    slurm: StandIn, session: Session, words: str
) -> None:
    slurm.say(words, queues=False)
    launched = await session.launch(plan(session))
    assert "in 5 minutes, it was not accepted" in launched.notice
    made_earlier(session, 4)
    assert (await session.find("first")).state is RunState.UNKNOWN
    made_earlier(session, 6)
    again = Session(session.settings, session.host, session.cluster)
    run = await again.find("first")
    assert run.state is RunState.FAILED
    assert run.why.startswith("it was not accepted: ")
    said = [said for said in ("account!", "QOSMax", "I/O error", "Unspecified", "said nothing") if said in run.why]
    assert len(said) == 1
    slurm.say("echo 43", queues=True)
    assert (await again.launch(plan(session))).job_id == "43"


async def test_nothing_is_concluded_while_accounting_does_not_answer(slurm: StandIn, session: Session) -> None:
    slurm.say("exit 1", queues=False)
    slurm.program("sacct", "exit 1")
    await session.launch(plan(session))
    made_earlier(session, 600)
    assert (await session.find("first")).state is RunState.UNKNOWN


async def test_nothing_is_concluded_of_a_launch_whose_job_has_begun(slurm: StandIn, session: Session) -> None:
    slurm.say("exit 1", queues=False)
    await session.launch(plan(session))
    folder = session.runs_folder / "first"
    assert yogo(["claim", str(folder), "--token", Launch.read(folder / "launch.json").token]) == 0
    made_earlier(session, 600)
    assert (await session.find("first")).state is RunState.UNKNOWN


async def test_the_name_of_a_refused_launch_is_free(slurm: StandIn, session: Session) -> None:
    slurm.say(REFUSED, queues=False)
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.launch(plan(session))
    assert (await session.find("first")).state is RunState.FAILED
    slurm.say("echo 43", queues=True)
    assert (await session.launch(plan(session))).job_id == "43"
    assert [run.name for run in (await session.runs()).runs] == ["first"]


async def test_the_name_of_a_launch_without_an_answer_comes_free_by_forgetting_it(
    slurm: StandIn, session: Session
) -> None:
    slurm.say("exit 1", queues=False)
    lost = (await session.launch(plan(session))).launch.token
    with pytest.raises(LaunchError, match="yogo-tui forget first"):
        await session.launch(plan(session))
    run = await session.find("first")
    with pytest.raises(LaunchError, match="is left as it is"):
        await session.forget(run)
    await session.forget(run, sure=True)
    assert (await session.runs()).runs == ()
    folder = session.runs_folder / "first"
    assert yogo(["claim", str(folder), "--token", lost]) == 1  # should it be queued after all, it trains nothing
    slurm.say("echo 43", queues=True)
    assert (await session.launch(plan(session))).job_id == "43"
    assert yogo(["claim", str(folder), "--token", lost]) == 1


@pytest.mark.parametrize("name", ["last.pth", "events.jsonl", "run.json"])
async def test_a_run_that_trained_is_never_forgotten(slurm: StandIn, session: Session, name: str) -> None:
    slurm.say("exit 1", queues=False)
    await session.launch(plan(session))
    (session.runs_folder / "first" / name).touch()
    run = await session.find("first")
    with pytest.raises(LaunchError, match="is left as it is"):
        await session.forget(run, sure=True)
    with pytest.raises(LaunchError, match="There is a run named first already"):
        await session.launch(plan(session))


def test_a_command_that_waits_for_sbatch_says_so(
    slurm: StandIn, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lab = session.settings.workspace_folder
    (lab / "settings.yaml").write_text(f"cluster: slurm\nworkspace: {lab}\nyogo_command: {sys.executable} -m yogo\n")
    slurm.say(f"until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo 43", queues=True)
    environment = os.environ | {"PATH": f"{slurm.folder}:{os.environ['PATH']}"}
    launching = subprocess.Popen(
        [sys.executable, "-m", "yogo_tui", "launch", "cells.yml", "--name", "first"],
        env=environment | {"YOGO_TUI_SETTINGS": str(lab / "settings.yaml")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert launching.stderr
    assert "waiting for the cluster to answer whether it takes first" in launching.stderr.readline()
    (tmp_path / "go").touch()
    out, _ = launching.communicate(timeout=60)
    assert "first is job 43" in out
