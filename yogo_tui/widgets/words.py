"""How the console says things: durations, numbers, paths, and the glyph and word of each state."""

from __future__ import annotations

from datetime import UTC, datetime

from yogo.terminal import printable
from yogo_tui.runs.model import RunState

GLYPHS = {
    RunState.RUNNING: "▶",
    RunState.WAITING: "◌",
    RunState.FINISHED: "✔",
    RunState.FAILED: "✖",
    RunState.CANCELLED: "■",
    RunState.UNKNOWN: "?",
}

_COLOURS = {
    RunState.RUNNING: "$primary",
    RunState.WAITING: "$warning",
    RunState.FINISHED: "$success",
    RunState.FAILED: "$error",
}
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def state_words(state: RunState) -> str:
    """Such as "▶ running"."""
    return f"{GLYPHS[state]} {state.value}"


def state_colour(state: RunState) -> str:
    """The theme's variable for a state; plain text for those that need no one's eye."""
    return _COLOURS.get(state, "$foreground-muted")


def duration(seconds: float | None) -> str:
    """In the largest two units, such as "2 h 14 m"; empty for None."""
    if seconds is None:
        return ""
    left = max(0, round(seconds))
    for index, (unit, size) in enumerate(_UNITS):
        if left >= size:
            count, rest = divmod(left, size)
            if index + 1 < len(_UNITS) and (small := rest // _UNITS[index + 1][1]):
                return f"{count} {unit} {small} {_UNITS[index + 1][0]}"
            return f"{count} {unit}"
    return "0 s"


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest two units; empty for None."""
    if moment is None:
        return ""
    if moment.tzinfo is None:
        moment = moment.astimezone()
    return duration(((now or datetime.now(UTC)) - moment).total_seconds())


def thousands(number: float, digits: int = 0) -> str:
    return f"{number:,.{digits}f}"


def loss_words(loss: float | None) -> str:
    """A loss in at most seven characters; empty for None."""
    if loss is None:
        return ""
    if abs(loss) >= 100_000:
        return f"{loss:.1e}"
    return f"{loss:,.1f}" if abs(loss) >= 10 else f"{loss:.3f}"


def cut_middle(text: str, width: int) -> str:
    """`text`, fit for a terminal, in at most `width` characters; its middle gives way, paths differ at the ends."""
    text = printable(text)
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def size_words(size: int) -> str:
    """A number of bytes with its unit, such as "1.4 MB"."""
    value, units = float(size), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1_000 and len(units) > 1:
        value /= 1_000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if units[0] != "B" else f"{size} B"
