"""What the user's SSH configuration says of a host.

The program ssh itself is asked (`ssh -G`), so that every Host, Match and Include line counts as it does there, and the
system's configuration too. Nothing is connected to, and nothing is written.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from yogo.files.places import because, user_name
from yogo.text.terminal import printable
from yogo_tui.errors import HostError

_PATIENCE_SECONDS = 20.0
"""For a `Match exec`, which may run anything."""

_NOT_USED = {
    "pkcs11provider": "PKCS11Provider",
    "knownhostscommand": "KnownHostsCommand",
    "hostbasedauthentication": "HostbasedAuthentication",
    "gssapiauthentication": "GSSAPIAuthentication",
}
"""What may let ssh in, and is not supported here."""

_MOST_JUMPS = 8


@dataclass(frozen=True, slots=True)
class Destination:
    """A host, and how ssh would reach it."""

    alias: str
    """As the person calls it, without the user."""

    label: str
    """What to call it in questions and errors."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False)
    """By keyword in lower case, in the order in which they stand."""

    is_jump: bool = False
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """What ssh does where no configuration says anything."""

    def word(self, keyword: str, default: str = "") -> str:
        """The value of a keyword; the default too where it is "none"."""
        value = self.values.get(keyword, ("",))[0]
        return default if value.lower() in ("", "none") else value

    def chosen(self, keyword: str) -> list[str]:
        """The names in a list of algorithms that the configuration has changed; empty where it has not."""
        is_usual = self.values.get(keyword) == self.usual.get(keyword)
        return [] if is_usual else self.word(keyword).split(",")

    def is_on(self, keyword: str) -> bool:
        return self.word(keyword) in ("yes", "true")

    @property
    def host(self) -> str:
        return self.word("hostname", self.alias)

    @property
    def port(self) -> int:
        return int(self.word("port", "22"))

    @property
    def user(self) -> str:
        return self.word("user") or user_name()

    @property
    def known_as(self) -> str:
        """The name in the files of known hosts."""
        if alias := self.word("hostkeyalias"):
            return alias
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"

    @property
    def known_hosts(self) -> list[Path]:
        """The files of known keys; accepted ones are written to the first."""
        return [self.path(one) for one in self.word("userknownhostsfile").split()]

    @property
    def all_known_hosts(self) -> list[Path]:
        return [*self.known_hosts, *(self.path(one) for one in self.word("globalknownhostsfile").split())]

    @property
    def identities(self) -> list[Path]:
        """The files of keys that there are."""
        return [path for path in self.paths("identityfile") if path.is_file()]

    @property
    def certificates(self) -> list[Path]:
        return [path for path in self.paths("certificatefile") if path.is_file()]

    @property
    def agent(self) -> str | None:
        """The socket of the agent; None for none."""
        named = self.values.get("identityagent", ("SSH_AUTH_SOCK",))[0]
        if named == "none":
            return None
        if named == "SSH_AUTH_SOCK" or named.startswith("$"):
            return os.environ.get(named.strip("${}")) or None
        return str(self.path(named))

    @property
    def jumps(self) -> list[str]:
        """The hosts to go through, the nearest first."""
        return [one for one in self.word("proxyjump").split(",") if one]

    @property
    def proxy_command(self) -> list[str]:
        """The command that connects, as ssh runs it; empty for none."""
        if not (command := self.word("proxycommand")):
            return []
        if self.is_on("proxyusefdpass"):
            raise HostError(f"{self.label} is reached with ProxyUseFdpass in your SSH configuration: not supported.")
        # asyncssh takes the end of any of the three pipes for the end of the connection: one that stays open is kept.
        return ["/bin/sh", "-c", f"exec 9>&2; exec {self.expand(command)}"]

    @property
    def control_path(self) -> Path | None:
        """The socket of a connection that `ssh` may hold open already."""
        return self.path(named) if (named := self.word("controlpath")) else None

    @property
    def connect_seconds(self) -> float | None:
        """ConnectTimeout, if it is set."""
        return float(self.word("connecttimeout", "0")) or None

    @property
    def not_used(self) -> list[str]:
        """The keywords in use that are not supported here."""
        named = [told for name, told in _NOT_USED.items() if self.word(name, "no") not in ("no", "false", "internal")]
        # Debian turns this on for everybody: only who has a ticket would be let in by it.
        with_ticket = _has_ticket() and find_spec("gssapi") is None
        return [one for one in named if one != "GSSAPIAuthentication" or with_ticket]

    def path(self, text: str) -> Path:
        """A file named in the configuration."""
        return Path(self.expand(text)).expanduser()

    def expand(self, text: str) -> str:
        """The text with ssh's tokens (%h, %p ...) and environment variables (${NAME}) filled in."""
        here = socket.gethostname()
        tokens = {
            "%": "%",
            "h": self.host,
            "n": self.alias,
            "p": str(self.port),
            "r": self.user,
            "u": user_name(),
            "d": os.path.expanduser("~"),
            "i": str(os.getuid()),
            "l": here,
            "L": here.partition(".")[0],
            "k": self.word("hostkeyalias", self.host),
        }
        text = re.sub(r"%(.)", lambda found: tokens.get(found[1], found[0]), text)
        return re.sub(r"\$\{(\w+)\}", lambda found: os.environ.get(found[1], ""), text)

    def paths(self, keyword: str) -> list[Path]:
        """The files that all lines of this keyword name."""
        return [self.path(one) for one in self.values.get(keyword, ()) if one != "none"]


def _has_ticket() -> bool:
    """Whether there may be one of Kerberos."""
    kind, _, file = os.environ.get("KRB5CCNAME", f"FILE:/tmp/krb5cc_{os.getuid()}").rpartition(":")
    return kind not in ("", "FILE") or Path(file).exists()


async def resolve(target: str, config: Path | None = None) -> list[Destination]:
    """The hosts on the way to `target`, and last itself. `config` stands in for ~/.ssh/config and the system's.

    Raises HostError.
    """
    usual, final = await asyncio.gather(_values(["-F", "none", "--", "host"], target), _asked(target, config))
    way: list[Destination] = []
    jumps = final.jumps
    while jumps:
        hops = [await _asked(one, config, before=final.alias) for one in jumps]
        way = [*hops, *way]
        # As ssh has it: `Host *` with a ProxyJump is not meant for the jump host itself.
        jumps = [] if hops[0].jumps == jumps[:1] else hops[0].jumps
        if len(way) > _MOST_JUMPS:
            raise HostError(f"{target} has more than {_MOST_JUMPS} jump hosts: do they lead in a circle?")
    return [replace(one, usual=usual) for one in (*way, final)]


async def _asked(target: str, config: Path | None, before: str = "") -> Destination:
    options, host = _split(target)
    file = ["-F", str(config)] if config else []
    values = await _values([*file, *options, "--", host], target)
    label = f"{host} (on the way to {before})" if before else target
    return Destination(host, label, values, is_jump=bool(before))


async def _values(words: Sequence[str], target: str) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for line in (await _ssh(["-G", *words], target)).splitlines():
        keyword, _, value = line.partition(" ")
        values[keyword.lower()] = (*values.get(keyword.lower(), ()), value)
    return values


def _split(target: str) -> tuple[Sequence[str], str]:
    """The options and the host of user@host, host:port (of a jump host only) and ssh://user@host:port."""
    user, _, host = target.removeprefix("ssh://").rpartition("@")
    found = re.fullmatch(r"\[([^]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?", host)
    host, port = (found[1] or found[3], found[2] or found[4]) if found else (host, None)
    return [*(["-l", user] if user else []), *(["-p", port] if port else [])], host


async def _ssh(words: Sequence[str], target: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            "ssh",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise HostError(
            f"The program ssh cannot be run on this machine ({because(error)}), and it is what reads your SSH "
            "configuration: install the OpenSSH client."
        ) from error
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            stdout, stderr = await process.communicate()
    except TimeoutError as error:
        raise HostError(f"`ssh -G {target}` gave no answer: look at `Match exec` in your SSH configuration.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = stderr.decode("utf-8", errors="replace").splitlines()
        said = "; ".join(printable(line.strip().rstrip(".")) for line in lines if line.strip())
        raise HostError(f"{target} cannot be looked up in your SSH configuration: {said or 'ssh failed'}.")
    return stdout.decode("utf-8", errors="surrogateescape")
