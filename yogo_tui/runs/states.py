"""Finds the state of a run, and a sentence that says why, from its directory and the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from yogo.run.holder import HEARTBEAT_SECONDS, Holder
from yogo.run.job import LOCAL
from yogo.run.launch import Outcome, Submission
from yogo_tui.advice import tui
from yogo_tui.cluster.base import Job, JobState, Queue
from yogo_tui.launch.ending import FULL_MEMORY, ending
from yogo_tui.launch.whose import may_be_of
from yogo_tui.runs.found import RunFolder
from yogo_tui.runs.model import RunState
from yogo_tui.runs.silence import UNBEGUN

_LISTED_AFTER = timedelta(seconds=10)
"""How long after a submission the queue may not list its job yet."""

_LAST_SIGN = timedelta(seconds=2 * HEARTBEAT_SECONDS)
"""How much later than the end of its job a sign of life may be, because clocks differ."""

_UNSEEN = "the queue has not been seen yet"

_SUSPENDED = ("SUSPENDED", "STOPPED")

Told = tuple[RunState, str]
"""A state, and a sentence that says why."""


def state_of(folder: RunFolder, job: Job | None, queue: Queue, cluster: str, now: datetime) -> Told:
    """The state of a run. A living holder decides first, then the receipt, then the job, then the other files."""
    live = job if job and not job.state.is_over else None
    if folder.holder and folder.is_alive(now) and not _ended_with(job, folder):
        if live and live.id == folder.holder.job_id:
            told = _with_last_start(state_of_job(live), folder.holder, queue, cluster)
            return _with_silence(told, folder, None, now)
        why = _outlived(job, folder.holder) or _where(folder.holder, cluster)
        return RunState.RUNNING, "; ".join(filter(None, (why, _quiet(folder, None, now))))
    if folder.has_receipt and not (folder.is_asked_to_go_on and (job or _is_unsettled(folder))):
        return _receipt(folder)
    if live:
        return _with_silence(state_of_job(live), folder, live, now)
    if folder.is_written(now):
        return RunState.RUNNING, ""
    return _without_receipt(folder, job, queue, cluster)


def _with_silence(told: Told, folder: RunFolder, job: Job | None, now: datetime) -> Told:
    state, why = told
    return (state, why or _quiet(folder, job, now)) if state is RunState.RUNNING else told


def _quiet(folder: RunFolder, job: Job | None, now: datetime) -> str:
    """A sentence on a run that should train and has gone silent; empty for any other. `job` is its own job, if that
    runs without a living trainer."""
    if folder.events_at and folder.silent_after and now - folder.events_at > folder.silent_after:
        return f"! silent: it has recorded nothing since {_at(folder.events_at)}, so it may hang: its log may tell why"
    if job is None or job.started_at is None:
        return ""
    shown_life = any(sign > job.started_at for sign in folder.signs)
    if not shown_life and now - job.started_at > UNBEGUN:
        return f"! silent: its job runs since {_at(job.started_at)} and has not begun to train: its log may tell why"
    return ""


def _with_last_start(told: Told, holder: Holder, queue: Queue, cluster: str) -> Told:
    """The state of a job that was requeued, as after its node was declared down: its trainer may still be alive."""
    state, why = told
    if not state.is_waiting:
        return told
    if queue.seen_at is None or holder.since > queue.seen_at:  # the job started after the queue was seen
        return RunState.RUNNING, _where(holder, cluster)
    return state, f"{why}; its last start, process {holder.pid} on {holder.host}, is still alive".lstrip("; ")


def _outlived(job: Job | None, holder: Holder) -> str:
    """A sentence on a trainer that is alive although its job has ended, as on a lost node; empty if that is not so."""
    if job is None or job.id != holder.job_id:
        return ""
    process = f"process {holder.pid} on {holder.host}"
    return f"job {job.id} has ended ({job.word or job.state}), but its {process} is still alive"


def _without_receipt(folder: RunFolder, job: Job | None, queue: Queue, cluster: str) -> Told:
    """The state of a run without a receipt that no living process is known to train."""
    if folder.problems:
        return RunState.UNKNOWN, folder.problems[0]
    if job:
        return _ended(folder, job)
    submission = folder.submission
    if submission is None or not submission.is_on(cluster):
        return (RunState.CANCELLED, "") if _was_cancelled(folder) else _by_its_files(folder, submission, queue)
    return _gone(folder, submission, queue)


def _ended_with(job: Job | None, folder: RunFolder) -> bool:
    """Whether the holder's job has ended without a later sign of life. The trainer on a lost node may be alive."""
    if job is None or folder.holder is None or job.id != folder.holder.job_id or job.ended_at is None:
        return False
    return job.state.is_over and not folder.has_shown_life_after(job.ended_at + _LAST_SIGN)


def _where(holder: Holder, cluster: str) -> str:
    """Where a run trains that has no job in the queue, in words: its shell or its job."""
    if not holder.job_id:
        return f"in a shell: process {holder.pid} on {holder.host}"
    whose = "" if holder.is_on(cluster) else f" of {_cluster(holder.cluster, holder.host)}"
    return f"in job {holder.job_id}{whose}"


def _cluster(name: str, host: str) -> str:
    return f"the machine {host}" if name == LOCAL else f"the cluster {name}"


def _is_unsettled(folder: RunFolder) -> bool:
    """Whether its last submission may still become a job."""
    submission = folder.submission
    return submission is not None and submission.is_unsettled


def _receipt(folder: RunFolder) -> Told:
    assert folder.result is not None
    if folder.result.outcome == "failed":
        if signal := folder.result.stopped_by or _old_signal(folder.result.reason):
            return _stopped(folder, signal)
        return RunState.FAILED, folder.result.reason or "it failed and gave no reason: its log may show it"
    if not folder.has_best:
        return RunState.FAILED, "its receipt says that it finished, but best.pth is missing"
    return RunState.FINISHED, folder.result.reason


def _stopped(folder: RunFolder, signal: str) -> Told:
    if _was_cancelled(folder):
        return RunState.CANCELLED, ""
    go_on = f"; {_to_go_on(folder)}" if folder.manifest and folder.has_weights else ""
    return RunState.STOPPED, f"by {'Ctrl-C' if signal == 'SIGINT' else signal}{go_on}"


def _to_go_on(folder: RunFolder) -> str:
    return f"to resume it: {tui()} resume {folder.name}"


def _old_signal(reason: str) -> str:
    """The signal in the reason of an old receipt, which has no field for it; empty if there is none."""
    name = reason.removeprefix("stopped by ")
    return name if name != reason and name.startswith("SIG") and name.isalnum() else ""


def _was_cancelled(folder: RunFolder) -> bool:
    """Whether the user cancelled the run, and it was not started again since."""
    submission = folder.submission
    if submission is None or submission.cancelled_at is None:
        return False
    began = [folder.holder.since] if folder.holder else [folder.manifest.started_at] if folder.manifest else []
    return all(moment <= submission.cancelled_at for moment in began)


def state_of_job(job: Job) -> Told:
    """The state of a job that waits or runs."""
    if job.is_stuck:
        reason = f", as {job.reason_words}" if job.plain_reason else f" ({job.reason})" if job.reason else ""
        return RunState.FAILED, f"it can never start{reason}: cancel it, then launch it again"
    if job.word in _SUSPENDED:
        return RunState.SUSPENDED, "by the scheduler, which will continue it"
    if job.state is JobState.PENDING:
        after = f"after job {', '.join(job.after)}" if job.after else ""
        start = f"expected to start {_at(job.may_start_at)}" if job.may_start_at and not job.is_held else ""
        state = RunState.HELD if job.is_held else RunState.WAITING
        return state, ", ".join(part for part in (job.reason_words, after, start) if part)
    if job.state is JobState.RUNNING:
        return RunState.RUNNING, ""
    return RunState.UNKNOWN, f"the scheduler's state is {job.word or 'empty'}{f' ({job.reason})' * bool(job.reason)}"


def _at(moment: datetime) -> str:
    """Such as "27 Nov 14:30", by this machine's time zone: a moment does not change from look to look."""
    return f"{moment.astimezone():%-d %b %H:%M}"


def state_of_other_job(job: Job) -> Told:
    """The state of a job that is not a known run: only the scheduler describes it."""
    if not job.state.is_over:
        return state_of_job(job)
    if job.state is JobState.DONE:
        return RunState.DONE, ""
    if job.state is JobState.CANCELLED:
        return RunState.CANCELLED, ""
    return RunState.FAILED, _how(job)


def _ended(folder: RunFolder, job: Job) -> Told:
    if job.state is JobState.CANCELLED or _was_cancelled(folder):
        return RunState.CANCELLED, ""
    if job.state is JobState.DONE:
        return RunState.FAILED, f"job {job.id} ended without a receipt (result.json): its log tells more"
    if words := ending(job.word, job.exit_status):
        bigger = f"; to launch it bigger: {tui()} again {folder.name} --bigger" if job.word == FULL_MEMORY else ""
        go_on = f"; {_to_go_on(folder)}" if folder.manifest else ""
        return RunState.FAILED, f"{words}: {_how(job)}{bigger or go_on}"
    return RunState.FAILED, f"{_how(job)}: its log tells more"


def _how(job: Job) -> str:
    word = job.word or str(job.state)
    details = [job.reason] if job.reason and job.reason != "None" else []
    if job.exit_status is not None and not any(f"exit status {job.exit_status}" in words for words in details):
        details.append(f"exit status {job.exit_status}")
    return f"job {job.id} ended as {word}" + (f" ({', '.join(details)})" if details else "")


def _gone(folder: RunFolder, submission: Submission, queue: Queue) -> Told:
    """The state of a run whose job the cluster does not list."""
    if submission.outcome is Outcome.REFUSED:
        return RunState.FAILED, f"it was not accepted: {submission.detail}"
    if submission.outcome is not Outcome.SUBMITTED:
        return RunState.UNKNOWN, _unanswered(folder, queue) + (f" ({submission.detail})" if submission.detail else "")
    if _was_cancelled(folder):
        return RunState.CANCELLED, ""
    if queue.seen_at is None or queue.stale:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if queue.seen_at <= submission.at + _LISTED_AFTER:
        return RunState.WAITING, "just submitted"
    return _forgotten(folder, submission, queue)


def _unanswered(folder: RunFolder, queue: Queue) -> str:
    ids = [job.id for job in queue.jobs if folder.launch and may_be_of(job, folder.launch)]
    has = f"job {ids[0]} has its name and may be its job" if ids else "no job has its name"
    return f"it is not known whether it was queued, and {has}: make sure before you launch it again"


def _forgotten(folder: RunFolder, submission: Submission, queue: Queue) -> Told:
    job = f"job {submission.job_id}"
    if submission.job_id in queue.unanswered:
        return RunState.UNKNOWN, f"{job} has left the queue, and accounting does not answer: how it ended is not known"
    if not folder.is_mine:
        return RunState.UNKNOWN, f"{job} is another user's, and this cluster does not show it: its state is not known"
    return RunState.FAILED, f"{job} is gone and left no receipt (result.json): its log tells more"


def _by_its_files(folder: RunFolder, submission: Submission | None, queue: Queue) -> Told:
    """The state of a run without a job here: it was started by hand, elsewhere, or long ago."""
    if submission and queue.seen_at is None:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if submission:
        return (
            RunState.UNKNOWN,
            f"it was submitted to {_cluster(submission.cluster, submission.host)}, which cannot be asked from here",
        )
    if folder.holder:
        return (
            RunState.FAILED,
            f"it stopped without a receipt (result.json); it was trained {_where(folder.holder, '')}",
        )
    if folder.manifest or folder.signs:
        return RunState.FAILED, "it stopped without a receipt (result.json)"
    if folder.has_best or folder.has_weights:
        return RunState.UNKNOWN, "a checkpoint without a receipt: you can fine-tune from it"
    return RunState.UNKNOWN, "nothing in its folder shows how it ended"
