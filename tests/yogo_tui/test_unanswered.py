"""Launches that sbatch answered in an odd way, or not at all: what is so is found out, and names come free again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
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
from yogo_tui.launch.chain import launch_chain
from yogo_tui.runs.model import RunState
from yogo_tui.session import Session


@pytest.fixture
def slurm(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "bin")


@pytest.fixture
def session(slurm: StandIn, tmp_path: Path) -> Session:
    return slurm.session(tmp_path / "lab")


def made_earlier(session: Session, minutes: float, name: str = "first", *, clock_ahead: float = 0) -> None:
    """As if the submission had been so long ago, by a machine whose clock is so many minutes ahead."""
    file = session.runs.folder / name / "launch.json"
    launch, moment = Launch.read(file), now() - timedelta(minutes=minutes)
    last = launch.submissions[-1].model_copy(update={"at": moment + timedelta(minutes=clock_ahead)})
    launch.model_copy(update={"submissions": (*launch.submissions[:-1], last)}).write(file)
    os.utime(file, (moment.timestamp(), moment.timestamp()))


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
    launched = await session.launcher.launch(plan(session))
    assert (launched.job_id, launched.notice) == ("43", "")
    assert (await session.runs.find("first")).state is RunState.WAITING


async def test_a_child_waits_for_the_job_that_the_queue_shows(slurm: StandIn, session: Session) -> None:
    slurm.say("echo 43; echo 1234", queues=True)
    await session.launcher.launch(plan(session))
    parent = await session.planner.parent_of(await session.runs.find("first"))
    assert parent.after == "43"


async def test_an_id_that_is_another_jobs_is_not_taken(slurm: StandIn, session: Session) -> None:
    slurm.add(queue_row("42", name="notebook"))
    slurm.say("echo 42", queues=False)
    launched = await session.launcher.launch(plan(session))
    assert launched.job_id is None
    assert "the reported id 42 belongs to another job" in launched.notice


@pytest.mark.parametrize("words", ODD)
async def test_what_no_job_came_of_is_not_accepted_after_a_while_in_sbatchs_own_words(
    slurm: StandIn, session: Session, words: str
) -> None:
    slurm.say(words, queues=False)
    launched = await session.launcher.launch(plan(session))
    assert "in 5 minutes, it was not accepted" in launched.notice
    made_earlier(session, 4)
    assert (await session.runs.find("first")).state is RunState.UNKNOWN
    made_earlier(session, 6)
    again = Session(session.settings, session.host, session.cluster)
    run = await again.runs.find("first")
    assert run.state is RunState.FAILED
    assert run.why.startswith("it was not accepted: ")
    said = [said for said in ("account!", "QOSMax", "I/O error", "Unspecified", "printed nothing") if said in run.why]
    assert len(said) == 1
    slurm.say("echo 43", queues=True)
    assert (await again.launcher.launch(plan(session))).job_id == "43"


@pytest.mark.parametrize("clock_ahead", [-600, -6, 6, 600])
async def test_a_wrong_clock_neither_frees_the_name_of_a_launch_under_way_nor_holds_it_for_ever(
    slurm: StandIn, session: Session, clock_ahead: float
) -> None:
    slurm.say("exit 1", queues=False)
    await session.launcher.launch(plan(session))
    made_earlier(session, 1, clock_ahead=clock_ahead)
    again = Session(session.settings, session.host, session.cluster)
    assert (await again.runs.find("first")).state is RunState.UNKNOWN
    with pytest.raises(LaunchError, match="not known whether it was queued"):
        await again.launcher.launch(plan(session))
    made_earlier(session, 6, clock_ahead=clock_ahead)
    again = Session(session.settings, session.host, session.cluster)
    assert (await again.runs.find("first")).state is RunState.FAILED
    left = sorted(path.name for path in (session.runs.folder / "first").iterdir())
    assert left == ["job.sbatch.unused", "launch.json"]


async def test_nothing_is_concluded_while_a_job_that_may_be_its_own_is_queued(slurm: StandIn, session: Session) -> None:
    slurm.add(queue_row("42", "PENDING", name="first"))  # without a comment, and long before, by another clock
    slurm.say("exit 1", queues=False)
    await session.launcher.launch(plan(session))
    made_earlier(session, 600)
    run = await session.runs.find("first")
    assert (run.state, run.name) == (RunState.UNKNOWN, "first")
    assert "job 42 has its name and may be its job" in run.why
    (slurm.folder / "queue").write_text(queue_row("42", "COMPLETED", name="first"))
    again = Session(session.settings, session.host, session.cluster)
    assert "was not accepted" in (await again.runs.find("first")).why


async def test_nothing_is_concluded_while_accounting_does_not_answer(slurm: StandIn, session: Session) -> None:
    slurm.say("exit 1", queues=False)
    slurm.program("sacct", "exit 1")
    await session.launcher.launch(plan(session))
    made_earlier(session, 600)
    assert (await session.runs.find("first")).state is RunState.UNKNOWN


async def test_nothing_is_concluded_of_a_launch_whose_job_has_begun(slurm: StandIn, session: Session) -> None:
    slurm.say("exit 1", queues=False)
    await session.launcher.launch(plan(session))
    folder = session.runs.folder / "first"
    assert yogo(["claim", str(folder), "--token", Launch.read(folder / "launch.json").token]) == 0
    made_earlier(session, 600)
    assert (await session.runs.find("first")).state is RunState.UNKNOWN


async def test_the_name_of_a_refused_launch_is_free(slurm: StandIn, session: Session) -> None:
    slurm.say(REFUSED, queues=False)
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.launcher.launch(plan(session))
    assert (await session.runs.find("first")).state is RunState.FAILED
    slurm.say("echo 43", queues=True)
    assert (await session.launcher.launch(plan(session))).job_id == "43"
    assert [run.name for run in (await session.runs.look()).runs] == ["first"]


FULL = "for script; do :; done; cd $(dirname $script); mv launch.json kept; mkdir -p launch.json/full; "
"""From then on launch.json cannot be written, as on a full disk or over a line that is cut."""


def disk_is_emptied(folder: Path) -> None:
    shutil.rmtree(folder / "launch.json")
    (folder / "kept").rename(folder / "launch.json")


async def test_a_job_that_cannot_be_recorded_is_told_with_its_number_and_found_later(
    slurm: StandIn, session: Session
) -> None:
    slurm.say(f"{FULL} echo 43", queues=True)
    chain = await launch_chain(session.launcher.launch, [plan(session), plan(session, "second")])
    assert [one.job_id for one in chain.launched] == ["43", "43"], "the second is queued behind it all the same"
    assert chain.stopped == ""
    assert "first is job 43, but this is not recorded yet: " in chain.launched[0].notice
    assert "launch.json cannot be written" in chain.launched[0].notice
    disk_is_emptied(session.runs.folder / "first")
    again = Session(session.settings, session.host, session.cluster)
    assert (await again.runs.find("first")).state is RunState.WAITING
    assert Launch.read(session.runs.folder / "first" / "launch.json").submissions[-1].job_id == "43"


async def test_a_submission_without_an_answer_that_cannot_be_recorded_is_told_as_one(
    slurm: StandIn, session: Session
) -> None:
    slurm.say(f"{FULL} kill -KILL $$", queues=False)
    launched = await session.launcher.launch(plan(session))
    assert launched.notice.startswith("It is not known whether the cluster has first: sbatch failed")
    disk_is_emptied(session.runs.folder / "first")
    assert (await session.runs.find("first")).state is RunState.UNKNOWN


async def test_a_refusal_that_cannot_be_recorded_is_told_in_sbatchs_own_words(slurm: StandIn, session: Session) -> None:
    slurm.say(f"{FULL} {REFUSED}", queues=False)
    with pytest.raises(ClusterError, match="Invalid account"):
        await session.launcher.launch(plan(session))


async def test_the_name_of_a_launch_without_an_answer_comes_free_by_forgetting_it(
    slurm: StandIn, session: Session
) -> None:
    slurm.say("exit 1", queues=False)
    lost = (await session.launcher.launch(plan(session))).launch.token
    with pytest.raises(LaunchError, match="yogo-tui forget first"):
        await session.launcher.launch(plan(session))
    run = await session.runs.find("first")
    with pytest.raises(LaunchError, match="is left as it is"):
        await session.jobs.forget(run)
    await session.jobs.forget(run, sure=True)
    assert (await session.runs.look()).runs == ()
    folder = session.runs.folder / "first"
    assert yogo(["claim", str(folder), "--token", lost]) == 1  # should it be queued after all, it trains nothing
    slurm.say("echo 43", queues=True)
    assert (await session.launcher.launch(plan(session))).job_id == "43"
    assert yogo(["claim", str(folder), "--token", lost]) == 1


@pytest.mark.parametrize("name", ["last.pth", "events.jsonl", "run.json"])
async def test_a_run_that_trained_is_never_forgotten(slurm: StandIn, session: Session, name: str) -> None:
    slurm.say("exit 1", queues=False)
    await session.launcher.launch(plan(session))
    (session.runs.folder / "first" / name).touch()
    run = await session.runs.find("first")
    with pytest.raises(LaunchError, match="is left as it is"):
        await session.jobs.forget(run, sure=True)
    with pytest.raises(LaunchError, match="There is already a run named first"):
        await session.launcher.launch(plan(session))


@pytest.fixture
def submitting(slurm: StandIn, session: Session, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command whose sbatch answers once there is a file `go`."""
    lab = session.settings.workspace_folder
    (lab / "settings.yaml").write_text(f"cluster: slurm\nworkspace: {lab}\nyogo_command: {sys.executable} -m yogo\n")
    (session.runs.folder / "parent").mkdir(parents=True)
    (session.runs.folder / "parent" / "best.pth").touch()
    slurm.say(f"until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo 43", queues=True)
    environment = os.environ | {"PATH": f"{slurm.folder}:{os.environ['PATH']}"}
    started = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "yogo_tui", *words],
            env=environment | {"YOGO_TUI_SETTINGS": str(lab / "settings.yaml")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


COMMANDS = [
    (("launch", "cells.yml", "--name", "first"), "first", "runs first"),
    (("export", "parent"), "parent-export", "jobs parent-export"),
]


@pytest.mark.parametrize(("words", "name"), [command[:2] for command in COMMANDS])
def test_a_command_that_waits_for_sbatch_says_so(
    submitting: Callable[..., subprocess.Popen[str]], tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    process = submitting(*words)
    assert process.stderr
    assert f"waiting for the cluster to answer whether it takes {name}" in process.stderr.readline()
    (tmp_path / "go").touch()
    out, _ = process.communicate(timeout=60)
    assert f"{name} is job 43" in out


@pytest.mark.parametrize(("words", "name", "look"), COMMANDS)
def test_who_does_not_wait_for_sbatch_is_told_that_the_job_may_be_there(
    submitting: Callable[..., subprocess.Popen[str]], words: tuple[str, ...], name: str, look: str
) -> None:
    process = submitting(*words)
    assert process.stderr
    assert "waiting for the cluster" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"It is not known whether the cluster has {name}. To find out: yogo-tui {look}\n" in err


async def test_a_submission_without_an_answer_is_told_in_one_sentence(slurm: StandIn, session: Session) -> None:
    slurm.say("kill -KILL $$", queues=False)
    launched = await session.launcher.launch(plan(session))
    assert launched.notice.startswith(
        "It is not known whether the cluster has first: sbatch failed: it was ended by SIGKILL and printed nothing."
    )
