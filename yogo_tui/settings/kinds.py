"""The kinds of values that settings have, each with its check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from yogo.files.places import NoHome, expanded
from yogo_tui.cluster.free_options import options_in
from yogo_tui.cluster.header import SBATCH


def _plain(value: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise ValueError("this holds a control character")
    return value


def _said(value: object) -> object:
    if value == "":
        raise ValueError("a folder's path is expected, and this is empty")
    return value


def _folder(path: Path) -> Path:
    _plain(str(path))
    try:
        expanded(path)
    except NoHome as error:
        raise ValueError(f"{path} is not known. {error}") from error
    return path


def _in_header(value: str) -> str:
    SBATCH.quote(_plain(value))
    return value


def _options(line: str) -> str:
    options_in(line)
    return line


def _digit(value: object) -> object:
    return str(value) if type(value) is int else value


def _template(name: str) -> str:
    if "/" in name or name[:1] in ("", ".", "_") or Path(name).stem == "wrapper":
        raise ValueError("the name of a script template is expected, such as 1gpu.sbatch")
    return _plain(name)


Text = Annotated[str, AfterValidator(_plain)]
Word = Annotated[str, AfterValidator(_in_header)]
"""The value of an option in a job script's first lines."""

OptionLine = Annotated[str, AfterValidator(_options)]
Folder = Annotated[Path, BeforeValidator(_said), AfterValidator(_folder)]
TemplateName = Annotated[str, AfterValidator(_template)]
Digits = BeforeValidator(_digit)
"""Takes a number for the word that it is written as."""

Key = Annotated[str, Digits, AfterValidator(_plain)]
"""A key by its sign or its name, or two that are typed one after the other."""
