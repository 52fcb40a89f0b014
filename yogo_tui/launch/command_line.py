"""Reads a recipe out of a command line that was pasted: `yogo train …`, also behind sbatch, srun or torchrun.

What a recipe does not hold, and what cannot be read, is told in a sentence each, and never guessed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, get_args, get_origin

from yogo.errors import RecipeError
from yogo.recipe import KnobField, Recipe, UnfitValues, applied, knobs, spelled
from yogo.text.wording import counted, ended, meant

_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u202f": " "})
"""What chats and word processors make of quotes and blanks."""

_CONTINUED = re.compile(r"\\[ \t]*(\n|$)")
_COMMENT = re.compile(r"(^|\s)#.*")
_BROKEN = re.compile("\\n(?=[-\u2013\u2014])")
_DESCRIPTOR = re.compile(r"\s\d(?=[<>])")
"""The 2 of `2>&1`, which is no argument."""

_OPERATORS = frozenset(";<>|&()")
_NUMBER = re.compile(r"-[\d.]")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")
_DEFINITIONS = (".yml", ".yaml")


@dataclass(slots=True)
class PastedCommand:
    """What a command line says of a recipe."""

    preset: str = ""
    """The recipe that it names by --recipe; empty for the defaults."""

    given: dict[str, str] = field(default_factory=dict)
    """Its flags for fields of the recipe, by the field's name, as text."""

    definition: str = ""
    left: list[str] = field(default_factory=list)
    """What could not be taken over, a sentence each."""

    def recipe(self, base: Recipe) -> tuple[Recipe, tuple[str, ...]]:
        """`base`, which is the preset that was named, with the flags; and all that could not be taken over."""
        recipe, left = base, list(self.left)
        for name, text in self.given.items():
            try:
                recipe = applied(recipe, {name: text})
            except UnfitValues as error:
                fault = error.faults[0]
                left.append(ended(f"{spelled(name)} {text}: {fault.said('' if fault.is_sentence else 'it')}"))
        return recipe, tuple(left)


def read_command(text: str) -> PastedCommand:
    """What the first `yogo train` in the text says. Raises RecipeError if there is none, or it cannot be read."""
    words = _words(text)
    start = _train(words)
    command, others = _up_to_operator(words[start:])
    found = PastedCommand()
    found.left.extend(_before(words[: start - 2]))
    _Flags(found).take(command)
    if any(word == "train" for word in others):
        found.left.append("There is another command behind it: only the first one was read.")
    if "resume" in _Flags.names_in(command):
        raise RecipeError("This command resumes a run, which has its recipe already: import it from that run.")
    if found.definition:
        found.left.append(f"The data, {found.definition}: a recipe has none. Choose the definition at the launch.")
    return found


def one_line(text: str) -> str:
    """The text without comments, its lines joined as a shell joins them. A line that begins with a flag goes on with
    the one before, as a terminal may have broken it."""
    plain = text.translate(_TYPOGRAPHY).replace("\r\n", "\n").replace("\r", "\n")  # a terminal pastes \r
    lines = _CONTINUED.sub(" ", "\n".join(map(_without_comment, plain.split("\n")))).splitlines()
    kept = "\n".join(line.strip() for line in lines if line.strip())
    return _BROKEN.sub(" ", kept).replace("\n", " ; ")


def _without_comment(line: str) -> str:
    found = _COMMENT.search(line)
    is_quoted = found is not None and any(line[: found.start()].count(sign) % 2 for sign in "'\"")
    return line if found is None or is_quoted else line[: found.start()]


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(_DESCRIPTOR.sub(" ", one_line(text)), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = [*lexer]
    except ValueError as error:
        said = "a quote is opened and not closed" if "quotation" in str(error) else "a \\ ends it"
        raise RecipeError(f"This cannot be read as a command: {said}.") from error
    return [re.sub("^[\u2013\u2014]-?", "--", word) for word in words]


def _train(words: Sequence[str]) -> int:
    """Where the arguments of `yogo train` begin. Raises RecipeError."""
    commands = [at for at, word in enumerate(words) if PurePosixPath(word).name in ("yogo", "yogo.py")]
    for at in commands:
        if words[at + 1 : at + 2] == ["train"]:
            return at + 2
    if commands and words[commands[0] + 1 :]:
        raise RecipeError(f"This is yogo {words[commands[0] + 1]}: only yogo train has a recipe.")
    raise RecipeError("There is no `yogo train` in it. Paste a command such as: yogo train cells.yml --epochs 16")


def _up_to_operator(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    for at, word in enumerate(words):
        if word and set(word) <= _OPERATORS:
            return words[:at], words[at:]
    return words, ()


def _before(words: Sequence[str]) -> Iterator[str]:
    """What stands before the command, and is no part of a recipe."""
    variables = [word for word in words if _VARIABLE.match(word)]
    launcher = [word for word in words if word not in ("$", "%", *variables)]
    if variables:
        yield f"The environment ({' '.join(variables)}): a recipe has none. The settings' set-up lines can set it."
    if any(word.startswith("-") and word not in ("-m", "--") for word in launcher):
        yield f"The job ({' '.join(launcher)}): choose a size, or change it, at the launch."


class _Flags:
    """Takes the arguments of `yogo train` apart, by what the trainer declares."""

    def __init__(self, found: PastedCommand) -> None:
        from yogo.training.request import TrainingRequest

        self._found = found
        self._recipe = dict(_spellings(knobs()))
        self._others = dict(_spellings(knobs(TrainingRequest)))

    @staticmethod
    def names_in(words: Sequence[str]) -> set[str]:
        return {word.lstrip("-").partition("=")[0] for word in words if word.startswith("--")}

    def take(self, words: Sequence[str]) -> None:
        left = [*words]
        while left:
            word = left.pop(0)
            if not word.startswith("-") or _NUMBER.match(word):
                self._positional(word)
                continue
            flag, is_sign, value = word.partition("=")
            if is_sign:
                left.insert(0, value)
            self._flag(flag, left, has_value=bool(is_sign))

    def _positional(self, word: str) -> None:
        if self._found.definition:
            self._found.left.append(f"{word}: it belongs to no flag.")
        else:
            self._found.definition = word

    def _flag(self, flag: str, left: list[str], *, has_value: bool) -> None:
        known = self._recipe.get(flag) or self._others.get(flag)
        if known is None:
            values = _values(left, 1, optional=not has_value, keep=_DEFINITIONS)
            near = meant(flag, [*self._recipe, *self._others])
            hint = f" {near}" if near.startswith("Did") else ""
            self._found.left.append(f"{' '.join((flag, *values))}: yogo train has no such flag.{hint}")
            return
        one, is_off = known
        values = _values(left, *_num_values(one))
        if flag in self._recipe:
            self._of_recipe(one, flag, values, is_off=is_off)
        else:
            self._of_run(one, flag, values, is_off=is_off)

    def _of_recipe(self, one: KnobField, flag: str, values: Sequence[str], *, is_off: bool) -> None:
        if one.field.annotation is bool:
            self._found.given[one.name] = "no" if is_off else "yes"
        elif values:
            self._found.given[one.name] = "x".join(values)
        elif not one.knob.may_be_bare:
            self._found.left.append(f"{flag}: its value is missing.")

    def _of_run(self, one: KnobField, flag: str, values: Sequence[str], *, is_off: bool) -> None:
        if one.name == "base":
            self._found.preset = " ".join(values)
        elif one.name == "half":
            self._found.given.setdefault("precision", "fp32" if is_off else "auto")
            if not is_off:
                self._found.left.append("--half: precision is now auto, which is bf16 where the hardware has it.")
        elif one.name != "resume":
            said = " ".join((flag, *values))
            self._found.left.append(f"{said}: {_WHERE.get(one.name, 'it is no part of a recipe.')}")


_WHERE: Mapping[str, str] = {
    "pretrained": "the weights are no part of a recipe. Choose them at the launch.",
    "name": "each run has a name of its own. Choose it at the launch.",
    "note": "a note is no part of a recipe. Write it on the run.",
    "tags": "tags are no part of a recipe. Give them to the run.",
    "wandb": "the settings say how runs are logged (wandb).",
    "wandb_entity": "the settings say it (wandb_entity).",
    "wandb_project": "the settings say it (wandb_project).",
    "processes": "the size says it, at the launch.",
    "device": "the job says it.",
    "split_override": "the dataset definition says it.",
}
"""What to do with arguments that are no part of a recipe."""


def _spellings(fields: Iterable[KnobField]) -> Iterator[tuple[str, tuple[KnobField, bool]]]:
    """Each spelling of each flag, the field, and whether it turns it off."""
    for one in fields:
        if one.knob.is_positional:
            continue
        for flag in (*one.knob.aliases, one.knob.flag or spelled(one.name)):
            yield flag, (one, False)
            if _is_switch(one):
                yield f"--no-{flag.lstrip('-')}", (one, True)


def _is_switch(one: KnobField) -> bool:
    kind: Any = one.field.annotation
    return kind is bool or bool in get_args(kind)


def _num_values(one: KnobField) -> tuple[int | None, bool]:
    """How many values its flag takes, None for any number, and whether it may stand without one."""
    if _is_switch(one):
        return 0, False
    kind = next((part for part in get_args(one.field.annotation) if get_origin(part) is tuple), one.field.annotation)
    parts = get_args(kind) if get_origin(kind) is tuple else ()
    return (None if Ellipsis in parts else len(parts) or 1), one.knob.may_be_bare


def _values(left: list[str], most: int | None, optional: bool, keep: tuple[str, ...] = ()) -> list[str]:
    """Take so many values from what is left, up to the next flag. What ends like a definition is not taken by a flag
    that is not known."""
    taken: list[str] = []
    while left and (most is None or len(taken) < most):
        if (left[0].startswith("-") and not _NUMBER.match(left[0])) or (keep and left[0].endswith(keep)):
            break
        if optional and left[0].endswith(_DEFINITIONS):
            break
        taken.append(left.pop(0))
    return taken


def left_words(left: Sequence[str]) -> str:
    """How much could not be taken over."""
    return f"{counted(len(left), 'thing')} could not be taken over" if left else "all of it was taken over"
