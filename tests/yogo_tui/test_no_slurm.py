"""A Slurm that is not there is told in plain words, with what to do; it is no dead end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yogo_tui.cluster.slurm.answers import no_answer
from yogo_tui.errors import ClusterUnknown
from yogo_tui.hosts.base import Completed

NOISE = (
    "squeue: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\n"
    "squeue: error: fetch_config: DNS SRV lookup failed\n"
    "squeue: error: _establish_config_source: failed to fetch config\n"
    "squeue: fatal: Could not establish a configuration source\n"
)


@pytest.mark.parametrize(
    "noise",
    [
        NOISE,
        "squeue: error: ClusterName needs to be specified\nsqueue: fatal: Unable to process configuration file\n",
        "squeue: error: s_p_parse_file: cannot stat file /x: No such file or directory, retrying in 1sec up to 60sec\n"
        "squeue: fatal: Unable to process configuration file\n",
    ],
)
def test_commands_without_a_configuration_are_told_without_their_noise(noise: str) -> None:
    error = no_answer("squeue", Completed(1, "", noise))
    assert isinstance(error, ClusterUnknown)
    assert str(error).startswith("Slurm does not answer: its commands are installed, but no configuration")
    assert "yogo-tui --cluster local" in str(error)
    assert "cluster: local" in str(error)
    for word in ("resolve_ctls", "res_nsearch", "s_p_parse", "establish", "fetch"):
        assert word not in str(error)


def test_a_controller_out_of_reach_keeps_its_words_and_says_how_to_work_here() -> None:
    words = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"
    error = no_answer("squeue", Completed(1, "", words))
    assert "Unable to contact slurm controller (connect failure)" in str(error)
    assert "yogo-tui --cluster local" in str(error)


def test_slurms_commands_without_a_cluster_leave_the_runs_readable_and_the_machine_usable(tmp_path: Path) -> None:
    squeue = shutil.which("squeue")
    if squeue is None or Path("/etc/slurm/slurm.conf").exists():
        pytest.skip("needs Slurm's commands without a configuration")
    run = tmp_path / "trained_models/first"
    run.mkdir(parents=True)
    (run / "best.pth").touch()

    def told(*words: str) -> subprocess.CompletedProcess[str]:
        hidden = {"SLURM_CONF", "YOGO_TUI_SETTINGS"}
        env = {name: value for name, value in os.environ.items() if name not in hidden}
        env |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
        command = [sys.executable, "-m", "yogo_tui", *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=120)

    without = told("runs")
    assert "first" in without.stdout
    assert "yogo-tui --cluster local" in without.stderr
    assert "res_nsearch" not in without.stderr
    here = told("runs", "--cluster", "local")
    assert "first" in here.stdout
    assert here.stderr == ""


def test_what_is_awaited_is_said_while_slurm_is_slow(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "sacct"):
        (programs / name).write_text("#!/bin/sh\nsleep 4\necho slow >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    (tmp_path / "trained_models/first").mkdir(parents=True)
    (tmp_path / "trained_models/first/best.pth").touch()
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "YOGO_TUI_SETTINGS": ""}
    command = [sys.executable, "-m", "yogo_tui", "runs", "--cluster", "slurm"]
    shown = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=120)
    assert "first" in shown.stdout
    assert shown.stderr.startswith("waiting for the queue of the cluster …\n")
