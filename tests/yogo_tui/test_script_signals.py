"""What a job script does when the scheduler asks something of it, at any moment, and when its set-up fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.yogo_tui.test_render import TRAINER, plan
from yogo_tui.launch.script import render, render_wrapper
from yogo_tui.settings import Settings, shipped_templates

DEAF = "#!/bin/sh\n[ $1 = claim ] && exit 0\necho ready\nexec sleep 20\n"
"""A trainer that has not yet come as far as to listen for signals."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of stand-ins for the site's programs: scontrol fails while there is a file `away`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder / "yogo", TRAINER.format(python=sys.executable))
    program(folder / "sleep", "#!/bin/sh\nexec /bin/sleep 0.05\n")
    program(
        folder / "scontrol",
        f"""#!/bin/sh
        [ "$1" = ping ] && [ -e {tmp_path}/refuses ] && echo "Slurmctld(primary) at lab is UP"
        [ "$1" = show ] && echo "JobId=42 JobState=$(cat {tmp_path}/state 2>/dev/null || echo RUNNING)" \\
            "Requeue=1 Restarts=$(cat {tmp_path}/restarts 2>/dev/null || echo 0) BatchFlag=1"
        [ "$1" = requeue ] || exit 0
        echo "$@" >> {tmp_path}/requeues
        [ ! -e {tmp_path}/away ] || {{ echo "Unexpected message received" >&2; exit 1; }}
        [ ! -e {tmp_path}/refuses ] || {{ echo "Access/permission denied" >&2; exit 1; }}
        """,
    )
    return folder


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def settings(site: Path, *setup: str) -> Settings:
    return Settings(workspace=site.parent, yogo_command=str(site / "yogo"), setup=setup)


def start(site: Path, script: str, *words: str, **variables: str) -> subprocess.Popen[str]:
    """The script as job 42 of Slurm's, once it has said a first line."""
    (site.parent / "job.sbatch").write_text(script)
    process = subprocess.Popen(
        ["bash", str(site.parent / "job.sbatch"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ
        | {"SLURM_CLUSTER_NAME": "lab", "SLURM_JOB_ID": "42", "PATH": f"{site}:{os.environ['PATH']}"}
        | variables,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("ready")
    return process


def end(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stdout
    with process:
        out = process.stdout.read()  # not communicate(), which knows nothing of what a readline() has read ahead
    return out, process.returncode


def requeues(site: Path) -> int:
    file = site.parent / "requeues"
    return len(file.read_text().splitlines()) if file.exists() else 0


def slow(site: Path) -> Settings:
    """Set-up lines that take as long as the test wants."""
    return settings(site, "echo ready", f"until [ -e {site.parent}/go ]; do /bin/sleep 0.02; done")


def slow_start(site: Path, asked: signal.Signals) -> tuple[str, int]:
    """What becomes of a job that is asked something while its set-up lines run."""
    process = start(site, render(slow(site), plan(), "token"))
    process.send_signal(asked)
    (site.parent / "go").touch()
    return end(process)


def test_a_warning_during_the_set_up_puts_the_job_back_into_the_queue(site: Path) -> None:
    out, status = slow_start(site, signal.SIGUSR2)
    assert (out, status, requeues(site)) == ("The job goes back into the queue.\n", 75, 1)


def test_the_last_task_of_an_array_whose_number_it_has_puts_itself_back_alone(site: Path) -> None:
    script = render(slow(site), plan(), "token")
    process = start(site, script, SLURM_ARRAY_JOB_ID="42", SLURM_ARRAY_TASK_ID="3")
    process.send_signal(signal.SIGUSR2)
    (site.parent / "go").touch()
    assert end(process)[1] == 75
    assert (site.parent / "requeues").read_text() == "requeue 42_3\n"


def test_a_cancel_during_the_set_up_ends_the_job_as_cancelled(site: Path) -> None:
    assert slow_start(site, signal.SIGTERM) == ("", 143)
    assert requeues(site) == 0


@pytest.mark.parametrize("command", ["claim", "verify"])
def test_a_cancel_while_the_launch_is_claimed_ends_the_job_as_cancelled(site: Path, command: str) -> None:
    program(site / "yogo", "#!/bin/sh\necho ready\nexec /bin/sleep 20\n")
    process = start(site, render(settings(site), plan(), "token"))
    os.killpg(process.pid, signal.SIGTERM)
    assert end(process)[1] == 143


def test_a_warning_before_the_trainer_listens_puts_the_job_back_into_the_queue(site: Path) -> None:
    program(site / "yogo", DEAF.replace("sleep", "/bin/sleep"))
    process = start(site, render(settings(site), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    assert end(process)[1] == 75
    assert requeues(site) == 1


def test_the_job_asks_for_its_place_in_the_queue_until_it_has_it(site: Path) -> None:
    (site.parent / "away").touch()
    process = start(site, render(settings(site), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    assert process.stdout
    while "resume" not in (line := process.stdout.readline()):
        assert line
    assert line.endswith("To go on: yogo-tui resume chaos-cat-0727\n")
    while requeues(site) < 4:
        assert process.poll() is None
    (site.parent / "away").unlink()
    out, status = end(process)
    assert status == 75
    assert out.endswith("The job goes back into the queue.\n")
    assert "can then never start" in out
    assert "yogo-tui resume" not in out


def test_a_controller_that_refuses_again_and_again_is_believed(site: Path) -> None:
    (site.parent / "refuses").touch()
    process = start(site, render(settings(site), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    out, status = end(process)
    assert status == 75
    assert "Access/permission denied" in out
    assert requeues(site) > 10


def test_a_job_that_is_cancelled_while_it_asks_for_its_place_ends(site: Path) -> None:
    (site.parent / "away").touch()
    process = start(site, render(settings(site), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    while requeues(site) < 2:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert end(process)[1] == 143


@pytest.mark.parametrize(
    ("file", "says", "why"),
    [
        ("state", "CANCELLED", "was cancelled"),
        ("state", "COMPLETING", "has ended the job"),
        ("state", "NODE_FAIL", "has ended the job"),
        ("restarts", "1", "has queued the job again"),
        ("restarts", "10", "has queued the job again"),
    ],
)
def test_a_start_that_slurm_has_given_up_brings_nothing_back(site: Path, file: str, says: str, why: str) -> None:
    """Its node was lost, say, and the job was queued again, or cancelled."""
    (site.parent / file).write_text(says)
    process = start(site, render(settings(site), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    out, status = end(process)
    assert (status, requeues(site)) == (143, 0)
    assert why in out


def test_a_job_whose_time_was_up_without_a_warning_comes_back(site: Path) -> None:
    (site.parent / "state").write_text("TIMEOUT")
    process = start(site, render(settings(site), plan(), "token"))
    os.killpg(process.pid, signal.SIGTERM)
    out, status = end(process)
    assert (out, status) == ("told TERM\nThe job goes back into the queue.\n", 75)


def test_a_set_up_line_that_fails_ends_the_job_with_a_sentence_that_names_it(site: Path) -> None:
    odd = (
        "echo ready",
        "if false; then",
        "  true",
        "fi",
        "false || true",
        "loader() { false; return 3; }",
    )
    out, status = end(start(site, render(settings(site, *odd, "loader cuda/12", "echo not reached"), plan(), "token")))
    assert status == 3
    assert "This line of the setting setup failed, with exit status 3: loader cuda/12\n" in out
    assert "not reached" not in out
    missing = render_wrapper(settings(site, "echo ready", "module load cuda"), settings(site).size(1))
    out, status = end(start(site, missing, "yogo", "train"))
    assert status == 127
    assert "failed, with exit status 127: module load cuda\n" in out


def test_what_a_sourced_file_tries_in_vain_ends_nothing(site: Path) -> None:
    (site.parent / "profile").write_text("false\ntrue\n")
    out, _ = end(start(site, render(settings(site, "source profile", "false || true"), plan(), "token")))
    assert "failed" not in out


def test_set_up_lines_that_make_the_shell_strict_do_not_lose_the_requeue(site: Path) -> None:
    process = start(site, render(settings(site, "set -euo pipefail"), plan(), "token"))
    process.send_signal(signal.SIGUSR2)
    assert end(process)[1] == 75
    assert requeues(site) == 1


def test_a_template_of_the_users_own_that_is_older_than_the_traps_gets_them(site: Path) -> None:
    own = site.parent / "templates"
    own.mkdir()
    shipped_text = (shipped_templates() / "1gpu.sbatch").read_text()
    (own / "1gpu.sbatch").write_text(shipped_text.replace('{% include "_signals.sbatch" %}\n\n', ""))
    old = slow(site).model_copy(update={"templates": own})
    script = render(old, plan(), "token")
    assert script.index("\ntrap yogo_again USR2\n") < script.index("\ncd -- ")
    assert script.count("yogo_again()") == 1
    assert sorted(script.split()) == sorted(render(slow(site), plan(), "token").split())


def test_a_warning_during_the_wrappers_set_up_ends_it_with_a_sentence(site: Path) -> None:
    process = start(site, render_wrapper(slow(site), settings(site).size(1)), "yogo", "train")
    process.send_signal(signal.SIGUSR2)
    (site.parent / "go").touch()
    assert end(process) == ("The time was nearly up before the command began.\n", 75)
