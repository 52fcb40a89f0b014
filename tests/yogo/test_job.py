"""Which job a process is in, as its environment says."""

from __future__ import annotations

import pytest

from yogo.run.job import JobIdentity

SLURM = {"SLURM_JOB_ID": "7", "SLURM_CLUSTER_NAME": "lab", "SLURM_RESTART_COUNT": "2", "SLURM_STEP_ID": "1"}


def test_a_process_outside_of_a_job_has_none() -> None:
    assert JobIdentity.from_environment({}) == JobIdentity(id="", cluster="", restarts=0, step=0)


def test_slurm_says_which_job_it_is() -> None:
    assert JobIdentity.from_environment(SLURM) == JobIdentity("7", "lab", 2, 1)


def test_a_task_of_an_array_is_known_as_the_queue_shows_it() -> None:
    task = {**SLURM, "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "12"}
    assert JobIdentity.from_environment(task).id == "7_12"


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5", "9" * 40])
def test_a_count_of_restarts_that_cannot_be_read_is_none(text: str) -> None:
    assert JobIdentity.from_environment({**SLURM, "SLURM_RESTART_COUNT": text}).restarts == 0


def test_what_a_template_says_of_another_scheduler_comes_first() -> None:
    said = {"YOGO_JOB_ID": "123.server", "YOGO_JOB_CLUSTER": "pbs", "YOGO_JOB_RESTARTS": "1"}
    job = JobIdentity.from_environment({**SLURM, **said})
    assert (job, job.number) == (JobIdentity("123.server", "pbs", 1, has_log=True), 123)


@pytest.mark.parametrize(
    ("environment", "has_log"),
    [
        ({**SLURM, "ENVIRONMENT": "BATCH"}, True),
        (SLURM, False),  # salloc, and srun from a shell
        ({"ENVIRONMENT": "BATCH"}, False),
        ({"YOGO_JOB_ID": "123.server"}, True),
    ],
)
def test_only_a_script_has_a_log(environment: dict[str, str], has_log: bool) -> None:
    assert JobIdentity.from_environment(environment).has_log is has_log
