"""Asked to stop, a run saves what it has; killed, it tears nothing and keeps nobody waiting."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.waiting import until
from tests.yogo.training.tiny import TINY, Yogo
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.errors import RunError
from yogo.run import events
from yogo.run.result import Result, verify


def begin(yogo: Yogo, definition: Path, name: str, *arguments: object) -> subprocess.Popen[str]:
    """A run that would take for ever, once it has saved something."""
    process = yogo.start(definition, *TINY, "--name", name, "--epochs", "100000", "-bs", "1", *arguments)
    until(lambda: yogo.run(name).last.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def ranks_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


@pytest.mark.parametrize(
    ("signum", "processes", "status"),
    [
        (signal.SIGTERM, 1, signals.RESUMABLE),
        (signal.SIGUSR1, 1, signals.RESUMABLE),
        (signal.SIGUSR2, 2, signals.RESUMABLE),
        (signal.SIGINT, 2, signals.INTERRUPTED),
    ],
)
def test_a_signal_saves_the_step_in_hand_and_says_so(
    signum: signal.Signals, processes: int, status: int, yogo: Yogo, definition: Path
) -> None:
    process = begin(yogo, definition, "asked", "--processes", processes)
    # As from a terminal or from scancel, every process hears it; and the launcher passes it on besides.
    for pid in [*ranks_of(process), process.pid]:
        os.kill(pid, signum)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (status, "")
    assert f"Go on: yogo train --resume {yogo.run('asked').path}" in out
    said = [event for event in yogo.events("asked") if isinstance(event, events.Signalled)]
    assert [event.signal for event in said] == [signum.name]
    assert load_checkpoint(yogo.run("asked").last).step == said[0].step
    assert yogo.run("asked").result.exists() == (signum != signal.SIGUSR2)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_is_killed_ends_the_others_with_one_sentence(rank: int, yogo: Yogo, definition: Path) -> None:
    process = begin(yogo, definition, "fallen", "--processes", 2)
    os.kill(ranks_of(process)[rank], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 137
    assert err.count("yogo: ") == 1
    assert "killed by SIGKILL, perhaps because the memory was full, and the others ended with it." in err
    if rank:
        said = "one of the run's processes was killed by SIGKILL, perhaps because the memory was full"
        assert Result.read(yogo.run("fallen").result).reason == said
    with pytest.raises(RunError):
        verify(yogo.run("fallen"))


def test_a_process_that_is_killed_before_they_have_met_ends_the_others_too(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(definition, *TINY, "--name", "early", "--epochs", "100000", "--processes", "2")
    until(lambda: len(ranks_of(process)) == 2)
    os.kill(ranks_of(process)[1], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 137
    assert "killed by SIGKILL" in err
    assert not yogo.run("early").last.exists()


def test_ranks_whose_launcher_is_killed_save_and_end(yogo: Yogo, definition: Path) -> None:
    process = begin(yogo, definition, "orphans", "--processes", 2)
    ranks = ranks_of(process)
    process.kill()
    until(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in ranks), seconds=60)
    assert any(isinstance(event, events.Signalled) for event in yogo.events("orphans"))


def test_a_run_that_is_killed_outright_leaves_whole_files_and_can_be_resumed(yogo: Yogo, definition: Path) -> None:
    process = begin(yogo, definition, "killed")
    process.kill()
    process.communicate()
    saved = load_checkpoint(yogo.run("killed").last)
    resumed = yogo.start("--resume", yogo.run("killed").path)
    until(lambda: any(isinstance(event, events.Resumed) for event in yogo.events("killed")))
    resumed.terminate()
    out, err = resumed.communicate(timeout=60)
    assert (resumed.returncode, err) == (signals.RESUMABLE, "")
    assert "took over" in out
    assert load_checkpoint(yogo.run("killed").last).step >= saved.step


def test_a_stop_before_anything_was_trained_ends_at_once_and_is_worth_resuming(yogo: Yogo, definition: Path) -> None:
    process = yogo.start(definition, *TINY, "--name", "early", "--epochs", "100000")
    until((yogo.run("early").lease / "holder.json").exists)
    process.send_signal(signal.SIGUSR2)
    process.communicate(timeout=60)
    assert process.returncode == signals.RESUMABLE
    assert not yogo.run("early").result.exists()


def test_a_run_that_another_process_trains_is_refused(yogo: Yogo, definition: Path) -> None:
    begin(yogo, definition, "mine")
    second = yogo.train("--resume", yogo.run("mine").path)
    assert second.returncode == 1
    assert "is being trained by" in second.stderr
    assert not yogo.run("mine").result.exists()
