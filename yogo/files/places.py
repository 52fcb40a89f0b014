"""The user's name and folders, also on a system that knows neither the name nor a home folder."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path

from yogo.errors import YogoError


class NoHome(YogoError):
    """There is no home folder, or none of the given name."""


def because(error: Exception) -> str:
    """The message of an error; for system errors without Python's error number and quotes."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def told(error: Exception) -> str:
    """The sentence for an error that a person can act upon."""
    return why_not(error) if isinstance(error, OSError) and error.strerror else str(error)


def why_not(error: OSError) -> str:
    """A sentence for a file system error: what cannot be used, and why."""
    if error.filename:
        return f"{error.filename} cannot be used: {error.strerror}"
    try:
        os.getcwd()
    except OSError:
        return "The current folder no longer exists: cd to another one."
    return f"A file cannot be used: {error.strerror}"


def user_name() -> str:
    """The user's login name, or the user's number if the system has no name for it."""
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
    what = f"HOME is {named!r}, which is not a full path" if named else "HOME is not set"
    raise NoHome(
        f"There is no home folder: {what}, and this system has no entry for user {os.getuid()}. "
        "Set HOME to a folder that you can write to."
    )


def expanded(path: Path, env: Mapping[str, str] = os.environ) -> Path:
    """`path` with a leading ~ replaced by the home folder. Raises NoHome."""
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
    """The folder that an XDG variable such as XDG_STATE_HOME names; by XDG's own rule a relative one counts as unset.

    Raises NoHome, which names the variable, if there is no home folder either.
    """
    configured = env.get(variable, "")
    if os.path.isabs(configured):
        return Path(configured)
    try:
        return home(env) / below_home
    except NoHome as error:
        raise NoHome(f"{error} Or set {variable}.") from error
