"""How a cluster reads the first lines of a job script, which say what the job asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_BARE = re.compile(r"[A-Za-z0-9_./:=@%+,-]+\Z")


class Verbatim(str):
    """Text that is quoted already, and goes into a script unchanged."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Header:
    suffix: str
    """The suffix of script templates' names."""

    quote: Callable[[object], Verbatim]
    """Quotes a value for those lines. Raises ValueError for a value that they cannot hold."""

    file_name: Callable[[object], str]
    """Escapes a path, before it is quoted, so that the cluster replaces nothing in it."""

    job_id: str
    """The placeholder of the job's id in a file name."""

    filters: Mapping[str, Callable[[object], Verbatim]]
    """Functions that templates may call, by name."""

    templates: Path | None = None
    """Folder of the cluster's own templates; None if it uses those of the program."""

    directive: str = ""
    """How a line begins that the cluster reads, if it reads none below the first command; else empty."""

    task: str = ""
    """The variable that holds the index of an array's task; empty if its scripts ask for no arrays."""

    def template(self, name: str) -> str:
        """`name` with the suffix of this cluster's templates."""
        return str(PurePosixPath(name).with_suffix(self.suffix))


def one_line(value: object) -> str:
    """A string or a number as text. Raises ValueError for anything else, and for text with a control character."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is neither a word nor a number")
    text = str(value)
    if any(unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"} for sign in text):
        raise ValueError(f"{text!r} holds a line break or another control character")
    return text


def sbatch(value: object) -> Verbatim:
    """`value`, quoted as the value of an option in an #SBATCH line. Raises ValueError."""
    text = one_line(value)
    if _BARE.match(text):
        return Verbatim(text)
    if any(sign in text for sign in "\"'\\"):
        raise ValueError(f"{text!r} cannot be used in an #SBATCH line: it holds a quote or a backslash")
    return Verbatim(f'"{text}"')


def sbatch_path(value: object) -> Verbatim:
    """`value`, quoted as a part of a file name: every % is doubled, as sbatch would replace %j. Raises ValueError."""
    return sbatch(_doubled(one_line(value)))


def _doubled(path: object) -> str:
    return str(path).replace("%", "%%")


SBATCH = Header(
    ".sbatch",
    sbatch,
    _doubled,
    "%j",
    {"sbatch": sbatch, "sbatch_path": sbatch_path},
    directive="#SBATCH",
    task="SLURM_ARRAY_TASK_ID",
)
"""The header of Slurm and of the local cluster, which run the same scripts."""
