"""Converts labels of other programs from Datasets: what is read, the format, and where it is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yogo.formats.conversion import ConversionRequest
from yogo.formats.table import FORMATS, WRITTEN
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.questions.formats import ConvertLabels, FindImages, FindLabels
from yogo_tui.screens.ask import Notice
from yogo_tui.screens.base import FramedScreen
from yogo_tui.screens.choose import Choice, LinePrompt

_FOR = {
    "yolo": "to train: with a definition for Datasets",
    "label-studio": "to correct them there: tasks.json",
    "ultralytics": "with data.yaml",
    "darknet": "for darknet, and for CVAT as YOLO 1.1",
}


async def convert_labels(screen: FramedScreen, proposed: str, tell: Tell = silent) -> Path | None:
    """Ask for the labels, the format and the new folder, and convert. Returns the folder; None if the user leaves.
    Raises ConsoleError, YogoError."""
    app, start = screen.app, screen.app.session.settings.start
    title = "labels to convert: a definition, or the file or folder of an export"
    typed = await app.push_screen_wait(LinePrompt(title, proposed))
    if not typed or not typed.strip():
        return None
    found = await app.session.host.ask(FindLabels(typed, start))
    of = found.formats[0] if len(found.formats) == 1 else None
    if of is None:
        of = await screen.choose("read them as", [(name, Choice(one.title)) for name, one in FORMATS.items()])
    if of is None:
        return None
    lines = [(name, Choice(one.title, _FOR.get(name, ""))) for name, one in WRITTEN.items() if name != of]
    to = await screen.choose(f"{FORMATS[of].title}: write as", lines)
    if to is None:
        return None
    beside = found.path.with_name(f"{found.path.stem}-{to}")
    out = await app.push_screen_wait(LinePrompt(f"{WRITTEN[to].title}: the new folder", str(beside)))
    if not out or not out.strip():
        return None
    request = await _with_images(screen, ConversionRequest(found.path, Path(out.strip()), to, of), tell)
    if request is None:
        return None
    with app.tasks.under_way(f"converting labels of {found.path.name}", tell) as telling:
        made = await app.session.host.ask(ConvertLabels(request, start), tell=telling)
    missing = made.data["images_not_found"]
    title = "the labels were converted" + (f", but {counted(missing, 'image', 'was')} not found" if missing else "")
    app.push_screen(Notice(title, "\n".join(made.lines), sign="! " if missing else "✔ "))
    return Path(made.data["to"]["path"])


async def _with_images(screen: FramedScreen, request: ConversionRequest, tell: Tell) -> ConversionRequest | None:
    """Ask for the folder of the images until all are found, or it is left empty; None if the user leaves."""
    app = screen.app
    definitions = tuple(file.path for file in await app.session.library.definitions())
    while True:
        question = FindImages(request, app.session.settings.start, definitions)
        with app.tasks.under_way("looking for the images of the labels", tell) as telling:
            look = await app.session.host.ask(question, tell=telling)
        if not look.problem:
            return request
        proposed = " (proposed is one with images of such names)" if look.proposed else ""
        title = (
            f"{printable(look.problem)}. Type the folder of the images{proposed}; an empty line converts without them"
        )
        typed = await app.push_screen_wait(LinePrompt(title, look.proposed))
        if typed is None or not typed.strip():
            return None if typed is None else request
        request = replace(request, images=Path(typed.strip()))
