"""Lets grep look through a log where it lies, in parts, which is sooner than to read it here.

It finds what `Match` finds, or says that it cannot (NoGrep): where there is no GNU grep or dd, or the words are not
plain ASCII.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Host
from yogo_tui.runs.logmatch import Match, is_error

_SCRIPT = """[ -f "$1" ] && exec <"$1" || exit
first=$2 bytes=$3; shift 3
ulimit -v 262144 2>/dev/null
part() {{ dd bs=64K iflag=skip_bytes,count_bytes skip="$first" count="$1" status=none; }}
stat -Lc '%d:%i %s' - && {} LC_ALL=C grep -a "$@"{}
echo; stat -Lc '%d:%i %s' -
"""
"""How much memory grep takes is bounded, as it holds a line as a whole."""

_PART, _TO_END = 'part "$bytes" |', "part 0 &&"
"""What grep is given: a part of the log, or all from its beginning on, which costs no copy of it."""

_ONE = {False: " | head -n 1", True: " | tail -n 1"}
_MOST_LINES = 1000
_MOST_BYTES = 4 << 20
"""Of lines that may tell of an error, so much is taken at a time."""


class NoGrep(Exception):
    """It has to be looked for in another way."""


class LogChanged(Exception):
    """The log was replaced or cut while it was looked through."""


class LogGrows(Exception):
    """It was added to while it was looked through."""


class LogGrep:
    """All offsets are those of bytes in the log. Methods raise NoGrep and LogChanged."""

    def __init__(self, host: Host, path: PurePosixPath, identity: str, match: Match) -> None:
        """`identity` is that of the file, as the host tells it."""
        self._host = host
        self._path = path
        self._identity = identity
        self._match = match
        self._words = match.grep_words
        self.works = bool(self._words and identity)
        """Whether it is worth a try; false from the first failure on."""

    async def count(self, start: int, stop: int) -> int:
        """How many lines of this part hold what is looked for."""
        if self._match.is_errors:
            return len(await self._errors(start, stop))
        return self._number(await self._said(start, stop, "-c"))

    async def count_to_end(self, start: int, size: int) -> int:
        """As `count`, of all from `start` on, and sooner. Raises LogGrows if the log is longer than `size` by then."""
        if self._match.is_errors:
            return len(await self._errors(start, size, given=_TO_END))
        return self._number(await self._said(start, size, "-c", given=_TO_END))

    async def find(self, start: int, stop: int, *, last: bool) -> int | None:
        """Where it is found in this part, first or last."""
        if self._match.is_errors:
            found = await self._errors(start, stop)
            return (found[-1] if last else found[0]) if found else None
        said = await self._said(start, stop, "-bo", *([] if last else ["-m1"]), then=_ONE[last])
        return start + self._number(said.partition(":")[0]) if said else None

    async def _errors(self, start: int, stop: int, given: str = _PART) -> list[int]:
        """Where the lines begin that tell of an error."""
        found: list[int] = []
        while True:
            options, then = ("-b", f"-m{_MOST_LINES}"), f" | head -c {_MOST_BYTES}"
            said = await self._said(start, stop, *options, then=then, given=given)
            *lines, cut = said.split("\n")
            if is_all := not cut and len(lines) < _MOST_LINES:
                begin = stop
            elif len(lines) < 2:
                raise self._failed()
            else:  # the last one is where it goes on
                begin = start + self._number(lines.pop().partition(":")[0])
            for line in lines:
                number, _, text = line.partition(":")
                if is_error(text):
                    found.append(start + self._number(number))
            if is_all:
                return found
            start = begin

    async def _said(self, start: int, stop: int, *options: str, then: str = "", given: str = _PART) -> str:
        """What grep prints of this part."""
        script = _SCRIPT.format(given, then)
        words = ["sh", "-c", script, "sh", str(self._path), str(start), str(stop - start), *options, *self._words]
        try:
            done = await self._host.run(words, env={"GREP_OPTIONS": ""}, only_looks=True)
        except HostError:
            raise self._failed() from None  # if the host is away, the other way says so
        before, _, rest = done.stdout.partition("\n")
        said, _, after = rest.removesuffix("\n").rpartition("\n")
        if done.stderr or not after:
            raise self._failed()
        for line in (before, after):
            identity, _, size = line.partition(" ")
            if identity != self._identity or self._number(size) < stop:
                raise LogChanged
            if given == _TO_END and self._number(size) > stop:
                raise LogGrows
        return said

    def _number(self, text: str) -> int:
        if not text.strip().isdecimal():
            raise self._failed()
        return int(text)

    def _failed(self) -> NoGrep:
        self.works = False
        return NoGrep()
