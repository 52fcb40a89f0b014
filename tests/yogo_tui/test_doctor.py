"""`yogo-tui doctor`: each check says what is wrong and what to do, near, served and far, and on the real Slurm."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.fake_cluster import FakeCluster
from tests.yogo_tui.test_discovery import LAB, lab
from tests.yogo_tui.test_questions import host
from yogo_tui.cli import main
from yogo_tui.cluster.base import Job, JobId, JobState, Machine
from yogo_tui.cluster.site import Association, Site
from yogo_tui.doctor import console_checks, fitting
from yogo_tui.doctor.console_checks import TerminalFacts
from yogo_tui.doctor.examination import Examination
from yogo_tui.doctor.finding import Finding, Sign
from yogo_tui.doctor.info import info, without_secrets
from yogo_tui.doctor.probe import JobProbe, probe_size
from yogo_tui.doctor.trainer import TrainerFacts, facts_in, of_facts
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.surroundings import LookedAtMachine, LookedAtPlace
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset, load

__all__ = ["host", "lab"]

SITE = Site("Slurm 22", (LAB,), (Association("cells", qos=("normal",), is_default=True),), has_accounting=True)
TERMINAL = TerminalFacts(80, 24, "UTF-8", {"TERM": "tmux-256color", "TMUX": "x"})
FACTS = TrainerFacts(
    version="2.0.0", python="3.11.7", program="/opt/python", host="gpu1", cpus=2, torch="2.9", cuda="13.0", gpus=(),
    wandb=None, problem="",
)  # fmt: skip


def size(**changes: Any) -> SizePreset:
    return SizePreset(**({"gpus": 1, "cpus": 8, "hours": 4, "template": "1gpu.sbatch"} | changes))


def bad_ones(findings: Any) -> list[str]:
    return [one.words for one in findings if one.sign is Sign.BAD]


async def examined(session: Session, terminal: TerminalFacts = TERMINAL) -> list[Finding]:
    async with contextlib.aclosing(Examination(session, terminal, lambda _: None).findings()) as findings:
        return [one async for one in findings]


def test_sizes_that_fit_are_one_line() -> None:
    (one,) = fitting.of_sizes(Settings(), SITE)
    assert (one.sign, one.said) == (Sign.GOOD, "1, 2, 4 and 2nodes fit the partition gpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hours": 25}, "25 h, and gpu allows 24 h"),
        ({"gpus": 8}, "8 GPUs on a node, and a node has 4"),
        ({"gpus": 12, "nodes": 3, "cpus": 9}, "3 nodes, and gpu gives 2 to a job"),
        ({"cpus": 200}, "200 CPUs on a node, and a node has 128"),
        ({"gpu_type": "h100"}, "there is no GPU of the type h100 in gpu, but a100"),
        ({"partition": "gpus"}, "there is no partition gpus, but gpu"),
        ({"account": "other"}, "other is none of your accounts, which are cells"),
        ({"qos": "high"}, "the account cells has no QOS high, but normal"),
        ({"memory_gib": 400}, "400 GiB on a node, and a node has 256 GiB"),
    ],
)
def test_a_size_that_would_wait_for_ever_says_why(changes: dict[str, Any], words: str) -> None:
    (one,) = fitting.of_sizes(Settings(sizes=(size(**changes),)), SITE)
    assert one.sign is Sign.BAD
    assert f"its jobs would never start: {words}." in one.words
    assert "Change `sizes`" in one.words


def test_a_partition_that_is_down_or_empty_is_told_once_and_makes_no_size_wrong() -> None:
    for changed in (replace(LAB, is_up=False), replace(LAB, num_nodes=0)):
        sizes, partition = fitting.of_sizes(Settings(), replace(SITE, partitions=(changed,)))
        assert sizes.sign is Sign.GOOD
        assert (partition.sign, partition.about) == (Sign.BAD, "partition")
        assert "gpu starts no jobs now: they wait." in partition.words


@pytest.mark.parametrize(
    ("site", "sign", "words"),
    [
        (SITE, Sign.GOOD, "it answers; your account is cells"),
        (replace(SITE, has_accounting=False), Sign.DOUBT, "keeps none"),
        (replace(SITE, no_accounting="away"), Sign.BAD, "does not answer: away."),
        (replace(SITE, associations=(), needs_account=True), Sign.BAD, "Ask the administrators"),
        (replace(SITE, associations=()), Sign.GOOD, "it answers"),
    ],
)
def test_accounting_is_told_as_it_is(site: Site, sign: Sign, words: str) -> None:
    (one,) = fitting.of_accounts(Settings(), site)
    assert one.sign is sign
    assert words in one.words


def test_a_small_terminal_without_utf_8_says_what_to_do() -> None:
    found = list(console_checks.of_terminal(TerminalFacts(60, 20, "ANSI_X3.4-1968", {"TERM": "xterm"})))
    assert [one.sign for one in found] == [Sign.BAD, Sign.NONE, Sign.DOUBT, Sign.NONE]
    assert "needs 80×24. Make the window larger." in found[0].words
    assert "export LANG=C.UTF-8" in found[2].words
    assert [one.sign for one in console_checks.of_terminal(TERMINAL)] == [Sign.GOOD] * 4
    assert [one.sign for one in console_checks.of_terminal(TerminalFacts())] == [Sign.NONE]


def test_places_are_bad_where_nothing_can_be_written_and_doubtful_where_there_is_little_room() -> None:
    lab = Path("/lab")
    places = (
        LookedAtPlace("workspace", lab, True, "", 10**12),
        LookedAtPlace("runs", lab / "a", False, "", 10**9),
        LookedAtPlace("cache", lab / "b", True, "", 10**6),
        LookedAtPlace("recipes", lab / "c", True, "Read-only file system"),
        LookedAtPlace("recipes", lab / "d", False, "Permission denied"),
    )
    found = list(console_checks.of_places(LookedAtMachine("3.11", "2.0.0", "Linux", places)))
    assert [one.sign for one in found] == [Sign.GOOD, Sign.DOUBT, Sign.BAD, Sign.BAD, Sign.BAD, Sign.GOOD]
    assert "/lab/c cannot be written to: Read-only file system." in found[3].words
    assert "/lab/d cannot be made: Permission denied." in found[4].words


def test_a_clock_that_is_wrong_is_told_with_its_direction() -> None:
    assert console_checks.of_clock("clock", "gpu1", 3).sign is Sign.GOOD
    behind = console_checks.of_clock("clock", "gpu1", -3600)
    assert behind.sign is Sign.DOUBT
    assert "gpu1 is 3,600 s behind this machine:" in behind.words


def test_facts_are_found_behind_what_set_up_lines_print() -> None:
    printed = f"Loading cuda/13\n{{not json\n{FACTS.model_dump_json()}\nDone.\n"
    assert facts_in(printed) == FACTS
    assert facts_in("command not found\n") is None
    assert facts_in('{"torch": 3}\n') is None


def test_a_job_whose_torch_sees_fewer_gpus_than_it_has_is_bad_and_so_is_wandb_that_is_missing() -> None:
    assert bad_ones(of_facts(FACTS, wandb="disabled", num_gpus=None)) == []
    gpus, wandb = bad_ones(of_facts(FACTS, wandb="online", num_gpus=1))
    assert "torch sees 0 GPUs, and the job has 1." in gpus
    assert "pip install wandb" in wandb
    broken = FACTS.model_copy(update={"problem": "torch is not installed", "torch": None})
    assert bad_ones(of_facts(broken, wandb="online", num_gpus=1)) == ["torch is not installed."]


async def test_all_is_checked_wherever_the_console_works(host: Any, lab: Path) -> None:
    command = f"{sys.executable} -m yogo"
    settings = Settings(workspace=lab, yogo_command=command, setup=("module load cuda",), cluster="slurm")
    session = Session(settings, host, FakeCluster(offers=SITE))
    found = await examined(session)
    assert bad_ones(found) == []
    abouts = [one.about for one in found]
    assert abouts[0] == "yogo-tui"
    for about in ("terminal", "machine", "Slurm", "accounting", "sizes", "scripts", "torch", "W&B", "workspace"):
        assert about in abouts, about
    assert [path.name for path in lab.iterdir()] == []


async def test_what_does_not_answer_is_a_line_and_the_others_stay(lab: Path) -> None:
    settings = Settings(workspace=lab, yogo_command="/no/such/yogo", setup=("if then",), cluster="slurm")
    session = Session(settings, HereHost(), FakeCluster(down="Slurm does not answer: it is away."))
    found = {one.about: one for one in await examined(session)}
    assert (found["Slurm"].sign, found["Slurm"].words) == (Sign.BAD, "Slurm does not answer: it is away.")
    assert "See the setting setup." in found["scripts"].words
    assert found["yogo"].sign is Sign.BAD
    assert "yogo_command" in found["yogo"].words
    assert found["workspace"].sign is Sign.GOOD


async def test_this_machine_alone_is_no_login_node(lab: Path) -> None:
    settings = Settings(workspace=lab, yogo_command=f"{sys.executable} -m yogo", cluster="local", sizes=(size(gpus=0),))
    found = await examined(Session(settings, HereHost(), FakeCluster(machine=Machine(0, 2, 1))))
    assert "This machine has no GPU" in next(one.words for one in found if one.about == "jobs")
    assert "in a job" not in [one.about for one in found]


async def test_a_job_that_is_not_waited_for_is_cancelled_and_leaves_nothing(lab: Path, until: Any) -> None:
    waiting = Job(JobId("1"), "yogo-doctor", JobState.PENDING, reason="Priority", plain_reason="others are first")
    cluster = FakeCluster(known=(waiting,))
    told: list[str] = []
    probe = JobProbe(Session(Settings(workspace=lab, poll_seconds=0.2), HereHost(), cluster))
    asking = asyncio.create_task(probe.findings(lambda what, done, total: told.append(what)))
    await until(lambda: told)
    assert told[0].startswith("job 1: pending (others are first (Priority))")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert cluster.cancelled == ["1"]
    assert list(lab.iterdir()) == []


async def test_a_job_that_can_never_start_is_told_and_cancelled(lab: Path) -> None:
    stuck = Job(JobId("1"), "yogo-doctor", JobState.PENDING, reason="PartitionTimeLimit", is_stuck=True, advice="Less.")
    cluster = FakeCluster(known=(stuck,))
    (one,) = await JobProbe(Session(Settings(workspace=lab), HereHost(), cluster)).findings()
    assert (one.sign, one.words) == (Sign.BAD, "it can never start: PartitionTimeLimit. Less.")
    assert cluster.cancelled == ["1"]


def test_the_job_is_the_smallest_with_a_gpu_and_little_time() -> None:
    chosen = probe_size(Settings())
    assert (chosen.gpus, chosen.cpus, chosen.nodes, chosen.hours) == (1, 2, 1, 0.1)
    assert probe_size(Settings(sizes=(size(gpus=0, cpus=1),))).gpus == 0


def test_a_report_has_no_secrets() -> None:
    text = without_secrets(
        "export WANDB_API_KEY=abc; wandb login 0123; --token abc123 --password=x y: https://me:pw@site/a\n"
        f"key '{'a1' * 20}' /home/me/lab /home/meier MY_SECRET='two words' Authorization: Bearer zzz",
        "/home/me",
    )
    for secret in ("abc", "0123", "=x", "pw", "a1a1", "two words", "zzz"):
        assert secret not in text, secret
    assert "~/lab /home/meier" in text
    assert "https://me:***@site/a" in text


def test_a_report_holds_versions_and_settings(lab: Path) -> None:
    file = lab / "settings.yaml"
    file.write_text("setup: [export WANDB_API_KEY=abc]\npartition: big\n")
    said = info(Session(load(file), HereHost(), FakeCluster()), TERMINAL, SITE, str(lab.parent))
    assert "yogo-tui 2" in said
    assert "  partition: big\n" in said
    assert "  account: ''  # not in the file" in said
    assert "settings file: ~/lab/settings.yaml" in said
    assert "(Slurm 22)" in said
    assert "abc" not in said


def test_the_command_ends_with_1_where_something_is_wrong(
    lab: Path, slurm: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    file = lab / "settings.yaml"
    file.write_text("sizes:\n- {gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch}\n")
    assert main(["doctor", "--settings", str(file)]) == 0
    assert "✔ sizes        1 fits the partition gpu" in capsys.readouterr().out
    file.write_text("partition: gone\nyogo_command: /no/yogo\n")
    assert main(["doctor", "--json", "--settings", str(file)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {one["about"] for one in told if one["sign"] == "bad"} >= {"size 1", "size 2", "yogo"}
    assert main(["doctor", "--info", "--settings", str(file)]) == 0
    assert "partition: gone" in capsys.readouterr().out


def test_a_job_of_the_real_slurm_says_what_it_finds(
    lab: Path, slurm: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    file = lab / "settings.yaml"
    file.write_text(
        f"poll_seconds: 0.2\nyogo_command: {sys.executable} -m yogo\n"
        "sizes: [{gpus: 0, cpus: 1, hours: 1, template: 1gpu.sbatch}]\n"
    )
    assert main(["doctor", "--job", "--settings", str(file)]) == 2, "there is nobody to ask"
    assert main(["doctor", "--job", "--yes", "--json", "--settings", str(file)]) == 0
    told = {one["about"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["job: torch"]["sign"] == "good"
    assert told["job: clock"]["sign"] == "good"
    assert told["shared disk"]["said"].endswith("writes where this machine reads")
    assert [path.name for path in lab.iterdir()] == ["settings.yaml"]


@pytest.mark.parametrize("far", [False, True])
def test_settings_that_cannot_be_used_and_a_machine_that_does_not_answer_are_findings(
    far: bool, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lab / "settings.yaml"
    (lab / "ssh").write_text("Host far\n  HostName 127.0.0.1\n  Port 1\n")
    file.write_text(f"hosts: [{{name: far, login: far, ssh_config: {lab}/ssh}}]\n" if far else "partitoin: gpu\n")
    words = ["doctor", "--settings", str(file), *(["--host", "far"] if far else [])]
    assert main(words) == 1
    said = capsys.readouterr().out
    assert said.startswith("✖ machine" if far else f"✖ settings     {file}, line 1: There is no setting")
    assert main([*words, "--json"]) == 1
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["about"], one["sign"]) == ("machine" if far else "settings", "bad")


def test_keys_that_cannot_be_given_are_a_finding(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = lab / "settings.yaml"
    file.write_text("cluster: local\nkeymap: {runs.cancel: w}\n")
    assert main(["doctor", "--settings", str(file)]) == 1
    said = f"✖ settings     {file}, line 2: keymap: runs.cancel: w is the key of `runs.why`"
    printed = capsys.readouterr().out
    assert said in printed
    assert "✔ workspace" in printed  # the other checks are made all the same
