"""A signal in a command's first moments, or while it imports, is answered with a sentence and the right status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from yogo import signals

ANY = [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGRTMIN + 3]

SLOW_IMPORTS = """
import sys
class Slow:
    "Imports whose disk is slow: the one named waits until something is said to this process."
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == sys.argv[-1]:
            print("ready", flush=True)
            sys.stdin.read(1)
sys.meta_path.insert(0, Slow)
"""


@contextmanager
def importing(module: str, code: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is importing `module`, and goes on with it when it is told something."""
    command = [sys.executable, "-c", f"{SLOW_IMPORTS}{code}", *argv, module]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def said(signum: int) -> str:
    return "SIGINT (Ctrl-C)" if signum == signal.SIGINT else signals.name(signum)


@pytest.mark.parametrize("signum", ANY)
@pytest.mark.parametrize("command", ["train", "check"])
@pytest.mark.parametrize("module", ["yogo.cli", "argparse"])
def test_a_command_that_has_only_just_begun_says_what_stopped_it(module: str, command: str, signum: int) -> None:
    with importing(module, "from yogo.entry import main\nsys.exit(main())", command) as process:
        process.send_signal(signum)
        _, err = process.communicate(timeout=60)
    is_resumable = command == "train" and signum != signal.SIGINT
    assert err == f"yogo: Stopped by {said(signum)}.\n"
    assert process.returncode == (signals.RESUMABLE if is_resumable else 128 + signum)


@pytest.mark.parametrize("signum", ANY)
@pytest.mark.parametrize("module", ["yogo_tui.cli", "argparse"])
def test_a_console_that_has_only_just_begun_says_what_stopped_it(module: str, signum: int) -> None:
    with importing(module, "from yogo_tui.entry import main\nsys.exit(main())", "jobs") as process:
        process.send_signal(signum)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signum, f"yogo-tui: Stopped by {said(signum)}.\n")


def test_what_is_ignored_from_the_start_stays_ignored_in_the_first_moments() -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with importing("yogo.cli", f"{ignoring}from yogo.entry import main\nsys.exit(main())", "check") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "yogo: Stopped by SIGTERM.\n")


YOGO = """
from yogo.exits import guarded
from yogo import signals
def command():
    import imported
with signals.heard():
    sys.exit(guarded(command))
"""

CONSOLE = """
from yogo_tui.asking import Stopped, heard
def command():
    with heard():
        import imported
try:
    command()
except Stopped as stopped:
    print(f"yogo-tui: {stopped.sentence}", file=sys.stderr)
    sys.exit(stopped.status)
except KeyboardInterrupt:
    print("yogo-tui: Stopped by SIGINT (Ctrl-C).", file=sys.stderr)
    sys.exit(130)
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", [YOGO, CONSOLE], ids=["yogo", "yogo-tui"])
def test_a_class_whose_making_is_stopped_is_no_failure(tmp_path: Path, program: str, signum: int) -> None:
    """Python wraps what is raised in there in an error."""
    part = "class Part:\n    def __set_name__(self, owner, name):\n        import awaited\n"
    (tmp_path / "imported.py").write_text(f"{part}class Whole:\n    part = Part()\n")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\n{program}"
    with importing("awaited", code) as process:
        process.send_signal(signum)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signum
    assert "Traceback" not in err
    assert err.endswith(f"Stopped by {said(signum)}.\n")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", [YOGO, CONSOLE], ids=["yogo", "yogo-tui"])
def test_native_code_that_is_being_imported_is_waited_for(tmp_path: Path, program: str, signum: int) -> None:
    """It would panic, in its own words."""
    (tmp_path / "imported.py").write_text("import pydantic_core, signal\nwhile True:\n    signal.pause()\n")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\n{program}"
    with importing("datetime", code) as process:
        process.send_signal(signum)
        _, err = process.communicate("go on", timeout=60)
    assert process.returncode == 128 + signum
    assert "panic" not in err
    assert err.endswith(f"Stopped by {said(signum)}.\n")


A_SIGNAL_IS_LOST = """
import signal
kill, lost = signal.pthread_kill, []
signal.pthread_kill = lambda *args: kill(*args) if lost else lost.append(args)
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", [YOGO, CONSOLE], ids=["yogo", "yogo-tui"])
def test_what_waits_for_native_code_is_asked_more_than_once(tmp_path: Path, program: str, signum: int) -> None:
    """A signal that arrives just before the main thread sleeps does not wake it."""
    (tmp_path / "imported.py").write_text("import pydantic_core, sys\nsys.stdin.read()\n")
    code = f"{A_SIGNAL_IS_LOST}sys.path.insert(0, {str(tmp_path)!r})\n{program}"
    with importing("datetime", code) as process:
        process.send_signal(signum)
        assert process.stdin is not None
        process.stdin.write("go on")
        process.stdin.flush()
        assert process.wait(timeout=60) == 128 + signum
        assert process.stderr is not None
        assert process.stderr.read().endswith(f"Stopped by {said(signum)}.\n")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGUSR2])
def test_a_process_of_several_that_is_stopped_as_it_starts_says_so(signum: signal.Signals) -> None:
    held = signal.pthread_sigmask(signal.SIG_BLOCK, signals.HANDLED)  # as the launcher holds them back
    try:
        environment = {**os.environ, "RANK": "0", "WORLD_SIZE": "2", "YOGO_LAUNCHER": str(os.getpid())}
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "yogo.launcher.rank"]
        process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        process.send_signal(signum)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signum, f"yogo: Stopped by {signum.name}.\n")
