"""Sizes: what each asks the cluster for, which settings hold where it says nothing, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import MemoryHost, make_run
from tests.yogo_tui.test_bigger import asked
from yogo.recipe import Recipe
from yogo.run.launch import Kind, Launch, Size
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.free_options import options_in
from yogo_tui.errors import SettingsError
from yogo_tui.launch.machine import fitted
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.script import render, render_use, render_wrapper
from yogo_tui.runs.faults import Lack
from yogo_tui.runs.model import RunState
from yogo_tui.runs.resumption import size_for
from yogo_tui.session.bigger import bigger
from yogo_tui.session.why import _own_memory
from yogo_tui.settings import Settings, SizePreset
from yogo_tui.settings.parsing import parse

FILE = """\
partition: gpu
account: cells
qos: normal
constraint: a100
sbatch: [--exclusive, "#SBATCH --mail-type=END"]
setup: [module load cuda]
sizes:
- {gpus: 1, cpus: 8, hours: 2, template: 1gpu.sbatch, name: usual}
- gpus: 4
  cpus: 32
  hours: 12
  template: 2nodes.sbatch
  nodes: 2
  name: other
  memory_gib: 100
  partition: big
  gpu_type: h100
  account: ""
  qos: long
  constraint: "h100&ib"
  sbatch: [--gres=tmp:100G]
  setup: [module load other]
"""


def settings(text: str = FILE) -> Settings:
    return parse(text, Path("/lab/settings.yaml")).model_copy(update={"workspace": Path("/lab")})


def script(settings: Settings, title: str) -> str:
    size = settings.size(title)
    plan = LaunchPlan("owl", Kind.TRAIN, PurePosixPath("/lab/d.yml"), Recipe(), size)
    return render(settings, plan, "token")


def header(text: str) -> set[str]:
    return {line.removeprefix("#SBATCH ") for line in text.splitlines() if line.startswith("#SBATCH")}


def test_what_a_size_does_not_say_is_as_for_all_sizes() -> None:
    told = header(script(settings(), "usual"))
    assert {
        "--partition=gpu",
        "--account=cells",
        "--qos=normal",
        "--constraint=a100",
        "--exclusive",
        "--mail-type=END",
        "--gpus-per-node=a100:1",
    } <= told
    assert not any(line.startswith("--mem") for line in told)
    assert "module load cuda\n" in script(settings(), "usual")


def test_a_size_has_its_own_of_everything_and_nodes_share_its_memory() -> None:
    text = script(settings(), "other")
    told = header(text)
    assert {
        "--partition=big",
        "--qos=long",
        '--constraint="h100&ib"',
        "--gres=tmp:100G",
        "--gpus-per-node=h100:2",
        "--mem=50G",
    } <= told
    assert not told & {"--exclusive", "--mail-type=END", "--account=cells"}
    assert "module load other\n" in text
    assert "module load cuda\n" not in text


@pytest.mark.parametrize("memory", [0.5, 12.3])
def test_memory_that_is_no_whole_number_is_asked_for_in_mib(memory: float) -> None:
    given = Settings(workspace=Path("/lab"))
    size = given.sizes[0].model_copy(update={"memory_gib": memory})
    assert f"#SBATCH --mem={-int(-memory * 1024 // 1)}M\n" in render_wrapper(given, size)


def test_what_uses_a_run_asks_for_the_same() -> None:
    given = settings()
    folder = PurePosixPath("/lab/use")
    text = render_use(given, given.size("usual"), name="x", folder=folder, words=["test"], workspace=folder)
    assert {"--qos=normal", "--constraint=a100", "--exclusive"} <= header(text)


def test_a_users_template_from_before_asks_for_it_too_and_what_it_says_itself_stays(tmp_path: Path) -> None:
    old = "#!/bin/bash\n#SBATCH --job-name={{ name | sbatch }}\n#SBATCH --qos=mine\necho {{ name }}\n"
    (tmp_path / "1gpu.sbatch").write_text(old)
    given = settings().model_copy(update={"templates": tmp_path})
    told = header(script(given, "usual"))
    assert {"--qos=mine", "--constraint=a100", "--exclusive", "--mail-type=END"} <= told
    assert "--qos=normal" not in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--job-name=x", "yogo-tui sets --job-name itself"),
        ("-J x", "yogo-tui sets --job-name itself"),
        ("-Jx", "yogo-tui sets --job-name itself"),
        ("-HJx", "yogo-tui sets --job-name itself"),
        ("--job-n=x", "yogo-tui sets --job-name itself"),
        ("--comment mine", "yogo-tui sets --comment itself"),
        ("--output=x.log", "yogo-tui sets --output itself"),
        ("--exclusive -o x", "yogo-tui sets --output itself"),
        ("--array=1-3", "yogo-tui sets --array itself"),
        ("--partition=big", "follows from the setting partition"),
        ("-p big", "follows from the setting partition"),
        ("--mem=8G", "follows from the setting memory_gib"),
        ("--gres=tmp:1,gpu:2", "follows from the setting gpus"),
        ("-t 10", "follows from the setting hours"),
        ("exclusive", "is not an option of sbatch"),
        ("", "is not an option of sbatch"),
        ("--", "is not an option of sbatch"),
        ("--nice=1 echo", "is not an option of sbatch"),
        ('--reservation="a', "cannot be read as options of sbatch"),
        ("--exclusive\nrm -rf x", "control character"),
    ],
)
def test_a_line_of_ones_own_that_would_break_a_run_is_refused(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        options_in(line)
    with pytest.raises(SettingsError, match=r"^/lab/settings\.yaml, line 1: "):
        parse(f"sbatch: [{json.dumps(line)}]\n", Path("/lab/settings.yaml"))


@pytest.mark.parametrize(
    "line",
    [
        "--exclusive",
        "-w node1",
        "--mail-user me@example.org --mail-type=END # tell me",
        "--mem-per-cpu=4G",
        "--time-min=10",
        "--nodelist=a,b",
        "--gres=tmp:100G",
        "#SBATCH --reservation=ours",
    ],
)
def test_other_options_of_sbatch_are_taken(line: str) -> None:
    assert options_in(line)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("qos: it's\n", 1, "it holds a quote"),
        ('partition: "a\\nb"\n', 1, "control character"),
        ("sizes:\n- gpus: 1\n  cpus: 1\n  hours: 1\n  template: 1gpu.sbatch\n  qos: 5\n", 6, "qos must be text"),
        ("sizes:\n- {gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch, memory_gib: 0}\n", 2, "greater than 0"),
        (
            "sizes:\n- {gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch, partitions: x}\n",
            2,
            'Did you mean "partition"?',
        ),
        (
            "sbatch: [--mem-per-cpu=4G]\n"
            "sizes:\n- {gpus: 1, cpus: 1, hours: 1, template: 1gpu.sbatch, memory_gib: 8}\n",
            2,
            "keep one",
        ),
    ],
)
def test_what_a_size_cannot_ask_for_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError, match=rf"^/lab/settings\.yaml, line {line}: .*{words}"):
        parse(text, Path("/lab/settings.yaml"))


def test_on_this_machine_nothing_is_asked_for_that_only_a_scheduler_understands() -> None:
    here = fitted(settings(), Machine(num_gpus=0, num_cpus=2, num_slots=1))
    assert not header(script(here, "usual")) & {"--qos=normal", "--constraint=a100", "--exclusive", "--account=cells"}
    assert "module load cuda\n" in script(here, "usual")
    assert here.sizes[1].partition is None


ONE = "sizes:\n- {gpus: 1, cpus: 32, hours: 12, template: 1gpu.sbatch, name: other, memory_gib: 100, partition: big}\n"


def test_a_launch_keeps_what_its_size_asked_for_and_is_resumed_with_it() -> None:
    size = settings(ONE).size("other")
    launch = Launch(name="owl", kind=Kind.TRAIN, token="t", definition="/d", recipe=Recipe(), size=size)
    read = Launch.parse(launch.model_dump_json().encode(), "launch.json")
    assert read.size.partition == "big"
    assert read.size.memory_gib == 100
    run = make_run("owl", RunState.FAILED, launch=read.model_copy(update={"template": size.template}))
    later = settings(ONE.replace("memory_gib: 100", "memory_gib: 20").replace("partition: big", "partition: new"))
    assert size_for(later, run) == size
    assert size_for(later, run, "other") == later.size("other")


def test_a_launch_from_before_has_what_the_settings_say() -> None:
    old = Size(gpus=1, cpus=30, hours=12)
    launch = Launch(name="owl", kind=Kind.TRAIN, token="t", definition="/d", recipe=Recipe(), size=old)
    size = size_for(settings(ONE), make_run("owl", RunState.FAILED, launch=launch))
    assert (size.cpus, size.partition, size.memory_gib) == (30, "big", 100)


async def test_more_memory_is_asked_for_where_the_size_says_how_much() -> None:
    again, why = asked(Lack.MEMORY)
    size: SizePreset = again.wanted.size.model_copy(update={"memory_gib": 24.0})
    had = type(again)(type(again.wanted)("new", size, again.wanted.preset))
    found = bigger(had, why, None, None)
    assert found.wanted.job_size.memory_gib == 48
    assert found.changes == ("memory (GiB) 48, and not 24",)


@pytest.mark.parametrize(("line", "own"), [("--mem=24G", ""), ("--mem=8G", "--mem=8G")])
async def test_the_memory_of_the_size_is_not_taken_for_the_templates_own(line: str, own: str) -> None:
    host = MemoryHost()
    size = Size(gpus=1, cpus=1, hours=1, memory_gib=24)
    launch = Launch(name="owl", kind=Kind.TRAIN, token="t", definition="/d", recipe=Recipe(), size=size)
    run = make_run("owl", RunState.FAILED, launch=launch)
    assert run.path is not None
    host.files[run.path / "job.sbatch"] = f"#!/bin/bash\n#SBATCH {line}\n".encode()
    assert await _own_memory(host, run) == own


def test_a_chosen_size_follows_the_settings_and_one_of_its_own_stays() -> None:
    before, now = settings(), settings(FILE.replace("hours: 2", "hours: 3"))
    wanted = asked(None)[0].wanted
    chosen = replace(wanted, size=before.size("usual"))
    assert chosen.refitted(before.sizes, now.sizes).size == now.size("usual")
    assert chosen.refitted(before.sizes, now.sizes[1:]).size == now.sizes[1]
    own = replace(wanted, size=before.size("usual").model_copy(update={"hours": 9.0}))
    assert own.refitted(before.sizes, now.sizes) == own
