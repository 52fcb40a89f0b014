"""Whose program this is and where that person's folders lie, also where a system knows neither name nor home."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path

from yogo.errors import YogoError


class NoHome(YogoError):
    """There is no home folder, or none of the name asked for."""


def why_not(error: OSError) -> str:
    """A sentence for an error of the file system: what cannot be used, and why."""
    if error.filename:
        return f"{error.filename} cannot be used: {error.strerror}"
    try:
        os.getcwd()
    except OSError:
        return "The folder that you stand in is gone: cd to another one."
    return f"A file cannot be used: {error.strerror}"


def user_name() -> str:
    """The user's login name; the number of the user where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # which of them depends on Python's version
        return str(os.getuid())


def home(env: Mapping[str, str] = os.environ) -> Path:
    """The user's home folder. Raises NoHome, which names the variable to set."""
    named = env.get("HOME", "")
    if os.path.isabs(named):
        return Path(named)
    try:
        import pwd

        found = pwd.getpwuid(os.getuid()).pw_dir
    except (KeyError, ImportError):
        found = ""
    if os.path.isabs(found):
        return Path(found)
    what = f"HOME is {named!r}, which is no full path" if named else "HOME is not set"
    raise NoHome(
        f"There is no home folder: {what}, and this system has no entry for user {os.getuid()}. "
        "Set HOME to a folder that you can write to."
    )


def expanded(path: Path, env: Mapping[str, str] = os.environ) -> Path:
    """`path`, with a ~ at its head as the home folder. Raises NoHome."""
    first = path.parts[0] if path.parts else ""
    if not first.startswith("~"):
        return path
    if first == "~":
        return home(env).joinpath(*path.parts[1:])
    try:
        return path.expanduser()
    except RuntimeError:
        raise NoHome(f"There is no home folder {first}: this system knows no such user.") from None


def folder_of(variable: str, below_home: str, env: Mapping[str, str] = os.environ) -> Path:
    """What an XDG variable such as XDG_STATE_HOME names; by XDG's own rule a relative one counts as unset.

    Raises NoHome, which names the variable, where there is no home folder either.
    """
    configured = env.get(variable, "")
    if os.path.isabs(configured):
        return Path(configured)
    try:
        return home(env) / below_home
    except NoHome as error:
        raise NoHome(f"{error} Or set {variable}.") from error
