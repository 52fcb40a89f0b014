"""Job scripts: what they say for each size, that nothing in them escapes its quotes, and that bash runs them so."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.cli import parser
from yogo.cli.flags import given as flags_given
from yogo.recipe import Recipe
from yogo.run.launch import Kind, Parent
from yogo_tui.cluster import header
from yogo_tui.errors import TemplateError
from yogo_tui.launch import quoting
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.script import flags, render, render_wrapper
from yogo_tui.settings import Settings, SizePreset

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = Settings(
    workspace=Path("/lab"),
    account="cells",
    setup=("module load cuda/12", "conda activate yogo"),
    yogo_command="/opt/yogo",
    wandb="disabled",
)
PARENT = Parent(checkpoint="/lab/trained_models/first/best.pth", run="/lab/trained_models/first", sha256="ab" * 32)


def plan(gpus: int = 1, **changes: object) -> LaunchPlan:
    values = {
        "name": "chaos-cat-0727",
        "kind": Kind.PRETRAIN,
        "definition": PurePosixPath("/lab/dataset_defs/cells.yml"),
        "recipe": Recipe(epochs=16, learning_rate=5e-4, normalize_images=True),
        "size": SETTINGS.size(gpus),
    }
    return LaunchPlan(**(values | changes))  # type: ignore[arg-type]


CASES = {
    "1gpu": plan(1),
    "2nodes": plan(8),
    "2gpu-finetune": plan(2, kind=Kind.FINETUNE, parent=PARENT),
    "1gpu-finetune-on-other-classes": plan(1, kind=Kind.FINETUNE, parent=PARENT, reset_head=True),
    "4gpu-finetune-of-a-file": plan(4, parent=Parent(checkpoint="/lab/it's mine.pth", sha256="cd" * 32)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_size_is_rendered_as_it_was(case: str) -> None:
    """Run with GOLDEN_UPDATE=1 to write them anew; read the difference before it is committed."""
    script = render(SETTINGS, CASES[case], "token")
    file = GOLDEN / f"{case}.sbatch"
    if os.environ.get("GOLDEN_UPDATE"):
        file.write_text(script)
    assert script == file.read_text()
    assert bash("-n", script).returncode == 0


def bash(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    *argv, script = words
    command = ["bash", *argv]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, input=script, capture_output=True, text=True, check=False, timeout=60, **options
    )
    return done


def test_the_wrapper_is_rendered_as_it_was() -> None:
    script = render_wrapper(SETTINGS, SETTINGS.size(4))
    file = GOLDEN / "wrapper.sbatch"
    if os.environ.get("GOLDEN_UPDATE"):
        file.write_text(script)
    assert script == file.read_text()


@given(
    st.builds(
        Recipe,
        epochs=st.integers(1, 10**6),
        learning_rate=st.floats(1e-12, 1),
        warmup_epochs=st.floats(0, 1e3),
        accumulate=st.integers(1, 100),
        scale_lr=st.booleans(),
        ema_decay=st.floats(0, 1, exclude_max=True),
        early_stopping=st.integers(0, 100),
        label_smoothing=st.floats(0, 1),
        no_obj_weight=st.floats(0, 1e6),
        image_hw=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
        rgb_images=st.booleans(),
        class_weights=st.sampled_from(["none", "balanced"]),
        flips=st.booleans(),
        rotate=st.booleans(),
        brightness=st.floats(0, 1),
        contrast=st.floats(0, 1),
        weighted_sampler=st.booleans(),
        precision=st.sampled_from(["auto", "fp32", "bf16", "fp16"]),
    )
)
def test_the_flags_of_a_script_make_the_same_recipe_again(recipe: Recipe) -> None:
    words = [word for flag in flags(recipe) for word in flag]
    args = parser().parse_args(["train", "cells.yml", *words])
    assert Recipe.model_validate(flags_given(args)) == recipe


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30), max_size=4))
def test_bash_reads_a_quoted_value_as_it_was(values: list[str]) -> None:
    assert shlex.split(quoting.shell(values)) == values


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00b", "a\u2028b", None, True, {"a": 1}])
def test_what_no_line_may_hold_is_refused(value: object) -> None:
    for quote in (quoting.shell, header.sbatch, quoting.verbatim):
        with pytest.raises(ValueError, match=r"control character|neither a word nor a number"):
            quote(value)


def test_a_path_in_an_sbatch_line_is_quoted_and_its_percent_signs_doubled() -> None:
    assert header.sbatch_path("/lab/100 %j/x") == '"/lab/100 %%j/x"'
    for text in ("a'b", 'a"b', "a\\b"):
        with pytest.raises(ValueError, match="quote or a backslash"):
            header.sbatch(text)


def test_names_that_look_like_shell_stay_names(tmp_path: Path) -> None:
    evil = "/lab/$(touch gone); rm -rf ~ `id` 'x' \"y\" #z.yml"
    script = render(SETTINGS, plan(definition=PurePosixPath(evil)), "token")
    words = shlex.split(script[script.index("set -- /opt/yogo train '") :].replace("\\\n", " "), comments=False)
    assert evil in words
    assert bash("-n", script).returncode == 0


def own(folder: Path, text: str, name: str = "1gpu.sbatch") -> Settings:
    (folder / name).write_text(text)
    return SETTINGS.model_copy(update={"templates": folder})


def test_a_users_template_stands_in_front_of_the_shipped_one(tmp_path: Path) -> None:
    settings = own(tmp_path, "#!/bin/bash\necho {{ name }} {{ gpus }}\n{% include '_relay.sbatch' %}\n")
    script = render(settings, plan(), "token")
    found_by = "#SBATCH --job-name=chaos-cat-0727\n#SBATCH --comment=yogo:token\n"
    assert script.startswith(f"#!/bin/bash\n{found_by}# These traps come first, ")
    assert "\ntrap yogo_ends TERM\n\necho chaos-cat-0727 a100:1\n# The command runs in the background" in script
    assert render(settings, plan(4), "token") == render(SETTINGS, plan(4), "token")


@pytest.mark.parametrize(
    ("header", "added"),
    [
        ("#SBATCH --job-name=yogo\n", ["--job-name=chaos-cat-0727", "--comment=yogo:token"]),
        ("#SBATCH --job-name={{ name | sbatch }}\n#SBATCH --comment=project-7\n", []),
        ("#SBATCH --comment={{ comment | sbatch }}\n", ["--job-name=chaos-cat-0727"]),
    ],
)
def test_what_a_job_is_found_again_by_is_added_to_a_users_template_that_lacks_it(
    tmp_path: Path, header: str, added: list[str]
) -> None:
    """sbatch takes the last of two equal options."""
    script = render(own(tmp_path, f"#!/bin/bash\n{header}# a remark\necho {{{{ name }}}}\n"), plan(), "token")
    before, _, after = script.partition("# a remark\n")
    assert [line.removeprefix("#SBATCH ") for line in before.splitlines()][-len(added) or 99 :] == added
    assert "#SBATCH" not in after


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("#!/bin/bash\n\necho {{ nmae }}\n", 3, "'nmae' is undefined"),
        ("#!/bin/bash\n{% if %}\n", 2, "Expected an expression"),
        ("a\n{{ name.__class__.__mro__ }}\n", 2, "unsafe"),
        ("{{ name + 1 }}\n", 1, "str"),
        ("\n{{ parent }}\n", 2, "neither a word nor a number"),
        ("{% include 'none.sbatch' %}\n", 0, "no script template none.sbatch"),
    ],
)
def test_a_template_that_is_wrong_says_where(tmp_path: Path, text: str, line: int, words: str) -> None:
    settings = own(tmp_path, text)
    with pytest.raises(TemplateError) as caught:
        render(settings, plan(), "token")
    assert words in str(caught.value)
    if line:
        assert str(caught.value).startswith(f"{tmp_path / '1gpu.sbatch'}, line {line}:")


@pytest.mark.parametrize("name", ["1gpu.sbatch", "_setup.sbatch"])
@pytest.mark.parametrize(("make", "what"), [(os.mkfifo, "a named pipe"), (os.mkdir, "a folder")])
def test_a_template_of_the_users_own_that_is_no_file_is_named(
    name: str, make: Callable[[Path], None], what: str, tmp_path: Path
) -> None:
    make(tmp_path / name)
    with pytest.raises(TemplateError, match=f"The script template {tmp_path / name} is {what}"):
        render(SETTINGS.model_copy(update={"templates": tmp_path}), plan(), "token")


def test_a_time_is_written_as_sbatch_reads_it_and_the_warning_comes_within_it() -> None:
    size = SETTINGS.size(1).model_copy(update={"hours": 0.05})
    script = render(SETTINGS, plan(size=size), "token")
    assert "#SBATCH --time=00:03:00\n" in script
    assert "#SBATCH --signal=B:USR2@45\n" in script


@pytest.mark.parametrize("template", ["1gpu.sbatch", "2gpu.sbatch", "4gpu.sbatch"])
@pytest.mark.parametrize(("gpus", "words"), [(0, "the CPU"), (1, "one GPU"), (2, "two GPUs"), (8, "8 GPUs")])
def test_each_template_says_what_the_size_runs_on(template: str, gpus: int, words: str) -> None:
    size = SizePreset(gpus=gpus, cpus=1, hours=1, template=template)
    assert f"#!/bin/bash\n# A training run on {words}.\n" in render(SETTINGS, plan(size=size), "token")


def test_ranks_are_the_sizes_own_where_it_says_so() -> None:
    size = SETTINGS.size(1).model_copy(update={"processes": 3})
    assert "--processes 3 \\\n" in render(SETTINGS, plan(size=size), "token")
    assert "--processes 2 \\\n" in render(SETTINGS, plan(2), "token")


TRAINER = """#!{python}
import os, signal, sys, time
if sys.argv[1] == "claim":
    sys.exit(0)
told = []
signal.signal(signal.SIGUSR2, lambda *_: told.append("USR2"))
signal.signal(signal.SIGTERM, lambda *_: told.append("TERM"))
print("ready", *sys.argv[1:], flush=True)
end = time.monotonic() + 20
while not told and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.2)
print("told", *told, flush=True)
sys.exit(75 if told else 0)
"""


def start(folder: Path, script: str, *words: str, **environment: str) -> subprocess.Popen[str]:
    """The script, once its trainer is ready; in a session of its own, as a batch job is."""
    (folder / "job.sbatch").write_text(script)
    process = subprocess.Popen(
        ["bash", str(folder / "job.sbatch"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("ready")
    return process


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    trainer = tmp_path / "yogo"
    trainer.write_text(TRAINER.format(python=sys.executable))
    trainer.chmod(0o755)
    return Settings(workspace=tmp_path, yogo_command=str(trainer))


def test_the_warning_reaches_the_trainer_once_and_the_job_asks_to_come_back(tmp_path: Path, settings: Settings) -> None:
    process = start(tmp_path, render(settings, plan(), "token"), SLURM_CLUSTER_NAME="local")
    process.send_signal(signal.SIGUSR2)
    out, _ = process.communicate(timeout=30)
    assert out == "told USR2\n"
    assert process.returncode == 75


def test_a_cancel_is_not_doubled_and_does_not_come_back(tmp_path: Path, settings: Settings) -> None:
    process = start(tmp_path, render(settings, plan(), "token"), SLURM_CLUSTER_NAME="local")
    os.killpg(process.pid, signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert out == "told TERM\n"
    assert process.returncode == 143


def test_restarts_are_capped(tmp_path: Path, settings: Settings) -> None:
    script = render(settings, plan(), "token")
    process = start(tmp_path, script, SLURM_CLUSTER_NAME="local", SLURM_RESTART_COUNT="5")
    process.send_signal(signal.SIGUSR2)
    out, _ = process.communicate(timeout=30)
    assert "not queued again" in out
    assert "To go on: yogo-tui resume chaos-cat-0727\n" in out
    assert process.returncode == 76


def test_a_restart_resumes_where_there_is_something_to_resume(tmp_path: Path, settings: Settings) -> None:
    run = tmp_path / "trained_models" / "chaos-cat-0727"
    run.mkdir(parents=True)
    (run / "last.pth").touch()
    (tmp_path / "job.sbatch").write_text(render(settings, plan(), "token"))
    process = subprocess.Popen(
        ["bash", str(tmp_path / "job.sbatch")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"SLURM_RESTART_COUNT": "1"},
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == f"ready train --resume {run} --processes 1 --token token\n"
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=30)


def test_the_wrapper_runs_its_arguments_and_hands_the_warning_on(tmp_path: Path, settings: Settings) -> None:
    script = render_wrapper(settings, settings.size(1))
    process = start(tmp_path, script, *settings.yogo_words, "train", "a b.yml")
    process.send_signal(signal.SIGUSR2)
    out, _ = process.communicate(timeout=30)
    assert out.startswith("told USR2\nThe time was nearly up. To go on with the run: yogo-tui resume RUN, ")
    assert process.returncode == 75
    assert bash("-s", script).returncode == 2


def test_a_run_by_the_same_name_elsewhere_renders_the_same(tmp_path: Path) -> None:
    here, there = (Settings(workspace=tmp_path / name, yogo_command="yogo") for name in "ab")
    one, other = (render(settings, replace(plan(), preset="x"), "token") for settings in (here, there))
    assert one.replace(str(tmp_path / "a"), "") == other.replace(str(tmp_path / "b"), "")


def test_a_template_for_one_node_is_not_used_for_several(tmp_path: Path) -> None:
    settings = own(tmp_path, "#!/bin/bash\n{% include '_train.sbatch' %}\n", "2nodes.sbatch")
    with pytest.raises(TemplateError, match="is for one node, and 2 nodes are asked for"):
        render(settings, plan(8), "token")


def test_what_uses_a_run_has_its_share_of_one_node_of_the_size() -> None:
    script = render_wrapper(SETTINGS, SETTINGS.size("2nodes"))
    for line in ("--nodes=1", "--gpus-per-node=a100:4", "--cpus-per-task=64"):
        assert f"#SBATCH {line}\n" in script
