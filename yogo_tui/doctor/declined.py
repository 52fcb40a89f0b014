"""Remembers, in a state file, for which settings the first start was declined: it is not shown again by itself."""

from __future__ import annotations

from pathlib import Path

from yogo.files.atomic import replacing
from yogo.files.locks import alone
from yogo.files.places import NoHome, folder_of

_MOST = 100
"""Lines that are kept, the latest."""


def was_declined(host: str, settings: Path) -> bool:
    try:
        return _line(host, settings) in _lines(_file())
    except NoHome:
        return False


def decline(host: str, settings: Path) -> None:
    """Raises OSError, NoHome."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file.with_suffix(".lock")):
        line = _line(host, settings)
        lines = [*(one for one in _lines(file) if one != line), line][-_MOST:]
        with replacing(file, 0o600) as kept:
            kept.write("".join(f"{one}\n" for one in lines).encode())


def _file() -> Path:
    return folder_of("XDG_STATE_HOME", ".local/state") / "yogo-tui" / "first-start-declined.txt"


def _line(host: str, settings: Path) -> str:
    return f"{host} {settings}".replace("\n", " ")


def _lines(file: Path) -> list[str]:
    """None where the file cannot be read: what it remembers is a convenience."""
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []
