"""The job scripts' templates: where they are found, and how they are filled in."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from yogo.run.atomic import write_atomically
from yogo_tui.errors import TemplateError
from yogo_tui.launch.quoting import sbatch, sbatch_path, shell, verbatim
from yogo_tui.settings import shipped_templates as shipped

_OF_NO_RUN = {"wrapper.sbatch", "use.sbatch"}


def names(own: Path) -> tuple[str, ...]:
    """The templates that a run can be launched with, the shipped ones and those in the folder `own`.

    Pieces of templates begin with an underscore; two others train nothing, or what their arguments say.
    """
    found = {path.name for folder in (own, shipped()) for path in folder.glob("[!._]*.sbatch")}
    return tuple(sorted(found - _OF_NO_RUN))


def own_copy(name: str, own: Path) -> Path:
    """The file to edit: the user's own, copied from the shipped one where there is none yet. Raises OSError."""
    path = own / name
    if not path.exists():
        own.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (shipped() / name).read_bytes())
    return path


def drop_unchanged(path: Path) -> None:
    """Remove a copy that says what the shipped one says: it would only hide what later versions ship."""
    original = shipped() / path.name
    if original.is_file() and path.is_file() and path.read_bytes() == original.read_bytes():
        path.unlink()


def fill(name: str, values: Mapping[str, object], *, own: Path | None = None) -> str:
    """The template `name` with its values, each quoted for bash; those in the folder `own` stand in front.

    Raises TemplateError with file and line.
    """
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([folder for folder in (own, shipped()) if folder]),
        undefined=jinja2.StrictUndefined,
        finalize=shell,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"sbatch": sbatch, "sbatch_path": sbatch_path, "verbatim": verbatim}
    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateNotFound as error:
        folders = " or ".join(str(folder) for folder in (own, shipped()) if folder)
        raise TemplateError(f"There is no script template {error.name} in {folders}.") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or name}, line {error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise TemplateError(f"{_place(error, name)}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"The script template {name} cannot be read: {error}") from error


def with_signals(script: str, values: Mapping[str, object], *, own: Path | None = None) -> str:
    """`script` with the traps as its first lines, where it has the relay that needs them but not the traps: a
    template of the user's own may be older than they are. Raises TemplateError."""
    if "yogo_again" not in script or "yogo_again()" in script:
        return script
    lines = script.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    return "".join([*lines[:first], fill("_signals.sbatch", values, own=own), "\n", *lines[first:]])


def _place(error: Exception, name: str) -> str:
    """File and line of the template in which `error` came up: jinja2 writes them into the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.endswith(".sbatch") or frame.filename.endswith(name):
            return f"{frame.filename}, line {frame.lineno}"
    return name
