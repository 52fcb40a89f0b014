"""A real SSH server on the loopback, with keys of its own; nothing of the user's SSH configuration is touched."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.litter import remove
from tests.slurm.daemons import PATH


@dataclass
class Server:
    """A real sshd, with keys of its own; `config` is the user's SSH configuration for it."""

    sshd: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def prepare(self) -> None:
        import asyncssh

        for name in ("host_key", "user_key"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(self.folder / name)
            key.write_public_key(self.folder / f"{name}.pub")
            (self.folder / name).chmod(0o600)
        public = (self.folder / "host_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nStrictModes no\n"
            f"AuthorizedKeysFile {self.folder}/user_key.pub .ssh/authorized_keys\nPermitRootLogin yes\nUsePAM no\n"
            f"PasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n"
        )
        self.configure("login")

    def set(self, *lines: str) -> None:
        """Lines of its configuration that count before the usual ones; for the next start."""
        file = self.folder / "sshd_config"
        file.write_text("\n".join(lines) + "\n" + file.read_text())

    def restart(self) -> None:
        self.kill()
        self.start()

    @property
    def fingerprint(self) -> str:
        import asyncssh

        return asyncssh.read_public_key(self.folder / "host_key.pub").get_fingerprint()

    def set_environment(self, variables: Mapping[str, str]) -> None:
        """What a login there finds in its environment; for the next start."""
        words = " ".join(f'"{name}={value}"' for name, value in variables.items())
        with (self.folder / "sshd_config").open("a") as config:
            config.write(f"SetEnv {words}\n")

    def configure(
        self, alias: str, *lines: str, known_hosts: str = "known_hosts", key: str = "user_key", port: int = 0
    ) -> None:
        """A name for it in the user's SSH configuration; the lines count before the usual ones."""
        usual = (
            "HostName 127.0.0.1",
            f"Port {port or self.port}",
            f"IdentityFile {self.folder}/{key}",
            "IdentitiesOnly yes",
            f"UserKnownHostsFile {self.folder}/{known_hosts}",
        )
        with self.config.open("a") as config:
            config.write(f"Host {alias}\n" + "".join(f"  {line}\n" for line in (*lines, *usual)))

    def start(self) -> None:
        deadline = time.monotonic() + 20.0
        while not self.answers():
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            if self.process is None or self.process.poll() is not None:  # somebody may have had its port for a moment
                self._begin()
            time.sleep(0.02)

    def _begin(self) -> None:
        command = [self.sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, start_new_session=True)

    def answers(self) -> bool:
        """As an SSH server: where nobody listens, a connection from a port to itself may come about."""
        with socket.socket() as connection, contextlib.suppress(OSError):
            connection.settimeout(5.0)
            connection.connect(("127.0.0.1", self.port))
            return connection.recv(4) == b"SSH-"
        return False

    def kill(self) -> None:
        """The server and every connection to it."""
        if self.process is not None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            for child in children.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            self.process = None


class CannotMakeUser(Exception):
    """It takes root."""


@dataclass(frozen=True)
class FarUser:
    """An account of this machine, made for a test."""

    name: str
    home: Path
    password: str


@contextlib.contextmanager
def far_user(shell: str = "/bin/bash", key: Path | None = None) -> Iterator[FarUser]:
    """An account that lasts as long as the block; `key` is a public key that it lets in. Raises CannotMakeUser."""
    if os.geteuid() != 0 or shutil.which("useradd", path=PATH) is None:
        raise CannotMakeUser("needs root and useradd")
    # Not below pytest's own folder, which no other user may enter.
    home = Path(tempfile.mkdtemp(prefix="yogo-home-", dir="/tmp"))
    user = FarUser(f"yogo-{secrets.token_hex(4)}", home, secrets.token_urlsafe())
    environment = os.environ | {"PATH": PATH}
    subprocess.run(["useradd", "-M", "-d", home, "-s", shell, user.name], check=True, env=environment)
    try:
        subprocess.run(["chpasswd"], input=f"{user.name}:{user.password}", text=True, check=True, env=environment)
        (home / ".ssh").mkdir()
        if key:
            shutil.copy(key, home / ".ssh" / "authorized_keys")
        home.chmod(0o755)
        subprocess.run(["chown", "-R", user.name, home], check=True)
        yield user
    finally:
        subprocess.run(["userdel", "-f", user.name], check=True, capture_output=True, env=environment)
        remove(home)
