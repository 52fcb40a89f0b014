"""The contents of a folder pair: each label with its image. Each folder is listed once; only odd files are opened.

Files that cannot be paired are reported by their likely cause: see yogo.definition.names and yogo.definition.leftovers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yogo.definition.folder_pair import FolderPair
from yogo.definition.leftovers import LISTS, Leftover, leftover
from yogo.definition.names import likely_picture
from yogo.definition.problem import Problem, listed
from yogo.files.foreign import leads_nowhere, no_file
from yogo.text.wording import counted
from yogo.text.wording import listed as joined

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_KINDS = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES)
_OTHER_LABELS = {
    ".xml": "Pascal VOC's: export in the format YOLO",
    ".json": "COCO's or labelme's: export in the format YOLO",
    ".csv": "tables: export in the format YOLO, a .txt for each image",
}
_UNREAD = (".bmp", ".gif", ".webp", ".jp2", ".heic", ".pgm", ".ppm", ".npy", ".tiff.gz", ".czi", ".nd2", ".lif", ".svs")
_NOT_READ = f"one in a format that is not supported: {{}}. Save them as one of {_KINDS}"
MOST_LOOKED_INTO = 50
"""Label files without an image that are opened, to find out what they are."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The images of a folder pair that have a label, by name in order, and what is wrong with the others."""

    pair: FolderPair
    names: tuple[tuple[str, str], ...] = ()
    """Names of image and label file."""

    num_unlabelled: int = 0
    """Images without a label file; they are left out, since their contents are unknown."""

    unlabelled: tuple[str, ...] = ()
    """Their names."""

    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Folder:
    """The files in a folder in order of name, without hidden ones, and what else is there."""

    path: Path
    names: list[str] = field(default_factory=list)
    odd: dict[str, str] = field(default_factory=dict)
    """Name to what it is: `a folder`, `a link to x, which is not there`."""

    def contents(self) -> str:
        """What it holds, in a few words, as a hint about its purpose."""
        suffixes = Counter(os.path.splitext(name)[1].lower() or "other" for name in self.names)
        kinds = [f"{counted(number, f'{suffix} file')}" for suffix, number in suffixes.most_common(3)]
        folders = sum(what == "a folder" for what in self.odd.values())
        if folders:
            kinds.append(f"{counted(folders, 'folder')}, which are not looked into" if folders > 1 else "a folder")
        return f"It holds {joined(kinds)}" if kinds else "It is empty"


def picture_names(folder: Path) -> list[str]:
    """The images in a folder, in order of name; folders in it are not looked into. Raises OSError."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".") and not entry.is_dir()]
    return sorted(name for name in names if name.lower().endswith(PICTURE_SUFFIXES))


def listing(pair: FolderPair, classes: tuple[str, ...] | None = None) -> Listing:
    """List a folder pair; lists of `classes` that lie there are compared. Never raises: see `Listing.problems`."""
    try:
        label_folder, image_folder = _look(pair.labels), _look(pair.images)
    except OSError as error:
        what = f"This folder cannot be listed: {error.strerror or error}"
        return Listing(pair, problems=(Problem("error", what, Path(error.filename or pair.images)),))
    labels, twins = _labels_of(label_folder.names)
    pictures = _pictures(image_folder.names)
    lonely = [labels[stem] for stem in sorted(labels.keys() - pictures.keys())]
    suspects = sorted(lonely, key=lambda name: name.lower() not in LISTS)[:MOST_LOOKED_INTO]
    leftovers = [one for name in suspects if (one := leftover(pair.labels, name))]
    for one in leftovers:
        lonely.remove(one.name)
        del labels[one.name[:-4]]
    if not labels:
        problems = (_no_labels(pair, label_folder, pictures), *_odd(label_folder, image_folder))
        return Listing(pair, num_unlabelled=len(pictures), problems=problems)
    names = tuple((pictures[stem][0], labels[stem]) for stem in sorted(labels) if stem in pictures)
    problems = (
        *_odd(label_folder, image_folder),
        *(Problem("error", f"{one}: remove one of them", pair.labels) for one in twins),
        *_problems(pair, labels, pictures),
        *_lonely(pair, lonely, image_folder, pictures),
        *_told(pair, leftovers, classes),
    )
    alone = tuple(pictures[stem][0] for stem in sorted(pictures.keys() - labels.keys()))
    return Listing(pair, names, len(alone), alone, problems)


def _labels_of(names: list[str]) -> tuple[dict[str, str], list[str]]:
    """The label files by their name without the suffix, and sentences about two that share one name."""
    labels: dict[str, str] = {}
    twins = []
    for name in names:
        if name.lower().endswith(".txt") and labels.setdefault(name[:-4], name) != name:
            twins.append(f"{labels[name[:-4]]} and {name} are labels of one image")
    return labels, twins


def _no_labels(pair: FolderPair, folder: _Folder, pictures: dict[str, list[str]]) -> Problem:
    """Why there are none."""
    what = "This folder holds no labels (.txt files, one for each image)"
    suffixes = {os.path.splitext(name)[1].lower() for name in folder.names}
    for suffix, whose in _OTHER_LABELS.items():
        if suffix in suffixes:
            return Problem("error", f"{what}. {folder.contents()}, which are {whose}", pair.labels)
    if not pictures and suffixes & {*PICTURE_SUFFIXES}:
        return Problem("error", f"{what} but images. Are image_path and label_path exchanged?", pair.labels)
    return Problem("error", f"{what}. {folder.contents()}", pair.labels)


def _odd(*folders: _Folder) -> Iterator[Problem]:
    """Entries that have the name of a label or an image but are not files."""
    for folder in folders:
        for name, what in folder.odd.items():
            if name.lower().endswith((".txt", *PICTURE_SUFFIXES)):
                message = f"This is {what}, not a file that can be read"
                kind = "things named like images or labels that are not files"
                yield Problem("error", message, folder.path / name, missing="not there" in what, kind=kind)


def _problems(pair: FolderPair, labels: dict[str, str], pictures: dict[str, list[str]]) -> Iterator[Problem]:
    if odd := [name for name in (*labels, *pictures) if not (name.isascii() or _is_text(name))]:
        names = counted(len(odd), "file name", "is")
        message = f"{names} not UTF-8 and cannot be recorded: rename {'it' if len(odd) == 1 else 'them'}: {listed(odd)}"
        yield Problem("error", message, pair.images)
    if twice := sorted(stem for stem, names in pictures.items() if len(names) > 1 and stem in labels):
        taken = [" and ".join(pictures[stem]) for stem in twice]
        fit = counted(len(twice), "label", "fits")
        message = f"{fit} several images, of which the first is taken: {listed(taken)}"
        yield Problem("warning", message, pair.images)


def _lonely(pair: FolderPair, lonely: list[str], folder: _Folder, pictures: dict[str, list[str]]) -> Iterator[Problem]:
    """Labels without an image: first by their likely cause, then the others together."""
    # Entries that are not files were reported already.
    known = {os.path.splitext(name)[0] for name in folder.odd if name.lower().endswith(PICTURE_SUFFIXES)}
    lonely = [name for name in lonely if name[:-4] not in known]
    causes: dict[str, list[tuple[str, str]]] = {}
    others = []
    find = likely_picture(pictures)
    unread = {os.path.splitext(name)[0]: name for name in folder.names if name.lower().endswith(_UNREAD)}
    for name in lonely:
        if name[:-4] in unread:
            causes.setdefault(_NOT_READ, []).append((name, unread[name[:-4]]))
            continue
        found = find(name[:-4])
        if found:
            causes.setdefault(f"{found[1]}: {{}}. Rename them", []).append((name, pictures[found[0]][0]))
        else:
            others.append(name)
    for cause, pairs in causes.items():
        pair_names = listed([f"{name} and {picture}" for name, picture in pairs])
        message = f"{_labels(len(pairs))} no image of the same name, but {cause.format(pair_names)}"
        yield Problem("error", message, pair.labels, missing=True)
    if others:
        message = f"{_labels(len(others))} no image ({_KINDS}) in {pair.images}: {listed(others)}"
        if not pictures:
            message += f". {folder.contents()}"
        yield Problem("error", message, pair.labels, missing=True)


def _labels(number: int) -> str:
    return f"{number:,} labels have" if number > 1 else "A label has"


def _told(pair: FolderPair, leftovers: list[Leftover], classes: tuple[str, ...] | None) -> Iterator[Problem]:
    for one in leftovers:
        if one.is_class_list:
            continue
        message = f"This is {one.what}, not a label: it is left out"
        yield Problem("warning", message, pair.labels / one.name)
    if classes is not None:
        from yogo.definition.class_lists import compared

        yield from compared(pair.labels, classes, [one.name for one in leftovers if one.is_class_list])


def _pictures(names: list[str]) -> dict[str, list[str]]:
    """The names of images by what stands before their suffix, in order of preference by suffix."""
    pictures: dict[str, list[str]] = {}
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix.lower() in PICTURE_SUFFIXES:
            pictures.setdefault(stem, []).append(name)
    for several in pictures.values():
        if len(several) > 1:
            several.sort(key=lambda name: PICTURE_SUFFIXES.index(os.path.splitext(name)[1].lower()))
    return pictures


def _look(path: Path) -> _Folder:
    """Raises OSError."""
    folder = _Folder(path)
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_file():
                    folder.names.append(entry.name)
                else:
                    folder.odd[entry.name] = leads_nowhere(entry.path) or no_file(entry.stat())
            except OSError as error:
                folder.odd[entry.name] = leads_nowhere(entry.path) or f"unreadable ({error.strerror})"
    folder.names.sort()
    return folder


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
