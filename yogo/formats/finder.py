"""Finds the images that labels name, though the labels may say where they lay on another machine, or quote their
names as URLs do, or begin them with what Label Studio adds to a file that is uploaded."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from yogo.errors import LabelsError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif")
_BESIDE = ("", "images", "JPEGImages")
_MOST_TOLD = 100
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)", re.IGNORECASE)


class FoundImage(NamedTuple):
    name: str
    """Its path below the folder of images, with `/`."""

    file: Path | None
    """None if it was not found."""


class ImageFinder:
    """Looks in `folder` and all folders below it; without one, where exports have their images beside `beside`."""

    def __init__(self, folder: Path | None, beside: Path) -> None:
        if folder is not None and not folder.is_dir():
            raise LabelsError(f"{folder} is not a folder: --images names the folder of the images")
        self.root = Path(os.path.abspath(folder or beside))
        self._is_given = folder is not None
        self._paths: dict[str, list[str]] | None = None
        """Of each plain name of a file, all paths below the root."""

        self._stems: dict[str, list[str]] | None = None

        self.missing: list[str] = []
        """The names of the first images that were not found."""

        self.num_renamed = self.num_missing = 0
        self.num_unsure = 0
        """Names that several images fit."""

    def forget_counts(self) -> None:
        """Before the same names are looked for again."""
        self.num_renamed = self.num_missing = self.num_unsure = 0

    def find(self, name: str, split: str = "", folder: str = "") -> FoundImage:
        """The image of this name, which `safe_name` made; `folder` is one below the root that it may lie in."""
        found = self._direct(name, split, folder) or (self._anywhere(name, split) if self._is_given else "")
        if not found:
            self.num_missing += 1
            if len(self.missing) < _MOST_TOLD:
                self.missing.append(name)
            return FoundImage(name, None)
        self.num_renamed += posixpath.basename(found) != posixpath.basename(name)
        return FoundImage(found, self.root / found)

    def find_stem(self, stem: str, split: str = "") -> FoundImage | None:
        """The image whose name without its suffix is the last part of this path, anywhere below the root."""
        if self._stems is None:
            self._stems = {}
            for paths in self._listing().values():
                for path in paths:
                    self._stems.setdefault(_plain(os.path.splitext(posixpath.basename(path))[0]), []).append(path)
        plain = _plain(posixpath.basename(stem))
        paths = self._stems.get(plain) or self._stems.get(_UPLOADED.sub("", plain, count=1)) or []
        best = _best(paths, stem, split)
        if len(best) != 1:
            self.num_unsure += len(best) > 1
            return None
        self.num_renamed += os.path.splitext(posixpath.basename(best[0]))[0] != posixpath.basename(stem)
        return FoundImage(best[0], self.root / best[0])

    def has(self, name: str) -> bool:
        """Whether the image lies in the root, or where exports have it there, without a look at all files."""
        short = posixpath.basename(name)
        return any(self._direct(one, "", "") for one in (name, short, _UPLOADED.sub("", short, count=1)))

    def _direct(self, name: str, split: str, folder: str) -> str:
        tried = [folder] if folder not in ("", ".") else []
        tried += _BESIDE if not split else (*_BESIDE, split, f"{split}/images", f"images/{split}")
        for one in tried:
            for written in dict.fromkeys((name, unquote(name))):
                path = posixpath.normpath(posixpath.join("/", one, written.replace("\0", ""))).lstrip("/")
                if path and (self.root / path).is_file():
                    return path
        return ""

    def _anywhere(self, name: str, split: str) -> str:
        known = self._listing()
        plain = _plain(posixpath.basename(name))
        paths = known.get(plain) or known.get(_UPLOADED.sub("", plain, count=1)) or []
        best = _best(paths, name, split)
        self.num_unsure += len(best) > 1
        return best[0] if len(best) == 1 else ""

    def _listing(self) -> dict[str, list[str]]:
        if self._paths is None:
            self._paths = _listed(self.root)
        return self._paths


def _best(paths: list[str], name: str, split: str) -> list[str]:
    """Those whose folders fit best: to the folders of the name, then to the split, then by having no others."""
    if len(paths) < 2:
        return paths
    wanted = [_plain(part) for part in name.split("/")][::-1]

    def fit(path: str) -> tuple[int, bool, bool]:
        parts = [_plain(part) for part in path.split("/")][::-1]
        shorter = min(len(parts), len(wanted))
        same = next((n for n in range(1, shorter) if parts[n] != wanted[n]), shorter)
        return same, bool(split) and any(part.startswith(split) for part in parts[1:]), same == len(parts)

    top = max(map(fit, paths))
    return [path for path in paths if fit(path) == top]


def _listed(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        below = os.path.relpath(folder, root)
        for name in sorted(names):
            if name.lower().endswith(IMAGE_SUFFIXES):
                path = name if below == "." else f"{below}/{name}"
                found.setdefault(_plain(name), []).append(path)
    return found


def _plain(name: str) -> str:
    """As it is compared: percent signs decoded, accents composed."""
    return unicodedata.normalize("NFC", unquote(name))
