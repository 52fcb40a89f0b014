"""One line of what was found or checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from yogo.text.terminal import printable
from yogo.text.wording import ended


class Sign(StrEnum):
    GOOD = "✔"
    BAD = "✖"
    DOUBT = "!"
    """It works, but there is something to know."""

    NONE = "–"
    """Not applicable, or not known."""

    @property
    def word(self) -> str:
        """For programs."""
        return {Sign.GOOD: "good", Sign.BAD: "bad", Sign.DOUBT: "doubt", Sign.NONE: "none"}[self]


@dataclass(frozen=True, slots=True)
class Finding:
    sign: Sign
    about: str
    """One or two words, such as "partition"."""

    said: str
    advice: str = ""
    """What to do, in a sentence; empty if there is nothing to do."""

    @property
    def words(self) -> str:
        """What was found and what to do, safe for a terminal."""
        return printable(f"{ended(self.said)} {self.advice}" if self.advice else self.said)

    @property
    def json(self) -> dict[str, str]:
        return {"about": self.about, "sign": self.sign.word, "said": self.said, "advice": self.advice}


def good(about: str, said: str) -> Finding:
    return Finding(Sign.GOOD, about, said)


def bad(about: str, said: str, advice: str = "") -> Finding:
    return Finding(Sign.BAD, about, said, advice)


def doubt(about: str, said: str, advice: str = "") -> Finding:
    return Finding(Sign.DOUBT, about, said, advice)


def none(about: str, said: str, advice: str = "") -> Finding:
    return Finding(Sign.NONE, about, said, advice)
