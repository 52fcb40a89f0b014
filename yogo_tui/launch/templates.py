"""Finds the templates of job scripts, and fills them in."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from yogo.files.atomic import write_atomically
from yogo.files.foreign import leads_nowhere, no_file
from yogo.files.places import because
from yogo_tui.cluster.header import SBATCH, Header
from yogo_tui.errors import TemplateError
from yogo_tui.launch.quoting import known, shell, verbatim
from yogo_tui.settings import shipped_templates as shipped

_OF_NO_RUN = {"wrapper", "use"}
_ONLY_INCLUDES = re.compile(rb'\{% include "([\w.-]+)" %\}\s*')


def names(own: Path, header: Header = SBATCH) -> tuple[str, ...]:
    """The names of the templates that a run can be launched with: the shipped ones, and those in the folder `own`.

    Pieces, whose names begin with an underscore, are left out, and so are the templates `wrapper` and `use`.
    """
    found = {path for folder in _folders(own, header) for path in folder.glob(f"[!._]*{header.suffix}")}
    return tuple(sorted({path.name for path in found if path.stem not in _OF_NO_RUN}))


def _folders(own: Path | None, header: Header) -> list[Path]:
    """The folders of templates, in the order in which they are searched."""
    return [folder for folder in (own, header.templates, shipped()) if folder]


def own_copy(name: str, own: Path, header: Header = SBATCH) -> Path:
    """The user's own template, to be edited; it is copied from the shipped one if missing. Raises OSError."""
    path = own / name
    if not path.exists():
        own.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _original(header.templates or shipped(), name))
    return path


def drop_unchanged(path: Path, header: Header = SBATCH) -> None:
    """Remove the user's copy if it equals the shipped template: it would hide later versions of it. Raises OSError."""
    folder = header.templates or shipped()
    if (folder / path.name).is_file() and path.is_file() and path.read_bytes() == _original(folder, path.name):
        path.unlink()


def _original(folder: Path, name: str) -> bytes:
    """The text of a shipped template. One that only includes another is a name of it, and is edited as a whole."""
    text = (folder / name).read_bytes()
    included = _ONLY_INCLUDES.fullmatch(text)
    return _original(folder, included[1].decode()) if included else text


def fill(name: str, values: Mapping[str, object], *, own: Path | None = None, header: Header = SBATCH) -> str:
    """The template `name` filled in, with each value quoted for bash. Templates in the folder `own` are used first.

    Raises TemplateError with file and line.
    """
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(_folders(own, header)),
        undefined=jinja2.StrictUndefined,
        finalize=shell,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    if own:
        _refuse_what_is_no_file(name, own)
    filters = {"verbatim": verbatim, **header.filters}
    environment.filters |= {word: known(quote) for word, quote in filters.items()}
    try:
        script = environment.get_template(name).render(values)
    except jinja2.TemplateNotFound as error:
        folders = " or ".join(map(str, _folders(own, header)))
        raise TemplateError(f"There is no script template {error.name} in {folders}.") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or name}, line {error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise TemplateError(f"{_place(error, name)}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"The script template {name} cannot be read: {because(error)}") from error
    check_directives(script, f"the script of {name}", header)
    return script


def check_directives(script: str, what: str, header: Header) -> None:
    """Raises TemplateError for a line to the cluster below the first command: the job would lack what it asks for."""
    command = ""
    for number, line in enumerate(script.splitlines(), 1):
        if command and header.directive and line.startswith(header.directive):
            raise TemplateError(
                f"{what[0].upper()}{what[1:]} has `{line}` on line {number}, below the command `{command}`. There the "
                f"cluster does not read it: move the command below the last {header.directive} line."
            )
        text = line.strip()
        command = command or (text if not text.startswith("#") else "")
        if command and "<<" in line:
            return  # what follows may be text for another program


def _refuse_what_is_no_file(name: str, own: Path) -> None:
    """Raises TemplateError if the user's template, or one of its pieces, exists and is not a file."""
    for path in (own / name, *own.glob(f"_*{Path(name).suffix}")):
        with contextlib.suppress(OSError):
            if what := leads_nowhere(path) or no_file(path.stat()):
                raise TemplateError(f"The script template {path} is {what}: put a file in its place, or remove it.")


def with_signals(script: str, values: Mapping[str, object], *, own: Path | None = None) -> str:
    """`script`, with the signal traps added before its first command if it needs them and lacks them: the user's own
    template may be older than the traps. Raises TemplateError."""
    if "yogo_again" not in script or "yogo_again()" in script:
        return script
    lines = script.splitlines(keepends=True)
    first = _first_command(lines)
    return "".join([*lines[:first], fill("_signals.sbatch", values, own=own), "\n", *lines[first:]])


def with_identity(script: str, name: str, comment: str, header: Header) -> str:
    """`script`, with the job's name and the comment with its launch's token added where they are missing: a job whose
    submission got no answer is found again by them. A comment of its own stays."""
    words = _option_words(script, header)
    job_name = f"--job-name={header.quote(name)}"
    named = _with_lines(script, () if job_name in words else (job_name,), header)
    return with_options(named, (f"--comment={header.quote(comment)}",), header)


def with_options(script: str, options: Sequence[str], header: Header) -> str:
    """`script`, with those of the options added that it does not have with any value: the user's own template may be
    older than their settings."""
    there = {word.partition("=")[0] for word in _option_words(script, header)}
    missing = [option for option in options if option.split()[0].partition("=")[0] not in there]
    return _with_lines(script, missing, header)


def _option_words(script: str, header: Header) -> set[str]:
    lines = script.splitlines()
    own = lines[: _first_command(lines)]
    return {word for line in own if header.directive and line.startswith(header.directive) for word in line.split()}


def _with_lines(script: str, options: Sequence[str], header: Header) -> str:
    """`script`, with a line for each option below its own lines to the cluster."""
    if not header.directive or not options:
        return script
    lines = script.splitlines(keepends=True)
    header_lines = lines[: _first_command(lines)]
    own = [number for number, line in enumerate(header_lines) if line.startswith(header.directive)]
    place = own[-1] + 1 if own else 1 if script.startswith("#!") else 0
    added = [f"{header.directive} {option}\n" for option in options]
    return "".join([*lines[:place], *added, *lines[place:]])


def _first_command(lines: Sequence[str]) -> int:
    """Index of the first line that is no remark; the number of lines if there is none."""
    return next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))


def _place(error: Exception, name: str) -> str:
    """File and line of the template that raised `error`, from the traceback; `name` if they are not in it."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if Path(frame.filename).suffix in {Path(name).suffix, SBATCH.suffix}:
            return f"{frame.filename}, line {frame.lineno}"
    return name
