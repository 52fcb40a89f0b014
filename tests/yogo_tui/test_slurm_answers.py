"""Slurm's answers, read: what real sites print, and what nobody foresaw."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yogo_tui.lab import answering_slurm
from yogo_tui.cluster.base import JobId, JobState
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.cluster.slurm.fields import gpus_in_gres, gpus_in_tres, moment, seconds
from yogo_tui.cluster.slurm.nodes import count_gpus
from yogo_tui.cluster.slurm.past import parse_accounting
from yogo_tui.cluster.slurm.queue import parse_queue
from yogo_tui.errors import ClusterError, ClusterUnknown, HostError
from yogo_tui.hosts.base import A, Completed, Entry, Host, Piece, Question, Tell, silent
from yogo_tui.hosts.here import HereHost

CONFIG = Completed(0, "ClusterName             = lab\nAccountingStorageType   = accounting_storage/slurmdbd\n")
NO_ACCOUNTS = Completed(0, "ClusterName             = lab\nAccountingStorageType   = accounting_storage/none\n")
STARTED = "2026-11-23T07:49:15"
SCRIPT = PurePosixPath("/runs/a/job.sbatch")

Answers = dict[str, Completed | HostError]


@dataclass
class ScriptedHost(Host):
    """Answers each program from a table, and keeps what it was asked."""

    answers: Mapping[str, Completed | HostError]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    name: str = "scripted"

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        folder: PurePosixPath | None = None,
        timeout_seconds: float = 150.0,
        only_looks: bool = False,
        is_repeatable: bool = False,
    ) -> Completed:
        self.asked.append(tuple(argv))
        answer = self.answers.get(argv[0], Completed(0))
        if isinstance(answer, HostError):
            raise answer
        return answer

    async def read(self, path: PurePosixPath, *, offset: int = 0, limit: int = 1 << 20) -> Piece:
        raise FileNotFoundError(path)

    async def list(self, path: PurePosixPath) -> tuple[Entry, ...]:
        raise FileNotFoundError(path)

    async def write(self, path: PurePosixPath, data: bytes) -> None:
        raise HostError(f"{path} cannot be written.")

    async def ask(self, question: Question[A], *, tell: Tell = silent) -> A:
        raise HostError("Nothing is answered here.")

    async def close(self) -> None:
        pass


def queue_row(job_id: str = "7", state: str = "RUNNING", reason: str = "None", name: str = "a", **other: str) -> str:
    row = {"partition": "gpu", "tres": "cpu=1,gres/gpu=2", "per_node": "gres:gpu:a100:2", "dependency": "(null)"}
    row |= {"comment": "", "stdout": "/logs/%j.log", "exit": "0", "number": job_id, "start": STARTED} | other
    fields = (
        job_id, state, reason, row["partition"], row["tres"], row["per_node"], "1", "gpu1", "2026-11-23T07:49:14",
        row["start"], "N/A", "1:00:00", row["exit"], row["dependency"], "me", row["number"],
        row["number"], "N/A", "N/A", "gpu1", "/work", row["stdout"], row["comment"], name,
    )  # fmt: skip
    return "\x1f".join(fields) + "\x1e"


HEADING = queue_row("JOBID", "STATE", "REASON", "NAME")


def account_row(job_id: str = "7", state: str = "COMPLETED", status: str = "0:0", name: str = "a") -> str:
    fields = (
        job_id, state, status, "2026-11-23T07:49:14", "2026-11-23T07:49:14", "2026-11-23T07:59:14", "60",
        "cpu=64,gres/gpu=2", "gpu", "gpu1", "yogo:t0ken", name,
    )  # fmt: skip
    return "\x1f".join(fields) + "\x1f\n"


@pytest.mark.parametrize("printed", ["42\n", "42;lab\n"])
async def test_the_job_id_is_what_sbatch_printed(printed: str) -> None:
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": Completed(0, printed)})
    assert await SlurmCluster(host).submit(SCRIPT) == "42"


@pytest.mark.parametrize(
    "printed", ["Welcome to the lab!\n\n42\n", "42;lab\nYour quota is 93 % used.\n", "42\n1234\n", "Queue length: 7\n"]
)
async def test_an_id_among_other_words_is_not_taken_for_one(printed: str) -> None:
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": Completed(0, printed)})
    with pytest.raises(ClusterUnknown, match="sbatch printed"):
        await SlurmCluster(host).submit(SCRIPT)


async def test_a_dependency_is_asked_for_as_afterok() -> None:
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": Completed(0, "43\n")})
    await SlurmCluster(host).submit(SCRIPT, after=JobId("42"))
    assert host.asked[-1] == ("sbatch", "--parsable", "--dependency=afterok:42", str(SCRIPT))


@pytest.mark.parametrize(
    "answer",
    [
        Completed(1, "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n"),
        Completed(1, "", "sbatch: error: Batch job submission failed: Unable to contact slurm controller\n"),
        Completed(1, "", "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received\n"),
        Completed(1, "", "sbatch: error: Batch job submission failed: Unspecified error\n"),
        Completed(1, "", ""),
        Completed(0, "All is well.\n"),
        HostError("sbatch gave no answer within 150 s and was ended."),
    ],
)
async def test_an_sbatch_that_may_have_queued_the_job_is_unknown_not_failed(answer: Completed | HostError) -> None:
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": answer})
    with pytest.raises(ClusterUnknown, match=r"^sbatch (failed: .*|printed .*|gave no answer .*)\.$"):
        await SlurmCluster(host).submit(SCRIPT)


@pytest.mark.parametrize(
    "words",
    [
        "Invalid account or account/partition combination specified",
        "invalid partition specified: nope",
        "Invalid qos specification",
        "Requested node configuration is not available",
        "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        "Requested time limit is invalid (missing or exceeds some limit)",
        "Access/permission denied",
        "User's group not permitted to use this partition",
        "Invalid generic resource (gres) specification",
    ],
)
async def test_a_refusal_is_an_error_in_slurms_own_words(words: str) -> None:
    answer = Completed(1, "", f"sbatch: error: Batch job submission failed: {words}\n")
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": answer})
    with pytest.raises(ClusterError) as caught:
        await SlurmCluster(host).submit(SCRIPT)
    assert str(caught.value) == f"Slurm did not take the job: {words}."
    assert not isinstance(caught.value, ClusterUnknown)


@pytest.mark.parametrize(
    "words",
    [
        "sbatch: note: the policy of this site has changed\nsbatch: error: Batch job submission failed: {}\n",
        "lab: permission denied for motd\nsbatch: error: {}\n",
        "module: ambiguous option\nsbatch: error: Batch job submission failed: {}\n",
        "sbatch: error: Batch job submission failed: Invalid account\nretrying\n"
        "sbatch: error: Batch job submission failed: {}\n",
        "sbatch: Invalid qos specification was mapped to normal\nsbatch: error: {}\n",
    ],
)
@pytest.mark.parametrize("end", ["Unexpected message received", "Socket timed out on send/recv operation"])
async def test_only_what_sbatch_itself_refused_is_a_refusal(words: str, end: str) -> None:
    host = ScriptedHost({"scontrol": CONFIG, "sbatch": Completed(1, "", words.format(end))})
    with pytest.raises(ClusterUnknown):
        await SlurmCluster(host).submit(SCRIPT)


async def test_what_a_command_says_cannot_drive_the_terminal() -> None:
    host = ScriptedHost({"scontrol": Completed(1, "", "slurm_load error: \x1b]52;c;aGk=\x07 timed out")})
    with pytest.raises(ClusterError, match=r"\\x1b\]52") as caught:
        await answering_slurm(host)
    assert "\x1b" not in str(caught.value)


async def test_without_accounting_the_queue_alone_answers() -> None:
    host = ScriptedHost({"scontrol": NO_ACCOUNTS, "squeue": Completed(0, queue_row())})
    cluster = SlurmCluster(host)
    assert [job.id for job in await cluster.jobs([JobId("6")])] == ["7"]
    assert [job.id for job in await cluster.find("a")] == ["7"]
    assert "sacct" not in {argv[0] for argv in host.asked}


async def test_an_accounting_that_does_not_answer_does_not_hide_the_queue() -> None:
    refused = Completed(1, "", "sacct: error: Problem talking to the database: Connection refused\n")
    host = ScriptedHost({"scontrol": CONFIG, "squeue": Completed(0, queue_row()), "sacct": refused})
    cluster = SlurmCluster(host)
    assert [job.id for job in await cluster.jobs([JobId("6")])] == ["7"]
    assert [job.id for job in await cluster.find("a")] == ["7"]
    with pytest.raises(ClusterUnknown):
        await cluster.find("b")  # the queue does not know it, and nobody else could be asked


async def test_accounting_that_does_not_answer_is_not_an_answer_that_knows_of_no_job() -> None:
    answers: dict[str, Completed | HostError] = {
        "scontrol": CONFIG,
        "squeue": Completed(0, queue_row()),
        "sacct": HostError("sacct gave no answer."),
    }
    host = ScriptedHost(answers)
    cluster = SlurmCluster(host)
    await cluster.jobs([JobId("6")])
    assert cluster.unanswered == {"6"}
    knows_nothing = SlurmCluster(ScriptedHost(answers | {"sacct": Completed(0)}))
    await knows_nothing.jobs([JobId("6")])
    assert knows_nothing.unanswered == frozenset()
    none_kept = SlurmCluster(ScriptedHost(answers | {"scontrol": NO_ACCOUNTS}))
    await none_kept.jobs([JobId("6")])
    assert none_kept.unanswered == frozenset()


async def test_accounting_that_hangs_holds_up_no_look_and_its_late_answer_is_used(
    tmp_path: Path, until: Callable[..., Awaitable[object]]
) -> None:
    programs = {
        "scontrol": "echo ClusterName=lab; echo AccountingStorageType=accounting_storage/slurmdbd",
        "squeue": f"cat {tmp_path}/queue",
        "sacct": f"until [ -e {tmp_path}/awake ]; do sleep 0.05; done; cat {tmp_path}/table",
    }
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "queue").write_text(queue_row("7"))
    (tmp_path / "table").write_text(account_row("6", "TIMEOUT", "0:0"))
    cluster = SlurmCluster(HereHost({"PATH": f"{tmp_path}:{os.environ['PATH']}"}))
    assert [job.id for job in await cluster.jobs([JobId("6")])] == ["7"]
    assert cluster.unanswered == {"6"}
    (tmp_path / "awake").touch()

    async def is_known() -> bool:
        return [job.word for job in await cluster.jobs([JobId("6")])] == ["RUNNING", "TIMEOUT"]

    await until(is_known)
    assert cluster.unanswered == frozenset()


async def test_accounting_is_asked_once_about_a_job_and_only_when_it_has_left_the_queue() -> None:
    ended = Completed(0, account_row("6", "TIMEOUT", "0:0"))
    host = ScriptedHost({"scontrol": CONFIG, "squeue": Completed(0, queue_row("7")), "sacct": ended})
    cluster = SlurmCluster(host)
    for _ in range(3):
        jobs = {job.id: job.state for job in await cluster.jobs([JobId("6"), JobId("7")])}
        assert jobs == {"7": JobState.RUNNING, "6": JobState.FAILED}
    (asked,) = [argv for argv in host.asked if argv[0] == "sacct"]
    assert asked[-1] == "--jobs=6"


async def test_a_job_that_was_seen_to_end_needs_no_accounting() -> None:
    answers: dict[str, Completed | HostError] = {
        "scontrol": CONFIG,
        "squeue": Completed(0, queue_row("7", "FAILED", "NonZeroExitCode", exit="768")),
    }
    host = ScriptedHost(answers)
    cluster = SlurmCluster(host)
    await cluster.jobs()
    answers["squeue"] = Completed(0, HEADING)
    (job,) = await cluster.jobs([JobId("7")])
    assert (job.state, job.reason, job.exit_status) == (JobState.FAILED, "NonZeroExitCode", 3)
    assert "sacct" not in {argv[0] for argv in host.asked}


async def test_a_job_that_accounting_still_calls_running_after_it_left_the_queue_is_unknown() -> None:
    answers: dict[str, Completed | HostError] = {
        "scontrol": CONFIG,
        "squeue": Completed(0, HEADING),
        "sacct": Completed(0, account_row("7", "RUNNING")),
    }
    host = ScriptedHost(answers)
    (job,) = await SlurmCluster(host).jobs([JobId("7")])
    assert (job.state, job.word) == (JobState.UNKNOWN, "RUNNING")


async def test_a_squeue_that_prints_nothing_has_not_said_that_there_are_no_jobs() -> None:
    answers = {"scontrol": NO_ACCOUNTS, "squeue": Completed(0, HEADING)}
    cluster = SlurmCluster(ScriptedHost(answers))
    assert await cluster.jobs() == ()
    for nothing in ("", "\n", "Welcome to the lab!\n"):
        answers["squeue"] = Completed(0, nothing)
        with pytest.raises(ClusterUnknown, match="neither jobs nor its heading"):
            await cluster.jobs()


def test_a_sites_own_words_around_the_queue_change_no_job() -> None:
    told = f"Welcome!\nQuota 93 %\n{HEADING}\n{queue_row('7')}\nbye\n"
    assert [job.id for job in parse_queue(told)] == ["7"]
    assert [job.id for job in parse_queue(f"Welcome!\n{queue_row('7')}\n")] == ["7"]


@pytest.mark.parametrize("word", ["PREEMPTED", "REQUEUED", "COMPLETING", "SUSPENDED", "A_WORD_OF_TOMORROW"])
def test_a_job_in_the_queue_that_may_come_back_is_not_over(word: str) -> None:
    (job,) = parse_queue(queue_row(state=word))
    assert not job.state.is_over
    assert job.word == word


def test_a_word_with_more_behind_it_is_one_state() -> None:
    (job,) = parse_accounting(account_row(state="CANCELLED by 1000"))
    assert (job.state, job.word) == (JobState.CANCELLED, "CANCELLED")


def test_a_dependency_names_every_job_that_is_waited_for() -> None:
    (job,) = parse_queue(
        queue_row(state="PENDING", reason="Dependency", dependency="afterok:12(unfulfilled),afterany:13_4(unfulfilled)")
    )
    assert job.after == ("12", "13_4")


odd_text = st.text(st.characters(exclude_characters="\x1e", exclude_categories=["Cs"]), max_size=30)


@given(odd_text, st.sampled_from(["PENDING", "RUNNING", "COMPLETED"]))
def test_any_name_leaves_the_other_fields_and_jobs_as_they_are(name: str, state: str) -> None:
    first, second = parse_queue(queue_row("7", state, name=name) + "\n" + queue_row("8", name="plain"))
    assert (first.id, first.name, first.word, first.num_gpus) == ("7", name, state, 2)
    assert (second.id, second.name) == ("8", "plain")


@given(odd_text.filter(lambda name: "\x1f" not in name))
def test_any_name_in_accounting_leaves_the_other_jobs_as_they_are(name: str) -> None:
    first, second = parse_accounting(account_row("7", name=name) + account_row("8", name="plain"))
    assert (first.id, first.name, second.id, second.name) == ("7", name, "8", "plain")


@given(st.text())
def test_no_text_at_all_breaks_the_readers(text: str) -> None:
    with contextlib.suppress(ClusterUnknown):
        parse_queue(text)
    for read in (parse_accounting, count_gpus, moment, seconds, gpus_in_gres, gpus_in_tres):
        read(text)


@given(st.integers(0, 400 * 86400))
def test_a_duration_is_read_as_it_was_written(total: int) -> None:
    days, rest = divmod(total, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    assert seconds(f"{days}-{clock}") == total
    if not days:
        assert seconds(clock) == total


@pytest.mark.parametrize(
    ("written", "expected"), [("05:30", 330), ("1:00:00", 3600), ("UNLIMITED", None), ("INVALID", None), ("", None)]
)
def test_a_time_limit_is_read(written: str, expected: int | None) -> None:
    assert seconds(written) == expected


def test_a_moment_is_read_as_utc_and_nothing_as_none() -> None:
    assert moment("2026-11-24T12:26:08") == datetime(2026, 11, 24, 12, 26, 8, tzinfo=UTC)
    assert moment("N/A") is None
    assert moment("Unknown") is None


@pytest.mark.parametrize(
    ("gres", "expected"),
    [
        ("gpu:a100:4", 4),
        ("gpu:4(S:0-1)", 4),
        ("gpu:a100:2(IDX:0,2),gpu:h100:1(IDX:3)", 3),
        ("gres:gpu:a100:2", 2),
        ("gpu:a100:0(IDX:N/A),tmp:100", 0),
        ("(null)", 0),
    ],
)
def test_gpus_are_counted_in_what_a_node_has(gres: str, expected: int) -> None:
    assert gpus_in_gres(gres) == expected


@pytest.mark.parametrize(
    ("tres", "expected"),
    [("cpu=64,node=1,gres/gpu=2", 2), ("gres/gpu=4,gres/gpu:a100=4", 4), ("gres/gpu:a100=3", 3), ("cpu=1", 0)],
)
def test_gpus_are_counted_in_what_a_job_has(tres: str, expected: int) -> None:
    assert gpus_in_tres(tres) == expected


def test_nodes_that_take_no_jobs_count_for_nothing_and_are_named() -> None:
    states = ("idle", "mixed", "idle~", "drained", "down*", "down*", "allocated*")
    table = "".join(f"n{index}\x1f{state}\x1fgpu:4\x1fgpu:1(IDX:0)\x1e\n" for index, state in enumerate(states))
    detail = "1 node is drained, 2 nodes are down*, 1 node is allocated*"
    assert count_gpus(table) == (9, (4, 4, 4), detail)


async def test_a_partition_that_is_not_there_is_told_in_slurms_words_and_with_the_setting_that_names_it() -> None:
    gone = Completed(1, "Partition nosuch not found\n")
    host = ScriptedHost({"scontrol": gone, "sinfo": Completed(0)})
    with pytest.raises(ClusterError) as caught:
        await SlurmCluster(host).resources("nosuch")
    assert str(caught.value) == (
        "The partition 'nosuch' cannot be used: Partition nosuch not found. It is named by the setting `partition`."
    )
