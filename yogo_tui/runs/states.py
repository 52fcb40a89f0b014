"""The state of a run, and a sentence that says why: from what lies in its directory, and what the queue says."""

from __future__ import annotations

from datetime import datetime, timedelta

from yogo.run.holder import HEARTBEAT_SECONDS, Holder
from yogo.run.launch import LOCAL, Outcome, Submission
from yogo_tui.cluster.base import Job, JobState, Queue
from yogo_tui.launch.script import ending
from yogo_tui.runs.folder import RunFolder
from yogo_tui.runs.model import RunState

_LISTED_AFTER = timedelta(seconds=10)
"""A queue seen sooner after a submission may not list its job yet."""

_LAST_SIGN = timedelta(seconds=2 * HEARTBEAT_SECONDS)
"""By so much may a sign of life be later than the end of the job, as clocks differ."""

_UNANSWERED = "whether it was queued is not known, no job has its name: make sure before it is launched anew"

_UNSEEN = "the queue has not been seen yet"

_SUSPENDED = ("SUSPENDED", "STOPPED")

Told = tuple[RunState, str]
"""A state, and a sentence that says why."""


def state_of(folder: RunFolder, job: Job | None, queue: Queue, cluster: str, now: datetime) -> Told:
    """Who trains it says most, then its receipt, then its job, then what its files tell."""
    live = job if job and not job.state.is_over else None
    if folder.holder and folder.is_alive(now) and not _ended_with(job, folder):
        if live and live.id == folder.holder.job_id:
            return _with_last_start(state_of_job(live), folder.holder)
        return RunState.RUNNING, _where(folder.holder, cluster)
    if folder.has_receipt and not (folder.is_asked_to_go_on and (job or _is_unsettled(folder))):
        return _receipt(folder)
    if live:
        return state_of_job(live)
    if folder.is_written(now):
        return RunState.RUNNING, ""
    return _without_receipt(folder, job, queue, cluster)


def _with_last_start(told: Told, holder: Holder) -> Told:
    """A job waits that started before, as one does whose node is taken for down: its trainer may live on."""
    state, why = told
    if state is not RunState.WAITING:
        return told
    return state, f"{why}; its last start, process {holder.pid} on {holder.host}, has shown life until now".lstrip("; ")


def _without_receipt(folder: RunFolder, job: Job | None, queue: Queue, cluster: str) -> Told:
    """The state of one that nobody trains now, as far as is known."""
    if folder.problems:
        return RunState.UNKNOWN, folder.problems[0]
    if job:
        return _ended(folder, job)
    submission = folder.launch.submission if folder.launch else None
    if submission is None or not submission.is_on(cluster):
        return (RunState.CANCELLED, "") if _was_cancelled(folder) else _by_its_files(folder, submission, queue)
    return _gone(folder, submission, queue)


def _ended_with(job: Job | None, folder: RunFolder) -> bool:
    """Whether the holder's job has ended, and no sign of life came after: a node that is down may still train."""
    if job is None or folder.holder is None or job.id != folder.holder.job_id or job.ended_at is None:
        return False
    return job.state.is_over and not folder.has_shown_life_after(job.ended_at + _LAST_SIGN)


def _where(holder: Holder, cluster: str) -> str:
    """In which job or shell a run trains that no job of the queue stands for."""
    if not holder.job_id:
        return f"in a shell: process {holder.pid} on {holder.host}"
    whose = "" if holder.is_on(cluster) else f" of {_cluster(holder.cluster, holder.host)}"
    return f"in job {holder.job_id}{whose}"


def _cluster(name: str, host: str) -> str:
    return f"the machine {host}" if name == LOCAL else f"the cluster {name}"


def _is_unsettled(folder: RunFolder) -> bool:
    """Whether its last submission may yet turn into a job."""
    submission = folder.launch.submission if folder.launch else None
    return submission is not None and submission.outcome in (Outcome.INTENDED, Outcome.UNKNOWN)


def _receipt(folder: RunFolder) -> Told:
    assert folder.result is not None
    if folder.result.outcome == "failed":
        if signal := folder.result.stopped_by or _old_signal(folder.result.reason):
            return _stopped(folder, signal)
        return RunState.FAILED, folder.result.reason or "it failed, and did not say why: its log may"
    if not folder.has_best:
        return RunState.FAILED, "its receipt says that it finished, but best.pth is not there"
    return RunState.FINISHED, folder.result.reason


def _stopped(folder: RunFolder, signal: str) -> Told:
    if _was_cancelled(folder):
        return RunState.CANCELLED, ""
    go_on = f"; {_to_go_on(folder)}" if folder.manifest and folder.has_weights else ""
    return RunState.STOPPED, f"by {'Ctrl-C' if signal == 'SIGINT' else signal}{go_on}"


def _to_go_on(folder: RunFolder) -> str:
    return f"to go on: yogo-tui resume {folder.name}"


def _old_signal(reason: str) -> str:
    """The signal that receipts once named in their reason alone; empty where there was none."""
    name = reason.removeprefix("stopped by ")
    return name if name != reason and name.startswith("SIG") and name.isalnum() else ""


def _was_cancelled(folder: RunFolder) -> bool:
    """The user asked for it, and nobody has gone on with the run since."""
    submission = folder.launch.submission if folder.launch else None
    if submission is None or submission.cancelled_at is None:
        return False
    began = [folder.holder.since] if folder.holder else [folder.manifest.started_at] if folder.manifest else []
    return all(moment <= submission.cancelled_at for moment in began)


def state_of_job(job: Job) -> Told:
    """The state of one that waits or runs."""
    if job.is_stuck:
        reason = f" ({job.reason})" if job.reason else ""
        return RunState.FAILED, f"it can never start{reason}: cancel it, then launch it anew"
    if job.word in _SUSPENDED:
        return RunState.SUSPENDED, "by the scheduler: it goes on where it was"
    if job.state is JobState.PENDING:
        after = f"after job {', '.join(job.after)}" if job.after else ""
        return RunState.WAITING, ", ".join(part for part in (job.reason, after) if part)
    if job.state is JobState.RUNNING:
        return RunState.RUNNING, ""
    return RunState.UNKNOWN, f"the scheduler calls it {job.word or 'by no word'}{f' ({job.reason})' * bool(job.reason)}"


def state_of_other_job(job: Job) -> Told:
    """The state of a job that is no run known here: all there is to go by is what the scheduler says."""
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
        go_on = f"; {_to_go_on(folder)}" if folder.manifest else ""
        return RunState.FAILED, f"{words}: {_how(job)}{go_on}"
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
        return RunState.UNKNOWN, _UNANSWERED + (f" ({submission.detail})" if submission.detail else "")
    if _was_cancelled(folder):
        return RunState.CANCELLED, ""
    if queue.seen_at is None or queue.stale:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if queue.seen_at <= submission.at + _LISTED_AFTER:
        return RunState.WAITING, "just submitted"
    return _forgotten(folder, submission, queue)


def _forgotten(folder: RunFolder, submission: Submission, queue: Queue) -> Told:
    job = f"job {submission.job_id}"
    if submission.job_id in queue.unanswered:
        return RunState.UNKNOWN, f"{job} has left the queue, and accounting does not answer: how it ended is not known"
    if not folder.is_mine:
        return RunState.UNKNOWN, f"{job} is another user's, and this cluster does not show it: how it is is not known"
    return RunState.FAILED, f"{job} is gone and left no receipt (result.json): its log tells more"


def _by_its_files(folder: RunFolder, submission: Submission | None, queue: Queue) -> Told:
    """The state of a run that no job here stands for: started by hand, elsewhere, or long ago."""
    if submission and queue.seen_at is None:
        return RunState.UNKNOWN, queue.stale or _UNSEEN
    if submission:
        return (
            RunState.UNKNOWN,
            f"it was left to {_cluster(submission.cluster, submission.host)}, which is not asked from here",
        )
    if folder.holder:
        return (
            RunState.FAILED,
            f"it stopped without a receipt (result.json); it was trained {_where(folder.holder, '')}",
        )
    if folder.manifest or folder.signs:
        return RunState.FAILED, "it stopped without a receipt (result.json)"
    if folder.has_best or folder.has_weights:
        return RunState.UNKNOWN, "a checkpoint without a receipt: it can be fine-tuned from"
    return RunState.UNKNOWN, "nothing in its folder says what became of it"
