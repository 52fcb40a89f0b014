"""The console's wording: durations, numbers, paths, and the glyph and word of each state."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len

from yogo.run.best import CRITERIA
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.runs.model import Run, RunState

if TYPE_CHECKING:
    from yogo.run.history import History
    from yogo_tui.runs.logpager import Search

AT_START = "at its start"
"""In place of a value that a sweep's study chooses when a trial starts."""

GLYPHS = {
    RunState.RUNNING: "▶",
    RunState.WAITING: "◌",
    RunState.HELD: "◌",
    RunState.FINISHED: "✔",
    RunState.DONE: "✔",
    RunState.FAILED: "✖",
    RunState.CANCELLED: "■",
    RunState.STOPPED: "■",
    RunState.SUSPENDED: "‖",
    RunState.UNKNOWN: "?",
}

_KEPT_IN_COMMON = 8
"""So many characters of what texts have in common stay before what they differ in."""

LISTED = "; "
"""Between texts that are typed as one line."""

SIGNS_OF_STATES = " · ".join(f"{glyph} {state.value}" for state, glyph in GLYPHS.items())
"""All states of runs, for legends."""

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def state_words(run: Run) -> str:
    """Such as "▶ running"."""
    return f"{GLYPHS[run.state]} {run.state_word}"


def duration(seconds: float | None) -> str:
    """In the largest two units, such as "2 h 14 m"; empty for None."""
    if seconds is None:
        return ""
    left = max(0, int(seconds))
    for (sign, length), (next_sign, next_length) in itertools.pairwise(_UNITS):
        if left >= length:
            rest = left % length // next_length
            return f"{left // length} {sign} {rest} {next_sign}" if rest else f"{left // length} {sign}"
    return f"{left} s"


def growing(seconds: float | None) -> str:
    """Like `duration`, for a time that grows while it is looked at: it changes no more often than it is read."""
    if seconds is None or seconds < 10:
        return "" if seconds is None else "< 10 s"
    return duration(seconds // 10 * 10 if seconds < 60 else seconds // 60 * 60)


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, as `growing`; empty for None."""
    return "" if moment is None else growing(((now or datetime.now(UTC)) - moment).total_seconds())


def thousands(number: float) -> str:
    return f"{number:,.0f}"


def loss_words(loss: float | None) -> str:
    """A loss in at most seven characters; empty for None."""
    if loss is None:
        return ""
    if abs(loss) >= 100_000:
        return f"{loss:.1e}"
    return f"{loss:,.1f}" if abs(loss) >= 10 else f"{loss:.3f}"


def best_words(history: History) -> str:
    """What the epoch in best.pth reached, by what it was chosen by; empty if there is none yet."""
    best, chosen = history.best, CRITERIA[history.best_by]
    if best is None:
        return ""
    reached = best.metrics.get(chosen.key) if chosen.key else best.losses.loss
    is_large = chosen.is_per_microlitre and reached is not None
    return f"best {chosen.short} {f'{reached:,.0f}' if is_large else loss_words(reached)}, epoch {best.epoch + 1}"


def share_words(share: float | None, digits: int = 3) -> str:
    """A number from 0 to 1 with so many digits, such as ".781"; empty for None. None takes more characters."""
    if share is None:
        return ""
    words = f"{share:.{digits}f}"
    return words[1:] if words.startswith("0") else f"{share:.{digits - 1}f}"


def as_typed(value: object) -> str:
    """A field's value as the user types it; empty for None, and "none" for a list of nothing."""
    if value is None:
        return ""
    if value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return (LISTED if all(isinstance(part, str) for part in value) else " × ").join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def no_curves_words(run: Run) -> str:
    """Why there is no loss to show, or when there will be one."""
    if run.of_job:
        return f"There is no loss to show: this is {printable(run.of_job)}."
    if run.state.is_over:
        return "There is no loss to show: it ended before its first steps were recorded."
    return "The loss appears here with the first steps."


def short_home(path: str, home: str) -> str:
    """`path`, with ~ in place of the home folder."""
    if len(home) > 1 and (path == home or path.startswith(f"{home}/")):
        return f"~{path[len(home) :]}"
    return path


def cut_middle(text: str, width: int) -> str:
    """`text`, safe for a terminal, in at most `width` cells; its middle is cut, because paths differ at the ends."""
    text = printable(text)
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) * 2 // 3
    return f"{_fitting(text, width - 1 - tail)}…{_fitting(text[::-1], tail)[::-1]}"


def cut_apart(texts: Sequence[str], width: int) -> list[str]:
    """Each text in at most `width` cells. Those that would be cut to the same are cut where they begin to differ."""
    cut = [cut_middle(text, width) for text in texts]
    alike: dict[str, list[int]] = {}
    for index, short in enumerate(cut):
        alike.setdefault(short, []).append(index)
    for places in (places for places in alike.values() if len(places) > 1):
        whole = [printable(texts[place]) for place in places]
        alike_at_first = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*whole, strict=False))
        start = max(0, sum(1 for _ in alike_at_first) - _KEPT_IN_COMMON)
        if start and len(set(whole)) > 1:
            for place, text in zip(places, whole, strict=True):
                cut[place] = cut_end(f"…{text[start:]}", width)
    return cut


def cut_end(text: str, width: int) -> str:
    """`text`, safe for a terminal, in at most `width` cells; its end is cut."""
    text = printable(text)
    return text if cell_len(text) <= width else f"{_fitting(text, width - 1)}{'…'[:width]}"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """`text` with spaces before or after it, to fill `width` cells."""
    blanks = " " * (width - cell_len(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"


def _fitting(text: str, width: int) -> str:
    """As much of the head of `text` as fits into `width` cells: a wide character takes two, an accent none."""
    taken = 0
    for number, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:number]
    return text


def size_words(size: int) -> str:
    """A number of bytes with its unit, such as "1.4 MB"."""
    value, units = float(size), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1_000 and len(units) > 1:
        value /= 1_000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if units[0] != "B" else f"{size} B"


def match_words(search: Search | None) -> str:
    """Which match of how many is on show, and that there is no further one."""
    if search is None or search.counted is None:
        return ""
    number, total = search.counted
    what = "match" if search.words else "error"
    if not total:
        return f"“{cut_middle(search.words, 20)}” is not found" if search.words else "no error is found"
    which = counted(total, what) if search.found is None else f"{what} {number:,} of {total:,}"
    return f"no more {search.end} · {which}" if search.end else which
