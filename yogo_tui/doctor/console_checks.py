"""Checks of the terminal, of the machine that the console works on, and of its disks."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from yogo.distribution import VERSION
from yogo.files.places import because
from yogo_tui.advice import tui
from yogo_tui.doctor.finding import Finding, bad, doubt, good, none
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import HERE, Host
from yogo_tui.questions.surroundings import LookedAtMachine, LookedAtPlace
from yogo_tui.settings import Settings
from yogo_tui.words import size_words

SMALLEST = (80, 24)
_LITTLE_BYTES = 5_000_000_000
_TOO_LITTLE_BYTES = 100_000_000
_COLOURS = {"truecolor": "16 million", "24bit": "16 million"}
_CLOCK_SECONDS = 30


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """What is known of the terminal that the console is drawn on."""

    columns: int = 0
    """0 where there is no terminal."""

    rows: int = 0
    encoding: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def here(cls, columns: int = 0, rows: int = 0) -> TerminalFacts:
        """Of this process; of this size, where that is known. A command whose output goes to a file has none."""
        stream = next((one for one in (sys.__stdout__, sys.__stderr__) if one is not None and one.isatty()), None)
        if stream is None and not columns:
            return cls()
        size = shutil.get_terminal_size()
        return cls(columns or size.columns, rows or size.lines, locale.getpreferredencoding(False))


def of_terminal(facts: TerminalFacts) -> Iterator[Finding]:
    if not facts.columns:
        yield none("terminal", "none here: the output goes to a file or a program")
        return
    size = f"{facts.columns}×{facts.rows}"
    if facts.columns < SMALLEST[0] or facts.rows < SMALLEST[1]:
        yield bad("terminal", f"{size}; the console needs {SMALLEST[0]}×{SMALLEST[1]}.", "Make the window larger.")
    else:
        yield good("terminal", f"{size}, TERM={facts.env.get('TERM', '')}")
    yield _colours(facts.env)
    if facts.encoding.upper().replace("-", "") == "UTF8":
        yield good("unicode", "curves and signs can be shown")
    else:
        said = f"the language here is written in {facts.encoding or 'an unknown encoding'}: signs may be missing."
        yield doubt("unicode", said, "export LANG=C.UTF-8")
    yield _clipboard(facts.env)


def _colours(env: Mapping[str, str]) -> Finding:
    if env.get("NO_COLOR"):
        return none("colours", "off: NO_COLOR is set")
    if number := _COLOURS.get(env.get("COLORTERM", "").lower()):
        return good("colours", number)
    if "256" in env.get("TERM", ""):
        return good("colours", "256")
    return none("colours", "16. If the terminal has more: export COLORTERM=truecolor")


def _clipboard(env: Mapping[str, str]) -> Finding:
    if env.get("TMUX"):
        return good("clipboard", "y copies into tmux, whose prefix and ] paste it; the terminal may get it too")
    if env.get("STY"):
        return doubt("clipboard", "screen hands no copied text on to the terminal.", "Use tmux to copy with y.")
    return none("clipboard", "y sends text to the terminal (OSC 52); whether it takes it cannot be asked")


def named(host: Host) -> str:
    """The machine that the console works on, in words."""
    return "this machine" if host.name == HERE else host.name


def of_programs(host: Host, looked_at: LookedAtMachine | None) -> Iterator[Finding]:
    """The versions here, and on the other machine if there is one."""
    yield good("yogo-tui", f"{VERSION}, Python {'.'.join(map(str, sys.version_info[:3]))}")
    if host.name == HERE or looked_at is None:
        return
    said = f"{looked_at.version}, Python {looked_at.python}"
    if looked_at.version == VERSION:
        yield good("there", said)
    else:
        yield doubt("there", f"{said}, and {VERSION} here.", "Install the same version on both.")


async def of_host(host: Host) -> tuple[Finding, ...]:
    """Whether the machine answers, and how far its clock is from ours."""
    if host.name == HERE:
        return (good("machine", "this one"),)
    try:
        ahead = await host.clock_ahead()
    except HostError as error:
        return (bad("machine", str(error)),)
    return (
        good("machine", f"{host.name} answers through SSH"),
        of_clock("clock", host.name, ahead.total_seconds()),
        *(doubt("machine", notice) for notice in host.notices),
    )


def of_clock(about: str, whose: str, ahead: float, other: str = "this machine") -> Finding:
    """A clock that is so many seconds ahead of the other's."""
    if abs(ahead) <= _CLOCK_SECONDS:
        return good(about, f"{whose} and {other} agree")
    way = "ahead of" if ahead > 0 else "behind"
    said = f"{whose} is {abs(round(ahead)):,} s {way} {other}: ages and silences may be wrong."
    return doubt(about, said, "Have the clocks set by NTP.")


def of_settings(settings: Settings, *, is_there: bool) -> Iterator[Finding]:
    if is_there:
        yield good("settings", str(settings.file))
    else:
        yield none("settings", f"all defaults: there is no {settings.file}.", f"{tui()} config init writes it.")
    yield from (doubt("settings", notice) for notice in settings.notices)


def of_places(looked_at: LookedAtMachine | None, machine: str = "this machine") -> Iterator[Finding]:
    places = looked_at.places if looked_at else ()
    for place in places:
        yield _of_place(place)
    if workspace := next((place for place in places if place.about == "workspace" and not place.problem), None):
        yield of_clock("clock", "the workspace's disk", workspace.clock_ahead, machine)


def _of_place(place: LookedAtPlace) -> Finding:
    if place.problem:
        does = "cannot be written to" if place.is_there else "cannot be made"
        return bad(
            place.about, f"{place.folder} {does}: {place.problem}.", "Choose another folder, or mend its rights."
        )
    free = place.free_bytes or 0
    said = f"{place.folder}: {size_words(free)} free" + ("" if place.is_there else "; it is made when it is needed")
    if free < _TOO_LITTLE_BYTES:
        return bad(place.about, f"{said}.", f"Make room: {tui()} clean lists what nobody needs.")
    if free < _LITTLE_BYTES:
        return doubt(place.about, f"{said}.", f"That may not do for checkpoints and decoded images: {tui()} clean.")
    return good(place.about, said)


async def of_quota(host: Host) -> tuple[Finding, ...]:
    """Whether a quota is exceeded, where the system has the command quota."""
    try:
        done = await host.run(
            ["sh", "-c", "command -v quota >/dev/null || exit 0; exec quota -q -w"],
            timeout_seconds=20.0,
            only_looks=True,
        )
    except (HostError, OSError) as error:
        said = because(error)
        return (none("quota", f"not known: {said}"),)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return (bad("quota", f"exceeded: {' '.join(lines)}.", f"Make room: {tui()} clean."),) if lines else ()
