#!/usr/bin/env python3
"""A whole Slurm on this machine, private to the tests: `up`, `down`, `status`, `env`.

Two nodes with four pretend A100s each, slurmctld, slurmdbd over MariaDB, munge: all daemons are children of one
supervisor, live in one folder, listen on free ports of the loopback, and die with the supervisor. With `--owner PID`
the supervisor ends when that process does. What a killed supervisor could not clean, the next `up` or `down` does.
It needs its programs installed, but neither root nor systemd: jobs run as whoever starts it.

    eval "$(tests/slurm/private.py env)"     # after `up`: squeue and sbatch now speak to it
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.slurm.daemons import PATH, DaemonError, Settings, keep_up, start_daemons, stop_daemons

PROGRAMS = ("sbatch", "slurmctld", "slurmd", "slurmdbd", "sacctmgr", "munged", "mariadbd", "mariadb-install-db")
PATIENCE_SECONDS = 90.0
PROJECT = Path(__file__).resolve().parents[2]


class SlurmUnavailable(Exception):
    """The private Slurm cannot start: why, and what to do."""


def default_folder() -> Path:
    """One for each checkout. Under /tmp, as sockets lie in it, whose paths may have 107 bytes only."""
    if chosen := os.environ.get("YOGO_SLURM_DIR"):
        return Path(chosen).absolute()
    return Path("/tmp") / f"yogo-slurm-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]}"


def up(folder: Path, *, owner: int = 0, min_job_age: int = 300) -> bool:
    """Start it and wait until both nodes are idle. False when it was up already. Raises SlurmUnavailable."""
    _require_programs()
    if len(str(folder)) > 60:
        raise SlurmUnavailable(f"{folder} is too long for the sockets in it: set YOGO_SLURM_DIR to a shorter one.")
    with _locked(folder):
        if is_up(folder):
            return False
        _clean(folder)
        folder.mkdir(mode=0o755)
        arguments = ["supervise", "--folder", str(folder), "--owner", str(owner), "--min-job-age", str(min_job_age)]
        with (folder / "supervisor.log").open("wb") as log:
            command = [sys.executable, __file__, *arguments]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
        _until(lambda: (folder / "ready").exists() or not _supervisor(folder), PATIENCE_SECONDS)
        if not is_up(folder):
            _end(folder)
            told = (folder / "supervisor.log").read_text(errors="replace").strip()
            raise SlurmUnavailable(f"The private Slurm did not start; its logs lie in {folder}.\n{told}")
    return True


def down(folder: Path) -> bool:
    """Stop it and remove all that it left. False when there was nothing."""
    with _locked(folder):
        found = folder.exists()
        _end(folder)
        _clean(folder)
    return found


def is_up(folder: Path) -> bool:
    return (folder / "ready").exists() and bool(_supervisor(folder))


def environment(folder: Path) -> dict[str, str]:
    """What a shell needs to speak to it."""
    return {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": PATH}


def supervise(folder: Path, owner: int, min_job_age: int) -> int:
    """Run the daemons, detached, until the owner ends, a daemon fails, or SIGTERM comes."""
    if child := os.fork():
        (folder / "supervisor.pid").write_text(f"{child} {_born(child)}")
        return 0
    os.setsid()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settings = Settings.choose(folder, min_job_age=min_job_age)
    owner_born = _born(owner) if owner else ""
    children: list[subprocess.Popen[bytes]] = []
    try:
        start_daemons(settings, children, lambda: stopping)
        (folder / "ready").touch()
        while not stopping and (not owner or _born(owner) == owner_born):
            time.sleep(0.2)
            keep_up(settings, children)
    except DaemonError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        (folder / "ready").unlink(missing_ok=True)
        stop_daemons(children)
        _until(lambda: not _kill_leftovers(folder), 10.0)
    if not stopping:  # the owner is gone, so nobody else will do it
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _require_programs() -> None:
    missing = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    if missing:
        raise SlurmUnavailable(f"Missing: {', '.join(missing)}. Run tests/slurm/install.sh as root, or with sudo.")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = Path(f"{folder}.lock")
    while True:
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                continue  # its last holder took it away meanwhile
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _born(pid: int) -> str:
    """When a process started, in the kernel's ticks: tells it from a later one of the same id. Empty for none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _supervisor(folder: Path) -> int:
    """Its process id, 0 when it does not run."""
    try:
        pid, born = (folder / "supervisor.pid").read_text().split()
    except (OSError, ValueError):
        return 0
    return int(pid) if _born(int(pid)) == born else 0


def _end(folder: Path) -> None:
    if pid := _supervisor(folder):
        os.kill(pid, signal.SIGTERM)
        _until(lambda: not _supervisor(folder), 20.0)


def _clean(folder: Path) -> None:
    _until(lambda: not _kill_leftovers(folder), 10.0)
    shutil.rmtree(folder, ignore_errors=True)


def daemons_of(folder: Path, node: str) -> list[int]:
    """Process ids of a node's slurmd and slurmstepd, told by the host name that they share with its jobs alone."""
    slurmd = int((folder / f"slurmd.{node}.pid").read_text())
    namespace = os.stat(f"/proc/{slurmd}/ns/uts").st_ino
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name = (process / "cmdline").read_bytes()
            if name.startswith((b"slurmd", b"slurmstepd")) and (process / "ns" / "uts").stat().st_ino == namespace:
                found.append(int(process.name))
    return found


def _kill_leftovers(folder: Path) -> int:
    """How many there were of this folder's daemons, job steps and jobs; never a client of it, such as a shell."""
    configured = f"SLURM_CONF={folder}/slurm.conf".encode()
    num_found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        is_ours = f"YOGO_SLURM_DAEMON={folder}".encode() in variables
        is_job = configured in variables and any(v.startswith(b"SLURM_JOB_ID=") for v in variables)
        if is_ours or is_job:
            num_found += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
    return num_found


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["up", "down", "status", "env", "supervise"])
    parser.add_argument("--folder", type=Path, default=default_folder())
    parser.add_argument("--owner", type=int, default=0, help="end when this process does")
    parser.add_argument("--min-job-age", type=int, default=300, help="seconds until Slurm forgets a job that ended")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.absolute()
    match arguments.command:
        case "up":
            try:
                started = up(folder, owner=arguments.owner, min_job_age=arguments.min_job_age)
            except SlurmUnavailable as error:
                print(error, file=sys.stderr)
                return 1
            print(f"Slurm {'is up' if started else 'was up already'} in {folder}.")
        case "down":
            print(f"Slurm in {folder} is gone." if down(folder) else f"There was no Slurm in {folder}.")
        case "status":
            print(f"Slurm in {folder} is {'up' if is_up(folder) else 'down'}.")
            return 0 if is_up(folder) else 1
        case "env":
            for name, value in environment(folder).items():
                print(f"export {name}={shlex.quote(value)}")
        case _:
            return supervise(folder, arguments.owner, arguments.min_job_age)
    return 0


if __name__ == "__main__":
    sys.exit(main())
