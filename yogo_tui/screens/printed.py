"""A screen as plain text."""

from __future__ import annotations

import asyncio
import html
import re
from typing import Any

from textual.app import App

from yogo_tui.screens.base import BaseConsole, FramedScreen

_TEXT = re.compile(r'<text class="[^"]*-r\d+" x="([\d.]+)"[^>]*clip-path="url\(#[^"]*-line-(\d+)\)">(.*?)</text>')
_CELL = 12.2
"""Width of a cell in Textual's image."""

_STILL_SECONDS, _LOOK_SECONDS, _MOST_SECONDS = 1.0, 0.1, 30.0
_BUSY_SECONDS = 180.0
"""How long a screen may say that it is not done."""


def text_of(app: App[Any]) -> str:
    """All that is on the screen, line by line: from Textual's own image of it, the public way to its text."""
    lines: dict[int, str] = {}
    for x, line, text in _TEXT.findall(app.export_screenshot()):
        column = round(float(x) / _CELL)
        lines[int(line)] = lines.get(int(line), "").ljust(column) + html.unescape(text).replace("\xa0", " ")
    return "\n".join(lines.get(number, "") for number in range(max(lines, default=-1) + 1))


async def printed(app: BaseConsole, size: tuple[int, int], over: str = "") -> str:
    """What the app shows, in a terminal of so many columns and rows, once it has looked and changes no more.

    `over` is the action of the app that opens another screen first.
    """
    async with app.run_test(size=size) as pilot:
        if over:
            await pilot.pause()
            await app.run_action(over)
        before, still, left = "", 0.0, _MOST_SECONDS
        for _ in range(round(_BUSY_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            now, is_busy = text_of(app), isinstance(app.screen, FramedScreen) and app.screen.is_under_way
            still = still + _LOOK_SECONDS if now == before and not is_busy else 0.0
            before, left = now, left if is_busy else left - _LOOK_SECONDS
            has_seen = app.has_looked and bool(app.runs.queue.seen_at or app.runs.queue.stale)
            if (has_seen and still >= _STILL_SECONDS) or left <= 0:
                break
        return before
