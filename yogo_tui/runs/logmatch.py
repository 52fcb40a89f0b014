"""What a search looks for in the bytes of a log: words, or the lines that tell of an error."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from yogo_tui.runs.faults import KNOWN, lines_of, tells_of_error

_CALLED = (b"error", b"exception", b"interrupt")
_OTHERS = (b"error: ", b"fatal: ", b"out of memory", b"traceback (most", b"yogo: ", b"yogo-tui: ")
_NOT_PLAIN = re.compile(r"(?<!\\)\([^()]*\)\??|\[[^]]*\]\??|\\[bdSs][*+]?|\.\*|.\?|[\^$]")


def _plain_part(expression: str) -> bytes:
    """The longest text, in small letters, that is in all that a regular expression without alternatives fits."""
    parts = [re.sub(r"\\(.)", r"\1", part) for part in _NOT_PLAIN.sub("\0", expression).split("\0")]
    return max(parts, key=len).lower().encode()


@functools.cache
def _signs() -> tuple[bytes, ...]:
    """One of these is in each line that tells of an error: plain text is found far faster than an expression fits."""
    found = {word + end for word in _CALLED for end in (b":", b"\n", b"\r", b"\x1b")} | {*_OTHERS}
    found |= {_plain_part(one) for known in KNOWN for one in re.split(r"\|(?![^(]*(?<!\\)\))", known.pattern)}
    return tuple(sign for sign in found if not any(other in sign for other in found - {sign}))


@dataclass(frozen=True, slots=True)
class Match:
    """Finds `text`, which ignores case if it has no capital letters; or, with `is_errors`, lines that tell of one."""

    text: str = ""
    is_errors: bool = False

    @property
    def is_something(self) -> bool:
        return self.is_errors or bool(self.text)

    @property
    def reach(self) -> int:
        """How many bytes behind its first one may belong to what is found. Errors are looked for in whole lines."""
        return 0 if self.is_errors else len(self.text.encode()) - 1

    @property
    def grep_words(self) -> tuple[str, ...]:
        """What tells grep, with LC_ALL=C, to find the lines that hold it, or, of errors, all lines that may tell of
        one; empty if grep might find others."""
        if self.is_errors:
            return "-i", "-E", "-e", "|".join(map(_extended, _signs()))
        is_plain = self.text.isascii() and self.text.isprintable()
        return ("-F", *(["-i"] if self._ignores_case else []), "-e", self.text) if self.text and is_plain else ()

    def first(self, data: bytes) -> int:
        """Where in `data` it is found first; -1 if it is not."""
        if self.is_errors:
            return next(_error_lines(data), -1)
        return self._fold(data).find(self.text.encode())

    def last(self, data: bytes) -> int:
        """Where in `data` it is found last; -1 if it is not."""
        if self.is_errors:
            return max(_error_lines(data), default=-1)
        return self._fold(data).rfind(self.text.encode())

    def all_lines(self, data: bytes) -> Iterator[int]:
        """Where the lines of `data` begin in which it is found."""
        if self.is_errors:
            yield from _error_lines(data)
            return
        folded, needle = self._fold(data), self.text.encode()
        at = folded.find(needle) if needle else -1
        while at >= 0:
            yield folded.rfind(b"\n", 0, at) + 1
            end = folded.find(b"\n", at)
            at = folded.find(needle, end) if end >= 0 else -1

    @property
    def _ignores_case(self) -> bool:
        return self.text == self.text.lower()

    def _fold(self, data: bytes) -> bytes:
        return data.lower() if self._ignores_case else data


def is_error(line: str) -> bool:
    """Whether a line of a log tells of an error; it may hold what a progress bar has drawn over."""
    return any(map(tells_of_error, lines_of(line)))


def _extended(sign: bytes) -> str:
    """A sign as an extended regular expression of grep."""
    return re.sub(r"[\\.\[(*+?{^$|)]", r"\\\g<0>", sign.removesuffix(b"\n").decode()) + "$" * sign.endswith(b"\n")


def _error_lines(data: bytes) -> Iterator[int]:
    """Where the lines begin that tell of an error, from the first to the last."""
    lowered = data.lower()
    lowered += b"" if lowered.endswith(b"\n") else b"\n"
    nexts = {sign: lowered.find(sign) for sign in _signs()}
    while nexts := {sign: at for sign, at in nexts.items() if at >= 0}:
        at = min(nexts.values())
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if is_error(data[start:end].decode(errors="replace")):
            yield start
        nexts = {sign: at if at >= end else lowered.find(sign, end) for sign, at in nexts.items()}
