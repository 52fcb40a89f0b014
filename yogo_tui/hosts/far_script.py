"""What is said to a shell on a far machine, and how its answers are read.

One line starts `sh` there, whatever shell the account has; the line has no character that any shell takes for its own.
What that shell's start-up files print comes before a mark and is left out. From then on, `sh` reads scripts from its
standard input: the length in bytes, a line's end, and the script. It needs `sh`, GNU coreutils and GNU find.

Every answer is framed by lines with a word that nobody can guess, so that no file's content can be taken for one.
"""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yogo.text.terminal import printable
from yogo_tui.errors import HostError
from yogo_tui.hosts.base import Entry, Piece

_FUNCTIONS = r"""
unset -f stat head tail find ls dd mv rm mkdir id printf kill 2>/dev/null
exec 4>&1
yogo_say() { printf '\n%s %s\n' "$yogo_word" "$1"; }
yogo_why() { if yogo_e=$(LC_ALL=C "$@" 2>&1 >/dev/null); then return 1; fi; yogo_say "${yogo_e##*: }"; }
yogo_settled() {
  for yogo_try in 1 2 3; do "$@" && return; yogo_say again; done
  yogo_say 'it changed each time it was looked at'
}
yogo_part() { if [ "$1" = 1 ]; then head -c "$2"; else tail -c "+$1" | head -c "$2"; fi; }
yogo_read() { yogo_settled yogo_read_now "$@"; }
yogo_read_now() {
  if [ -f "$1" ] && [ -r "$1" ] && { stat -c '%d:%i %s' - && yogo_part "$2" "$3"; } 2>/dev/null <"$1"
  then yogo_say ok
  elif [ -e "$1" ] && [ ! -f "$1" ]; then
    yogo_e=$(LC_ALL=C stat -L -c %F -- "$1" 2>/dev/null)
    case $yogo_e in '' | regular*) return 1 ;; esac
    yogo_say "kind $yogo_e"
  else yogo_why head -c 1 -- "$1"
  fi
}
yogo_find() { LC_ALL=C find "$1" "$2/" -mindepth 1 -maxdepth 1 -printf '%y %U %s %T@ %i:%C@ %f\0'; }
yogo_list() { yogo_settled yogo_list_now "$@"; }
yogo_list_now() {
  if [ ! -d "$2/" ] || [ ! -r "$2/" ] || [ ! -x "$2/" ]; then yogo_why ls -- "$2/"
  elif yogo_find "$1" "$2" 2>/dev/null; then yogo_say ok
  else yogo_say again; yogo_e=$(yogo_find "$1" "$2" 2>&1 >&4); printf '%s' "$yogo_e"; yogo_say ok
  fi
}
yogo_write() {
  if yogo_e=$( { mkdir -p -- "${1%/*}/" && head -c "$3" | LC_ALL=C dd "of=$2" conv=fsync status=none &&
      [ "$(stat -c %s -- "$2")" = "$3" ] && mv -f -T -- "$2" "$1"; } 2>&1 )
  then yogo_say ok
  else rm -f -- "$2"; yogo_say "${yogo_e##*: }"; exit 1
  fi
}
yogo_find_program() {
  yogo_p=$(command -v "$1")
  case $yogo_p in */*) [ -x "$yogo_p" ] || yogo_p= ;; esac
  if [ -z "$yogo_p" ]; then yogo_say none; exit 127; fi
}
yogo_look() { (exec "$@" 4>&-); yogo_e=$?; yogo_say "$yogo_e" >&2; yogo_say "$yogo_e"; }
yogo_run() {
  yogo_find_program "$1"
  yogo_say ready; yogo_say ready >&2; exec "$@" 4>&-
}
"""

_NOWHERE = {"No such file or directory", "Not a directory", "Too many levels of symbolic links", "Permission denied"}
"""Of an entry that is gone since, or of a link that leads nowhere, or to where this user may not look."""

_KINDS = {"directory": "a folder", "fifo": "a pipe", "socket": "a socket"}


def login(mark: str) -> str:
    """The line for the account's own shell; `sh` prints the mark once it listens."""
    return f'exec /bin/sh -c \'echo {mark}; while read -r yogo_n; do eval "$(head -c "$yogo_n")"; done\''


def said(script: str) -> bytes:
    """A script, as it is sent."""
    data = script.encode("utf-8", errors="surrogateescape")
    return str(len(data)).encode() + b"\n" + data


def prelude(word: str) -> bytes:
    """What is sent first. It is answered with the numbers of the far user and of the shell's process group."""
    return said(f'{_FUNCTIONS}\nyogo_word={word}; yogo_say "$(id -u) $$"')


def ending(word: str, group: str) -> bytes:
    """Ends a process group."""
    return said(f"yogo_word={word}; kill -KILL -{group} 2>/dev/null; yogo_say ended")


def run(word: str, argv: Sequence[str], env: Mapping[str, str], folder: PurePosixPath | None = None) -> bytes:
    """Becomes the command, which then reads what follows; an empty value removes a variable. Raises HostError."""
    begins = [f"cd -- {_quoted(folder)} 2>/dev/null || {{ yogo_say nowhere; exit 1; }}"] if folder else []
    return said("; ".join([*_prepared(word, argv, env), *begins, f"yogo_run {shlex.join(argv)}"]))


def look(word: str, argv: Sequence[str], env: Mapping[str, str], stdin: str) -> bytes:
    """Runs the command beside the shell, which stays. Its status follows both of its outputs, as a part of the answer
    each. Raises HostError."""
    _without_null(argv[0], [stdin])
    source, sink = (f"printf %s {shlex.quote(stdin)} | ", "") if stdin else ("", " </dev/null")
    ran = f"{source}yogo_look {shlex.join(argv)}{sink}"
    return said(f"({'; '.join([*_prepared(word, argv, env), f'yogo_find_program {shlex.quote(argv[0])}', ran])})")


def _prepared(word: str, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    _without_null(argv[0], (*argv, *env, *env.values()))
    changes = [f"export {name}={shlex.quote(value)}" if value else f"unset {name}" for name, value in env.items()]
    return [f"yogo_word={word}", *changes]


def _without_null(argv0: str, texts: Iterable[str]) -> None:
    if any("\0" in text for text in texts):
        raise HostError(f"{argv0} cannot be run: a word of it has a null byte.")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Part of a file is asked for."""

    path: PurePosixPath
    offset: int
    limit: int

    @property
    def about(self) -> str:
        """The same for two requests of which one hangs if the other does."""
        return f"{self.path}"

    @property
    def line(self) -> str:
        return f"yogo_read {_quoted(self.path)} {self.offset + 1} {self.limit}"

    def answer(self, body: bytes, outcome: str, user: str) -> Piece:
        """Raises FileNotFoundError, HostError."""
        if outcome.startswith("kind "):
            kind = _KINDS.get(outcome.removeprefix("kind "), "a device")
            raise HostError(f"{self.path} cannot be read: it is not a file but {kind}.")
        if outcome != "ok":
            raise _failure(f"{self.path} cannot be read", outcome)
        head, _, data = body.partition(b"\n")
        identity, _, size = head.decode().partition(" ")
        return Piece(data, int(size), identity)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What lies in a folder is asked for."""

    path: PurePosixPath
    follows_links: bool = True
    """A link is else shown as a folder of which nothing is known: what it leads to may hang."""

    @property
    def about(self) -> str:
        return self.line

    @property
    def line(self) -> str:
        return f"yogo_list {'-L' if self.follows_links else '-P'} {_quoted(self.path)}"

    def answer(self, body: bytes, outcome: str, user: str) -> tuple[Entry, ...]:
        """Raises FileNotFoundError, HostError."""
        if outcome != "ok":
            raise _failure(f"{self.path} cannot be listed", outcome)
        *records, errors = body.split(b"\0")
        for line in errors.decode(errors="replace").splitlines():
            if (reason := line.rpartition(": ")[2]) not in _NOWHERE and "loop" not in line:
                raise _failure(f"{self.path} cannot be listed", reason)
        found = [entry for one in records if (entry := self._entry(one, user)) is not None]
        return tuple(sorted(found, key=lambda entry: entry.name))

    def _entry(self, record: bytes, user: str) -> Entry | None:
        kind, owner, size, modified, identity, name = os.fsdecode(record).split(" ", 5)
        if kind == "l":  # one that leads nowhere, where links are followed
            return None if self.follows_links else Entry(name, is_folder=True, size=0, modified=math.nan)
        return Entry(name, kind == "d", int(size), float(modified), owner == user, identity)


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A file is to be replaced by the bytes that follow the script."""

    path: PurePosixPath
    part: PurePosixPath
    size: int
    left: tuple[PurePosixPath, ...] = ()
    """Parts that an earlier try may have left."""

    @property
    def line(self) -> str:
        swept = f"rm -f -- {' '.join(map(_quoted, self.left))}; " if self.left else ""
        return f"{swept}yogo_write {_quoted(self.path)} {_quoted(self.part)} {self.size}"

    def answer(self, body: bytes, outcome: str, user: str) -> None:
        """Raises HostError."""
        if outcome != "ok":
            raise HostError(f"{self.path} cannot be written: {outcome}.")


Request = ReadRequest | ListRequest


def asked(word: str, requests: Sequence[Request | WriteRequest]) -> bytes:
    """Several requests in one script."""
    return said("\n".join([f"yogo_word={word}; yogo_say begin", *(request.line for request in requests)]))


class AnswerParts:
    """Takes an answer apart as it comes."""

    def __init__(self, word: str) -> None:
        self._mark = b"\n" + word.encode() + b" "
        self._looked = 0

    def next(self, buffer: bytearray) -> tuple[bytes, str] | None:
        """The next part and how it ended, taken out of the buffer; None where it has not come as a whole."""
        start = buffer.find(self._mark, max(0, self._looked - len(self._mark)))
        end = buffer.find(b"\n", start + len(self._mark)) if start >= 0 else -1
        if end < 0:
            self._looked = len(buffer) if start < 0 else start
            return None
        outcome = bytes(buffer[start + len(self._mark) : end])
        body = bytes(buffer[:start])
        del buffer[: end + 1]
        self._looked = 0
        return body, printable(outcome.decode("utf-8", errors="replace"))


def _failure(what: str, reason: str) -> Exception:
    sentence = f"{what}: {reason}."
    return FileNotFoundError(sentence) if reason == "No such file or directory" else HostError(sentence)


def _quoted(path: PurePosixPath) -> str:
    """Not taken for an option, and raises HostError where no file can have such a name."""
    text = str(path)
    if "\0" in text:
        raise HostError(f"{printable(text)} is no path: it has a null byte.")
    return shlex.quote(text if text.startswith("/") else f"./{text}")
