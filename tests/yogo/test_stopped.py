"""Whatever asks a command to end is heard at once, wherever the command is, and answered with a sentence."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from yogo import signals

STUCK = """
import ctypes, sys, threading
mutex = ctypes.create_string_buffer(64)
lock = ctypes.CDLL(None).pthread_mutex_lock
lock(mutex)
gate = threading.Lock()
gate.acquire()
threading.Thread(target=lambda: gate.acquire() and print("ready", flush=True), daemon=True).start()
sys.setswitchinterval(600)
def stick():
    "For ever in native code, from which no signal calls back; `ready` is said once it is there."
    gate.release()
    lock(mutex)
"""


@contextmanager
def process(code: str, *wrapper: str) -> Iterator[subprocess.Popen[str]]:
    """One that hears signals, says `ready`, and then does what `code` says."""
    head = "import sys, time\nfrom yogo.exits import guarded\nfrom yogo import signals\n"
    started = subprocess.Popen(
        [*wrapper, sys.executable, "-c", head + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
    finally:
        started.kill()
        started.communicate()


COMMAND = """
def command():
    print("ready", flush=True)
    time.sleep(600)
with signals.heard():
    sys.exit(guarded(command))
"""


@pytest.mark.parametrize(
    "signum",
    [
        *(signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGXCPU),
        *(signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGRTMIN + 3),
    ],
)
def test_a_command_that_is_asked_to_end_says_so_in_a_sentence(signum: int) -> None:
    with process(COMMAND) as command:
        command.send_signal(signum)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (128 + signum, f"yogo: Stopped by {signals.name(signum)}.\n")


def test_an_interrupt_is_told_as_the_keys_that_people_press() -> None:
    with process(COMMAND) as command:
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (130, "yogo: Stopped by SIGINT (Ctrl-C).\n")


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    with process(COMMAND, "sh", "-c", 'trap "" HUP; exec "$@"', "sh") as command:
        command.send_signal(signal.SIGHUP)
        command.send_signal(signal.SIGTERM)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (143, "yogo: Stopped by SIGTERM.\n")


def test_a_command_in_native_code_ends_all_the_same() -> None:
    with process(f"{STUCK}with signals.heard():\n    stick()\n") as command:
        command.send_signal(signal.SIGTERM)
        _, err = command.communicate(timeout=60)
    assert command.returncode == 143
    assert err == "yogo: SIGTERM: stopping; again to stop now\nyogo: Stopped by SIGTERM.\n"


TRAINING = f"""
{STUCK}
with signals.heard(), signals.STOP_REQUESTS.deferred():
    signals.STOP_REQUESTS.is_resumable = True
    signals.STOP_REQUESTS.last_words = lambda signum: print("written down", flush=True)
    stick()
"""


def test_a_stop_in_the_middle_of_a_long_step_is_acknowledged_and_a_second_one_ends_it() -> None:
    with process(TRAINING) as training:
        training.send_signal(signal.SIGTERM)
        assert training.stderr is not None
        assert training.stderr.readline() == "yogo: SIGTERM: stopping after this step; again to stop now\n"
        while training.poll() is None:  # what comes within half a second is the same keypress
            training.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                training.wait(timeout=0.2)
        out, err = training.communicate()
    assert (training.returncode, out) == (signals.RESUMABLE, "written down\n")
    assert err == "yogo: Stopped by SIGTERM.\n"


def test_a_stop_that_waits_for_its_step_is_not_cut_short_by_the_signal_of_a_cluster_that_ends_the_job() -> None:
    """USR2 comes first, and TERM where the time is up: each is one, and neither asks for the other to be dropped."""
    inbox = signals.StopRequests()
    with inbox.deferred():
        inbox.receive(signal.SIGUSR2, None)
        inbox.receive(signal.SIGTERM, None)
    assert inbox.pending == signal.SIGTERM


def test_the_main_thread_that_sleeps_is_called_by_a_second_signal() -> None:
    code = """
def command():
    with signals.STOP_REQUESTS.deferred():
        print("ready", flush=True)
        while True:
            time.sleep(600)
with signals.heard():
    sys.exit(guarded(command))
"""
    with process(code) as training:
        training.send_signal(signal.SIGINT)
        assert training.stderr is not None
        assert "stopping after this step" in training.stderr.readline()
        while training.poll() is None:
            training.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                training.wait(timeout=0.2)
        _, err = training.communicate()
    assert (training.returncode, err) == (130, "yogo: Stopped by SIGINT (Ctrl-C).\n")


READS_FROM_A_DEAD_DRIVE = """
import concurrent.futures, os
def command(args):
    reads, _ = os.pipe()
    concurrent.futures.ThreadPoolExecutor(1).submit(os.read, reads, 1)
    print("ready", flush=True)
    time.sleep(600)
"""


def test_a_thread_that_never_ends_keeps_no_stopped_command() -> None:
    code = READS_FROM_A_DEAD_DRIVE + (
        "with signals.heard(to_the_end=True):\n    status = guarded(lambda: command(None))\nsignals.leave(status)\n"
    )
    with process(code) as command:
        command.send_signal(signal.SIGTERM)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (143, "yogo: Stopped by SIGTERM.\n")


def test_what_a_process_has_done_stands_whatever_comes_while_it_ends() -> None:
    code = """
with signals.heard(to_the_end=True):
    pass
print("ready", flush=True)
time.sleep(1)
"""
    with process(code) as command:
        for signum in (signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP):
            command.send_signal(signum)
        assert command.wait(timeout=60) == 0


def test_a_forced_end_gives_the_terminal_its_cursor_back() -> None:
    ours, terminal = pty.openpty()
    code = "from yogo import signals\n" + STUCK + "with signals.heard():\n    stick()\n"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=terminal, stderr=subprocess.PIPE)
    os.close(terminal)
    said = b""
    try:
        while b"ready" not in said:
            said += os.read(ours, 4096)
        child.send_signal(signal.SIGTERM)
        while b"\x1b[?25h" not in said:
            said += os.read(ours, 4096)
        assert child.wait(timeout=60) == 143
        assert child.wait(timeout=60) == 143
    finally:
        child.kill()
        child.communicate()
        os.close(ours)
