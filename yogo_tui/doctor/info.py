"""Versions and settings for a bug report, without secrets."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from yogo.distribution import NAME, VERSION
from yogo_tui.cluster.site import Site
from yogo_tui.doctor.console_checks import TerminalFacts
from yogo_tui.errors import ClusterError, HostError
from yogo_tui.hosts.base import HERE
from yogo_tui.questions.paths import FindPath
from yogo_tui.session import Session
from yogo_tui.settings.document import dumped

_PACKAGES = ("textual", "rich", "pydantic", "asyncssh", "jinja2", "torch", "wandb")
_HIDDEN = "***"

_SECRETS = (
    re.compile(r"(?i)(\b(?:Bearer|Basic)\s+)(\S+)"),
    re.compile(
        r"(?i)(\b\w*(?:key|token|secret|pass|password|passwd|credential|auth)\w*\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"
    ),
    re.compile(r"(?i)(--?\w*-?(?:key|token|secret|password)[ =])(\S+)"),
    re.compile(r"(?i)(\bwandb login\s+(?:--\S+\s+)*)([^-\s]\S*)"),
    re.compile(r"(//[^/\s:@]+:)([^/\s@]+)(?=@)"),
    re.compile(r"()\b((?=[A-Za-z0-9_]*\d)[A-Za-z0-9_]{32,})\b"),
)
"""What is kept, and what is not: values of variables and options, a login's words, and long words that may be keys."""


def without_secrets(text: str, home: str) -> str:
    """`text` with *** for what may be a password or a key, and ~ for the home folder."""
    for secret in _SECRETS:
        text = secret.sub(lambda found: f"{found[1]}{_HIDDEN}", text)
    return re.sub(rf"{re.escape(home)}(?=/|\b|$)", "~", text) if len(home) > 1 else text


async def info_of(session: Session, terminal: TerminalFacts) -> str:
    """The text, with the version of the cluster if it answers. Raises HostError."""
    site = None
    with contextlib.suppress(ClusterError, HostError):
        site = await session.cluster.site()
    home = (await session.host.ask(FindPath("~", Path("/")))).path
    return info(session, terminal, site, str(home))


def info(session: Session, terminal: TerminalFacts, site: Site | None, home: str) -> str:
    """The text. `home` is the home folder where the console works."""
    lines = [*_programs(), *_places(session, terminal, site), "settings:"]
    for name, value in session.settings.values.items():
        origin = "" if name in session.settings.lines else "  # not in the file"
        first, *rest = dumped(name, value).splitlines()
        lines += [f"  {first}{origin}", *(f"  {line}" for line in rest)]
    own_home = os.environ.get("HOME", "")
    return without_secrets(without_secrets("\n".join(lines), home), own_home)


def _programs() -> Iterator[str]:
    yield f"{NAME} {VERSION}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    found = [f"{package} {version}" for package in _PACKAGES if (version := _version(package))]
    yield ", ".join(found)


def _places(session: Session, terminal: TerminalFacts, site: Site | None) -> Iterator[str]:
    env = terminal.env
    inside = "tmux" if env.get("TMUX") else "screen" if env.get("STY") else "no multiplexer"
    size = f"{terminal.columns}×{terminal.rows}, " if terminal.columns else "no terminal, "
    colours = env.get("COLORTERM") or "no COLORTERM"
    yield f"terminal: {size}TERM={env.get('TERM', '')}, {colours}, {inside}, {terminal.encoding}".rstrip(", ")
    yield "machine: this one" if session.host.name == HERE else "machine: another one, through SSH"
    version = f" ({site.version})" if site and site.version else ""
    yield f"cluster: {session.settings.cluster}{version}"
    yield f"settings file: {session.settings.file}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
