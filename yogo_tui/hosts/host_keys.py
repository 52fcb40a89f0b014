"""The key that a server shows, and what is known of it here: an unknown one is told, a changed one is an alarm."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from asyncssh.known_hosts import KnownHostsArg

_PORT = 22

_DEFAULT = Path("~/.ssh/known_hosts")


class Seen:
    """The key of one connection. Imported with asyncssh, at the first connection only."""

    def __init__(self, name: str, host: str, options: Mapping[str, Any]) -> None:
        """`options` are those that the connection is made with."""
        self._name = name
        self._host = host
        self._options = dict(options)
        self._settings = asyncssh.SSHClientConnectionOptions(host=host, **self._options)
        self._key: asyncssh.SSHKey | None = None
        self._where: tuple[str, str, int] = (
            self._settings.host_key_alias or self._settings.host,
            "",
            self._settings.port,
        )

    @property
    def known_hosts(self) -> KnownHostsArg:
        """The files of known keys that there are; one that does not exist knows none. None: the user wants no check."""
        named = self._settings.known_hosts
        if named is None:
            return None
        files = [str(one) for one in named] if isinstance(named, list) else []
        files = [one for one in files or [str(_DEFAULT.expanduser())] if Path(one).exists()]
        return files or asyncssh.import_known_hosts("")

    def client(self) -> asyncssh.SSHClient:
        seen = self

        class Client(asyncssh.SSHClient):
            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                """Asked only of a key that is not known: it is kept, and not trusted."""
                seen._key, seen._where = key, (host, addr, port)
                return False

        return Client()

    async def refused(self, error: asyncssh.DisconnectError | ConnectionResetError) -> str:
        """What to tell the user. A server whose known key is of another kind is asked for the one that it has.

        Raises `error` where the key is not to blame, asyncssh.Error, OSError.
        """
        known = self._known()
        if self._key is None and known and not isinstance(error, asyncssh.HostKeyNotVerifiable):
            self._key = await asyncssh.get_server_host_key(self._host, **self._options)
        if self._key is None and isinstance(error, asyncssh.HostKeyNotVerifiable):
            return f"The key of {self._name} cannot be trusted: {error.reason}."
        if self._key is None or self._key in known:
            raise error
        shows = _told(self._key)
        if not known:
            return (
                f"The key of {self._name} is not known here: it shows {shows}. Compare that with what its "
                f"administrators tell; if it is the same, run `ssh {self._name}` once, and accept it."
            )
        host, _, port = self._where
        entry = shlex.quote(host if port == _PORT else f"[{host}]:{port}")
        return (
            f"THE KEY OF {self._name} HAS CHANGED: somebody may have put himself in between, or the machine was set up "
            f"anew. Known here: {', '.join(map(_told, known))}. It shows: {shows}. Nothing was sent. Ask its "
            f"administrators; only if they tell the same new fingerprint, `ssh-keygen -R {entry}` and "
            f"`ssh {self._name}`."
        )

    def _known(self) -> list[asyncssh.SSHKey]:
        return list(asyncssh.match_known_hosts(self.known_hosts, *self._where)[0])


def _told(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"
