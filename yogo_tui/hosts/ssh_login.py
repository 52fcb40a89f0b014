"""Logs in to a host, through the hosts on the way, and asks a person for what only a person can give."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from yogo.files.places import because
from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts import ssh_algorithms
from yogo_tui.hosts.asker import Asker, Challenge, HostKey, Prompt, Refused
from yogo_tui.hosts.host_keys import REFUSALS, HostKeys
from yogo_tui.hosts.ssh_config import Destination

T = TypeVar("T")

# asyncio warns on standard error, where the console is drawn, of what is sent over a line that has just been lost.
logging.getLogger("asyncio").setLevel(logging.ERROR)

CONNECT_SECONDS = 30.0
"""For each host on the way; the time that a person takes to answer does not count."""

_LONGEST_BANNER = 300
_KEEPALIVE_SECONDS = 15
_LONGEST_TEXT = 2000
"""Characters of what a server says above its prompts."""

_MOST_LINES = 8
"""Of a server's banner: what is asked below it has to stay on the screen."""


class Way:
    """The connections to a host and to those on the way."""

    def __init__(self, connections: Sequence[asyncssh.SSHClientConnection]) -> None:
        self._connections = connections

    @property
    def last(self) -> asyncssh.SSHClientConnection:
        return self._connections[-1]

    async def close(self) -> None:
        for connection in reversed(self._connections):
            connection.abort()
        for connection in self._connections:
            await connection.wait_closed()


class Login:
    """One attempt to reach a host."""

    def __init__(self, asker: Asker | None, accepted: set[bytes], because: str = "") -> None:
        """Without an asker nothing is asked. `accepted` as for HostKeys; `because` is told with every question."""
        self._asker = asker
        self._accepted = accepted
        self._because = because

    async def connect(self, way: Sequence[Destination]) -> Way:
        """Raises HostError; Refused where another attempt needs a person's word."""
        connections: list[asyncssh.SSHClientConnection] = []
        try:
            for hop in way:
                connections.append(await self._reach(hop, connections[-1] if connections else None))
        except BaseException:
            await Way(connections).close()
            raise
        return Way(connections)

    async def _reach(
        self, to: Destination, tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        asker = None if to.is_on("batchmode") else self._asker
        keys = HostKeys(to, self._accepted)
        patience = to.connect_seconds or CONNECT_SECONDS
        options = _options(to, tunnel)
        try:
            async with asyncio.timeout(patience) as timer:
                client = _Client(to, keys, Patient(asker, timer, patience), self._because)
                try:
                    return await client.connect(options)
                except REFUSALS as error:
                    shown = await keys.shown(error, _transport(to, tunnel))
                may_ask = asker is not None and to.word("stricthostkeychecking") not in ("yes", "true")
                if not may_ask or not await client.asker.trust(shown):
                    raise Refused(keys.unknown(shown))
                keys.accept()
                return await client.connect(options)
        except TimeoutError as error:
            raise HostError(f"{to.label} gave no answer within {patience:g} s.") from error
        except asyncssh.DisconnectError as error:
            raise client.why_not(error) from error
        except (asyncssh.Error, OSError, ValueError) as error:
            raise HostError(f"{to.label} cannot be reached: {_reason(error)}.") from error


class Patient:
    """Asks while the clock of the connection stands still."""

    def __init__(self, asker: Asker | None, timer: asyncio.Timeout, seconds: float) -> None:
        self._asker = asker
        self._timer = timer
        self._seconds = seconds

    @property
    def is_there(self) -> bool:
        return self._asker is not None

    async def trust(self, key: HostKey) -> bool:
        return self._asker is not None and await self._stopped(self._asker.trust(key))

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        return await self._stopped(self._asker.answer(question)) if self._asker is not None else None

    async def _stopped(self, asked: Coroutine[Any, Any, T]) -> T:
        self._timer.reschedule(None)
        try:
            return await asked
        finally:
            self._timer.reschedule(asyncio.get_running_loop().time() + self._seconds)


class _Client(asyncssh.SSHClient):
    """Answers what the server asks while it lets somebody in."""

    def __init__(self, to: Destination, keys: HostKeys, asker: Patient, because: str) -> None:
        self._to = to
        self._keys = keys
        self.asker = asker
        self._because = because
        self._locked = [path for path in to.identities if _is_locked(path)]
        self._num_tries = int(to.word("numberofpasswordprompts", "3"))
        self._tries: Counter[str] = Counter()
        self._said = ""
        """What the server has said without asking for anything."""

        self._banner = ""
        """What it says to everybody before it lets them in; told with the first question, or with a refusal."""

        self._failure: HostError | None = None
        """Why to try nothing further."""

    async def connect(self, options: dict[str, Any]) -> asyncssh.SSHClientConnection:
        options = {**options, **self._keys.options, "known_hosts": self._keys.known_hosts}
        connection, _ = await asyncssh.create_connection(lambda: self, self._to.host, self._to.port, **options)
        return connection

    def why_not(self, error: asyncssh.DisconnectError) -> HostError:
        """The error for a connection that the server ended before it let anybody in."""
        if self._failure is not None:
            return self._failure
        said = printable(error.reason).rstrip(".")
        if not isinstance(error, asyncssh.PermissionDenied) and not self._tries and "authentication" not in said:
            return HostError(f"{self._to.label} cannot be reached: {said}.")
        advice = "" if self.asker.is_there else f": does `ssh {self._to.alias}` work without a password?"
        left_out = self._to.not_used
        also = f" Not tried, as it is not supported here: {', '.join(left_out)}." if left_out else ""
        banner = f" It says: {' '.join(self._banner.split())[:_LONGEST_BANNER]}" if self._banner.strip() else ""
        return Refused(f"{self._to.label} refused the login ({said}){advice or '.'}{also}{banner}")

    def auth_banner_received(self, msg: str, lang: str) -> None:
        lines = [line for line in _shown(msg).splitlines() if line.strip()]
        self._banner = "\n".join(lines[:_MOST_LINES])

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        return self._keys.validate(key)

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        """Keys without a passphrase, and those of the agent, were tried before."""
        while self._locked and self._may_ask:
            path = self._locked[0]
            answers = await self._ask("", [Prompt(f"Passphrase of {path}: ")])
            typed = answers[0] if answers else ""
            key = _unlocked(path, typed) if typed else None
            if key is not None or not typed or not self._spend(str(path)):
                self._locked.pop(0)
            if key is not None:
                return key
        return None

    async def password_auth_requested(self) -> str | None:
        if not self._may_ask or not self._spend("password"):
            return None
        answers = await self._ask("", [Prompt(f"Password of {self._to.user} on {self._to.label}: ")])
        return answers[0] if answers else None

    def kbdint_auth_requested(self) -> str | None:
        return "" if self._may_ask and self._spend("keyboard") else None

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str] | None:
        text = "\n".join(one for one in (self._said, name, instructions) if one.strip())
        self._said = "" if prompts else text
        if not prompts:
            return []
        return await self._ask(text, [Prompt(_shown(prompt), is_shown) for prompt, is_shown in prompts])

    @property
    def _may_ask(self) -> bool:
        return self.asker.is_there and self._failure is None

    def _spend(self, method: str) -> bool:
        self._tries[method] += 1
        return self._tries[method] <= self._num_tries

    async def _ask(self, text: str, prompts: Sequence[Prompt]) -> Sequence[str] | None:
        banner, self._banner = self._banner, ""
        above = "\n".join(one for one in (self._because, banner, _shown(text)) if one)
        try:
            answers = await self.asker.answer(Challenge(self._to.label, tuple(prompts), above))
        except HostError as error:  # nobody is there; asyncssh would take it for a fault of its own
            self._failure = error
            return None
        if answers is None:
            self._failure = Refused(f"Not connected to {self._to.label}: the login was cancelled.")
        return answers


def _options(to: Destination, tunnel: asyncssh.SSHClientConnection | None) -> dict[str, Any]:
    """What asyncssh is told; it reads no configuration of its own."""
    interval = int(to.word("serveraliveinterval", "0")) or _KEEPALIVE_SECONDS
    options = {
        **_transport(to, tunnel),
        **ssh_algorithms.ciphers(to),
        **ssh_algorithms.signatures(to),
        "username": to.user,
        "host_key_alias": to.word("hostkeyalias") or None,
        "client_keys": [str(path) for path in to.identities if _is_key(path)],
        "client_certs": [str(path) for path in to.certificates],
        "agent_path": to.agent,
        "public_key_auth": to.is_on("pubkeyauthentication"),
        "password_auth": to.is_on("passwordauthentication"),
        "kbdint_auth": to.is_on("kbdinteractiveauthentication"),
        "keepalive_interval": interval,
        "keepalive_count_max": int(to.word("serveralivecountmax", "3")),
        "login_timeout": 0,
    }
    if to.is_on("compression"):
        options["compression_algs"] = ["zlib@openssh.com", "zlib", "none"]
    if to.is_on("identitiesonly"):
        options["agent_identities"] = _public(to)
    if preferred := to.word("preferredauthentications"):
        options["preferred_auth"] = preferred
    return options


def _transport(to: Destination, tunnel: asyncssh.SSHClientConnection | None) -> dict[str, Any]:
    families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
    options: dict[str, Any] = {"config": None, "family": families.get(to.word("addressfamily"), socket.AF_UNSPEC)}
    options |= ssh_algorithms.key_exchange(to)
    if address := to.word("bindaddress"):
        options["local_addr"] = (address, 0)
    if tunnel is not None:
        options["tunnel"] = tunnel
    elif command := to.proxy_command:
        options["proxy_command"] = command
    return options


def _public(to: Destination) -> list[asyncssh.SSHKey | asyncssh.SSHCertificate]:
    """The keys that an agent may be asked for."""
    named = to.paths("identityfile")
    keys = [path.with_name(path.name.removesuffix(".pub") + ".pub") for path in named]
    certificates = [*to.certificates, *(path.with_name(path.name + "-cert.pub") for path in named)]
    read = [*(_read(asyncssh.read_public_key, one) for one in keys)]
    signed = [*(_read(asyncssh.read_certificate, one) for one in certificates)]
    return [one for one in (*read, *signed) if one is not None]


def _read(read: Callable[[Path], T], path: Path) -> T | None:
    try:
        return read(path)
    except (OSError, asyncssh.KeyImportError):
        return None


def _is_locked(path: Path) -> bool:
    """Whether a key file needs a passphrase."""
    try:
        asyncssh.read_private_key(path)
    except asyncssh.KeyImportError as error:
        return "assphrase" in str(error)
    except OSError:
        return False
    return False


def _is_key(path: Path) -> bool:
    return not _is_locked(path) and _read(asyncssh.read_private_key, path) is not None


def _unlocked(path: Path, passphrase: str) -> asyncssh.SSHKeyPair | None:
    """The key, with its certificate if there is one; None for a wrong passphrase."""
    try:
        return asyncssh.load_keypairs([str(path)], passphrase)[0]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError):
        return None


def _reason(error: Exception) -> str:
    # asyncio's own words for a port that nobody listens at are "Connect call failed ('127.0.0.1', 22)".
    if isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno:
        return os.strerror(error.errno)
    return printable(because(error)).rstrip(".")


def _shown(text: str) -> str:
    return "\n".join(printable(line) for line in text[:_LONGEST_TEXT].splitlines())
