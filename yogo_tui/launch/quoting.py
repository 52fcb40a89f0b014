"""Values on their way into a job script: quoted for bash, or for sbatch's own reading of `#SBATCH` lines."""

from __future__ import annotations

import re
import shlex
import unicodedata

from jinja2.runtime import Undefined

_BARE = re.compile(r"[A-Za-z0-9_./:=@%+,-]+\Z")


class Verbatim(str):
    """Text that is already fit for the script."""

    __slots__ = ()


def shell(value: object) -> str:
    """`value` as one word of bash, a sequence as several. Raises ValueError for what no script should hold."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises UndefinedError, which names it
    if isinstance(value, list | tuple):
        return " ".join(shell(part) for part in value)
    return shlex.quote(_one_line(value))


def sbatch(value: object) -> Verbatim:
    """`value` as sbatch reads an option's value in a script. Raises ValueError."""
    if isinstance(value, Undefined):
        str(value)
    text = _one_line(value)
    if _BARE.match(text):
        return Verbatim(text)
    if any(sign in text for sign in "\"'\\"):
        raise ValueError(f"{text!r} cannot stand in an #SBATCH line: it holds a quote or a backslash")
    return Verbatim(f'"{text}"')


def sbatch_path(value: object) -> Verbatim:
    """The same for a piece of a file name, in which sbatch replaces %j and its like: every % is doubled."""
    if isinstance(value, Undefined):
        str(value)
    return sbatch(_one_line(value).replace("%", "%%"))


def verbatim(value: object) -> Verbatim:
    """A line of shell that the user wrote, as it is. Raises ValueError if it is more than one line."""
    if isinstance(value, Undefined):
        str(value)
    return Verbatim(_one_line(value))


def _one_line(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is neither a word nor a number")
    text = str(value)
    if any(unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"} for sign in text):
        raise ValueError(f"{text!r} holds a line break or another control character")
    return text
