"""Recipes with a title and a note, kept as YAML files: the shipped ones, and the user's own.

A preset file holds only the values that differ from the defaults:

    title: Night shift
    note: Slow and careful.
    epochs: 128          # comments stay when the console saves
    learning_rate: 1e-4
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import hashlib
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NewType

from yogo.errors import RecipeError
from yogo.files import yaml12
from yogo.files.atomic import cut, replacing
from yogo.files.locks import alone
from yogo.files.places import expanded
from yogo.files.yaml12 import Document, YamlError
from yogo.files.yaml_edit import edited
from yogo.recipe import Recipe, UnfitValues, applied, differences
from yogo.text.wording import meant, shown

Fingerprint = NewType("Fingerprint", str)
"""Tells whether a file is unchanged since it was read."""

SUFFIXES = (".yaml", ".yml")
_FOLDER = Path(__file__).with_name("preset_files")
_BUILTIN = (
    "defaults",
    "pretrain",
    "finetune",
    "few-pictures",
    "few-pictures-colour",
    "still-voice-4405-as-it-ran",
    "still-voice-4405-as-written",
)
_HEADINGS = ("title", "note")
FIELDS = (*_HEADINGS, *Recipe.model_fields)


@dataclass(frozen=True)
class Preset:
    """A recipe with its title, note and file."""

    title: str
    note: str
    recipe: Recipe
    path: Path | None
    """None: built in, and read-only."""

    problem: str = ""
    """Why the file could not be read; `recipe` then holds the defaults."""

    slug: str = ""
    """Its short name, for commands: the file's name without the suffix."""

    seen: Fingerprint | None = None
    """The stamp of the file as it was read; hand it to `save`."""


@functools.cache
def builtin() -> tuple[Preset, ...]:
    """The shipped presets."""
    return tuple(replace(load(_FOLDER / f"{slug}.yaml"), path=None, seen=None) for slug in _BUILTIN)


def fingerprint(path: Path) -> Fingerprint | None:
    """The stamp of the file as it is now; None if there is no file. Raises OSError."""
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


def copied(preset: Preset, title: str) -> Preset:
    """A copy to be saved under another title. Its note stays true when values are changed."""
    return replace(preset, title=title.strip(), note=f"Copied from {preset.title}.", seen=None)


def slug_of(title: str) -> str:
    """The name of the file for a recipe of this title, without its suffix. Raises RecipeError if the title has neither
    a letter nor a digit."""
    if slug := re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", title).lower()).strip("-"):
        return slug
    raise RecipeError("A title needs a letter or a digit, such as Night shift")


def load_all(folders: Iterable[Path]) -> tuple[Preset, ...]:
    """The user's presets, in order of folder and name; one that cannot be read has its `problem` set."""
    return tuple(_load_or_tell(path) for folder in folders for path in _files(folder))


def find(name_or_path: str | Path, folders: Iterable[Path] = (), *, base: Path | None = None) -> Preset:
    """The preset with this title or file name (the user's own before a built-in one), or at this path, which is below
    `base` if it is relative, by default below the working directory.

    Raises RecipeError, with the nearest names, if there is none.
    """
    path = expanded(Path(name_or_path))
    if path.suffix in SUFFIXES or len(path.parts) > 1:
        return load(base / path if base else path)
    wanted = str(name_or_path).casefold()
    known = [*load_all(folders), *builtin()]
    for preset in known:
        if wanted in (preset.slug.casefold(), preset.title.casefold()):
            if preset.problem:
                raise RecipeError(preset.problem)
            return preset
    raise RecipeError(f'There is no recipe "{name_or_path}". {meant(wanted, [preset.slug for preset in known])}')


def save(preset: Preset, path: Path, *, seen: Fingerprint | None) -> Preset:
    """Write a preset atomically; in an existing file only the values that changed are touched.

    `seen` is the `seen` of the preset that was loaded from `path`, None for a new file. Raises RecipeError if the
    file has changed since, and OSError; in both cases the file is left as it is. A file that holds just what is to be
    saved counts as saved: whoever did not hear that it was may save again.
    """
    path = path.resolve()  # a link stays a link, and the file that it points to is written
    if path.parent == _FOLDER:
        raise RecipeError(f"{path.stem} is built in and read-only; save it under another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_name(f".{cut(path.name)}.lock")):
        text = _replaced(preset, path, seen)
    return replace(preset, path=path, problem="", slug=path.stem, seen=_digest(text))


def _replaced(preset: Preset, path: Path, seen: Fingerprint | None) -> bytes:
    """What was written. Raises what `save` raises."""
    now = fingerprint(path)
    if now is not None and now != seen:
        if (text := _as_saved(preset, path, is_new=seen is None)) is not None:
            return text
        what = "already exists" if seen is None else "was edited elsewhere in the meantime"
        raise RecipeError(f"{path} {what}; it is left as it is. Save under another name, or load it again")
    try:
        text = _written(preset, yaml12.read_text(path) if now else "").encode()
    except YamlError as error:
        raise RecipeError(f"{path}: {error}") from error
    with replacing(path, stat.S_IMODE(path.stat().st_mode) if now else None) as file:
        file.write(text)
    return text


def _as_saved(preset: Preset, path: Path, *, is_new: bool) -> bytes | None:
    """What the file holds, where saving would leave it as it is; else None."""
    with contextlib.suppress(OSError, YamlError):
        text = yaml12.read_text(path)
        if text == _written(preset, "" if is_new else text):
            return text.encode()
    return None


def _written(preset: Preset, text: str) -> str:
    """The file's text with the preset's values in it; values equal to the defaults may be left out."""
    data = yaml12.parse(text).data or {}
    wanted = {"title": preset.title, "note": preset.note, **preset.recipe.model_dump()}
    said = {name for name in wanted if name in data} | {"title"} | ({"note"} if preset.note else set())
    said |= differences(preset.recipe).keys()
    return edited(text, {name: wanted[name] for name in wanted if name in said and not _is(data, name, wanted[name])})


def _is(data: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether the file already has this value, perhaps written in another way."""
    found = data.get(name, "")
    if name in _HEADINGS:
        return name in data and str(found or "").strip() == value
    return name in data and (tuple(found) if isinstance(found, list) else found) == value


def _files(folder: Path) -> list[Path]:
    """The preset files in a folder; the folder itself if it cannot be listed, so that the reason is reported."""
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
    """Faults outside of the recipe's fields: a title or note that is not text, and unknown keys."""
    for key, value in data.items():
        line = f"line {document.line(key)}"
        if key not in FIELDS:
            yield f'{line}: There is no field "{key}". {meant(str(key), FIELDS)}'
        elif key in _HEADINGS and value is not None and not isinstance(value, str | int | float):
            yield f"{line}: {key} must be text, not {shown(value)}"


def _recipe(path: Path, data: dict[str, Any], document: Document) -> Recipe:
    try:
        return applied(Recipe(), data, strict=True)
    except UnfitValues as error:
        fault = error.faults[0]
        said = fault.said("" if fault.is_sentence else fault.name)
        raise RecipeError(f"{path}, line {document.line(*fault.where)}: {said}") from error
