"""Finds a folder of images, a zarr store or a file of samples on the machine where the runs are, folder by folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from yogo.definition.folders import PICTURE_SUFFIXES
from yogo.text.wording import counted
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry
from yogo_tui.screens.choose import Choice, Choose
from yogo_tui.screens.going import GoingApp
from yogo_tui.words import cut_middle

_STORES = (".zarr", ".zip")
_YAML = (".yml", ".yaml")
_TITLE_WIDTH = 60


async def browse_images(app: GoingApp, start: PurePosixPath, *, stores: bool) -> PurePosixPath | None:
    """The folder, or with `stores` the store, that a person chooses, from `start` on; None if they leave. Raises
    HostError."""
    folder = await _nearest(app, start)
    while True:
        entries = await app.session.host.list(folder)
        lines = list(_lines(folder, entries, stores))
        title = f"images in {cut_middle(str(folder), _TITLE_WIDTH)}"
        chosen = await app.push_screen_wait(Choose(title, [choice for _, _, choice in lines]))
        if chosen is None:
            return None
        path, is_meant, _ = lines[chosen]
        if is_meant:
            return path
        folder = path


async def _nearest(app: GoingApp, start: PurePosixPath) -> PurePosixPath:
    """The folder itself, or the nearest one above it that is there."""
    for folder in (start, *start.parents):
        try:
            await app.session.host.list(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        return folder
    raise HostError(f"{start} cannot be listed, nor any folder above it")


def _lines(
    folder: PurePosixPath, entries: Sequence[Entry], stores: bool
) -> Iterator[tuple[PurePosixPath, bool, Choice]]:
    """The folder itself, stores, files of samples, folders, and the one above; and whether a line ends the choice."""
    num_images = sum(PurePosixPath(one.name).suffix.lower() in PICTURE_SUFFIXES for one in entries if not one.is_folder)
    holds = counted(num_images, "image") if num_images else "no image lies in it directly"
    yield folder, True, Choice("this folder", holds)
    for one in sorted(entries, key=lambda one: one.name):
        if stores and one.name.endswith(_STORES):
            yield folder / one.name, True, Choice(one.name, "zarr store")
        elif stores and one.name.endswith(_YAML):
            yield folder / one.name, True, Choice(one.name, "a file of samples, if it lists some")
        elif one.is_folder and not one.name.startswith("."):
            yield folder / one.name, False, Choice(f"{one.name}/", "open")
    if folder.parent != folder:
        yield folder.parent, False, Choice("..", "the folder above")
