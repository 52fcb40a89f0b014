"""Recipes with a title and a note, kept as YAML files: the shipped ones, and the user's own.

A preset file says only what it sets otherwise than the defaults:

    title: Night shift
    note: Slow and careful.
    epochs: 128          # comments stay when the console saves
    learning_rate: 1e-4
"""

from __future__ import annotations

import codecs
import functools
import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NewType

from pydantic import ValidationError

from yogo import yaml12
from yogo.errors import RecipeError
from yogo.places import expanded
from yogo.recipe import Recipe, differences
from yogo.run.atomic import replacing
from yogo.wording import meant, sentences, shown
from yogo.yaml12 import Document, YamlError
from yogo.yaml_edit import edited

Fingerprint = NewType("Fingerprint", str)
"""Tells whether a file still is what it was when it was read."""

SUFFIXES = (".yaml", ".yml")
_FOLDER = Path(__file__).with_name("preset_files")
_BUILTIN = (
    "defaults",
    "pretrain",
    "finetune",
    "few-pictures",
    "still-voice-4405-as-it-ran",
    "still-voice-4405-as-written",
)
_HEADINGS = ("title", "note")
FIELDS = (*_HEADINGS, *Recipe.model_fields)


@dataclass(frozen=True)
class Preset:
    """A recipe as it is kept."""

    title: str
    note: str
    recipe: Recipe
    path: Path | None
    """None: built in, and read-only."""

    problem: str = ""
    """Why the file could not be read; `recipe` is then the defaults."""

    slug: str = ""
    """Its short name, for commands: the file's name without the suffix."""

    seen: Fingerprint | None = None
    """Of the file as it was read; hand it to `save`."""


@functools.cache
def builtin() -> tuple[Preset, ...]:
    """The shipped presets."""
    return tuple(replace(load(_FOLDER / f"{slug}.yaml"), path=None, seen=None) for slug in _BUILTIN)


def fingerprint(path: Path) -> Fingerprint | None:
    """Of the file as it is now; None where there is none. Raises OSError."""
    try:
        return _digest(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except FileNotFoundError:
        return None


def _digest(data: bytes) -> Fingerprint:
    return Fingerprint(hashlib.sha256(data).hexdigest())


def load(path: Path) -> Preset:
    """The preset in a file. Raises RecipeError with file, line and field."""
    try:
        text = yaml12.read_text(path)
        document = yaml12.parse(text)
    except YamlError as error:
        line = f", line {error.line}" if error.line else ""
        raise RecipeError(f"{path}{line}: {error}") from error
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise RecipeError(f"{path}, line 1: A preset is a map such as `epochs: 64`; this is {shown(data)}")
    for problem in _unfit(data, document):
        raise RecipeError(f"{path}, {problem}")
    title = data.pop("title", None) or path.stem
    note = data.pop("note", None) or ""
    recipe = _recipe(path, data, document)
    return Preset(str(title), str(note).strip(), recipe, path, slug=path.stem, seen=_digest(text.encode()))


def load_all(folders: Iterable[Path]) -> tuple[Preset, ...]:
    """The user's presets, in order of folder and name; one that cannot be read has its `problem` set."""
    return tuple(_load_or_tell(path) for folder in folders for path in _files(folder))


def find(name_or_path: str | Path, folders: Iterable[Path] = ()) -> Preset:
    """The preset with this title or file name (the user's own before a built-in one), or at this path.

    Raises RecipeError, with the nearest names where there is none.
    """
    path = expanded(Path(name_or_path))
    if path.suffix in SUFFIXES or len(path.parts) > 1:
        return load(path)
    wanted = str(name_or_path).casefold()
    known = [*load_all(folders), *builtin()]
    for preset in known:
        if wanted in (preset.slug.casefold(), preset.title.casefold()):
            if preset.problem:
                raise RecipeError(preset.problem)
            return preset
    raise RecipeError(f'There is no recipe "{name_or_path}". {meant(wanted, [preset.slug for preset in known])}')


def save(preset: Preset, path: Path, *, seen: Fingerprint | None) -> Preset:
    """Write a preset, atomically; of what stands in the file only the values that changed are touched.

    `seen` is the `seen` of the preset that was loaded from `path`, None for a new file. Raises RecipeError where the
    file is another by now, and OSError; either way it is left as it is.
    """
    path = path.resolve()  # a link is written through, and stays one
    if path.parent == _FOLDER:
        raise RecipeError(f"{path.stem} is built in and read-only; save it under another name")
    now = fingerprint(path)
    if now is not None and now != seen:
        what = "exists already" if seen is None else "was edited elsewhere meanwhile"
        raise RecipeError(f"{path} {what}; it is left as it is. Save under another name, or load it again")
    try:
        text = _written(preset, yaml12.read_text(path) if now else "")
    except YamlError as error:
        raise RecipeError(f"{path}: {error}") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, stat.S_IMODE(path.stat().st_mode) if now else None) as file:
        file.write(text.encode())
    return replace(preset, path=path, problem="", slug=path.stem, seen=_digest(text.encode()))


def _written(preset: Preset, text: str) -> str:
    """The file's text with the preset's values in it; what the defaults say already need not stand there."""
    data = yaml12.parse(text).data or {}
    wanted = {"title": preset.title, "note": preset.note, **preset.recipe.model_dump()}
    said = {name for name in wanted if name in data} | {"title"} | ({"note"} if preset.note else set())
    said |= differences(preset.recipe).keys()
    return edited(text, {name: wanted[name] for name in wanted if name in said and not _is(data, name, wanted[name])})


def _is(data: Mapping[str, Any], name: str, value: object) -> bool:
    """The file says it already, be it in other words."""
    found = data.get(name, "")
    if name in _HEADINGS:
        return name in data and str(found or "").strip() == value
    return name in data and (tuple(found) if isinstance(found, list) else found) == value


def _files(folder: Path) -> list[Path]:
    """The preset files in a folder; the folder itself where it cannot be listed, so that the reason is told."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.name[0] != ".")
    except FileNotFoundError:
        return []
    except OSError:
        return [folder]


def _load_or_tell(path: Path) -> Preset:
    try:
        return load(path)
    except RecipeError as error:
        return Preset(path.stem, "", Recipe(), path, problem=str(error), slug=path.stem)


def _unfit(data: dict[Any, Any], document: Document) -> Iterator[str]:
    """What pydantic need not see: unknown fields, and values that are no plain ones."""
    for key, value in data.items():
        line = f"line {document.line(key)}"
        if key not in FIELDS:
            yield f'{line}: There is no field "{key}". {meant(str(key), FIELDS)}'
        elif key in _HEADINGS:
            if value is not None and not isinstance(value, str | int | float):
                yield f"{line}: {key} is {shown(value)}; text is expected"
        elif not all(isinstance(one, str | int | float) for one in (value if isinstance(value, list) else [value])):
            yield f"{line}: {key} is {shown(value)}; {_expected(key)} is expected"


def _recipe(path: Path, data: dict[str, Any], document: Document) -> Recipe:
    try:
        # By way of JSON, where strict means that 16 is no text and true no number, and a list may be a pair.
        return Recipe.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        fault = sentences(error)[0]
        said = fault.message if fault.is_sentence else str(fault)
        raise RecipeError(f"{path}, line {document.line(*fault.where)}: {said}") from error


def _expected(name: str) -> str:
    """What a field takes, in words."""
    if name == "image_hw":
        return "a pair of whole numbers, [height, width],"
    words: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number"}
    return words.get(Recipe.model_fields[name].annotation, "a word")
