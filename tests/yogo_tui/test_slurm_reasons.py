"""Why a job waits, as Slurm says it and as a person is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.yogo_tui.test_slurm_answers import queue_row
from yogo_tui.cluster.slurm.queue import parse_queue
from yogo_tui.runs.model import RunState
from yogo_tui.runs.states import state_of_job


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("BeginTime", "its start time has not come yet"),
        ("Dependency", "another job must end first"),
        ("Priority", "other jobs come before it"),
        ("Resources", "no node has enough free for it"),
        ("ReqNodeNotAvail, UnavailableNodes:gpu[1-2]", "a node that it needs is down, drained or reserved"),
        ("QOSMaxJobsPerUserLimit", "you have as many jobs as you may have"),
        ("AssocMaxJobsLimit", "you have as many jobs as you may have"),
        ("QOSMaxSubmitJobPerUserLimit", "you have as many submitted jobs as you may have"),
        ("QOSGrpJobsLimit", "its QOS has as many jobs as it may have"),
        ("QOSMaxGRESPerUser", "your jobs together use all the GPUs that its QOS allows for one user"),
        ("AssocGrpGRES", "the jobs of its account together use all the GPUs that they may use"),
        ("AssocGrpGRESRunMinutes", "the jobs of its account together use all the GPU time that they may use"),
        ("AssocGrpCPUMinutesLimit", "the jobs of its account together use all the CPU time that they may use"),
        ("QOSGrpMemLimit", "the jobs of its QOS together use all the memory that they may use"),
        ("MaxNodePerAccount", "the jobs of its account together use all the nodes that they may use"),
        ("QOSMaxWallDurationPerJobLimit", "it asks for more time than its QOS allows for one job"),
        ("QOSMinGRES", "its QOS demands more GPUs"),
    ],
)
def test_a_reason_to_wait_is_told_in_plain_words_with_slurms_own(reason: str, words: str) -> None:
    (job,) = parse_queue(queue_row(state="PENDING", reason=reason))
    assert (job.reason, job.reason_words) == (reason, f"{words} ({reason})")


OF_THE_MANUAL = """
AccountNotAllowed AssocGrpBilling AssocGrpBillingMinutes AssocGrpBillingRunMinutes AssocGrpCPUMinutesLimit
AssocGrpCPURunMinutesLimit AssocGrpCpuLimit AssocGrpEnergy AssocGrpGRES AssocGrpGRESMinutes AssocGrpGRESRunMinutes
AssocGrpJobsLimit AssocGrpLicense AssocGrpMemLimit AssocGrpMemMinutes AssocGrpNodeLimit AssocGrpNodeRunMinutes
AssocGrpSubmitJobsLimit AssocGrpUnknown AssocGrpWallLimit AssocMaxBBPerJob AssocMaxCpuMinutesPerJobLimit
AssocMaxCpuPerJobLimit AssocMaxGRESPerJob AssocMaxGRESPerNode AssocMaxJobsLimit AssocMaxMemPerJob
AssocMaxNodePerJobLimit AssocMaxSubmitJobLimit AssocMaxWallDurationPerJobLimit AssociationJobLimit
AssociationResourceLimit AssociationTimeLimit BadConstraints BeginTime BurstBufferResources BurstBufferStageIn Cleaning
DeadLine Dependency DependencyNeverSatisfied FedJobLock FrontEndDown InactiveLimit InvalidAccount InvalidQOS
JobArrayTaskLimit JobHeldAdmin JobHeldUser JobHoldMaxRequeue JobLaunchFailure Licenses MaxBBPerAccount
MaxCpuPerAccount MaxGRESPerAccount MaxJobsPerAccount MaxMemPerLimit MaxMemoryPerAccount MaxNodePerAccount
MaxSubmitJobsPerAccount NodeDown NonZeroExitCode OutOfMemory PartitionConfig PartitionDown PartitionInactive
PartitionNodeLimit PartitionTimeLimit Priority Prolog QOSGrpBB QOSGrpCPUMinutesLimit QOSGrpCpuLimit QOSGrpGRES
QOSGrpGRESMinutes QOSGrpJobsLimit QOSGrpMemLimit QOSGrpMemoryRunMinutes QOSGrpNodeLimit QOSGrpSubmitJobsLimit
QOSGrpWallLimit QOSJobLimit QOSMaxBBPerUser QOSMaxCpuPerJobLimit QOSMaxCpuPerNode QOSMaxCpuPerUserLimit
QOSMaxGRESMinutesPerJob QOSMaxGRESPerJob QOSMaxGRESPerUser QOSMaxJobsPerUserLimit QOSMaxMemoryPerUser
QOSMaxNodePerUserLimit QOSMaxSubmitJobPerUserLimit QOSMaxWallDurationPerJobLimit QOSMinCpuNotSatisfied QOSMinGRES
QOSMinMemory QOSNotAllowed QOSResourceLimit QOSTimeLimit QOSUsageThreshold RaisedSignal ReqNodeNotAvail Reservation
ReservationDeleted Resources SchedDefer SystemFailure TimeLimit WaitingForScheduling
""".split()


@pytest.mark.parametrize("reason", OF_THE_MANUAL)
def test_each_reason_of_slurms_manual_has_words_and_says_what_one_can_do(reason: str) -> None:
    (job,) = parse_queue(queue_row(state="PENDING", reason=reason))
    assert job.plain_reason
    assert job.advice.endswith(".")


def test_a_reason_in_slurms_own_sentence_is_told_in_plain_words_too() -> None:
    sentence = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions"
    (job,) = parse_queue(queue_row(state="PENDING", reason=sentence))
    assert job.plain_reason.startswith("the nodes that could run it are down, drained")


@pytest.mark.parametrize(
    "reason", ["JobHeldUser", "JobHeldAdmin", "job requeued in held state", "launch failed requeued held"]
)
def test_a_job_that_waits_to_be_released_is_held(reason: str) -> None:
    (job,) = parse_queue(queue_row(state="PENDING", reason=reason))
    assert job.is_held
    assert state_of_job(job)[0] is RunState.HELD


def test_a_job_that_waits_says_when_it_is_expected_to_start() -> None:
    (job,) = parse_queue(queue_row(state="PENDING", reason="Resources", start="2026-11-27T14:30:00"))
    at = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    assert (job.may_start_at, job.started_at) == (at, None)
    expected = f"no node has enough free for it (Resources), expected to start {at.astimezone():%-d %b %H:%M}"
    assert state_of_job(job) == (RunState.WAITING, expected)
    (running,) = parse_queue(queue_row(state="RUNNING", start="2026-11-27T14:30:00"))
    assert (running.may_start_at, running.started_at) == (None, at)


@pytest.mark.parametrize("reason", ["SomethingNew", "AssocGrpNovelty"])
def test_a_reason_without_plain_words_is_told_as_it_is(reason: str) -> None:
    (job,) = parse_queue(queue_row(state="PENDING", reason=reason))
    assert job.reason_words == reason
