"""Checks lines of options for sbatch that a user adds to the job scripts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from yogo_tui.cluster.header import SBATCH, one_line

_OWN: Mapping[str, str] = {
    "job-name": "J",
    "comment": "",
    "output": "o",
    "error": "e",
    "open-mode": "",
    "signal": "",
    "requeue": "",
    "no-requeue": "",
    "chdir": "D",
    "nodes": "N",
    "ntasks": "n",
    "ntasks-per-node": "",
    "array": "a",
    "dependency": "d",
    "clusters": "M",
    "wrap": "",
    "wait": "W",
    "test-only": "",
    "parsable": "",
    "help": "h",
    "usage": "",
    "version": "V",
}
"""Options that a run needs as yogo-tui gives them, each with its letter."""

_SETTINGS: Mapping[str, tuple[str, str]] = {
    "partition": ("p", "partition"),
    "account": ("A", "account"),
    "qos": ("q", "qos"),
    "constraint": ("C", "constraint"),
    "mem": ("", "memory_gib"),
    "mem-per-gpu": ("", "memory_gib"),
    "gpus": ("G", "gpus"),
    "gpus-per-node": ("", "gpus"),
    "gpus-per-task": ("", "gpus"),
    "cpus-per-task": ("c", "cpus"),
    "time": ("t", "hours"),
}
"""Options that follow from a setting, with their letter and the setting."""

_FLAGS = frozenset("HhIkOQsvVW")
"""Letters of options that have no value."""


def options_in(line: str) -> tuple[str, ...]:
    """The words of a line such as "--exclusive" or "#SBATCH --mail-type=END". Raises ValueError, with a sentence, if it
    is more than one line, holds no options, or sets what yogo-tui sets."""
    text = one_line(line).strip().removeprefix(SBATCH.directive).strip()
    try:
        words = tuple(shlex.split(text, comments=True))
    except ValueError as error:
        raise ValueError(f"{line!r} cannot be read as options of sbatch: {error}") from error
    if not words or not words[0].startswith("-"):
        raise ValueError(f"{line!r} is not an option of sbatch, such as --exclusive")
    for before, word in zip(("", *words), words, strict=False):
        if word.startswith("-"):
            _check(word)
        elif not before.startswith("-") or "=" in before:
            raise ValueError(f"{word!r} in {line!r} is not an option of sbatch, such as --exclusive")
    return words


def _check(word: str) -> None:
    for name in _named(word):
        if name in _SETTINGS:
            raise ValueError(f"{word} follows from the setting {_SETTINGS[name][1]}: write it there")
        if name in _OWN:
            raise ValueError(f"{word} cannot be used: yogo-tui sets --{name} itself")


def _named(word: str) -> Iterator[str]:
    """The options of the two tables that `word` sets; sbatch takes the beginning of a name for the name too."""
    known = {name: letter for name, letter in _OWN.items()} | {name: pair[0] for name, pair in _SETTINGS.items()}
    if word.startswith("--"):
        said, _, value = word[2:].partition("=")
        if not said:
            raise ValueError(f"{word!r} is not an option of sbatch, such as --exclusive")
        yield from [said] if said in known else [name for name in known if name.startswith(said)][:1]
        if said == "gres" and any(part.split(":")[0] == "gpu" for part in value.split(",")):
            yield "gpus"
        return
    for letter in word[1:]:  # several flags may share one dash
        yield from (name for name, own in known.items() if own == letter)
        if letter not in _FLAGS:
            return
