"""What lies in a folder pair: each label with its picture. Each folder is listed once, and no file is looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from yogo.definition.model import FolderPair
from yogo.definition.problem import Problem, listed

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Listing:
    """The pictures of a folder pair that have a label, by name in order, and what is wrong with the others."""

    pair: FolderPair
    names: tuple[tuple[str, str], ...] = ()
    """Names of picture and label file."""

    num_unlabelled: int = 0
    """Pictures without a label; they are left out, as nobody said what is on them."""

    problems: tuple[Problem, ...] = ()


def listing(pair: FolderPair) -> Listing:
    """List a folder pair. Never raises: see `Listing.problems`."""
    try:
        labels = {name[:-4]: name for name in _files(pair.labels) if name.lower().endswith(".txt")}
        pictures = _pictures(pair.images)
    except OSError as error:
        what = f"This folder cannot be listed: {error.strerror or error}"
        return Listing(pair, problems=(Problem("error", what, Path(error.filename or pair.images)),))
    if not labels:
        what = "This folder holds no labels (.txt files, one for each picture)"
        return Listing(pair, num_unlabelled=len(pictures), problems=(Problem("error", what, pair.labels),))
    names = tuple((pictures[stem][0], labels[stem]) for stem in sorted(labels) if stem in pictures)
    return Listing(pair, names, len(pictures) - len(names), tuple(_problems(pair, labels, pictures)))


def _problems(pair: FolderPair, labels: dict[str, str], pictures: dict[str, list[str]]) -> list[Problem]:
    problems = []
    if odd := [name for name in (*labels, *pictures) if not (name.isascii() or _is_text(name))]:
        message = f"{len(odd):,} file names are not UTF-8 and cannot be recorded; rename them: {listed(odd)}"
        problems.append(Problem("error", message, pair.images))
    if lonely := [labels[stem] for stem in sorted(labels.keys() - pictures.keys())]:
        what = f"{len(lonely):,} labels have" if len(lonely) > 1 else "A label has"
        kinds = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES)
        message = f"{what} no picture ({kinds}) in {pair.images}: {listed(lonely)}"
        problems.append(Problem("error", message, pair.labels, missing=True))
    if twice := sorted(stem for stem, names in pictures.items() if len(names) > 1 and stem in labels):
        taken = [" and ".join(pictures[stem]) for stem in twice]
        message = f"{len(twice):,} labels fit several pictures, of which the first is taken: {listed(taken)}"
        problems.append(Problem("warning", message, pair.images))
    return problems


def _pictures(folder: Path) -> dict[str, list[str]]:
    """The names of pictures by what stands before their suffix, in order of preference by suffix."""
    pictures: dict[str, list[str]] = {}
    for name in _files(folder):
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix.lower() in PICTURE_SUFFIXES:
            pictures.setdefault(stem, []).append(name)
    for names in pictures.values():
        if len(names) > 1:
            names.sort(key=lambda name: PICTURE_SUFFIXES.index(os.path.splitext(name)[1].lower()))
    return pictures


def _files(folder: Path) -> list[str]:
    """The names in a folder in order, without hidden ones and folders."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and not entry.is_dir())


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
