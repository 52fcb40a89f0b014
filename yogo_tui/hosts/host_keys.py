"""Checks the key of a server: a person is asked about an unknown one, and a changed one is an alarm."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shlex
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from yogo.files.places import because
from yogo_tui.errors import HostError
from yogo_tui.hosts import ssh_algorithms
from yogo_tui.hosts.asker import HostKey, Refused
from yogo_tui.hosts.ssh_config import Destination

if TYPE_CHECKING:
    from asyncssh.known_hosts import KnownHostsArg

REFUSALS = (
    asyncssh.HostKeyNotVerifiable,
    asyncssh.KeyExchangeFailed,
    asyncssh.ConnectionLost,
    ConnectionResetError,  # by a server that has no key of a kind that is known, where its last words are lost
)
"""How a connection fails where the server's key may be to blame."""


_PLAIN = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]
_PLAIN += ["rsa-sha2-512", "rsa-sha2-256"]
"""The usual ones."""


class HostKeys:
    """What is known of one server's key, and the key that it shows. Imported with asyncssh, at the first connection."""

    def __init__(self, to: Destination, accepted: set[bytes]) -> None:
        """`accepted` holds the keys that a person has accepted since the console began, with the servers' names."""
        self._to = to
        self._accepted = accepted
        self._shown: asyncssh.SSHKey | None = None

    @property
    def known_hosts(self) -> KnownHostsArg:
        """The files of known keys that there are; one that does not exist knows none."""
        files = [str(one) for one in self._to.all_known_hosts if one.exists()]
        return files or asyncssh.import_known_hosts("")

    @property
    def options(self) -> dict[str, Any]:
        """How to ask the server for a key that can be checked: a certificate only where an authority is known."""
        known, authorities, *_ = asyncssh.match_known_hosts(self.known_hosts, *self._where)
        return {} if known or authorities else {"server_host_key_algs": self._plain}

    def validate(self, key: asyncssh.SSHKey) -> bool:
        """Asked of a key that no file knows."""
        self._shown = key
        return self._line(key) in self._accepted

    async def shown(self, error: Exception, options: dict[str, Any]) -> HostKey:
        """The unknown key that made a connection fail, for a person to look at. A server whose known key is of another
        kind is asked for the one that it has.

        Raises Refused for a changed or revoked key, and `error` where the key is not to blame.
        """
        known = list(asyncssh.match_known_hosts(self.known_hosts, *self._where)[0])
        if self._shown is None and known and not isinstance(error, asyncssh.HostKeyNotVerifiable):
            options = {**options, "server_host_key_algs": self._plain}
            self._shown = await asyncssh.get_server_host_key(self._to.host, self._to.port, **options)
        if self._shown is None and isinstance(error, asyncssh.HostKeyNotVerifiable):
            raise Refused(f"The key of {self._to.label} cannot be trusted: {error.reason}.") from error
        if self._shown is None or self._shown in known:
            raise error
        if known:
            raise Refused(self._alarm(known, self._shown)) from error
        file = str(self._to.known_hosts[0]) if self._to.known_hosts else "no file"
        key = self._shown
        return HostKey(self._to.label, self._to.known_as, key.get_algorithm(), key.get_fingerprint(), file)

    def unknown(self, key: HostKey) -> str:
        """The sentence for a key that nobody accepted."""
        return (
            f"The key of {key.host} is not known here: it shows {key.kind} {key.fingerprint}. Compare that with the "
            f"fingerprint from its administrators; if it is the same, run `ssh {self._to.alias}` once, and accept it."
        )

    def accept(self) -> None:
        """Trust the key that was shown, now and later: write it down as ssh does."""
        assert self._shown is not None
        self._accepted.add(self._line(self._shown))
        if self._to.known_hosts:
            _append(self._to.known_hosts[0], self._entry(self._shown))

    @property
    def _plain(self) -> Sequence[str]:
        """The kinds of keys without a certificate that the server may show. Raises HostError."""
        return ssh_algorithms.host_keys(self._to) or _PLAIN

    @property
    def _where(self) -> tuple[str, str, int]:
        return self._to.word("hostkeyalias", self._to.host), "", self._to.port

    def _line(self, key: asyncssh.SSHKey) -> bytes:
        return self._to.known_as.encode() + b" " + key.export_public_key()

    def _entry(self, key: asyncssh.SSHKey) -> bytes:
        name = self._to.known_as.lower()
        if self._to.is_on("hashknownhosts"):
            salt = secrets.token_bytes(20)
            digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
            name = f"|1|{b64encode(salt).decode()}|{b64encode(digest).decode()}"
        kind, public = key.export_public_key().split()[:2]
        return name.encode() + b" " + kind + b" " + public + b"\n"

    def _alarm(self, known: list[asyncssh.SSHKey], shown: asyncssh.SSHKey) -> str:
        return (
            f"THE KEY OF {self._to.label} HAS CHANGED: somebody may be intercepting the connection, or the machine was "
            f"reinstalled. Known here: {', '.join(map(_told, known))}. It shows: {_told(shown)}. Nothing was sent. Ask "
            f"its administrators; only if they confirm the new fingerprint, run "
            f"`ssh-keygen -R {shlex.quote(self._to.known_as)}` and `ssh {self._to.alias}`."
        )


def _append(path: Path, line: bytes) -> None:
    """Raises HostError: who said yes must know that it is asked again."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            size = os.fstat(handle).st_size
            is_torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            file.write(b"\n" * is_torn + line)
    except OSError as error:
        reason = because(error)
        raise HostError(f"The accepted key cannot be written to {path}: {reason}. Mend that, and try again.") from error


def _told(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"
