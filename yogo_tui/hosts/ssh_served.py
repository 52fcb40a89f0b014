"""A `yogo-tui serve` on a far machine, in one of the shells of the connection."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts import far_script
from yogo_tui.hosts.far_script import AnswerParts
from yogo_tui.hosts.served import Lost, NoAnswers, Served
from yogo_tui.hosts.ssh_channel import Cut
from yogo_tui.hosts.ssh_shells import Shell, Shells

_LONGEST_LINE = 1 << 25
"""In bytes: longer than any answer."""

_MOST_ERRORS = 1 << 16
"""Of what it prints on standard error, in bytes, this much is kept at most."""


class ShellPipe:
    """The standard input and output of what a shell becomes."""

    def __init__(self, shell: Shell, word: str, *, missing: str, lost: str) -> None:
        """`word` is that of the shell's answer; the others are sentences, for a program that does not exist and for a
        connection that is lost."""
        self._shell = shell
        self._lost = lost
        self._start: AnswerParts | None = AnswerParts(word)
        self._ready = f"\n{word} ready\n".encode()
        self._missing = missing

    @property
    def num_heard(self) -> int:
        return self._shell.heard.num_bytes

    async def write(self, data: bytes) -> None:
        if self._shell.heard.is_over:
            raise HostError("it has ended")
        self._shell.send(data)

    async def readline(self) -> bytes:
        out = self._shell.heard.out
        while self._start is not None:  # what the login printed is nobody's answer, whatever it looks like
            if (part := self._start.next(out)) is not None:
                self._start = None
                if part[1] == "none":
                    raise NoAnswers(self._missing)
            elif not await self._more():
                return b""
        looked = 0
        while (end := out.find(b"\n", looked)) < 0:
            looked = len(out)
            if looked > _LONGEST_LINE:
                raise NoAnswers(f"What should be yogo-tui there prints a line without an end: {bytes(out[:80])!r} ...")
            if not await self._more():
                return b""
        line = bytes(out[: end + 1])
        del out[: end + 1]
        return line

    async def _more(self) -> bool:
        """Wait until it says more; false at its end. Raises Lost."""
        heard = self._shell.heard
        if heard.is_over:
            if heard.status is None:
                raise Lost(self._lost)
            return False
        await heard.more()
        if len(heard.err) > _MOST_ERRORS:  # it may go on for days
            del heard.err[: -_MOST_ERRORS // 2]
        return True

    async def why_ended(self) -> str:
        errors = self._shell.heard.err.rpartition(self._ready)[2]
        said = errors.decode("utf-8", errors="replace").strip().splitlines()
        return printable(said[-1]) if said else ""

    def close(self) -> None:
        self._shell.kill()


async def begin(shells: Shells, words: Sequence[str], name: str) -> Served:
    """Start it by these words, without waiting until it has started. Raises Lost, HostError."""
    word = secrets.token_hex(16)
    lost = f"The connection to {name} was lost."
    try:
        shell = await shells.told(word, far_script.run(word, words, {}))
    except Cut as error:
        raise Lost(lost) from error
    missing = (
        f"There is no {words[0]} on {name} where a login finds its programs: install yogo-tui there, or name its path "
        "as `yogo_tui` of this host, under `hosts` in the settings here."
    )
    return Served(ShellPipe(shell, word, missing=missing, lost=lost), name)
