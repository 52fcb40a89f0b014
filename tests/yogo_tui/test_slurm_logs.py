"""Where Slurm's jobs write their logs, or why that cannot be told."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yogo_tui.test_slurm_answers import queue_row
from yogo_tui.cluster.slurm.fields import log_names, log_path
from yogo_tui.cluster.slurm.queue import parse_queue

NAMES = log_names(job_id="130", leader="", array="123", task="7", name="name", user="me", host="")


@given(st.text())
def test_no_pattern_breaks_the_reader(text: str) -> None:
    log_path(text, "/work", NAMES)


def test_the_parts_of_a_heterogeneous_job_write_into_the_log_of_the_first() -> None:
    names = log_names(job_id="160", leader="159", array="160", task="", name="het", user="me", host="gpu2")
    assert log_path("/logs/%x-%j-%a.log", "/", names)[0] == PurePosixPath("/logs/het-159-4294967294.log")


@pytest.mark.parametrize(
    ("task", "host", "pattern", "why"),
    [
        ("0-4", "", "/logs/%A_%a.log", "Each task of this array has its own log"),
        ("0-4", "", "/logs/%j.log", "Each task of this array has its own log"),
        ("", "", "/logs/%N.log", "named after the node"),
        ("", "", "/logs/%b.log", "only the job itself knows"),
        ("", "", "(null)", "does not say where"),
        ("", "", "/dev/null", "goes to /dev/null"),
    ],
)
def test_why_there_is_no_log_is_said(task: str, host: str, pattern: str, why: str) -> None:
    names = log_names(job_id="7", leader="", array="7", task=task, name="a", user="me", host=host)
    path, said = log_path(pattern, "/work", names)
    assert path is None
    assert why in said


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/logs/run-%j.log", "/logs/run-130.log"),
        ("/logs/%J-%n-%s-%t-%u.log", "/logs/130-0-batch-0-me.log"),
        ("/logs/slurm-130.out", "/logs/slurm-123_7.out"),
        ("/logs/as\\%j.log", "/logs/as%j.log"),
        ("/logs/%b.log", None),
        ("run-%A_%a.log", "/work/run-123_7.log"),
        ("/logs/%x-%6j.log", "/logs/name-000130.log"),
        ("/logs/100%%.log", "/logs/100%.log"),
        ("/logs/on-%N.log", None),
        ("/dev/null", None),
        ("(null)", None),
    ],
)
def test_the_log_is_where_slurm_writes_it(pattern: str, expected: str | None) -> None:
    path, why = log_path(pattern, "/work", NAMES)
    assert path == (PurePosixPath(expected) if expected else None)
    assert bool(why) is (path is None)


def test_the_parts_of_a_heterogeneous_job_have_the_log_of_the_first() -> None:
    """Its default name is filled in by squeue, with each part's own number."""
    rows = [queue_row(f"19+{part}", number=str(19 + part), stdout=f"/work/slurm-{19 + part}.out") for part in (0, 1)]
    alone = queue_row("21", stdout="/work/slurm-21.out")
    logs = [str(job.log) for job in parse_queue("".join([*rows, alone]))]
    assert logs == ["/work/slurm-19.out", "/work/slurm-19.out", "/work/slurm-21.out"]
