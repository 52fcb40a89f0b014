"""Converts labels of other programs from Datasets: what is read, the format, and where it is written."""

from __future__ import annotations

from pathlib import Path

from yogo.formats.conversion import ConversionRequest
from yogo.formats.table import FORMATS, WRITTEN
from yogo_tui.hosts.base import Tell, silent
from yogo_tui.questions.formats import ConvertLabels, FindLabels
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
    request = ConversionRequest(found.path, Path(out.strip()), to, of)
    with app.tasks.under_way(f"converting labels of {found.path.name}", tell) as telling:
        made = await app.session.host.ask(ConvertLabels(request, start), tell=telling)
    app.push_screen(Notice("the labels were converted", "\n".join(made.lines), sign="✔ "))
    return Path(made.data["to"]["path"])
