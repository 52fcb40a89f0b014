"""A job script as a person reads it: what matters first, and what is not as in the shipped template."""

from __future__ import annotations

import difflib
import re

from yogo.text.wording import counted

_FUNCTION = re.compile(r"^(\w+\(\) \{)[^\n]*\n(.*?)^\}$", re.DOTALL | re.MULTILINE)
_REMARK = re.compile(r"^[ \t]*#(?:[ \t][^\n]*)?(?:\n|\Z)", re.MULTILINE)
_REMARK_BEHIND = re.compile(r"[ \t]+# [^'\"\n]*$", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")


def folded(script: str) -> str:
    """The script without its remarks, and with each function in one line."""
    short = _FUNCTION.sub(lambda found: f"{found[1]} … {counted(found[2].count(chr(10)), 'line')} }}", script)
    return _BLANKS.sub("\n\n", _REMARK_BEHIND.sub("", _REMARK.sub("", short)))


def difference(script: str, shipped: str) -> str:
    """The lines of the script that the shipped template's has not (+), and the other way round (-), as `diff -u` prints
    them without its first two lines; empty if there is none."""
    lines = difflib.unified_diff(shipped.splitlines(), script.splitlines(), lineterm="", n=2)
    return "".join(f"{line}\n" for line in list(lines)[2:])
