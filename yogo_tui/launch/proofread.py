"""Reads a job script as bash will: errors of syntax, and names that nothing sets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Iterator

_TOKEN = re.compile(
    r"""
      (?P<skipped>     \\. | <<<
                     | (?<!\S)\#[^\n]*                          # a remark
                     | \$'(?:\\.|[^'\\])*' | '[^']*'            # single quotes
                     | <<-?\s*\\?(?P<quote>['"])(?P<end>\w+)(?P=quote)[^\n]*\n.*?^\s*(?P=end)$ )  # text of a heredoc
    | (?P<text>        <<-?\s*(?P<stop>\w+)(?P<rest>[^\n]*\n)(?P<body>.*?)^\s*(?P=stop)$ )  # one that is expanded
    | (?P<use>         \$\{[\#!]?(?P<braced>[A-Za-z_]\w*)(?P<default>:?[-+=?])? | \$(?P<bare>[A-Za-z_]\w*) )
    | (?P<opens>       \$\( | \( )
    | (?P<closes>      \) )
    | (?P<double>      " )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_IN_DOUBLE = re.compile(
    r"""
      (?P<skipped>     \\. )
    | (?P<use>         \$\{[\#!]?(?P<braced>[A-Za-z_]\w*)(?P<default>:?[-+=?])? | \$(?P<bare>[A-Za-z_]\w*) )
    | (?P<opens>       \$\( )
    | (?P<double>      " )
    """,
    re.VERBOSE | re.DOTALL,
)
_SETS = re.compile(
    r"(?<![-\w$])([A-Za-z_]\w*)(?:\[[^\]\n]*\])?\+?="
    r"|\b(?:for|select)\s+([A-Za-z_]\w*)"
    r"|\b(?:read|mapfile|readarray|local|declare|typeset|export|readonly|getopts|printf\s+-v)\b([^\n;|&]*)"
)
_NAME = re.compile(r"(?<![\w$\{])[A-Za-z_]\w*")
_OTHERS_SET = re.compile(r"^\s*(?:source|\.|module|ml|eval|conda|mamba|micromamba|spack)\s", re.MULTILINE)

_OF_BASH = frozenset(
    """_ BASH BASHPID BASH_COMMAND BASH_LINENO BASH_SOURCE BASH_SUBSHELL BASH_VERSION DIRSTACK EPOCHREALTIME
    EPOCHSECONDS EUID FUNCNAME GROUPS HOME HOSTNAME HOSTTYPE IFS LINENO MACHTYPE OLDPWD OPTARG OPTIND OSTYPE PATH
    PIPESTATUS PPID PWD RANDOM REPLY SECONDS SHELL SHLVL TMPDIR UID USER LOGNAME CUDA_VISIBLE_DEVICES
    GPU_DEVICE_ORDINAL""".split()
)
"""Names that bash, a login or Slurm sets."""


def syntax_error(script: str) -> str:
    """What `bash -n` says about the script; empty if there is no error, or no bash here."""
    try:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return "" if done.returncode == 0 else done.stderr.strip() or f"bash -n ended with status {done.returncode}"


def doubts(script: str, environment: Collection[str]) -> tuple[str, ...]:
    """A sentence on each name that the script uses and that nothing sets, as far as its text and the names of the
    environment that a job inherits tell. A name with a default, such as ${NAME:-}, needs no value."""
    known = _OF_BASH | set(environment) | _set_in(script)
    where = dict[str, int]()
    for name, position in _uses(script):
        if name not in known and not name.startswith("SLURM"):
            where.setdefault(name, script.count("\n", 0, position) + 1)
    unless = ", unless a line of set-up does" if _OTHERS_SET.search(script) else ""
    return tuple(
        f"line {line} uses {name}, which neither the script nor your login sets{unless}" for name, line in where.items()
    )


def _set_in(script: str) -> set[str]:
    names = set[str]()
    for found in _SETS.finditer(script):
        names.update(filter(None, found.group(1, 2)) if found[3] is None else _NAME.findall(found[3]))
    return names


def _uses(script: str) -> Iterator[tuple[str, int]]:
    """Each name whose value the script asks for without a default, and its position."""
    within, position = ["("], 0  # what is open: brackets, and double quotes, in which single ones mean nothing
    while token := (_IN_DOUBLE if within[-1] == '"' else _TOKEN).search(script, position):
        position = token.end()
        kind = token.lastgroup  # the outermost that matched
        if kind == "use" and not token["default"]:
            yield token["braced"] or token["bare"], token.start()
        elif kind == "text":  # all of it is expanded, the rest of its first line included
            yield from ((name, token.start("rest") + at) for name, at in _uses(f'"{token["rest"]}{token["body"]}'))
        elif kind == "opens":
            within.append("(")
        elif kind == "closes":
            within[1:] = within[1:-1]
        elif kind == "double":
            within = within[:-1] if within[-1] == '"' else [*within, '"']
