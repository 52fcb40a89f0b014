"""What is said of runs that others train, that go on elsewhere, that wait in vain, or that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from yogo.recipe import Recipe
from yogo.run.holder import Holder
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.manifest import Manifest, PastJob
from yogo.run.result import Result
from yogo_tui.cluster.base import Job, JobId, JobState, Queue
from yogo_tui.errors import LaunchError
from yogo_tui.runs.cancelling import job_to_cancel
from yogo_tui.runs.chains import behind
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.jobs import asked_for
from yogo_tui.runs.join import join
from yogo_tui.runs.model import Run, RunState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
LATER = NOW - timedelta(minutes=30)
RUNS = PurePosixPath("/lab/trained_models")


def launch(name: str = "first", job_id: str | None = "7", **changes: Any) -> Launch:
    submission = {"cluster": "lab", "outcome": Outcome.SUBMITTED, "job_id": job_id, "at": EARLIER} | changes
    return Launch(
        name=name,
        kind=Kind.PRETRAIN,
        token=f"tok-{name}",
        created_at=EARLIER,
        definition="/lab/cells.yml",
        recipe=Recipe(),
        size=Size(gpus=1, cpus=1, hours=1),
        submissions=(Submission.model_validate(submission),),
    )


def folder(name: str = "first", **changes: Any) -> RunFolder:
    made = RunFolder(RUNS / name, launch=launch(name), has_lease=True, has_heartbeat=True)
    return replace(made, **changes)


def manifest(started_at: datetime = LATER, **changes: Any) -> Manifest:
    made = Manifest(name="first", definition="d", classes=("a",), recipe=Recipe(), precision="fp32")
    return made.model_copy(update={"started_at": started_at, "attempt": 1} | changes)


def holder(job_id: str = "", cluster: str = "lab", host: str = "gpu1") -> Holder:
    return Holder(
        host=host, boot_id="b", pid=42, process_started="1", job_id=job_id, cluster=cluster, user=0, since=LATER
    )


def job(state: JobState = JobState.RUNNING, id: str = "7", name: str = "first", **changes: Any) -> Job:
    values: dict[str, Any] = {"token": f"tok-{name}", "submitted_at": EARLIER} | changes
    return Job(JobId(id), name, state, **values)


def joined(folders: list[RunFolder], *jobs: Job, **changes: Any) -> list[Run]:
    queue = Queue(jobs, seen_at=NOW, **changes)
    return list(join(folders, queue, cluster="lab", now=NOW))


def one(found: RunFolder, *jobs: Job, **changes: Any) -> Run:
    return next(run for run in joined([found], *jobs, **changes) if run.path == found.path)


ALIVE: dict[str, Any] = {"signs": (NOW,)}
SILENT: dict[str, Any] = {"signs": (NOW - timedelta(minutes=3),)}
CANCELLED = launch(cancelled_at=NOW - timedelta(minutes=45))
FAILED = Result(outcome="failed", reason="the disk is full", ended_at=NOW - timedelta(minutes=45))


@pytest.mark.parametrize("before", [{}, {"launch": CANCELLED}, {"result": FAILED, "manifest": manifest(attempt=0)}])
def test_a_run_that_goes_on_in_another_job_is_running_with_that_job_and_its_log(before: dict[str, Any]) -> None:
    log = PurePosixPath("/home/me/slurm-9.out")
    hand = job(id="9", name="wrapper", token="", submitted_at=LATER, log=log)
    old = job(JobState.CANCELLED, ended_at=NOW - timedelta(minutes=45))
    (run,) = joined([folder(holder=holder("9"), **ALIVE, **before)], old, hand)
    assert (run.state, run.job, run.log, run.can_cancel) == (RunState.RUNNING, hand, log, True)


def test_the_jobs_of_a_run_are_asked_about_also_the_one_in_which_it_goes_on() -> None:
    assert asked_for(folder(holder=holder("9")), "lab") == ("7", "9")
    assert asked_for(folder(holder=holder("9", cluster="other")), "lab") == ("7",)


def test_a_run_that_goes_on_in_a_shell_says_where_and_has_no_log() -> None:
    run = one(folder(holder=holder(), **ALIVE))
    assert run.state is RunState.RUNNING
    assert run.why == "in a shell: process 42 on gpu1"
    assert run.log is None
    assert "outside the queue" in run.no_log


LOG = RUNS / "first" / "first-7.log"
SHELL_LOG = "first-shell.log"


def test_the_log_that_a_run_keeps_in_a_shell_is_its_log() -> None:
    run = one(folder(holder=holder(), **ALIVE, logs=("first-7.log", SHELL_LOG)))
    assert (run.log, run.no_log) == (RUNS / "first" / SHELL_LOG, "")


@pytest.mark.parametrize(
    ("started_at", "logs", "log"),
    [
        (LATER, ("first-7.log", SHELL_LOG), SHELL_LOG),
        (EARLIER - timedelta(hours=1), (SHELL_LOG, "first-7.log"), "first-7.log"),
        (LATER, ("first-7.log",), "first-7.log"),  # by a yogo that kept none
    ],
)
def test_the_log_of_a_run_that_is_over_is_that_of_its_last_start(
    started_at: datetime, logs: tuple[str, ...], log: str
) -> None:
    told = manifest().model_copy(update={"started_at": started_at})
    run = one(folder(manifest=told, result=FAILED, logs=logs))
    assert run.log == RUNS / "first" / log


def test_a_job_that_is_to_resume_what_a_shell_began_has_its_own_log_to_come() -> None:
    told = manifest().model_copy(update={"started_at": LATER})
    run = one(folder(manifest=told, result=FAILED, logs=(SHELL_LOG,)), job(JobState.PENDING, log=LOG))
    assert (run.log, run.log_to_come) == (RUNS / "first" / SHELL_LOG, LOG)


def test_a_run_in_a_shell_is_running_though_its_requeued_job_waits() -> None:
    run = one(folder(holder=holder(), **ALIVE), job(JobState.PENDING))
    assert (run.state, run.can_cancel) == (RunState.RUNNING, True)


def test_why_a_job_waits_or_never_starts_is_told_in_plain_words() -> None:
    waits = job(JobState.PENDING, reason="Priority", plain_reason="other jobs come before it")
    assert one(folder(), waits).why == "other jobs come before it (Priority)"
    stuck = replace(waits, is_stuck=True, reason="InvalidQOS", plain_reason="its QOS does not exist")
    assert one(folder(), stuck).why.startswith("it can never start, as its QOS does not exist (InvalidQOS): cancel it")


def test_a_job_that_waits_to_start_again_tells_of_its_last_start_that_still_shows_life() -> None:
    waits = job(JobState.PENDING, reason="BeginTime")
    run = one(folder(holder=holder("7"), **ALIVE), waits)
    assert run.state is RunState.WAITING
    assert run.why == "BeginTime; its last start, process 42 on gpu1, is still alive"
    assert one(folder(holder=holder("7"), **SILENT), waits).why == "BeginTime"


def test_a_job_that_started_after_the_queue_was_seen_runs_and_has_no_last_start() -> None:
    began = holder("7").model_copy(update={"since": NOW + timedelta(seconds=1)})
    run = one(folder(holder=began, signs=(NOW + timedelta(seconds=1),)), job(JobState.PENDING, reason="Priority"))
    assert (run.state, run.why) == (RunState.RUNNING, "in job 7")


def test_a_trainer_that_outlives_its_job_is_told_and_cancel_says_how_to_end_it() -> None:
    ended = job(JobState.CANCELLED, word="CANCELLED", ended_at=NOW - timedelta(minutes=5))
    run = one(folder(holder=holder("7"), **ALIVE), ended)
    assert run.state is RunState.RUNNING
    assert run.why == "job 7 has ended (CANCELLED), but its process 42 on gpu1 is still alive"
    with pytest.raises(LaunchError, match=r"its job 7 has ended: run `kill 42` on gpu1"):
        job_to_cancel(run, "lab")
    just = one(folder(holder=holder("7"), **ALIVE), job(JobState.CANCELLED, ended_at=NOW))
    with pytest.raises(LaunchError, match="first is cancelled: it has no job to cancel"):
        job_to_cancel(just, "lab")


def test_how_the_job_in_which_a_run_went_on_ended_is_how_the_run_ended() -> None:
    hand = job(JobState.FAILED, id="9", name="wrapper", token="", submitted_at=LATER, word="TIMEOUT")
    went_on: dict[str, Any]
    for went_on in ({"holder": holder("9"), **SILENT}, {"manifest": manifest(job_id="9"), **SILENT}):
        run = one(folder(launch=CANCELLED, **went_on), job(JobState.CANCELLED), hand)
        assert (run.state, run.job) == (RunState.FAILED, hand)
        assert "TIMEOUT" in run.why


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"word": "FAILED", "exit_status": 75}, "did not requeue it"),
        ({"word": "FAILED", "exit_status": 76}, "was requeued 5 times"),
        ({"word": "TIMEOUT", "exit_status": 0}, "it reached its time limit"),
        ({"word": "NODE_FAIL", "exit_status": 0}, "its node failed"),
    ],
)
def test_a_run_that_could_not_come_back_says_why_and_how_to_go_on(end: dict[str, Any], words: str) -> None:
    run = one(folder(manifest=manifest()), job(JobState.FAILED, **end))
    assert run.state is RunState.FAILED
    assert words in run.why
    assert run.why.endswith("to resume it: yogo-tui resume first")
    assert "resume" not in one(folder(), job(JobState.FAILED, **end)).why


def test_a_job_that_was_given_the_id_of_the_one_it_trained_in_is_not_its_job() -> None:
    stranger = job(id="9", name="notebook", token="", submitted_at=NOW)
    run = one(folder(manifest=manifest(job_id="9")), stranger)
    assert run.job is None


def test_a_job_that_a_wrapper_began_a_run_in_is_no_row_of_its_own_once_another_resumes_it() -> None:
    first = job(JobState.CANCELLED, id="3", name="yogo", token="")
    resumed = folder(manifest=manifest(job_id="7", past_jobs=(PastJob(id="3", cluster="lab"),)))
    assert [run.name for run in joined([resumed], first, job())] == ["first"]
    later = replace(first, submitted_at=NOW)
    assert [run.name for run in joined([resumed], later, job())] == ["yogo", "first"]


def test_whoever_resumes_anew_waits_for_the_new_job() -> None:
    resumed = launch().model_copy(
        update={"submissions": (*launch().submissions, launch(job_id="11", at=NOW - timedelta(minutes=5)).submission)}
    )
    found = folder(launch=resumed, manifest=manifest(job_id="9"), result=FAILED.model_copy(update={"attempt": 1}))
    run = one(found, job(JobState.PENDING, id="11", submitted_at=NOW - timedelta(minutes=5)))
    assert (run.state, run.job and run.job.id) == (RunState.WAITING, "11")
    assert one(found).state is RunState.FAILED
    assert "full" in one(found).why


def test_a_holder_that_has_been_silent_does_not_train() -> None:
    assert one(folder(holder=holder(), launch=None, manifest=manifest(), **SILENT)).state is RunState.FAILED
    assert one(folder(holder=holder("7"), **SILENT), job()).state is RunState.RUNNING


def test_a_holder_whose_job_has_ended_lives_only_if_it_shows_so_afterwards() -> None:
    ended = job(JobState.CANCELLED, ended_at=NOW - timedelta(seconds=60))
    last = NOW - timedelta(seconds=50)
    assert one(folder(holder=holder("7"), signs=(last,)), ended).state is RunState.CANCELLED
    assert one(folder(holder=holder("7"), signs=(last, NOW)), ended).state is RunState.RUNNING


def test_a_process_of_this_machine_lives_as_long_as_the_machine_says() -> None:
    assert one(folder(holder=holder(), lives_here=True, signs=(EARLIER,))).state is RunState.RUNNING
    assert one(folder(holder=holder(), lives_here=False, manifest=manifest(), **ALIVE)).state is RunState.FAILED


def test_a_change_that_was_seen_counts_whatever_the_files_times_say() -> None:
    slow_clock = (NOW - timedelta(hours=2), NOW - timedelta(seconds=5))
    assert one(folder(holder=holder("9"), signs=slow_clock)).state is RunState.RUNNING


OTHERS: dict[str, Any] = {"is_mine": False}


def test_another_users_run_is_what_their_job_is() -> None:
    theirs = job(is_mine=False)
    assert one(folder(**OTHERS), theirs).state is RunState.RUNNING
    assert one(folder(**OTHERS), replace(theirs, state=JobState.PENDING)).state is RunState.WAITING


def test_another_users_run_whose_job_is_not_shown_is_unknown_unless_it_shows_that_it_lives() -> None:
    assert one(folder(**OTHERS)).state is RunState.UNKNOWN
    assert one(folder(holder=holder("7"), **OTHERS, **ALIVE)).state is RunState.RUNNING


def test_a_cancelled_run_is_cancelled_also_while_the_scheduler_that_had_it_does_not_answer() -> None:
    unseen = Queue((), seen_at=None, stale="Slurm does not answer")
    (run,) = join([folder(launch=CANCELLED)], unseen, cluster="slurm", now=NOW)
    assert (run.state, run.why) == (RunState.CANCELLED, "")
    (run,) = join([folder()], unseen, cluster="slurm", now=NOW)
    assert (run.state, run.why) == (RunState.UNKNOWN, "Slurm does not answer")


def test_other_peoples_jobs_that_are_no_runs_here_are_not_listed() -> None:
    stranger = job(id="7", name="other", token="", is_mine=False)
    (run,) = joined([folder()], stranger)
    assert run.name == "first"


def test_a_run_of_which_accounting_says_nothing_is_unknown() -> None:
    run = one(folder(), unanswered=frozenset({JobId("7")}))
    assert run.state is RunState.UNKNOWN
    assert "accounting does not answer" in run.why


@pytest.mark.parametrize("word", ["SUSPENDED", "STOPPED"])
def test_a_suspended_job_is_no_running_one(word: str) -> None:
    run = one(folder(holder=holder("7"), **SILENT), job(word=word))
    assert (run.state, run.can_cancel, run.state.is_over) == (RunState.SUSPENDED, True, False)


def chain(*parents: Job) -> list[Run]:
    folders, jobs = [folder()], list(parents)
    for number, name in enumerate(("second", "third", "fourth"), start=8):
        after = str(number - 1)
        folders.append(folder(name, launch=launch(name, str(number), after=after)))
        jobs.append(job(JobState.PENDING, str(number), name, after=(JobId(after),), reason="Dependency"))
    return joined(folders, *jobs)


@pytest.mark.parametrize(
    ("parent", "words"),
    [
        (job(JobState.CANCELLED), "it waits for first, which was cancelled"),
        (job(JobState.FAILED, word="TIMEOUT"), "it waits for first, which failed"),
        (job(JobState.PENDING, is_stuck=True), "it waits for first, which can never start"),
    ],
)
def test_who_waits_behind_one_that_can_never_end_well_can_never_start(parent: Job, words: str) -> None:
    runs = {run.name: run for run in chain(parent)}
    assert words in runs["second"].why
    assert "it waits for third, which can never start" in runs["fourth"].why
    for name in ("second", "third", "fourth"):
        assert (runs[name].state, runs[name].can_cancel) == (RunState.FAILED, True)


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PENDING, JobState.DONE, JobState.UNKNOWN])
def test_who_waits_behind_one_that_may_end_well_waits(state: JobState) -> None:
    runs = {run.name: run for run in chain(job(state))}
    assert {runs[name].state for name in ("second", "third", "fourth")} == {RunState.WAITING}


def test_all_that_stand_behind_a_run_are_known_to_the_last() -> None:
    runs = chain(job())
    first = next(run for run in runs if run.name == "first")
    assert {run.name for run in behind(first, runs)} == {"second", "third", "fourth"}
    stuck = chain(job(JobState.CANCELLED))
    first = next(run for run in stuck if run.name == "first")
    assert {run.name for run in behind(first, stuck)} == {"second", "third", "fourth"}


def test_a_second_job_of_a_launch_is_told_as_what_it_is() -> None:
    runs = joined([folder()], job(), job(JobState.FAILED, id="9", word="FAILED", exit_status=1))
    (second,) = [run for run in runs if run.path is None]
    assert "another job of the run first, which is job 7" in second.why
    assert [run.job and run.job.id for run in runs if run.path] == ["7"]


def test_a_job_of_another_workspace_is_told_as_that_and_its_state_is_its_runs() -> None:
    theirs = job(JobState.DONE, id="9", name="there", log=PurePosixPath("/other/trained_models/there/there-9.log"))
    (unread,) = joined([], theirs)
    assert unread.why == "from another workspace"
    found = replace(folder("there"), path=PurePosixPath("/other/trained_models/there"), result=FAILED)
    (read,) = join([], Queue((theirs,), seen_at=NOW), cluster="lab", now=NOW, elsewhere=[found])
    assert (read.state, read.path) == (RunState.FAILED, found.path)
    assert read.why == "from another workspace; the disk is full"


def test_a_job_whose_run_was_removed_is_told_as_that_and_not_as_another_workspaces() -> None:
    log = RUNS / "second" / "second-8.log"
    runs = joined([folder()], job(JobState.FAILED, id="8", name="second", log=log))
    (run,) = (run for run in runs if run.path is None)
    assert run.why.startswith(f"its directory {RUNS / 'second'} is gone; job 8 ended")


def test_a_job_that_is_no_run_and_ended_without_an_error_is_done_and_not_finished() -> None:
    (run,) = joined([], job(JobState.DONE, token="", name="notebook"))
    assert run.state is RunState.DONE


def test_a_directory_that_was_made_anew_under_a_living_trainer_is_one_row_with_its_job() -> None:
    bare = RunFolder(RUNS / "first", signs=(NOW,), has_best=True)
    (run,) = joined([bare], job(log=RUNS / "first" / "first-7.log"))
    assert (run.state, run.job and run.job.id, run.can_cancel) == (RunState.RUNNING, "7", True)


@pytest.mark.parametrize("problem", ["launch.json is damaged", "/lab/first cannot be listed: Permission denied."])
def test_of_a_run_that_cannot_be_read_it_is_said_what_could_not(problem: str) -> None:
    run = one(RunFolder(RUNS / "first", problems=(problem,), notices=(problem,), has_best=True, has_weights=True))
    assert (run.state, run.why) == (RunState.UNKNOWN, problem)


def test_a_damaged_receipt_is_no_missing_one() -> None:
    run = one(folder(problems=("result.json is damaged",)), job(JobState.DONE))
    assert (run.state, run.why) == (RunState.UNKNOWN, "result.json is damaged")


def test_a_run_begun_in_a_shell_has_what_its_manifest_says() -> None:
    told = manifest(note="two dyes", tags=("malaria",), pretrained="/lab/a.pth", job_id=None)
    run = one(RunFolder(RUNS / "first", manifest=told, result=FAILED.model_copy(update={"attempt": 1})))
    assert (run.definition, run.note, run.tags, run.kind) == ("d", "two dyes", ("malaria",), Kind.FINETUNE)
    assert "outside the queue" in run.no_log


def test_a_run_that_another_machine_was_left_with_is_not_called_lost() -> None:
    found = folder(launch=launch(cluster="local", host="elsewhere"))
    mine = job(name="first", token="")
    queue = Queue((mine,), seen_at=NOW)
    runs = join([found], queue, cluster="local", now=NOW)
    told = next(run for run in runs if run.path)
    assert (told.state, told.job) == (RunState.UNKNOWN, None)
    assert "the machine elsewhere" in told.why
    assert asked_for(found, "local") == ()
    held = replace(found, holder=holder("7", cluster="local", host="elsewhere"), **ALIVE)
    told = next(run for run in join([held], queue, cluster="local", now=NOW) if run.path)
    assert (told.state, told.job, told.why) == (RunState.RUNNING, None, "in job 7 of the machine elsewhere")
