"""A real SSH server on the loopback, with keys of its own; nothing of the user's SSH configuration is touched."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
            f"AuthorizedKeysFile {self.folder}/user_key.pub\nPermitRootLogin yes\nUsePAM no\n"
            f"PasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n"
        )
        self.configure("login")

    def set_environment(self, variables: Mapping[str, str]) -> None:
        """What a login there finds in its environment; for the next start."""
        words = " ".join(f'"{name}={value}"' for name, value in variables.items())
        with (self.folder / "sshd_config").open("a") as config:
            config.write(f"SetEnv {words}\n")

    def configure(self, alias: str, known_hosts: str = "known_hosts", key: str = "user_key") -> None:
        with self.config.open("a") as config:
            config.write(
                f"Host {alias}\n  HostName 127.0.0.1\n  Port {self.port}\n  IdentityFile {self.folder}/{key}\n"
                f"  IdentitiesOnly yes\n  UserKnownHostsFile {self.folder}/{known_hosts}\n"
            )

    def start(self) -> None:
        command = [self.sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20.0
        while not self.answers():
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            time.sleep(0.02)

    def answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

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


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
