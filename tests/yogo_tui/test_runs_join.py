"""What a run's state is, given its directory and the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Outcome, Size, Submission
from yogo.run.manifest import Manifest
from yogo.run.result import Result
from yogo_tui.cli.output import run_json
from yogo_tui.cluster.base import Job, JobId, JobState, Queue
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.join import KnownJoins, join
from yogo_tui.runs.model import Progress, Run, RunState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
PATH = PurePosixPath("/lab/trained_models/first")


def launch(outcome: Outcome = Outcome.SUBMITTED, job_id: str | None = "7", **changes: object) -> Launch:
    submission = {"cluster": "lab", "outcome": outcome, "job_id": job_id, "at": EARLIER} | changes
    return Launch(
        name="first",
        kind=Kind.PRETRAIN,
        token="tok",
        created_at=EARLIER,
        definition="/lab/cells.yml",
        recipe=Recipe(),
        size=Size(gpus=1, cpus=1, hours=1),
        submissions=(Submission.model_validate(submission),),
    )


def manifest(attempt: int = 0, job_id: str | None = None) -> Manifest:
    return Manifest(
        name="first",
        attempt=attempt,
        definition="d",
        classes=("a",),
        recipe=Recipe(),
        precision="fp32",
        job_id=job_id,
        started_at=EARLIER,
    )


def job(state: JobState = JobState.RUNNING, id: str = "7", **changes: object) -> Job:
    values = {"name": "first", "token": "tok", "submitted_at": EARLIER} | changes
    return Job(JobId(id), state=state, **values)  # type: ignore[arg-type]


FINISHED = Result(outcome="finished", best_sha256="ab")
STOPPED_EARLY = Result(outcome="finished", best_sha256="ab", reason="it got no better")
FAILED = Result(outcome="failed", reason="the loss was not finite")
BARE = RunFolder(PATH, launch=launch())


def one(folder: RunFolder, *jobs: Job, stale: str = "", seen_at: datetime | None = NOW) -> Run:
    runs = join((folder,), Queue(jobs, seen_at=seen_at, stale=stale), cluster="lab", now=NOW)
    return next(run for run in runs if run.path == folder.path)


@pytest.mark.parametrize(
    ("folder", "jobs", "state", "words"),
    [
        (BARE, [job(JobState.PENDING, reason="Priority")], RunState.WAITING, "Priority"),
        (BARE, [job(JobState.RUNNING)], RunState.RUNNING, ""),
        (BARE, [job(JobState.PENDING, is_stuck=True, reason="DependencyNeverSatisfied")], RunState.FAILED, "cancel it"),
        (BARE, [job(JobState.CANCELLED)], RunState.CANCELLED, ""),
        (BARE, [job(JobState.DONE)], RunState.FAILED, "without a receipt"),
        (BARE, [job(JobState.FAILED, word="OUT_OF_MEMORY")], RunState.FAILED, "OUT_OF_MEMORY"),
        (BARE, [job(JobState.UNKNOWN, word="SPECIAL_EXIT")], RunState.UNKNOWN, "SPECIAL_EXIT"),
        (BARE, [], RunState.FAILED, "is gone and left no receipt"),
        (RunFolder(PATH, launch=launch(), result=FINISHED, has_best=True), [], RunState.FINISHED, ""),
        (RunFolder(PATH, launch=launch(), result=STOPPED_EARLY, has_best=True), [], RunState.FINISHED, "no better"),
        (RunFolder(PATH, launch=launch(), result=FINISHED), [], RunState.FAILED, "best.pth is missing"),
        (RunFolder(PATH, launch=launch(), result=FAILED), [job(JobState.DONE)], RunState.FAILED, "not finite"),
        (
            RunFolder(PATH, launch=launch(Outcome.REFUSED, None, detail="Invalid qos")),
            [],
            RunState.FAILED,
            "Invalid qos",
        ),
        (RunFolder(PATH, launch=launch(Outcome.UNKNOWN, None, detail="timed out")), [], RunState.UNKNOWN, "timed out"),
        (RunFolder(PATH, launch=launch(Outcome.INTENDED, None)), [], RunState.UNKNOWN, "not known"),
        (RunFolder(PATH, launch=launch(Outcome.INTENDED, None)), [job()], RunState.RUNNING, ""),
        (RunFolder(PATH, launch=launch(cancelled_at=NOW)), [], RunState.CANCELLED, ""),
        (RunFolder(PATH, launch=launch(cancelled_at=NOW)), [job(JobState.FAILED)], RunState.CANCELLED, ""),
        (RunFolder(PATH, has_best=True, has_weights=True), [], RunState.UNKNOWN, "without a receipt"),
        (RunFolder(PATH, manifest=manifest(), signs=(NOW,)), [], RunState.RUNNING, ""),
        (RunFolder(PATH, manifest=manifest(), signs=(EARLIER,)), [], RunState.FAILED, "stopped without a receipt"),
    ],
)
def test_the_state_of_a_run_follows_from_its_files_and_its_job(
    folder: RunFolder, jobs: list[Job], state: RunState, words: str
) -> None:
    run = one(folder, *jobs)
    assert run.state is state
    assert words in run.why


@pytest.mark.parametrize(
    ("result", "state", "words"),
    [
        (Result(outcome="failed", reason="stopped by SIGINT", stopped_by="SIGINT"), RunState.STOPPED, "Ctrl-C"),
        (Result(outcome="failed", reason="stopped by SIGINT"), RunState.STOPPED, "Ctrl-C"),
        (Result(outcome="failed", reason="stopped by SIGHUP", stopped_by="SIGHUP"), RunState.STOPPED, "SIGHUP"),
        (Result(outcome="failed", reason="the disk is full"), RunState.FAILED, "full"),
    ],
)
def test_a_run_that_somebody_stopped_has_not_failed(result: Result, state: RunState, words: str) -> None:
    run = one(RunFolder(PATH, manifest=manifest(), result=result))
    assert (run.state, words in run.why) == (state, True)
    assert run.state.is_over


def test_a_run_that_was_stopped_says_how_to_go_on_with_it_where_it_saved_something() -> None:
    stopped = RunFolder(PATH, manifest=manifest(), result=Result(outcome="failed", stopped_by="SIGTERM"))
    assert one(stopped).why == "by SIGTERM"
    assert one(replace(stopped, has_weights=True)).why == "by SIGTERM; to resume it: yogo-tui resume first"


def test_a_cancelled_run_whose_receipt_names_the_signal_is_cancelled() -> None:
    result = Result(outcome="failed", reason="stopped by SIGTERM", stopped_by="SIGTERM")
    assert one(RunFolder(PATH, launch=launch(cancelled_at=NOW), result=result)).state is RunState.CANCELLED


def test_success_is_the_receipt_whatever_the_scheduler_says() -> None:
    for state in JobState:
        run = one(RunFolder(PATH, launch=launch(), result=FINISHED, has_best=True), job(state))
        assert run.state is RunState.FINISHED


def test_the_receipt_of_an_earlier_attempt_does_not_count() -> None:
    folder = RunFolder(PATH, launch=launch(), manifest=manifest(attempt=1), result=FAILED)
    assert one(folder, job()).state is RunState.RUNNING


def test_while_the_queue_does_not_answer_nothing_is_called_lost() -> None:
    assert one(BARE, stale="Slurm does not answer").why == "Slurm does not answer"
    assert one(BARE, stale="Slurm does not answer").state is RunState.UNKNOWN
    assert one(BARE, job(), stale="Slurm does not answer").state is RunState.RUNNING
    assert one(BARE, seen_at=None).state is RunState.UNKNOWN


def test_a_run_that_was_submitted_after_the_last_look_waits() -> None:
    assert one(BARE, seen_at=EARLIER - timedelta(seconds=1)).state is RunState.WAITING


def test_a_run_on_another_cluster_is_not_called_lost() -> None:
    folder = RunFolder(PATH, launch=launch(cluster="elsewhere"))
    assert one(folder, job(token="")).state is RunState.UNKNOWN
    assert one(folder, job(token="")).job is None


def test_a_job_with_a_reused_id_is_another_job() -> None:
    other = job(JobState.RUNNING, name="interactive", token="")
    runs = join((BARE,), Queue((other,), seen_at=NOW), cluster="lab", now=NOW)
    assert {(run.name, run.state) for run in runs} == {
        ("first", RunState.FAILED),
        ("interactive", RunState.RUNNING),
    }


def test_a_job_whose_comment_was_not_kept_is_known_by_id_and_name() -> None:
    assert one(BARE, job(token="")).job is not None
    assert one(BARE, job(token="", id="8")).job is None


def test_jobs_that_the_console_did_not_start_are_runs_too() -> None:
    log = PurePosixPath("/home/b/slurm-9.out")
    foreign = job(JobState.RUNNING, id="9", name="notebook", token="", log=log)
    (run,) = join((), Queue((foreign,), seen_at=NOW), cluster="lab", now=NOW)
    assert (run.name, run.state, run.path, run.log, run.can_cancel) == ("notebook", RunState.RUNNING, None, log, True)


def test_a_stuck_run_can_still_be_cancelled() -> None:
    assert one(BARE, job(JobState.PENDING, is_stuck=True)).can_cancel
    assert not one(BARE, job(JobState.FAILED)).can_cancel


def test_the_log_is_the_latest_there_is_else_where_it_will_be() -> None:
    assert one(RunFolder(PATH, launch=launch(), logs=("first-1.log", "first-7.log"))).log == PATH / "first-7.log"
    assert one(BARE).log == PATH / "first-7.log"


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
    st.lists(
        st.builds(
            job,
            st.sampled_from(JobState),
            id=st.sampled_from("12345"),
            name=st.sampled_from("abcd"),
            token=st.sampled_from(["", "a", "b", "x"]),
        ),
        unique_by=lambda job: job.id,
    ),
)
def test_every_folder_and_every_job_is_shown_exactly_once(names: list[str], jobs: list[Job]) -> None:
    folders = [
        RunFolder(
            PurePosixPath("/r") / name, launch=launch(job_id=None).model_copy(update={"name": name, "token": name})
        )
        for name in names
    ]
    runs = join(folders, Queue(tuple(jobs), seen_at=NOW), cluster="lab", now=NOW)
    assert sorted(run.path.name for run in runs if run.path) == sorted(names)
    shown = [run.job.id for run in runs if run.job]
    assert len(shown) == len(set(shown))
    others = {run.job.id for run in runs if run.path is None and run.job}
    unclaimed = {one.id for one in jobs if one.token not in names and one.name not in names}
    assert unclaimed <= others


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.CANCELLED])
def test_until_the_next_job_of_a_run_has_written_its_log_the_one_before_is_shown(state: JobState) -> None:
    went_on = launch(job_id="8")
    to_come = job(state, id="8", log=PATH / "first-8.log")
    run = one(RunFolder(PATH, launch=went_on, logs=("first-7.log",)), to_come)
    assert (run.log, run.log_to_come) == (PATH / "first-7.log", PATH / "first-8.log")
    run = one(RunFolder(PATH, launch=went_on, logs=("first-7.log", "first-8.log")), to_come)
    assert (run.log, run.log_to_come) == (PATH / "first-8.log", None)
    run = one(RunFolder(PATH, launch=went_on), to_come)
    assert (run.log, run.log_to_come) == (PATH / "first-8.log", None)


def test_only_a_run_that_is_running_says_when_it_ends() -> None:
    progress = Progress(epoch=2.0, epochs=8, seconds_left=60.0)
    found = RunFolder(PATH, launch=launch(), has_lease=True, progress=progress)
    jobs = [job(JobState.PENDING), job(), job(word="SUSPENDED"), job(JobState.CANCELLED)]
    assert [one(found, each).seconds_left for each in jobs] == [None, 60.0, None, None]


def test_a_job_that_the_console_did_not_start_is_called_no_training() -> None:
    foreign = job(JobState.RUNNING, id="9", name="notebook", token="")
    (run,) = join((), Queue((foreign,), seen_at=NOW), cluster="lab", now=NOW)
    assert (run.kind_word, run_json(run)["kind"]) == ("job", "job")


def test_a_run_that_is_over_is_joined_anew_only_once_its_folder_or_its_job_is_another() -> None:
    over = RunFolder(PATH, launch=launch(), manifest=manifest(), result=FINISHED, has_best=True)
    live = RunFolder(PATH.with_name("second"), manifest=manifest())
    known: KnownJoins = {}

    def joined(*folders: RunFolder, jobs: tuple[Job, ...] = (), ahead: timedelta = timedelta()) -> dict[str, Run]:
        seen = join(folders, Queue(jobs, NOW), cluster="lab", now=NOW, clock_ahead=ahead, known=known)
        return {run.name: run for run in seen}

    first = joined(over, live)
    assert joined(over, live)["first"] is first["first"]
    assert joined(over, live, jobs=(job(JobState.DONE),))["first"].job is not None
    assert joined(over)["first"] == first["first"]
    assert joined(replace(over, has_best=False))["first"].state is RunState.FAILED
    assert joined(over, ahead=timedelta(hours=1))["first"].clock_ahead == timedelta(hours=1)
    resumed = replace(over, manifest=manifest(attempt=1))
    assert joined(resumed)["first"].state is not RunState.FINISHED
