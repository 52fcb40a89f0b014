"""The daemons of the private Slurm: their configuration, their start in order, their end."""

from __future__ import annotations

import ctypes
import functools
import os
import pwd
import secrets
import signal
import socket
import string
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.ports import free_port

HERE = Path(__file__).parent
PATH = os.pathsep.join([os.environ.get("PATH", "/usr/bin:/bin"), "/usr/local/sbin", "/usr/sbin", "/sbin"])
CLUSTER = "yogotest"
NODES = ("gpu1", "gpu2")
RENAME = "import os, socket, sys; socket.sethostname(sys.argv[1]); os.execvp(sys.argv[2], sys.argv[2:])"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class DaemonError(Exception):
    """A daemon does not answer: which, and where its log lies."""


@dataclass(frozen=True)
class Settings:
    """What the configuration files of one private Slurm say."""

    folder: Path
    user: str
    hostname: str
    password: str
    mariadb_port: int
    slurmdbd_port: int
    slurmctld_port: int
    gpu1_port: int
    gpu2_port: int
    min_job_age: int
    kill_wait: int = 2
    cluster: str = CLUSTER

    @classmethod
    def choose(cls, folder: Path, *, min_job_age: int) -> Settings:
        mariadb, slurmdbd, slurmctld, gpu1, gpu2 = (free_port() for _ in range(5))
        user = pwd.getpwuid(os.geteuid()).pw_name
        hostname = socket.gethostname().partition(".")[0]
        password = secrets.token_hex(16)
        return cls(folder, user, hostname, password, mariadb, slurmdbd, slurmctld, gpu1, gpu2, min_job_age)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH"))}
        return kept | {
            "PATH": PATH,
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "YOGO_SLURM_DAEMON": str(self.folder),  # by which leftovers are found
        }

    def write(self) -> None:
        """All configuration files, keys and pretend devices."""
        for name in ("state", "device", "gpu1", "gpu2", "mariadb"):
            (self.folder / name).mkdir(exist_ok=True)
        for index in range(4):
            (self.folder / "device" / f"gpu{index}").symlink_to("/dev/null")
        for name, mode in (("slurm.conf", 0o644), ("gres.conf", 0o644), ("slurmdbd.conf", 0o600)):
            text = string.Template((HERE / f"{name}.in").read_text()).substitute(asdict(self))
            _write(self.folder / name, text.encode(), mode)
        _write(self.folder / "plugstack.conf", b"", 0o644)
        _write(self.folder / "munge.key", secrets.token_bytes(256), 0o600)
        grant = f"GRANT ALL ON slurm_acct_db.* TO slurm@127.0.0.1 IDENTIFIED BY '{self.password}';\n"
        # slurmdbd connects over the loopback, where this account is the only one with a password.
        _write(self.folder / "init.sql", f"CREATE DATABASE slurm_acct_db;\n{grant}".encode(), 0o600)


def start_daemons(settings: Settings, children: list[subprocess.Popen[bytes]], is_stopping: Callable[[], bool]) -> None:
    """Start each once what it needs answers; `children` is filled as they come. Raises DaemonError."""
    folder = settings.folder
    settings.write()

    def start(*argv: str) -> None:
        children.append(_spawn(settings, list(argv)))

    def wait_for(what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60.0
        while not condition():
            dead = [str(child.args) for child in children if child.poll() is not None]
            if dead or is_stopping() or time.monotonic() > deadline:
                raise DaemonError(f"{what} does not answer; ended: {', '.join(dead) or 'none'}. See {folder}/*.log")
            time.sleep(0.05)

    start("munged", "--foreground", "--force", "--num-threads=2", f"--socket={folder}/munge.socket",
          f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid",
          f"--seed-file={folder}/munge.seed")  # fmt: skip
    _run(settings, "mariadb-install-db", "--no-defaults", f"--user={settings.user}", f"--datadir={folder}/mariadb",
         "--auth-root-authentication-method=socket", "--skip-test-db", "--innodb-log-file-size=8M")  # fmt: skip
    start("mariadbd", "--no-defaults", f"--user={settings.user}", f"--datadir={folder}/mariadb",
          f"--socket={folder}/mariadb.socket", f"--pid-file={folder}/mariadb.pid", f"--init-file={folder}/init.sql",
          f"--port={settings.mariadb_port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
          "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0",
          "--innodb-lock-wait-timeout=900")  # fmt: skip
    wait_for("munged", (folder / "munge.socket").exists)
    wait_for("mariadbd", lambda: _listens(settings.mariadb_port))
    start("slurmdbd", "-D")
    wait_for("slurmdbd", lambda: _listens(settings.slurmdbd_port))
    _run(settings, "sacctmgr", "--immediate", "add", "cluster", settings.cluster)
    start("slurmctld", "-D")
    for node in NODES:
        children.append(_spawn(settings, _slurmd(node)))
    wait_for("slurmctld", lambda: _nodes(settings) == ["idle", "idle"])


def keep_up(settings: Settings, children: list[subprocess.Popen[bytes]]) -> None:
    """Start slurmctld and slurmd again when they have ended, unless a test keeps them down: `hold`, `hold-gpu1`."""
    kept = {"hold": ["slurmctld", "-D"]} | {f"hold-{node}": _slurmd(node) for node in NODES}
    for hold, argv in kept.items():
        for index, child in enumerate(children):
            if child.args == argv and child.poll() is not None and not (settings.folder / hold).exists():
                children[index] = _spawn(settings, argv)


@functools.cache
def have_names_of_their_own() -> bool:
    """Whether each node has a host name of its own, as real nodes have: only root may give it one."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--uts", "true"], check=False).returncode == 0


def _slurmd(node: str) -> list[str]:
    command = ["slurmd", "-D", "-N", node]
    return ["unshare", "--uts", sys.executable, "-c", RENAME, node, *command] if have_names_of_their_own() else command


def stop_daemons(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """At once: nothing that they know outlives the folder."""
    for child in reversed(children):
        child.kill()
    for child in children:
        child.wait()


def _spawn(settings: Settings, argv: list[str]) -> subprocess.Popen[bytes]:
    with (settings.folder / f"{Path(argv[0]).name}.out").open("ab") as out:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=settings.environment,
            cwd=settings.folder,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  (the supervisor has one thread)
        )


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _ask(settings: Settings, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=settings.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _run(settings: Settings, *argv: str) -> None:
    done = _ask(settings, *argv)
    if done.returncode:
        raise DaemonError(f"{argv[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


def _nodes(settings: Settings) -> list[str]:
    return _ask(settings, "sinfo", "-h", "-N", "-o", "%t").stdout.split()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
