"""What sbatch would read in a script, this machine reads as well."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo_tui.cluster.local import environment
from yogo_tui.cluster.local.directives import Directives, expand, parse
from yogo_tui.cluster.local.records import Spec
from yogo_tui.cluster.local.store import Store
from yogo_tui.errors import ClusterError


def asks(*options: str) -> Directives:
    return parse("\n".join(["#!/bin/bash", *(f"#SBATCH {option}" for option in options), "true"]))


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("90", 90 * 60),
        ("1:30", 90),
        ("24:00:00", 86_400),
        ("2-0", 2 * 86_400),
        ("1-12:30", 86_400 + 45_000),
        ("1-00:00:05", 86_405),
        ("0", None),
        ("UNLIMITED", None),
    ],
)
def test_a_time_is_read_in_each_of_slurms_spellings(time: str, seconds: int | None) -> None:
    assert asks(f"--time={time}").time_limit_seconds == seconds
    assert asks(f"-t {time}").time_limit_seconds == seconds


@pytest.mark.parametrize(
    ("option", "gpus"),
    [
        ("--gpus-per-node=a100:4", 4),
        ("--gpus-per-node 2", 2),
        ("--gres=gpu:a100:2", 2),
        ("--gres=gpu", 1),
        ("--gres=gpu:a100", 1),
        ("--gres=tmpfs:10,gpu:3", 3),
        ("-G 2", 2),
        ("--gpus=a100:1,v100:2", 3),
        ("--ntasks=4 --gpus-per-task=1", 4),
        ("--gres=craynetwork:0", 0),
        ("--mem=4G", 0),
    ],
)
def test_the_gpus_are_counted_however_they_are_asked_for(option: str, gpus: int) -> None:
    assert asks(option).gpus == gpus


@pytest.mark.parametrize(
    ("option", "number", "seconds"),
    [
        ("--signal=B:USR2@180", signal.SIGUSR2, 180),
        ("--signal=B:SIGTERM", signal.SIGTERM, 60),
        ("--signal=B:12@5", 12, 5),
        ("--signal=RB:USR1@5", signal.SIGUSR1, 5),
        ("--signal=USR2@180", None, 180),
    ],
)
def test_a_warning_is_for_the_batch_shell_where_it_says_so(option: str, number: int | None, seconds: int) -> None:
    options = asks(option)
    assert (options.warning_signal, options.warning_seconds) == (number, seconds)


def test_options_end_at_the_first_command() -> None:
    options = parse("#!/bin/bash\n\n# a comment\n#SBATCH -J one # a remark\necho\n#SBATCH -J two\n")
    assert options.job_name == "one"


def test_the_last_of_two_options_wins_and_unknown_ones_are_left_alone() -> None:
    options = asks("-J one", "--job-name two", "-p gpu -N1 --mem=4G --export=ALL", "-c8", "--nice=-5 --requeue")
    assert (options.job_name, options.cpus, options.requeue) == ("two", 8, True)
    assert not asks("--requeue", "--no-requeue").requeue


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_what_is_quoted_for_a_shell_comes_back_as_it_was(text: str) -> None:
    assert asks(f"--comment={shlex.quote(text)}").comment == text


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--time=soon", "soon"),
        ("--signal=B:NOPE@5", "NOPE"),
        ("--gpus-per-node=a100:many --gpus=3x", "3x"),
        ("--job-name='open", "Line 2"),
        ("--cpus-per-task=four", "four"),
        ("--array=0-x", "--array"),
        ("--array=0-3%0", "--array"),
        ("--dependency=afterok:3", "--dependency"),
        ("--nodes=2", "--nodes=2"),
        ("-N 02-4", "--nodes=02-4"),
        ("--nodes=10", "--nodes=10"),
        ("--comment", "comment"),
    ],
)
def test_what_cannot_be_understood_or_done_is_refused_with_a_sentence(option: str, says: str) -> None:
    with pytest.raises(ClusterError, match=says):
        asks(option)


def test_a_script_with_the_line_ends_of_windows_is_refused() -> None:
    with pytest.raises(ClusterError, match="Windows"):
        parse("#!/bin/bash\r\ntrue\r\n")


def test_a_log_name_is_filled_in() -> None:
    assert expand("%x-%j.log", job_id=7, name="chaos-cat") == "chaos-cat-7.log"
    assert expand("100%%-%5j-%q", job_id=7, name="x") == "100%-00007-%q"
    assert expand("%x", job_id=7, name="%j") == "%j"


@pytest.mark.parametrize(
    ("option", "slots", "gpus", "visible"),
    [
        ("--gpus=2", (0, 2), ("0", "1", "2"), "0,2"),
        ("--gpus=1", (1,), ("2", "GPU-5c"), "GPU-5c"),
        ("--gpus=4", (0, 1, 2, 3), ("0",), "0"),
        ("--mem=4G", (0,), ("0", "1"), ""),
    ],
)
def test_a_job_sees_the_gpus_of_its_slots_alone(
    tmp_path: Path, option: str, slots: tuple[int, ...], gpus: tuple[str, ...], visible: str
) -> None:
    spec = Spec(id=1, name="job", directives=asks(option), folder="/", log="/log", slots=4, needs=1, host="here")
    values = environment.of_job(spec, Store(tmp_path).job(1), restarts=0, slots=slots, gpus=gpus)
    assert values["CUDA_VISIBLE_DEVICES"] == visible


def test_the_tasks_of_an_array_are_read_as_sbatch_reads_them() -> None:
    found = asks("--array=0,3,5-9:2%1")
    assert (found.tasks, found.throttle, found.output) == ((0, 3, 5, 7, 9), 1, "slurm-%A_%a.out")
    assert asks("-a 1-3").tasks == (1, 2, 3)
    assert asks("-a 1-3").throttle == 0


def test_the_log_of_a_task_has_its_index_and_its_arrays_id_in_its_name() -> None:
    name = expand("/runs/s-%2a/s-%2a-%A_%a.log", job_id=9, name="s", array_id=7, task=2)
    assert name == "/runs/s-02/s-02-7_2.log"
    assert expand("%A_%a", job_id=9, name="s") == "9_4294967294"
